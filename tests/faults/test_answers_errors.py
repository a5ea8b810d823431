"""A Kisi that answers with errors, asks to go slower, or sends what nobody can digest."""

from __future__ import annotations

import time
from collections import Counter
from datetime import timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection, Read, SyncRun
from integrations.kisi.simulator import Call, Kind
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import (
    POST_USER,
    at_work,
    beat,
    doubles,
    fresh_calls,
    is_settled,
    on_moved_time,
    taken,
)
from tests.faults.table import fault
from tests.stories import read_kisi

Status = KisiConnection.Status
GIGABYTE = 1_000_000_000


# 10


@fault(10, "Poison answer", expected="capped; that person backs off, the others go on")
def test_an_endless_answer_about_one_person_delays_nobody_else(connected: House, saw: Saw) -> None:
    poison = connected.world.fault(kind=Kind.HUGE, size=GIGABYTE, **POST_USER)
    for name in ("Ana", "Ben", "Cleo", "Dan"):
        connected.member(name)
    before = time.monotonic()
    connected.sync()
    took = time.monotonic() - before
    assert poison.hits == 1
    assert len(connected.inside()) >= 3
    beat(connected, minutes=10, done=lambda: is_settled(connected))
    assert is_settled(connected)
    assert doubles(connected) == 0
    assert took < 10
    saw("1 GB cut off, three in at once, the fourth later", f"{took:.2f} s for the four of them")


def long_name(row: Any) -> Any:
    """Every name of the answer has a hundred thousand letters."""
    rows = row if isinstance(row, list) else [row]
    for one in rows:
        if isinstance(one, dict):
            one |= {key: "x" * 100_000 for key in ("name",) if key in one}
            for inner in one.values():
                long_name(inner)
    return row


@fault(10, "Poison answer: huge fields", expected="capped; that person backs off, the others go on")
@pytest.mark.parametrize(
    "path", [r"/users.*", r"/role_assignments.*", r"/groups/\d+", "/user", "/organization"]
)
def test_an_endless_name_delays_nobody(connected: House, saw: Saw, path: str) -> None:
    connected.in_kisi("Ana", right=False)
    connected.in_kisi("Zoe")
    connected.world.fault(kind=Kind.PASS, path=path, change=long_name, times=0)
    for name in ("Ana", "Ben", "Cleo", "Zoe"):
        connected.member(name)
    before = time.monotonic()
    connected.sync()
    took = time.monotonic() - before
    read_kisi(connected, Read.FULL)
    assert is_settled(connected)
    assert SyncRun.objects.get(read=Read.FULL).state == SyncRun.State.FINISHED
    assert taken(connected) == 0
    saw(f"{path}: everybody in", f"{took:.2f} s for the four of them")


# 13


def joined(house: House, names: list[str]) -> int:
    """Calls until these people are in."""
    for name in names:
        house.member(name)
    house.calls()
    house.sync()
    beat(house, minutes=24 * 60, done=lambda: is_settled(house))
    assert is_settled(house)
    return len(house.calls())


def every_third_fails(house: House, *, done: bool, in_rhythm: bool) -> None:
    """A steady rhythm can fall in with the steps of one person for ever; without it a third fails by chance."""
    how = {"path": ".*", "status": 500, "after_effect": done}
    if in_rhythm:
        house.world.fault(every=3, times=0, **how)
        return
    for skip in sorted(Random(13).sample(range(900), 300)):
        house.world.fault(skip=skip, **how)


