"""One gym with people, and one Kisi with people, as every example begins; and the runs of its connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.utils import timezone

from integrations.kisi import wake
from integrations.kisi.models import Alert, KisiConnection, KisiGrant, Pace, Read, Release, SyncRun
from integrations.kisi.simulator import Group, User, World, demo
from integrations.kisi.simulator.calls import CallLog
from integrations.kisi.simulator.limiter import Limiter
from integrations.kisi.simulator.store import Store
from integrations.kisi.sync import asking, connecting, runs
from integrations.kisi.sync.lease import LEASE
from integrations.vault import Secret
from members.models import Change, Gym, Member
from members.slots import carry_out_change, forecast_change
from plans.models import Plan, Subscription
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory
from tests.machine import settled
from tests.machine.clock import START, Crash, VirtualClock
from tests.machine.traffic import Traffic
from tests.machine.watch import Watch

ADDRESSES = [f"p{number:02d}@example.com" for number in range(14)]
OWNER, ADMIN = "owner@example.com", "admin@example.com"
STRANGER = "stranger@example.com"
DAY = timedelta(days=1)
Outcome = runs.Outcome
# How a person begins: the subscription, and what Kisi has of them before Core is connected.
KINDS = {
    "active": ({}, ""),
    "on the second plan": ({"plan": 1}, ""),
    "ends soon": ({"status": "pending_cancel", "ends": 2}, ""),
    "starts soon": ({"status": "pending_active", "starts": 1}, ""),
    "paused": ({"status": "paused"}, ""),
    "without doors": ({"plan": 2}, ""),
    "in the group": ({}, "right"),
    "only a profile": ({}, "profile"),
    "in a team": ({}, "team"),
    "in another group": ({}, "elsewhere"),
    "paused, in the group": ({"status": "paused"}, "right"),
}


@dataclass(frozen=True, slots=True)
class Start:
    """`people` are KINDS in the order of ADDRESSES; `doubles` have a second subscription.

    `is_settled`: whoever is entitled has access already, as a first run would have given it.
    """

    people: tuple[str, ...]
    doubles: tuple[int, ...] = ()
    owner_joins: bool = False
    admin_joins: bool = False
    search_lags: bool = False
    lies_when_weak: bool = False
    is_settled: bool = True


@dataclass
class Scene:
    world: World
    clock: VirtualClock
    gym: Gym = field(init=False)
    plans: list[Plan] = field(init=False)
    watch: Watch = field(init=False)
    traffic: Traffic = field(init=False)
    robot: User = field(init=False)
    key: str = field(init=False)
    other_group: Group = field(init=False)
    born: int = 0

    # The beginning

    def begin(self, start: Start) -> None:
        """A gym that is connected, with everybody of `start` in Core and in Kisi."""
        self.clock.traveller.move_to(START)
        self.clock.fuse = None
        wake.breaker.trip()
        self._build_kisi(start)
        self._build_gym()
        self.watch = Watch(self.world, self.gym, self.robot.id)
        self.world.faults = self.traffic = Traffic(self.clock, self.watch, connections["default"])
        for number, kind in enumerate(start.people):
            self._settle_in(number, kind, doubled=number in start.doubles)
        for joins, email in ((start.owner_joins, OWNER), (start.admin_joins, ADMIN)):
            if joins:
                self.join(email)
        self.watch.look()
        self.watch.losses.look()
        with self.watch.running():
            connecting.connect(self.gym, key=Secret(self.key), group_id=self.world.group_id, clock=self.clock)
        if start.is_settled:
            settled.give_access(self.world, self.connection, self.now())
            self.watch.losses.look()

    def _build_kisi(self, start: Start) -> None:
        world = self.world
        world.store, world.calls, world.limiter = Store(), CallLog(), Limiter()
        world.switch(
            query_lag_seconds=30 if start.search_lags else 0,
            lag_hits_email_filter=start.search_lags,
            weak_read="404" if start.lies_when_weak else "403",
            weak_write="404" if start.lies_when_weak else "403",
        )
        demo.seed_small(world)
        self.robot = world.add_user("robot@example.com", "Robot")
        world.make_admin(self.robot)
        self.key = world.add_key(self.robot)
        world.make_admin(world.add_user(ADMIN, "Ada Admin"))
        world.give(world.add_user(STRANGER, "Stranger"))
        self.other_group = world.add_group("Office", [world.add_door("Office")])

    def _build_gym(self) -> None:
        self.gym = GymFactory(timezone="Europe/Berlin")
        doors = (True, True, False)
        self.plans = [PlanFactory(gym=self.gym, has_24hr_access=opens) for opens in doors]

    def _settle_in(self, number: int, kind: str, *, doubled: bool) -> None:
        facts, there = KINDS[kind]
        email, today = ADDRESSES[number], self.today()
        member = self.join(
            email,
            plan=facts.get("plan", 0),
            status=facts.get("status", "active"),
            starts_on=today + DAY * facts.get("starts", -30),
            ends_on=today + DAY * facts["ends"] if "ends" in facts else None,
        )
        if doubled:
            SubscriptionFactory(member=member, plan=self.plans[1], starts_on=today)
        if there:
            self._put_into_kisi(email, there)

    def _put_into_kisi(self, email: str, there: str) -> None:
        user = self.world.add_user(email, "By Hand")
        if there == "right":
            self.world.give(user)
        elif there == "team":
            self.world.add_team("Coaches", [user])
        elif there == "elsewhere":
            self.world.give(user, self.other_group)

    def join(self, email: str, *, plan: int = 0, status: str = "active", **dates: Any) -> Member:
        self.born += 1
        member = MemberFactory(gym=self.gym, first_name=f"Person{self.born}", last_name="", email=email)
        dates.setdefault("starts_on", self.today())
        SubscriptionFactory(member=member, plan=self.plans[plan], status=status, **dates)
        return member

    # Looks

    @property
    def connection(self) -> KisiConnection:
        return KisiConnection.objects.select_related("gym").get(gym=self.gym)

    def members(self) -> list[Member]:
        return list(Member.objects.filter(gym=self.gym).order_by("pk"))

    def today(self) -> Any:
        return self.gym.today(timezone.now())

    def now(self) -> datetime:
        return timezone.now()

    # Changes in Core

    def change(self, act: Callable[[], object], *, worded: bool = False, heard: bool = True) -> None:
        """Make a change in Core, as somebody's word for whoever loses by it; unheard: the wake-up is lost."""
        before = self.connection.look_again
        if worded:
            shown = forecast_change(self.gym, act).fingerprint
            carry_out_change(self.gym, act, by=None, cause="confirmed", shown=shown)
        else:
            act()
        if not heard:
            KisiConnection.objects.filter(gym=self.gym).update(look_again=before)
        self.watch.look()

    def forward(self, **amount: float) -> None:
        self.clock.forward(**amount)
        self.watch.time_passed()

    # Runs

    def run(self, *, ask: Read | None = None) -> Outcome | None:
        """What a worker does with this connection; None: its process died, and its lease stands."""
        if ask is not None:
            asking.ask(self.connection, ask, because="check", now=self.now())
        outcome: Outcome | None = Outcome.MORE
        while outcome is Outcome.MORE:
            outcome = self._slice()
        return outcome

    def _slice(self) -> Outcome | None:
        connection = self.connection
        is_taken = connection.lease_until is not None and connection.lease_until >= self.now()
        with self.watch.running(connection):
            try:
                outcome = runs.run(connection.pk, clock=self.clock)
            except Crash:
                self._leave_lease(connection)
                return None
        if is_taken != (outcome is Outcome.TAKEN):
            self.watch.problems.append(f"a second run came to {outcome}, taken: {is_taken}")
        return outcome

    def _leave_lease(self, before: KisiConnection) -> None:
        """A process that is killed gives nothing back."""
        mine = KisiConnection.objects.filter(pk=before.pk, fence=before.fence + 1)
        mine.update(lease_until=self.now() + LEASE)

    @contextmanager
    def at_the_desk(self) -> Iterator[None]:
        """An admin's own calls to Kisi, without faults."""
        with self.watch.running():
            yield

    # The end

    def clear(self) -> None:
        """Take everything of this example out of the database; events stay, they are written once."""
        self.world.clear_faults()
        for model in (Release, KisiGrant, SyncRun, Alert, KisiConnection, Pace, Subscription, Plan, Change):
            model.objects.all().delete()
        Member.objects.all().delete()
        Gym.objects.all().delete()
