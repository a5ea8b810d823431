"""sync.md 8: how long one person waits after a failure, what shortens it, and that nobody else waits with them."""

from datetime import timedelta

import pytest

from integrations.kisi.models import KisiGrant
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking
from integrations.kisi.tasks import due
from tests.stories import written

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
ANA = "ana@example.com"
LOST = {"method": "POST", "path": "/users", "status": 409}  # "exists", and is not found
LOOK_LOST = {"method": "GET", "path": "/role_assignments", "query": "user_id=", "kind": Kind.EMPTY}


def waits_of(house, who, *, times):
    """How long this person waits after each of so many failures, in seconds."""
    found = []
    for _ in range(times):
        house.sync()
        row = house.connection.grants.open().get(email=f"{who}@example.com")
        found.append(round((row.retry_at - house.clock.now()).total_seconds()))
        house.clock.forward(seconds=found[-1] + 1)
    return found


def test_a_grant_waits_1_5_and_30_minutes_2_and_6_hours_and_then_a_day(connected):
    connected.member("Ana")
    connected.world.fault(times=0, **LOST)
    waits = waits_of(connected, "ana", times=8)
    expected = [MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, DAY, DAY, DAY]
    assert waits == pytest.approx(expected, abs=3)


def test_a_removal_waits_thirty_minutes_at_most(connected):
    ana = connected.member("Ana")
    connected.sync()
    connected.world.fault(times=0, **LOOK_LOST)
    connected.subscription(ana).pause()
    waits = waits_of(connected, "ana", times=6)
    expected = [MINUTE, 5 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE, 30 * MINUTE]
    assert waits == pytest.approx(expected, abs=3)


def test_nobody_else_waits_with_the_one_who_fails(connected):
    connected.member("Ben")
    connected.member("Ana")
    connected.world.fault(**LOST)
    connected.sync()
    assert connected.inside() == ["ben"]


def test_a_wait_is_not_tried_before_its_time(connected):
    connected.member("Ana")
    connected.world.fault(**LOST)
    connected.sync()
    connected.calls()
    connected.clock.forward(seconds=50)
    connected.sync()
    assert connected.calls() == []
    connected.clock.forward(seconds=15)
    connected.sync()
    assert connected.inside() == ["ana"]


def test_whoever_waits_is_found_by_the_look_when_it_is_time(connected):
    connected.member("Ana")
    connected.world.fault(**LOST)
    connected.sync()
    now = connected.clock.now()
    assert due(now) == []
    assert due(now + timedelta(seconds=65)) == [connected.connection.pk]


def test_a_changed_name_ends_the_wait(connected):
    ana = connected.member("Ana")
    connected.world.fault(**LOST)
    connected.sync()
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.grant("ana").failures == 0


def test_the_end_of_the_membership_ends_the_wait_of_a_grant(connected):
    ana = connected.member("Ana")
    connected.world.fault(**LOST)
    connected.sync()
    connected.subscription(ana).pause()
    connected.sync()
    assert not connected.connection.grants.open().exists()


def test_a_new_start_ends_the_wait_of_a_removal(connected):
    ana = connected.member("Ana")
    connected.sync()
    connected.world.fault(times=0, **LOOK_LOST)
    connected.subscription(ana).pause()
    connected.sync()
    connected.world.clear_faults()
    connected.subscription(ana).resume(today=connected.today())
    connected.sync()
    row = connected.grant("ana")
    assert (row.state, row.failures) == (KisiGrant.State.GRANTED, 0)


def test_the_button_for_one_member_ends_the_wait(connected):
    connected.member("Ana")
    connected.world.fault(**LOST)
    connected.sync()
    asking.ask_for_person(connected.connection, ANA, because="button", now=connected.clock.now())
    connected.sync()
    assert connected.inside() == ["ana"]


def test_a_success_starts_the_waits_afresh(connected):
    ana = connected.member("Ana")
    connected.world.fault(times=3, **LOST)
    waits_of(connected, "ana", times=3)
    connected.sync()
    assert connected.inside() == ["ana"]
    connected.subscription(ana).pause()
    connected.sync()
    connected.subscription(ana).resume(today=connected.today())
    connected.world.fault(**LOST)
    assert waits_of(connected, "ana", times=1) == pytest.approx([MINUTE], abs=3)


def test_a_wait_of_the_connection_holds_everybody_and_a_request_does_not_shorten_it(connected):
    """Kisi said when to come again: a save in Core is no reason to come earlier."""
    connected.member("Ana")
    connected.world.fault(method="GET", path="/user", status=429, headers={"Retry-After": "300"})
    connected.sync()
    connected.calls()
    connected.member("Ben")
    asking.look_again([connected.connection.pk])
    connected.sync()
    assert connected.calls() == []
    connected.clock.forward(minutes=6)
    connected.sync()
    assert connected.inside() == ["ana", "ben"]
    assert len(written(connected)) == 4
