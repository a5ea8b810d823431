"""A gym of ten thousand: its first import, a weekly check and a thousand changes, within calls, hours and memory."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pytest
import time_machine
from django.db import connection as database

from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Call
from integrations.kisi.sync import asking, deciding, runs
from members.models import Member
from plans.models import Subscription
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import at_work, end, fresh_calls, look_at_sizes, on_moved_time, taken
from tests.faults.table import fault

PEOPLE, NEW, CHANGES = 10_000, 500, 1_000
PACE, PER_PAGE, USERS_PER_PAGE = 4, 250, 100
CHECKS = 4
MB = 1024 * 1024
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """Only waiting for the pace takes time: hours are Kisi's, not this machine's."""
    with time_machine.travel(datetime(2027, 3, 1, 9, 0, tzinfo=UTC), tick=False):
        yield


@dataclass(slots=True)
class Cost:
    """What a stretch of work took: calls to Kisi, moved time, questions to the database, slices, memory."""

    calls: list[Call]
    hours: float = 0.0
    queries: int = 0
    slices: int = 0
    megabytes: float = 0.0

    @property
    def text(self) -> str:
        return (
            f"{len(self.calls):,} calls in {self.hours * 60:.1f} min, {self.megabytes:.0f} MB at most, "
            f"{self.queries:,} queries, {self.slices} slices"
        )


@contextmanager
def counted(house: House) -> Iterator[Cost]:
    """Queries are counted, not kept: thousands of them would be the memory that is measured."""
    fresh_calls(house)
    cost, before = Cost([]), house.clock.now()

    def count(execute: Any, *args: Any) -> Any:
        cost.queries += 1
        return execute(*args)

    tracemalloc.start()
    with database.execute_wrapper(count):
        yield cost
    cost.megabytes = tracemalloc.get_traced_memory()[1] / MB
    tracemalloc.stop()
    cost.hours = (house.clock.now() - before).total_seconds() / 3600
    cost.calls = fresh_calls(house)


def work(house: House, cost: Cost) -> None:
    """Slice by slice, as a worker does it, until nothing more can be done now."""
    outcome = runs.Outcome.MORE
    while outcome is runs.Outcome.MORE:
        cost.slices += 1
        outcome = runs.run(house.connection.pk, clock=house.clock)
    assert outcome is runs.Outcome.DONE


def join(house: House, count: int) -> list[Member]:
    """So many members whom Kisi does not know, entitled from today, written at once."""
    rows = [
        Member(gym=house.gym, first_name=f"J{number:05d}", email=f"j{number:05d}@example.com")
        for number in range(count)
    ]
    members = Member.objects.bulk_create(rows, batch_size=1000)
    started = house.today()
    Subscription.objects.bulk_create(
        [Subscription(member=member, plan=house.plan, starts_on=started) for member in members],
        batch_size=1000,
    )
    look_at_sizes()
    return members


def granted(house: House) -> int:
    return house.connection.grants.filter(state=KisiGrant.State.GRANTED).count()


def pages(count: int, each: int) -> int:
    return ceil(count / each)


# 60


@fault(60, f"{PEOPLE:,} members: the first import", expected="within budget; memory flat")
def test_a_first_import_costs_pages_for_whom_kisi_has_and_two_calls_for_who_is_new(
    house: House, saw: Saw, settings: Any
) -> None:
    """All but five hundred stand in the group already, as they do where another program did this before."""
    settings.KISI_CALLS_PER_SECOND = PACE
    on_moved_time(house)
    house.connect()
    at_work(house, PEOPLE - NEW)
    house.connection.grants.all().delete()
    KisiConnection.objects.all().delete()
    join(house, NEW)
    with counted(house) as cost:
        house.connect()
        work(house, cost)
    walked = pages(PEOPLE - NEW, PER_PAGE) + pages(PEOPLE - NEW + 1, USERS_PER_PAGE)
    assert granted(house) == PEOPLE
    assert len(cost.calls) <= 2 * NEW + walked + 3 * cost.slices + 8
    assert cost.hours <= len(cost.calls) / PACE / 3600
    assert cost.queries <= 60 * NEW
    assert taken(house) == 0
    saw(f"{PEOPLE - NEW:,} taken over, {NEW} let in", cost.text)


@fault(60, f"{PEOPLE:,} members: the weekly check", expected="ceil(N/250) pages; memory flat")
def test_a_weekly_check_of_ten_thousand_costs_a_page_for_250_and_keeps_no_memory(
    connected: House, saw: Saw, settings: Any
) -> None:
    settings.KISI_CALLS_PER_SECOND = PACE
    on_moved_time(connected)
    at_work(connected, PEOPLE)
    costs = []
    for _ in range(3):
        asking.ask(connected.connection, Read.FULL, because="check", now=connected.clock.now())
        with counted(connected) as cost:
            work(connected, cost)
        costs.append(cost)
        assert len(cost.calls) <= pages(PEOPLE, PER_PAGE) + CHECKS
    assert {call.method for cost in costs for call in cost.calls} == {"GET"}
    assert granted(connected) == PEOPLE
    assert costs[2].megabytes <= 1.1 * costs[1].megabytes
    assert costs[2].megabytes <= 150
    assert costs[2].queries <= 500
    saw("read three times, nothing to do", costs[2].text)


@fault(60, f"{PEOPLE:,} members: {CHANGES:,} changes", expected="within budget; memory flat")
def test_a_thousand_changes_among_ten_thousand_cost_their_own_calls_and_little_more(
    connected: House, saw: Saw, settings: Any
) -> None:
    """Half of them come, half of them go, too few of all to be held."""
    settings.KISI_CALLS_PER_SECOND = PACE
    on_moved_time(connected)
    members = at_work(connected, PEOPLE)
    half = CHANGES // 2
    join(connected, half)
    end(connected, members[:half])
    with counted(connected) as cost:
        work(connected, cost)
    verbs = Counter(call.method for call in cost.calls)
    least = 2 * half + 3 * half
    walked = pages(PEOPLE + half, USERS_PER_PAGE)
    assert granted(connected) == PEOPLE
    assert deciding.held(connected.connection) == []
    assert (verbs["POST"], verbs["DELETE"]) == (2 * half, 2 * half)
    assert len(cost.calls) <= least + walked + 3 * cost.slices + 2
    assert cost.hours <= len(cost.calls) / PACE / 3600
    assert cost.queries <= 60 * CHANGES
    saw(f"{half} in, {half} out, nobody held", f"{cost.text}; least {least:,} calls")
