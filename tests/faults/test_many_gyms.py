"""Fifty gyms at one worker, five of them broken, each in another way: nobody at the others waits longer for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from integrations.kisi import tasks
from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Call, Kind, Organization, World
from integrations.kisi.sync import asking, runs, schedule
from integrations.vault import Secret
from tests.conftest import House
from tests.factories import GymFactory, PlanFactory
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.year.engine import LOOK, SWEEP, Clock

GYMS, ROUNDS, PACE = 50, 4, 4
BEGINS = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
NO_ANSWER = 10  # seconds that each call of a silent Kisi takes
Break = Callable[[World, Organization, Clock], object]
Status = KisiConnection.Status

BROKEN: dict[str, Break] = {
    Status.NEEDS_NEW_KEY: lambda world, of, _: world.revoke_key(of.api_key),
    Status.IN_TROUBLE: lambda world, of, clock: world.fault(
        key=of.api_key[-4:], kind=Kind.LOST, times=0, run=lambda: clock.sleep(NO_ANSWER)
    ),
    Status.THROTTLED: lambda world, of, _: world.fault(key=of.api_key[-4:], status=429, times=0),
    Status.GROUP_GONE: lambda world, of, _: world.delete_group(world.store.groups.rows[of.group_id]),
    Status.CONNECTED: lambda world, of, _: world.fault(
        key=of.api_key[-4:], kind=Kind.SHORT, path="/role_assignments", query="group_id=", times=0
    ),
}


@dataclass(slots=True)
class Town:
    """Gyms with an organization, a key and a pace of their own, and one worker for all of them."""

    clock: Clock
    gyms: list[House]
    organizations: list[Organization]
    joined: int = 0

    def everybody_joins(self) -> None:
        """One new member in each gym at the same moment."""
        self.joined += 1
        for house in self.gyms:
            house.member(f"N{self.joined}")
        self.work(house.connection.pk for house in self.gyms)

    def work(self, connection_ids: Iterable[int]) -> None:
        """One worker, slice by slice: whoever is not done queues again behind the others."""
        queue = deque(connection_ids)
        while queue:
            connection_id = queue.popleft()
            if runs.run(connection_id, clock=self.clock) is runs.Outcome.MORE:
                queue.append(connection_id)

    def beat(self, minutes: int) -> None:
        """Looks and sweeps on their ticks, later when the worker was busy."""
        end, look = self.clock.now() + timedelta(minutes=minutes), 0
        while self.clock.now() < end:
            self.clock.sleep(LOOK.total_seconds())
            look += 1
            if look % (SWEEP // LOOK) == 0:
                schedule.request_overdue(self.clock.now())
                self.work(house.connection.pk for house in self.gyms)
            else:
                self.work(tasks.due(self.clock.now()))


@pytest.fixture
def town(db: None, kisi: Any, world: World, settings: Any) -> Iterator[Town]:
    settings.KISI_CALLS_PER_SECOND = PACE
    with time_machine.travel(BEGINS, tick=False) as traveller:
        clock, organizations = Clock(traveller), []
        for number in range(GYMS):
            owner = (f"Owner {number}", f"owner{number}@example.org")
            organizations.append(world.add_organization(f"Gym {number}", owner=owner))
        yield Town(clock, [opened(world, kisi, clock, of) for of in organizations], organizations)


def opened(world: World, kisi: Any, clock: Clock, organization: Organization) -> House:
    gym = GymFactory()
    house = House(gym, PlanFactory(gym=gym), world, kisi, clock)  # type: ignore[arg-type]
    house.connect(key=Secret(organization.api_key), group_id=organization.group_id)
    return house


def waits(town: Town, gyms: list[House], *, first: int) -> list[float]:
    """Seconds from joining to access of those who joined from that round on, in these gyms; inf for nobody yet."""
    rows = KisiGrant.objects.filter(connection__gym__in=[house.gym for house in gyms])
    taken = [
        (row.confirmed_at - row.member.changed_at).total_seconds() if row.confirmed_at else float("inf")
        for row in rows.select_related("member")
        if row.member and int(row.member.first_name[1:]) > first
    ]
    missing = len(gyms) * (town.joined - first) - len(taken)
    return sorted(taken + [float("inf")] * missing)


def calls_with(key: str, calls: list[Call]) -> int:
    return sum(call.key == key[-4:] for call in calls)


def middle(seconds: list[float]) -> float:
    return seconds[len(seconds) // 2]


def p99(seconds: list[float]) -> float:
    return seconds[min(len(seconds) - 1, int(len(seconds) * 0.99))]


def rounds(town: Town) -> None:
    for _ in range(ROUNDS):
        town.everybody_joins()
        town.beat(minutes=12)


# 61


@fault(61, "50 gyms, 5 broken in different ways", expected="healthy ones unaffected")
@pytest.mark.timeout(900)
def test_broken_gyms_keep_nobody_elsewhere_waiting_longer_than_one_unanswered_call(
    town: Town, world: World, saw: Saw
) -> None:
    broken = dict(zip(BROKEN, town.gyms[4::10], strict=True))
    healthy = [house for house in town.gyms if house not in broken.values()]
    rounds(town)
    calls_before, before = len(world.requests), waits(town, healthy, first=0)
    for (status, house), organization in zip(broken.items(), town.organizations[4::10], strict=True):
        BROKEN[status](world, organization, town.clock)
        asking.ask(house.connection, Read.FULL, because="check", now=town.clock.now())
    rounds(town)
    after, calls = waits(town, healthy, first=ROUNDS), world.requests[calls_before:]
    ratio, most = (
        p99(after) / p99(before),
        max(calls_with(of.api_key, calls) for of in town.organizations[4::10]),
    )
    assert [house.connection.status for house in broken.values()] == list(BROKEN)
    assert p99(after) <= p99(before) + 3 * NO_ANSWER + 2
    assert middle(after) <= 1.05 * middle(before)
    assert most <= 60
    saw(
        f"{len(healthy)} healthy gyms, one worker: all in; at most {most} calls to a broken one in 48 min",
        f"p99 {p99(before):.1f} s with none broken, {p99(after):.1f} s with 5: ratio {ratio:.2f}",
    )
