"""One person read while somebody waits: what Kisi says now, within ten seconds, and nothing written there."""

from __future__ import annotations

import time

import pytest

from integrations.kisi.models import Look
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import brief, looking, session
from tests.conftest import House
from tests.stories import written


def look(house: House, who: str = "ana") -> Look:
    return looking.look(house.connection, f"{who}@example.com", clock=house.clock)


@pytest.fixture
def ana(connected: House) -> House:
    """She is in the group."""
    connected.member("Ana")
    connected.sync()
    written(connected)
    return connected


def test_whoever_is_in_the_group(ana):
    seen = look(ana)
    assert (seen.user_id is not None, seen.is_in_group, seen.is_suspended, seen.has_doors, seen.failure) == (
        True,
        True,
        False,
        True,
        "",
    )
    assert written(ana) == []


def test_whoever_kisi_does_not_know(connected):
    seen = look(connected)
    assert (seen.user_id, seen.is_in_group, seen.failure) == (None, False, "")


def test_whoever_has_no_right_in_this_group(connected):
    connected.in_kisi("Ana", right=False)
    seen = look(connected)
    assert (seen.user_id is not None, seen.is_in_group) == (True, False)


def test_whoever_is_suspended(ana):
    ana.world.suspend("ana@example.com")
    assert look(ana).is_suspended


def test_a_group_without_doors(ana):
    ana.world.store.group_locks.rows.clear()
    assert look(ana).has_doors is False


@pytest.mark.parametrize(("status", "failure"), [(401, "KeyRejected"), (500, "NoAnswer"), (429, "SlowDown")])
def test_what_is_no_answer_is_named(ana, status, failure):
    ana.world.fault(status=status, times=0)
    seen = look(ana)
    assert (seen.failure, seen.is_in_group) == (failure, False)
    assert ana.connection.status == "connected"


def test_two_people_with_one_address_are_named(ana):
    ana.world.switch(email_filter_case="ignored", email_filter="partial")
    ana.world.add_user("ANA@example.com", "Ana Again")
    assert look(ana).failure == "Conflict"


def test_a_kisi_that_is_slow_is_given_up_in_time(ana):
    """It errs, and each wait between two tries takes three seconds: after five no call is begun."""
    ana.world.fault(method="GET", status=500, times=0)
    ana.clock.sleep = lambda seconds: ana.clock.forward(seconds=3)
    before = ana.clock.now()
    seen = look(ana)
    assert seen.failure == "OutOfTime"
    assert (ana.clock.now() - before).total_seconds() < 10
    assert (brief.BEGIN_WITHIN.total_seconds() + session.WAITED_FOR.total) < 10


def test_a_kisi_that_drips_is_given_up_in_time(ana):
    """An answer that takes minutes is cut off after four seconds, and asked for once more."""
    ana.world.fault(kind=Kind.DRIP, pause=0.5, times=1)
    begun = time.monotonic()
    assert look(ana).is_in_group
    assert time.monotonic() - begun < 10


def test_the_lease_of_a_run_is_left_alone(ana):
    before = ana.connection.fence
    look(ana)
    assert (ana.connection.fence, ana.connection.lease_until) == (before, None)


def test_only_the_last_answer_about_an_address_is_kept_and_for_a_day(ana):
    look(ana)
    look(ana)
    look(ana, "ben")
    assert Look.objects.count() == 2
    ana.clock.forward(hours=25)
    look(ana, "cem")
    assert [seen.email for seen in Look.objects.all()] == ["cem@example.com"]
