"""sync.md 1: one row per address, whose it is, until when, and that it outlives the member."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from integrations.kisi.models import AccessEvent, AccessPerson, KisiGrant
from tests.stories import written

ANA = "ana@example.com"
State = KisiGrant.State


def test_one_open_row_per_address_and_connection(connected):
    connected.member("Ana")
    connected.sync()
    with pytest.raises(IntegrityError), transaction.atomic():
        KisiGrant.objects.create(
            connection=connected.connection, email=" ANA@example.com", state=State.ABSENT
        )


def test_the_rows_member_is_the_entitled_one_with_the_lowest_id(connected):
    first = connected.member("Ana", email="home@example.com", status="paused")
    second = connected.member("Ben", email="home@example.com")
    connected.member("Cleo", email="home@example.com")
    connected.sync()
    assert connected.grant("home").member == second
    connected.subscription(first).resume(today=connected.today())
    connected.sync()
    assert connected.grant("home").member == first


def test_whose_right_it_is_changes_without_a_call_when_the_profile_is_not_cores(house):
    house.in_kisi("Home")
    ana = house.member("Ana", email="home@example.com")
    ben = house.member("Ben", email="home@example.com")
    house.connect()
    house.sync()
    house.calls()
    house.subscription(ana).pause()
    house.sync()
    assert house.grant("home").member == ben
    assert house.calls() == []


def test_until_is_the_latest_end_and_decides_nothing(connected):
    day = connected.today() + timedelta(days=9)
    ana = connected.member("Ana", ends_on=day)
    connected.sync()
    connected.calls()
    assert connected.grant("ana").until == day
    connected.connection.grants.update(until=connected.today() - timedelta(days=99))
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.grant("ana").until == day
    subscription = connected.subscription(ana)
    subscription.ends_on = None
    subscription.save()
    connected.sync()
    assert connected.grant("ana").until is None
    assert connected.calls() == []


def test_a_row_outlives_its_member_and_the_ordinary_plan_removes_it(connected):
    ana = connected.member("Ana")
    connected.sync()
    ana.delete()
    assert connected.grant("ana").member is None
    connected.sync()
    assert connected.inside() == []
    assert connected.connection.grants.get().closed_how == KisiGrant.Closed.REMOVED


def test_a_member_deleted_after_the_intent_was_planned_is_skipped(connected):
    """Nothing was sent yet: the row is closed without a call."""
    ana = connected.member("Ana")
    connected.connection.grants.create(email=ANA, member=ana, state=State.ABSENT)
    ana.delete()
    connected.sync()
    assert written(connected) == []
    assert not connected.connection.grants.open().exists()


def test_every_closed_row_stays_as_history(connected):
    ana = connected.member("Ana")
    for _ in range(3):
        connected.sync()
        connected.subscription(ana).pause()
        connected.sync()
        connected.subscription(ana).resume(today=connected.today())
    assert connected.connection.grants.filter(state=State.CLOSED).count() == 3


def test_the_activity_keeps_names_and_addresses_in_one_table_only(connected):
    connected.member("Ana Ruiz")
    connected.world.fault(
        method="POST", path="/users", status=422, body='{"error": "ana@example.com is bad"}'
    )
    connected.sync()
    (event,) = AccessEvent.objects.filter(kind="refused")
    assert ANA not in event.kisi_said
    assert AccessPerson.objects.get(pk=event.person_id).email == ANA
