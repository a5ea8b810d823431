"""A gym at a Kisi that lives on the test's clock, at the pace of production."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from integrations.kisi.simulator import World, serve
from tests.conftest import House, MovedClock
from tests.factories import GymFactory, PlanFactory

Settle = Callable[..., House]


@dataclass
class StillClock(MovedClock):
    """Moves only when it is told to: how busy the machine is decides nothing."""

    started: datetime = field(default_factory=timezone.now)

    def now(self) -> datetime:
        return self.started + self.added


@pytest.fixture
def settle(db: None, settings: Any) -> Iterator[Settle]:
    """A house at a Kisi with these switches, not connected yet."""
    with ExitStack() as stack:

        def make(**switches: Any) -> House:
            clock = StillClock()
            world = World.small(now=clock.now, **switches)
            server = stack.enter_context(serve(world))
            settings.KISI_API_URL = server.url
            settings.KISI_CALLS_PER_SECOND = 4
            gym = GymFactory()
            return House(gym, PlanFactory(gym=gym), world, server, clock)

        yield make
