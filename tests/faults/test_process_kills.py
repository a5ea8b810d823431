"""A worker is killed or asked to stop in the middle of its work: nothing is lost, nothing is done twice."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import transaction

from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking
from integrations.kisi.sync.clock import database_now
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.processes.gyms import (
    LOOK,
    assert_nothing_lost_or_doubled,
    every_second,
    is_settled,
    let_the_lease_run_out,
    people,
    written,
)
from tests.processes.machinery import seconds, until
from tests.processes.real import REAL, Start, all_ready

pytestmark = REAL
POST_USER = {"method": "POST", "path": "/users"}
POST_RIGHT = {"method": "POST", "path": "/role_assignments"}
LEASE_LEFT = 4.0


@fault(7, "Pool child kill -9 mid-POST", expected="no duplicate user, the link is found", first=True)
def test_a_pool_process_killed_in_the_middle_of_a_post_costs_nothing(
    gym: House, start: Start, saw: Saw
) -> None:
    """The worker lives on and runs the one message again, which finds the lease taken until it runs out."""
    held = gym.world.fault(**POST_USER, kind=Kind.PASS, hold=True, after_effect=True)
    with transaction.atomic():
        gym.member("Ana Ruiz")
        gym.member("Ben")
    worker = start()
    assert held.reached.wait(30)
    before = worker.received("kisi.sync")
    killed = worker.kill_child()
    until(lambda: worker.children() not in ([], [killed]), within=30, what="a new pool process")
    until(lambda: worker.received("kisi.sync") > before, within=30, what="the message once more")
    gym.world.clear_faults()
    assert gym.connection.lease_until is not None
    let_the_lease_run_out(gym)
    took = until(lambda: len(gym.inside()) == 2 and is_settled(gym), within=30, what="both in the group")
    assert worker.is_running
    assert_nothing_lost_or_doubled(gym, ["ana", "ben"])
    doubled = sum(people(gym).values()) - len(people(gym))
    saw("found by its address and linked", f"duplicates {doubled}, done {took:.1f} s after the lease ran out")


@fault(
    8,
    "Whole worker kill -9 mid full sync",
    expected="a new writer after the lease, <= 90 s; what was done is not done again",
    first=True,
)
def test_a_worker_killed_in_a_full_sync_is_followed_by_one_that_repeats_nothing(
    gym: House, start: Start, saw: Saw
) -> None:
    every_second(LOOK)
    usual = calls_of_a_full_sync(gym)
    held = gym.world.fault(**POST_RIGHT, kind=Kind.PASS, hold=True, after_effect=True, skip=4)
    ask_for_all(gym, "Next")
    first = start()
    assert held.reached.wait(30)
    first.kill()
    left = (gym.connection.lease_until - database_now()).total_seconds()
    held.let_go()
    done = len(gym.world.requests)
    KisiConnection.objects.update(lease_until=database_now() + timedelta(seconds=LEASE_LEFT))
    lease_ends = time.monotonic() + LEASE_LEFT
    all_ready(start(wait=False), start("beat", wait=False))
    until(lambda: len(gym.inside()) == 16 and is_settled(gym), within=60, what="all 16 in the group")
    taken_over = gym.world.requests[done].arrived
    assert left <= 90
    assert taken_over > lease_ends - 0.5
    assert written(gym, "POST", "/users") == written(gym, "POST", "/role_assignments") == 16
    extra = len(gym.world.requests) - usual - usual
    saw(
        "one writer after the other; every person and right made once",
        f"{left:.0f} s of the lease were left (shortened to {LEASE_LEFT:.0f}), taken over "
        f"{taken_over - lease_ends:.1f} s after its end; "
        f"{extra} calls more than if nobody had been killed, repeated writes 0",
    )


def ask_for_all(house: House, who: str) -> None:
    """Eight people more, and a check of everybody."""
    asking.ask(house.connection, Read.FULL, because="Sync now", now=database_now())
    for number in range(8):
        house.member(f"{who}{number}")


def calls_of_a_full_sync(house: House) -> int:
    ask_for_all(house, "First")
    before = len(house.world.requests)
    house.sync()
    return len(house.world.requests) - before


@fault(9, "SIGTERM (a deployment) mid-sync", expected="a warm stop within 60 s, and the next worker goes on")
@pytest.mark.timeout(240)
def test_a_worker_asked_to_stop_in_the_middle_ends_soon_and_the_next_goes_on(
    gym: House, start: Start, saw: Saw
) -> None:
    """Kisi takes 0.2 s an answer, so that the work lasts longer than one slice."""
    gym.world.fault(kind=Kind.PASS, delay=0.2, times=0)
    gym.members(60)
    first = start()
    until(lambda: len(gym.inside()) >= 3, within=60, what="three in the group")
    first.ask_to_stop()
    took = seconds(lambda: first.stopped_with(within=60))
    done = len(gym.inside())
    assert first.stopped_with(within=1) == 0
    assert gym.connection.lease_until is None
    assert 3 <= done < 60
    gym.world.clear_faults()
    start()
    until(lambda: len(gym.inside()) == 60 and is_settled(gym), within=60, what="all 60 in the group")
    assert written(gym, "POST", "/users") == written(gym, "POST", "/role_assignments") == 60
    saw(
        "lease given back, the rest done by the next, nothing twice",
        f"stopped in {took:.1f} s, {done} of 60 done",
    )
