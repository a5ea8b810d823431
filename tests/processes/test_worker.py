"""A real worker: quick from a save to the door, and nothing lost or doubled when it is killed at any point."""

from __future__ import annotations

import pytest

from integrations.kisi import tasks
from integrations.kisi.models import Heartbeat, SyncRun
from integrations.kisi.simulator import Kind
from plans.models import Subscription
from tests.processes.gyms import (
    LOOK,
    SWEEP,
    assert_nothing_lost_or_doubled,
    every_second,
    is_settled,
    let_the_lease_run_out,
    people,
)
from tests.processes.machinery import Celery, until
from tests.processes.real import REAL

pytestmark = REAL
POST_USER = {"method": "POST", "path": "/users"}
POST_RIGHT = {"method": "POST", "path": "/role_assignments"}
DELETE_RIGHT = {"method": "DELETE", "path": r"/role_assignments/\d+"}
DELETE_USER = {"method": "DELETE", "path": r"/users/\d+"}


def test_a_save_is_at_kisi_within_five_seconds(gym, start, record_property):
    worker: Celery = start()
    ana = gym.member("Ana Ruiz")
    joined = until(lambda: gym.inside() == ["ana"], within=5, what="Ana in the group")
    gym.subscription(ana).pause()
    left = until(lambda: gym.inside() == [], within=5, what="Ana out of the group")
    record_property("seconds_in_and_out", f"{joined:.2f} {left:.2f}")
    until(lambda: is_settled(gym), within=5)
    assert worker.is_running


def test_many_messages_at_two_processes_make_one_writer(gym, start):
    """Doubled messages, two processes: never two calls for this gym at one time, nobody twice."""
    gym.members(20)
    for _ in range(10):
        tasks.sync.delay(gym.connection.pk)
    worker: Celery = start(processes=2)
    until(lambda: len(gym.inside()) == 20, within=20, what="all in the group")
    until(lambda: worker.received("kisi.sync") >= 10, within=10)
    until(lambda: is_settled(gym), within=5)
    assert {call.in_flight for call in gym.world.requests} == {0}
    assert set(people(gym).values()) == {1}


NEVER = {"kind": Kind.LOST}
DONE = {"kind": Kind.LOST, "after_effect": True}
LATE = {"kind": Kind.PASS}


@pytest.mark.parametrize(
    "effect", [NEVER, DONE, LATE], ids=["never arrived", "took effect", "takes effect late"]
)
@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT], ids=["new person", "new right"])
def test_a_worker_killed_while_giving_access_is_finished_by_the_next(gym, start, call, effect):
    """Killed with the second person's call on its way; what becomes of that call nobody ever hears."""
    held = gym.world.fault(**call, **effect, hold=True, skip=1)
    for name in ("Ana", "Ben", "Cleo", "Dan"):
        gym.member(name)
    first: Celery = start()
    assert held.reached.wait(15)
    first.kill()
    if effect is not LATE:
        held.let_go()
    start()
    let_the_lease_run_out(gym)
    until(lambda: len(gym.inside()) == 4 and is_settled(gym), within=20, what="all four, settled")
    held.let_go()
    until(lambda: all(call.status is not None for call in gym.world.requests), within=5)
    assert_nothing_lost_or_doubled(gym, ["ana", "ben", "cleo", "dan"])


@pytest.mark.parametrize("call", [DELETE_RIGHT, DELETE_USER], ids=["right", "person"])
def test_a_worker_killed_while_removing_access_is_finished_by_the_next(gym, start, call):
    ana = gym.member("Ana Ruiz")
    gym.member("Ben")
    gym.sync()
    held = gym.world.fault(**call, kind=Kind.PASS, hold=True, after_effect=True)
    gym.subscription(ana).pause()
    first: Celery = start()
    assert held.reached.wait(15)
    first.kill()
    gym.world.clear_faults()
    start()
    let_the_lease_run_out(gym)
    until(lambda: is_settled(gym) and not gym.world.user_by_email("ana@example.com"), within=20)
    assert_nothing_lost_or_doubled(gym, ["ben"])


def test_a_warm_shutdown_finishes_the_call_and_gives_the_lease_back(gym, start):
    held = gym.world.fault(**POST_USER, kind=Kind.PASS, hold=True)
    gym.member("Ana Ruiz")
    worker: Celery = start()
    assert held.reached.wait(15)
    worker.ask_to_stop()
    until(lambda: "Warm shutdown" in worker.printed, within=10)
    held.let_go()
    assert worker.stopped_with(within=20) == 0
    assert is_settled(gym)
    assert gym.inside() == ["ana"]


def test_beat_finds_a_change_that_no_signal_told(gym, start):
    """Beat, worker and database only: the sweep, every second instead of every five minutes."""
    ana = gym.member("Ana Ruiz")
    gym.sync()
    every_second(LOOK, SWEEP)
    start()
    start("beat")
    Subscription.objects.filter(member=ana).update(status=Subscription.Status.PAUSED)
    until(lambda: gym.inside() == [], within=20, what="the sweep to find it")
    until(lambda: Heartbeat.objects.exists(), within=20, what="a sign of life")
    until(lambda: is_settled(gym), within=5)
    assert SyncRun.objects.filter(state=SyncRun.State.FINISHED).exists()
