"""Core in the test's own process: a gym at a simulated Kisi, and a browser that is signed in without typing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from tests.browser import states
from tests.conftest import House
from tests.desk import BACKEND
from tests.factories import PASSWORD


@dataclass
class Served:
    """Where the pages are, and the house behind them."""

    house: House
    url: str
    printed: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        world = self.house.world
        self.printed = {"group_id": str(world.group_id), "api_key": world.api_key}

    def sign_in(self, role: str) -> tuple[str, str]:
        return states.staff(self.house, role).user.email, PASSWORD

    def inside(self) -> set[str]:
        return {f"{who}@example.com" for who in self.house.inside()}

    def cookie(self, role: str = "admin") -> dict[str, Any]:
        """Of a session that is signed in already, which spares a second for the password."""
        client = Client()
        client.force_login(states.staff(self.house, role).user, backend=BACKEND)
        name = client.cookies["sessionid"]
        return {"name": name.key, "value": name.value, "url": self.url}
