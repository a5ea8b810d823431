"""A served world and a caller that speaks to it over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from integrations.kisi.simulator import Server, World, serve

START = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)


class Clock:
    """A time that only tests move."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **amount: float) -> None:
        self.at += timedelta(**amount)


class Api:
    """One key's calls, on one kept-alive connection."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"KISI-LOGIN {key}"

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=5, allow_redirects=False, **options)

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.ask("GET", path, params=params)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.ask("POST", path, json=body)

    def patch(self, path: str, body: Any) -> requests.Response:
        return self.ask("PATCH", path, json=body)

    def delete(self, path: str) -> requests.Response:
        return self.ask("DELETE", path)

    def new_user(self, email: str = "ana@example.com", **fields: Any) -> requests.Response:
        return self.post("/users", {"user": {"email": email, "name": "Ana Ruiz", **fields}})

    def new_right(self, user_id: object, group_id: object, **fields: Any) -> requests.Response:
        right = {"user_id": user_id, "group_id": group_id, "role_id": "group_basic", **fields}
        return self.post("/role_assignments", {"role_assignment": right})

    def control(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, f"{self.url}/_simulator/{path}", json=body, timeout=5)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    return World.small(now=clock, rate_limit=0)


@pytest.fixture
def server(world: World) -> Iterator[Server]:
    with serve(world) as server:
        yield server


@pytest.fixture
def api(server: Server, world: World) -> Api:
    return Api(server.url, world.api_key)


@pytest.fixture
def as_key(server: Server) -> Callable[[str], Api]:
    """A caller with another key."""
    return lambda key: Api(server.url, key)
