"""sync.md 6: one writer per connection; whoever lost the lease sends nothing more and writes nothing down."""

import signal
from contextlib import contextmanager
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection as database
from django.db.models import F

from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking, runs, switching
from integrations.kisi.sync.lease import Lease, raise_fence
from integrations.vault import Secret
from members.models import Gym
from tests.conftest import on_sqlite
from tests.stories import meanwhile, mixed, mixed_is_done, written

ANY = {"path": ".*", "kind": Kind.PASS}
POST_USER = {"method": "POST", "path": "/users", "kind": Kind.PASS}
CALLS_OF_MIXED = 27
State = KisiGrant.State


def run(house):
    return runs.run(house.connection.pk, clock=house.clock)


def slow(house, *, seconds):
    """Every answer takes so long by the clock."""
    house.world.fault(times=0, run=lambda: house.clock.forward(seconds=seconds), **ANY)


# One holder


def test_whoever_finds_the_lease_taken_returns_without_a_call(connected):
    connected.member("Ana")
    Lease.acquire(connected.connection.pk, connected.clock)
    assert run(connected) is runs.Outcome.TAKEN
    assert connected.calls() == []


def test_a_lease_runs_out_after_ninety_seconds(connected):
    connected.member("Ana")
    Lease.acquire(connected.connection.pk, connected.clock)
    connected.clock.forward(seconds=89)
    assert run(connected) is runs.Outcome.TAKEN
    connected.clock.forward(seconds=2)
    assert run(connected) is runs.Outcome.DONE
    assert connected.inside() == ["ana"]


@contextmanager
def nobody_reads(model):
    """Another database session keeps every query of this table waiting."""
    other = database.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {model._meta.db_table} IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        other.close()


@contextmanager
def time_limit(*, seconds):
    """What Celery's soft limit does to a task: a signal raises, wherever it is."""

    def leave(number, frame):
        raise SoftTimeLimitExceeded

    former = signal.signal(signal.SIGALRM, leave)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with pytest.raises(SoftTimeLimitExceeded):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


