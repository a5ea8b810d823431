"""The database restarts or stands still under a run: the run ends, what it wrote late does not count."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from integrations.kisi import tasks
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, SyncRun
from integrations.kisi.simulator import Kind
from integrations.kisi.simulator.faults import Armed
from integrations.kisi.sync.clock import database_now
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.processes.gyms import (
    LOOK,
    assert_nothing_lost_or_doubled,
    every_second,
    is_settled,
    overlaps,
)
from tests.processes.machinery import Broker, seconds, until
from tests.processes.postgres import Postgres
from tests.processes.real import REAL, Start, all_ready

pytestmark = REAL
NAMES = ("Ana", "Ben", "Cleo", "Dan", "Emil", "Fay")
WHO = [name.lower() for name in NAMES]
STILL = 8.0  # seconds; the lease is made to end after a quarter of them


def a_right_on_its_way(house: House) -> Armed:
    """Six people are to get access; the third one's right is created at Kisi, and not yet answered."""
    held = house.world.fault(
        method="POST", path="/role_assignments", kind=Kind.PASS, hold=True, after_effect=True, skip=2
    )
    for name in NAMES:
        house.member(name)
    return held


def lease_ends_in(wait: float) -> None:
    KisiConnection.objects.update(lease_until=database_now() + timedelta(seconds=wait))


def answered(house: House) -> bool:
    return all(call.status is not None for call in house.world.requests)


@fault(11, "PostgreSQL restart mid-run", expected="the run ends clean, no write without the fence, resumes")
def test_a_run_whose_database_restarts_ends_and_the_next_lease_goes_on(
    gym: House, broker: Broker, start: Start, postgres: Postgres, saw: Saw
) -> None:
    every_second(LOOK)
    held = a_right_on_its_way(gym)
    asked = broker.waiting()
    beat = start("beat")
    until(lambda: broker.waiting() > asked, within=30, what="beat at work")
    worker = start()
    assert held.reached.wait(30)
    postgres.stop()
    heard = len(gym.world.requests)
    held.let_go()
    until(lambda: worker.failed("kisi.sync") == asked, within=60, what="the run and all wake-ups to end")
    down = seconds(postgres.start)
    looks = worker.finished("kisi.look")
    tasks.wake(gym.connection.pk)
    until(lambda: worker.finished("kisi.sync") >= 1, within=60, what="a wake-up to find the lease taken")
    until(lambda: worker.finished("kisi.look") >= looks + 3, within=60, what="beat and worker at work again")
    wrong = len(gym.world.requests) - heard
    lease_ends_in(0)
    took = until(lambda: gym.inside() == WHO and is_settled(gym), within=60, what="all six in the group")
    assert wrong == 0
    assert overlaps(gym) == 0
    assert_nothing_lost_or_doubled(gym, WHO)
    assert worker.is_running and beat.is_running
    saw(
        "stopped without another call; worker and beat ran on and resumed after the lease",
        f"wrong writes {wrong}, restart {down:.1f} s, done {took:.1f} s after the lease (made to end at once)",
    )


@fault(
    12,
    "PostgreSQL stands still after HTTP, before confirm: all of it",
    expected="lease lost, late UPDATE rejected, read again",
)
def test_a_database_that_stands_still_longer_than_the_lease_makes_no_wrong_write(
    gym: House, start: Start, postgres: Postgres, saw: Saw
) -> None:
    every_second(LOOK)
    held = a_right_on_its_way(gym)
    crew = start(processes=2, wait=False), start("beat", wait=False)
    all_ready(*crew)
    assert held.reached.wait(30)
    lease_ends_in(STILL / 4)
    before = len(gym.world.requests)
    with postgres.standing_still():
        held.let_go()
        time.sleep(STILL)
        meanwhile, quiet = len(gym.world.requests) - before, answered(gym)
    took = until(lambda: gym.inside() == WHO and is_settled(gym), within=60, what="all six in the group")
    assert quiet
    assert meanwhile == 0
    assert overlaps(gym) == 0
    assert_nothing_lost_or_doubled(gym, WHO)
    saw(
        "nothing doubled, one writer at a time",
        f"still for {STILL:.0f} s (120 in the table), {0.75 * STILL:.0f} s longer than the lease; "
        f"{meanwhile} calls meanwhile, done {took:.1f} s after",
    )


@fault(
    12,
    "PostgreSQL stands still after HTTP, before confirm: the holder's session",
    expected="lease lost, late UPDATE rejected, read again",
)
def test_what_a_holder_writes_after_another_took_over_is_rejected_by_the_fence(
    gym: House, start: Start, postgres: Postgres, saw: Saw
) -> None:
    held = a_right_on_its_way(gym)
    late = start()
    assert held.reached.wait(30)
    with postgres.sessions_standing_still() as still:
        held.let_go()
        until(lambda: answered(gym), within=10)
        lease_ends_in(0)
        other = start()
        until(lambda: gym.inside() == WHO and is_settled(gym), within=60, what="all six by the other")
        before, ran = rows_of(), late.finished("kisi.sync")
    until(lambda: late.finished("kisi.sync") > ran, within=60, what="the late holder to end")
    stale = sum(before.get(key) != row for key, row in rows_of().items())
    assert still >= 1
    assert stale == 0
    assert_nothing_lost_or_doubled(gym, WHO)
    assert late.failed("kisi.sync") == 0 and other.failed("kisi.sync") == 0
    saw("the other one read again and finished; the late one changed nothing", f"stale updates {stale}")


def rows_of() -> dict[tuple[str, int], dict[str, Any]]:
    """Everything that a holder writes about people and its run."""
    tables = (KisiGrant, SyncRun, AccessEvent)
    return {(table.__name__, row["id"]): row for table in tables for row in table.objects.values()}
