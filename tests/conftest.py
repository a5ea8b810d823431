"""Fixtures that many tests share: a simulated Kisi, a gym connected to it, a clock that tests move."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection
from integrations.kisi.simulator import Server, Switches, World, serve
from integrations.kisi.sync import connecting, runs
from integrations.kisi.sync.clock import database_now
from integrations.vault import Secret
from members.models import Gym, Member
from plans.models import Plan, Subscription
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory

DEFAULT_GYM_DAY = datetime(2026, 6, 10, 12, 0, tzinfo=timezone.get_default_timezone())


@dataclass
class MovedClock:
    """The database's time plus what a test added; sleeping moves it and takes no time."""

    added: timedelta = timedelta()
    slept: float = 0.0
    _start: datetime = field(default_factory=database_now)
    frozen: bool = False

    def now(self) -> datetime:
        return (self._start if self.frozen else timezone.now()) + self.added

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.added += timedelta(seconds=seconds)

    def forward(self, **amount: float) -> None:
        self.added += timedelta(**amount)


@dataclass
class House:
    """One gym at one simulated Kisi, and the few verbs that the stories are told with."""

    gym: Gym
    plan: Plan
    world: World
    server: Server
    clock: MovedClock

    @property
    def connection(self) -> KisiConnection:
        return KisiConnection.objects.select_related("gym").get(gym=self.gym)

    def connect(self, **options: object) -> KisiConnection:
        facts = {"key": Secret(self.world.api_key), "group_id": self.world.group_id, "clock": self.clock}
        return connecting.connect(self.gym, **(facts | options))

    def member(self, name: str, *, status: str = "active", plan: Plan | None = None, **facts: object) -> Member:
        first, _, last = name.partition(" ")
        email = facts.pop("email", f"{first.lower()}@example.com")
        member = MemberFactory(gym=self.gym, first_name=first, last_name=last, email=email)
        if status:
            SubscriptionFactory(member=member, plan=plan or self.plan, status=status, **facts)
        return member

    def subscription(self, member: Member) -> Subscription:
        return member.subscriptions.get()

    def sync(self) -> runs.Outcome:
        """Everything that can be done now, as a worker would do it."""
        return runs.run_to_the_end(self.connection.pk, clock=self.clock)

    def inside(self) -> list[str]:
        """Who holds a right in the group at Kisi now, the part of the address before the @."""
        return [email.partition("@")[0] for email in self.world.in_group()]

    def grant(self, who: str):
        return self.connection.grants.open().get(email=f"{who}@example.com")

    def today(self):
        return self.gym.today(self.clock.now())


@pytest.fixture
def world() -> World:
    return World.small(switches=Switches(rate_limit=0))


@pytest.fixture
def kisi(world: World, settings) -> Iterator[Server]:
    with serve(world) as server:
        settings.KISI_API_URL = server.url
        yield server


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def house(db, kisi: Server, world: World) -> House:
    """A gym with one 24-hr plan, and a Kisi that is not connected yet."""
    gym = GymFactory(name="Harbor Gym", slug="harbor")
    plan = PlanFactory(gym=gym, name="Open Door", has_24hr_access=True)
    return House(gym, plan, world, kisi, MovedClock())


@pytest.fixture
def connected(house: House) -> House:
    """The same, connected, with nobody in the group."""
    house.connect()
    return house


def on_sqlite() -> bool:
    return os.environ.get("CORE_TEST_DATABASE") == "sqlite"