@pytest.mark.skipif(on_sqlite(), reason="one session keeps another one waiting: needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(30, method="thread")
def test_a_run_cut_off_in_the_middle_of_a_query_gives_its_lease_back(connected):
    connected.member("Ana")
    ours = connected.connection.pk
    with nobody_reads(Gym), time_limit(seconds=0.5):
        runs.run(ours, clock=connected.clock)
    assert connected.connection.lease_until is None
    assert run(connected) is runs.Outcome.DONE
    assert connected.inside() == ["ana"]


def test_a_lease_is_renewed_by_every_call(connected):
    """Forty seconds a call: the run lasts longer than one lease."""
    connected.members(1)
    slow(connected, seconds=40)
    assert run(connected) in (runs.Outcome.DONE, runs.Outcome.MORE)
    assert connected.inside() == ["p000"]


def test_a_lease_that_ran_out_in_a_call_ends_the_run_and_the_next_holder_settles(connected):
    connected.member("Ana")
    connected.world.fault(run=lambda: connected.clock.forward(seconds=91), **POST_USER)
    assert run(connected) is runs.Outcome.LOST
    assert written(connected) == ["POST /users"]
    assert connected.grant("ana").state == State.GRANTING
    connected.sync()
    assert connected.inside() == ["ana"]
    assert len(connected.world.store.users.rows) == 2


def test_a_lease_taken_over_in_a_call_ends_the_first_run(connected):
    """The second holder does the work; the first comes back, sends nothing and writes nothing down."""
    connected.member("Ana")

    @meanwhile
    def take_over():
        connected.clock.forward(seconds=91)
        assert Lease.acquire(connected.connection.pk, connected.clock) is not None

    connected.world.fault(run=take_over, **POST_USER)
    assert run(connected) is runs.Outcome.LOST
    assert connected.grant("ana").kisi_user_id is None
    assert run(connected) is runs.Outcome.TAKEN


# Fences


def pause(house):
    switching.pause(house.connection, by=None, now=house.clock.now())


def disconnect(house):
    switching.disconnect(house.connection, by=None, now=house.clock.now())


def test_the_small_run_that_is_stopped_below_has_so_many_calls(connected):
    mixed(connected)
    connected.sync()
    assert mixed_is_done(connected)
    assert len(connected.calls()) == CALLS_OF_MIXED


@pytest.mark.parametrize("stop", [pause, disconnect])
@pytest.mark.parametrize("call", range(0, CALLS_OF_MIXED, 4))
def test_after_a_pause_or_disconnect_at_most_the_call_in_flight_goes_out(connected, stop, call):
    mixed(connected)
    connected.world.fault(skip=call, run=meanwhile(lambda: stop(connected)), **ANY)
    run(connected)
    assert len(connected.calls()) == call + 1
    assert not connected.connection.is_writing


def test_new_credentials_end_the_run_and_the_old_key_is_not_used_again(connected):
    """What update_credentials saves in the end; its own calls to Kisi came before."""
    connected.members(3)
    old = connected.connection.key_last4
    key = Secret(connected.world.add_key(connected.world.owner))

    @meanwhile
    def change_key():
        connection = connected.connection
        connection.set_key(key)
        connection.save()
        raise_fence(connection.pk)

    connected.world.fault(run=change_key, **POST_USER)
    assert run(connected) is runs.Outcome.LOST
    assert written(connected) == ["POST /users"]
    connected.world.forget_requests()
    connected.sync()
    assert old not in {call.key for call in connected.world.requests}
    assert len(connected.inside()) == 3


def test_a_pause_and_resume_in_the_middle_of_a_run_lose_nothing(connected):
    mixed(connected)

    @meanwhile
    def pause_and_resume():
        pause(connected)
        switching.resume(connected.connection, by=None, now=connected.clock.now())

    connected.world.fault(skip=12, run=pause_and_resume, **ANY)
    assert run(connected) is runs.Outcome.LOST
    asking.ask(connected.connection, Read.FULL, because="check", now=connected.clock.now())
    connected.sync()
    assert mixed_is_done(connected)


# Killed


@pytest.mark.parametrize("call", range(CALLS_OF_MIXED))
def test_a_holder_killed_after_any_call_leaves_work_that_the_next_one_finishes(connected, call):
    """The call took effect and nobody wrote it down: no double, no loss."""
    mixed(connected)

    @meanwhile
    def kill():
        KisiConnection.objects.update(fence=F("fence") + 1)

    connected.world.fault(skip=call, run=kill, **ANY)
    assert run(connected) is runs.Outcome.LOST
    assert run(connected) is runs.Outcome.TAKEN
    for _ in range(4):
        connected.clock.forward(minutes=2)
        connected.sync()
    assert mixed_is_done(connected)


# Requests


def test_a_request_that_comes_while_a_run_works_is_served_by_it(connected):
    connected.member("Ana")

    @meanwhile
    def ask():
        connected.member("Ben")
        asking.look_again([connected.connection.pk])

    connected.world.fault(method="POST", path="/role_assignments", kind=Kind.PASS, run=ask)
    assert run(connected) is runs.Outcome.DONE
    assert connected.inside() == ["ana", "ben"]
    assert connected.connection.look_again is False


def test_a_full_read_asked_for_while_a_recent_one_runs_is_not_forgotten(connected):
    connected.member("Ana")
    connected.sync()
    asking.ask(connected.connection, Read.RECENT, because="daily", now=connected.clock.now())

    @meanwhile
    def ask():
        asking.ask(connected.connection, Read.FULL, because="button", now=connected.clock.now())

    connected.world.fault(method="GET", path="/role_assignments", kind=Kind.PASS, run=ask)
    connected.calls()
    run(connected)
    assert "GET /organization" in connected.calls()
    assert connected.connection.want_read == Read.LEDGER


def test_a_smaller_request_does_not_lower_a_larger_one(connected):
    asking.ask(connected.connection, Read.FULL, because="weekly", now=connected.clock.now())
    asking.ask(connected.connection, Read.LEDGER, because="save", now=connected.clock.now())
    assert connected.connection.want_read == Read.FULL


def test_a_request_for_one_member_reads_exactly_that_person(connected):
    connected.members(3)
    connected.sync()
    connected.calls()
    now = connected.clock.now()
    asking.ask_for_person(connected.connection, "p001@example.com", because="button", now=now)
    connected.sync()
    user = connected.grant("p001").kisi_user_id
    assert connected.calls()[2:] == [f"GET /users/{user}", "GET /role_assignments"]


# Slices


def test_a_long_import_gives_the_worker_back_after_twenty_seconds_and_asks_again(connected):
    connected.members(30)
    slow(connected, seconds=1)
    before = connected.clock.now()
    assert run(connected) is runs.Outcome.MORE
    assert timedelta(seconds=19) < connected.clock.now() - before < timedelta(seconds=26)
    assert 5 < len(connected.inside()) < 15
    assert connected.connection.look_again
    assert connected.connection.lease_until is None


def test_a_long_import_ends_slice_by_slice_in_one_run(connected):
    connected.members(30)
    slow(connected, seconds=1)
    connected.sync()
    assert len(connected.inside()) == 30
    assert connected.connection.runs.count() == 1
    assert connected.connection.runs.get().done == 30


def test_a_fresh_change_in_the_middle_of_an_import_goes_before_the_rest(connected):
    connected.members(20)
    slow(connected, seconds=1)
    connected.world.faults.armed.clear()
    fresh = meanwhile(lambda: connected.member("Ana"))
    connected.world.fault(method="POST", path="/users", kind=Kind.PASS, run=fresh)
    slow(connected, seconds=1)
    connected.sync()
    order = [user.email.partition("@")[0] for user in connected.world.store.users][1:]
    assert order.index("ana") < 6