@fault(
    13, "500 on every third call", expected="converges; writes are looked at again before they are sent again"
)
@pytest.mark.parametrize("done", [False, True], ids=["nothing done", "done all the same"])
def test_every_third_call_failing_costs_calls_and_nothing_else(
    connected: House, saw: Saw, done: bool
) -> None:
    least = joined(connected, [f"A{number}" for number in range(12)])
    every_third_fails(connected, done=done, in_rhythm=done)
    calls = joined(connected, [f"B{number}" for number in range(12)])
    statuses = Counter(call.status for call in connected.world.requests)
    assert statuses[409] == 0  # nothing was sent twice without a look between
    assert doubles(connected) == 0
    assert taken(connected) == 0
    ratio, failed = calls / least, statuses[500] / calls
    assert ratio < 6
    how = "done all the same" if done else "not done"
    saw(
        f"all in, nothing sent twice unseen ({how})",
        f"{ratio:.1f} times the calls, {failed:.0%} of them failed",
    )


# 14


def probes(calls: list[Call]) -> int:
    """Bursts of calls with more than ten seconds between them: a probe reads up to three times."""
    times = [call.time for call in calls]
    return sum(
        later - earlier > timedelta(seconds=10) for earlier, later in zip(times, times[1:], strict=False)
    )


@fault(14, "500 always for an hour", expected="at most a probe in 15 min later on; payers kept; drains")
def test_an_hour_of_500_changes_nobodys_access_and_drains_afterwards(connected: House, saw: Saw) -> None:
    on_moved_time(connected)
    members = at_work(connected, 20)
    connected.world.fault(path=".*", status=500, times=0)
    connected.member("Ana")
    connected.subscription(members[0]).pause()
    connected.sync()
    connected.calls()
    beat(connected, minutes=30)
    early = probes(fresh_calls(connected))
    before = set(connected.world.store.assignments.rows)
    beat(connected, minutes=60)
    late = probes(fresh_calls(connected)) + 1
    assert connected.connection.status == Status.IN_TROUBLE
    assert set(connected.world.store.assignments.rows) == before
    assert taken(connected) == 0
    connected.world.clear_faults()
    drained = beat(connected, minutes=60, done=lambda: is_settled(connected))
    assert is_settled(connected)
    assert late <= 5
    assert drained <= timedelta(minutes=16)
    saw(
        "nobody's access changed, then all done",
        f"{early} probes in 30 min, {late} in 60 more, {drained.seconds} s to drain",
    )


# 15


def headers(house: House, kind: str) -> tuple[dict[str, str], float]:
    """The header, and for how many seconds nothing may be sent."""
    if kind == "date":
        at = (timezone.now() + timedelta(seconds=30)).replace(microsecond=0)
        return {"Retry-After": format_datetime(at, usegmt=True)}, 28
    allowed = {"7": 7, "none": 2, "99999": 900, "-1": 2}[kind]
    return ({} if kind == "none" else {"Retry-After": kind}), allowed


def too_early(calls: list[Call], seconds: float) -> list[Call]:
    """What was sent after the 429 and before it was allowed."""
    at = next(position for position, call in enumerate(calls) if call.status == 429)
    return [call for call in calls[at + 1 :] if call.time < calls[at].time + timedelta(seconds=seconds)]


@fault(15, "429 with Retry-After", expected="honoured, capped at 15 min; nobody fails by it")
@pytest.mark.parametrize("kind", ["7", "date", "none", "99999", "-1"])
def test_a_429_holds_every_call_until_the_time_that_kisi_says(connected: House, saw: Saw, kind: str) -> None:
    on_moved_time(connected)
    sent, seconds = headers(connected, kind)
    connected.world.fault(status=429, headers=sent, skip=2, **POST_USER)
    for name in ("Ana", "Ben", "Cleo", "Dan"):
        connected.member(name)
    started = connected.clock.now()
    fresh_calls(connected)
    while not is_settled(connected) and connected.clock.now() - started < timedelta(minutes=20):
        connected.sync()
        connected.clock.forward(seconds=1)
    early = too_early(fresh_calls(connected), seconds)
    took = (connected.clock.now() - started).total_seconds()
    assert is_settled(connected)
    assert early == []
    assert took < seconds + 10
    assert not connected.connection.grants.exclude(trouble="").exists()
    saw(
        f"Retry-After {kind}: waited, then all in", f"{len(early)} calls before the time, {took:.0f} s in all"
    )
