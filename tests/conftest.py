"""Fixtures that many tests share: a simulated Kisi, a gym connected to it, a clock that tests move."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.kisi import alerts
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.simulator import World, serve
from integrations.kisi.simulator.calls import Call
from integrations.kisi.simulator.server import Server
from integrations.kisi.sync import connecting, runs
from integrations.kisi.tasks import beat_heart
from integrations.vault import Secret
from members.models import Gym, Member
from plans.models import Plan, Subscription
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory


@dataclass
class MovedClock:
    """The present plus what a test added; sleeping moves it and takes no time."""

    added: timedelta = timedelta()
    slept: float = 0.0

    def now(self) -> datetime:
        return timezone.now() + self.added

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.added += timedelta(seconds=seconds)

    def forward(self, **amount: float) -> None:
        self.added += timedelta(**amount)


@dataclass
class House:
    """One gym at one simulated Kisi, and the few verbs that the stories are told with.

    People are named by their first name, lower-cased: "ana" is ana@example.com.
    """

    gym: Gym
    plan: Plan
    world: World
    server: Server
    clock: MovedClock
    seen: int = field(default=0)

    @property
    def connection(self) -> KisiConnection:
        return KisiConnection.objects.select_related("gym").get(gym=self.gym)

    def connect(self, **options: Any) -> KisiConnection:
        facts = {"key": Secret(self.world.api_key), "group_id": self.world.group_id, "clock": self.clock}
        return connecting.connect(self.gym, **(facts | options))

    def member(self, name: str, *, status: str = "active", plan: Plan | None = None, **facts: Any) -> Member:
        """A member of this gym, on the 24-hr plan unless told otherwise; `status=""` for no subscription."""
        first, _, last = name.partition(" ")
        email = facts.pop("email", f"{first.lower()}@example.com")
        member = MemberFactory(gym=self.gym, first_name=first, last_name=last, email=email)
        if status:
            SubscriptionFactory(member=member, plan=plan or self.plan, status=status, **facts)
        return member

    def members(self, count: int, **facts: Any) -> list[Member]:
        return [self.member(f"P{number:03d}", **facts) for number in range(count)]

    def subscription(self, member: Member) -> Subscription:
        return member.subscriptions.get()

    def in_kisi(self, name: str, *, right: bool = True, **fields: Any) -> Any:
        """Somebody whom somebody else put into Kisi."""
        user = self.world.add_user(f"{name.lower()}@example.com", name, **fields)
        if right:
            self.world.give(user)
        return user

    def sync(self) -> runs.Outcome:
        """Everything that can be done now, as a worker would do it."""
        beat_heart("worker", self.clock.now())
        outcome = runs.run_to_the_end(self.connection.pk, clock=self.clock)
        alerts.tell(self.connection.pk, self.clock.now())
        return outcome

    def inside(self) -> list[str]:
        """Who holds a valid `group_basic` right of their own in the group at Kisi now."""
        now, store = self.clock.now(), self.world.store
        held = [
            right
            for right in store.assignments
            if (right.assignee_type, right.applies_to_type) == ("User", "Group")
            and right.applies_to_id == self.world.group_id
            and right.valid_at(now)
        ]
        return sorted({store.users.rows[right.assignee_id].email.partition("@")[0] for right in held})

    def grant(self, who: str) -> KisiGrant:
        return self.connection.grants.open().get(email=f"{who}@example.com")

    def calls(self) -> list[str]:
        """The calls since the last time this was asked, as "POST /users"."""
        rows: list[Call] = self.world.requests
        fresh, self.seen = rows[self.seen :], len(rows)
        return [f"{call.method} {call.path}" for call in fresh]

    def today(self) -> date:
        return self.gym.today(self.clock.now())


@pytest.fixture
def world() -> World:
    return World.small(rate_limit=0)


@pytest.fixture
def kisi(world: World, settings: Any) -> Iterator[Server]:
    with serve(world) as server:
        settings.KISI_API_URL = server.url
        yield server


@pytest.fixture
def house(db: None, kisi: Server, world: World) -> House:
    """A gym with one 24-hr plan, and a Kisi that is not connected yet."""
    gym = GymFactory(name="Harbor Gym", slug="harbor")
    plan = PlanFactory(gym=gym, name="Open Door", has_24hr_access=True)
    return House(gym, plan, world, kisi, MovedClock())


@pytest.fixture
def connected(house: House) -> House:
    """The same, connected, with nobody in the group; Core is the only source."""
    house.connect()
    house.calls()
    return house


@pytest.fixture
def ana(connected: House) -> Member:
    """Ana holds a right and a profile that Core made; nothing is owed."""
    member = connected.member("Ana")
    connected.sync()
    connected.calls()
    return member


def on_sqlite() -> bool:
    return os.environ.get("CORE_TEST_DATABASE") == "sqlite"
