"""What a run does, finds or holds stands under that run, and its counts are of those rows."""

from __future__ import annotations

from integrations.kisi.models import AccessEvent, Read, SyncRun
from integrations.kisi.simulator.faults import Kind
from integrations.kisi.sync import asking, deciding
from plans.models import Subscription
from tests.conftest import House


def rows(kind: str) -> list[AccessEvent]:
    return list(AccessEvent.objects.filter(kind=kind))


def latest(house: House) -> SyncRun:
    return SyncRun.objects.filter(connection=house.connection).first()


def full(house: House) -> None:
    asking.ask(house.connection, Read.FULL, because="weekly check", now=house.clock.now())
    house.sync()


def test_people_taken_over_by_a_read_are_the_runs_and_counted(connected):
    connected.in_kisi("ana")
    connected.member("Ana")
    full(connected)
    [event] = rows("adopted")
    assert event.run_id == latest(connected).pk
    assert latest(connected).adopted == 1


def test_taking_over_at_the_connecting_is_no_runs(house):
    house.in_kisi("ana")
    house.member("Ana")
    house.connect()
    assert [event.run_id for event in rows("adopted")] == [None]


def test_somebody_who_turns_out_to_be_staff_is_the_runs(connected):
    connected.member("Ana")
    user = connected.in_kisi("ana", right=False)
    connected.world.give(user, role_id="group_admin")
    full(connected)
    assert {event.run_id for event in rows("managed")} == {latest(connected).pk}


def test_a_name_that_was_sent_is_the_runs(connected):
    ana = connected.member("Ana")
    connected.sync()
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    assert [event.run_id for event in rows("renamed")] == [latest(connected).pk]


def test_held_and_no_longer_held_are_the_runs(connected):
    members = connected.members(8)
    connected.sync()
    Subscription.objects.filter(member__in=members[:6]).update(status="expired")
    connected.sync()
    held = latest(connected)
    assert {event.run_id for event in rows("held")} == {held.pk}
    assert held.held == 6
    Subscription.objects.filter(member=members[0]).update(status="active")
    connected.member("Zoe")  # somebody else is given access: the same run sees both
    connected.sync()
    assert [event.run_id for event in rows("returned")] == [latest(connected).pk]


def test_a_lost_answer_that_is_settled_is_the_runs(connected):
    connected.world.fault(kind=Kind.LOST, after_effect=True, method="POST", path="/role_assignments")
    connected.member("Ana")
    connected.sync()
    connected.clock.forward(hours=1)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert {event.run_id is not None for event in rows("granted")} == {True}


def test_what_people_press_belongs_to_no_run(connected):
    connected.member("Ana")
    connected.sync()
    deciding.leave_to_kisi(
        connected.connection, connected.grant("ana").member, by=None, now=connected.clock.now()
    )
    assert [event.run_id for event in rows("exempted")] == [None]
