"""What an event was caused by: whose act in Core, told from the change that lies before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.kisi import history
from integrations.kisi.history import Search
from integrations.kisi.models import AccessEvent, SyncRun
from integrations.kisi.timeline import lines
from members.models import Change
from plans.models import Plan, Subscription
from tests.conftest import House
from tests.desk import Desk
from tests.factories import MemberFactory, StaffFactory, UserFactory

pytestmark = pytest.mark.django_db


def causes(house: House, kind: str) -> list[str]:
    """Of the events of that kind, newest first."""
    return [
        line.caused_by
        for line in lines(AccessEvent.objects.filter(connection_id=house.connection.pk, kind=kind))
    ]


def run(house: House) -> str:
    """What the last run is said to be caused by, in the list."""
    rows = history.page(house.connection, Search(what="runs"), 1).lines
    return rows[0].caused_by


@pytest.fixture
def ada(house: House) -> object:
    return UserFactory(first_name="Ada", last_name="Admin")


@pytest.fixture
def four(connected: House) -> House:
    """Four people inside, more than a run shows of itself."""
    connected.members(4)
    connected.sync()
    return connected


def test_a_pause_by_a_person(connected, ana, ada):
    connected.subscription(ana).pause(by=ada, cause="payment failed")
    connected.sync()
    assert causes(connected, "revoked") == ["Ada Admin paused Open Door (payment failed)"]
    assert run(connected) == "Ada Admin paused Open Door (payment failed)"


def test_a_pause_by_nobody_in_particular(connected, ana):
    connected.subscription(ana).pause()
    connected.sync()
    assert causes(connected, "revoked") == ["Open Door was paused"]


def test_a_resume_and_not_the_pause_before_it(connected, ana, ada):
    connected.subscription(ana).pause(by=ada)
    connected.sync()
    connected.subscription(ana).resume(today=connected.today(), by=ada)
    connected.sync()
    assert causes(connected, "granted")[0] == "Ada Admin resumed Open Door"
    assert causes(connected, "revoked") == ["Ada Admin paused Open Door"]


def test_a_box_turned_off_and_on_again(four):
    admin = Desk(StaffFactory(gym=four.gym, role="admin", user__first_name="Alice", user__last_name="Adams"))
    for box, words in ((None, "Turn off and remove access for 4 people"), ("on", "Turn on for 4 people")):
        page = admin.press(admin.open("plans:detail", four.plan.pk), "Save plan", has_24hr_access=box)
        admin.press(page, words)
        four.sync()
    assert causes(four, "revoked") == ["Alice Adams turned off 24-hr access on Open Door"] * 4
    assert causes(four, "granted")[:4] == ["Alice Adams turned on 24-hr access on Open Door"] * 4
    assert run(four) == "Alice Adams turned on 24-hr access on Open Door"
    page = admin.open("kisi:activity-run", SyncRun.objects.all()[0].pk)
    assert page.says("Caused by Alice Adams turned on 24-hr access on Open Door")


def test_a_box_of_a_plan_that_is_not_theirs_explains_nothing(connected, ana, ada):
    other = Plan.objects.create(gym=connected.gym, name="Other", has_24hr_access=False)
    detail = "Other changed: 24-hr access turned off"
    Change.record(connected.gym, "change plan", by=ada, plan_id=other.pk, detail=detail)
    Subscription.objects.filter(member=ana).update(status="paused")
    connected.sync()
    assert causes(connected, "revoked") == ["subscription change"]


def test_what_lies_days_back_or_belongs_to_another_explains_nothing(connected, ana, ada):
    facts = {"by": ada, "detail": "Open Door: Active to Paused"}
    Change.record(connected.gym, "pause", member_id=MemberFactory(gym=connected.gym).pk, **facts)
    Change.record(connected.gym, "pause", member_id=ana.pk, **facts)
    Change.objects.filter(member_id=ana.pk).update(at=timezone.now() - timedelta(days=2))
    Subscription.objects.filter(member=ana).update(status="paused")
    connected.sync()
    assert causes(connected, "revoked") == ["subscription change"]


def test_what_a_check_found_is_told_by_the_check(connected, ana, ada):
    connected.subscription(ana).pause(by=ada)
    known = {"gym_id": connected.gym.pk, "connection_id": connected.connection.pk, "member_id": ana.pk}
    AccessEvent.objects.create(kind="revoked", cause="daily check", **known)
    assert causes(connected, "revoked") == ["daily check"]


def test_a_run_of_several_causes_keeps_its_own(four, ada):
    first, second = four.gym.members.order_by("pk")[:2]
    four.subscription(first).pause(by=ada)
    four.subscription(second).cancel_now(today=four.today(), by=None)
    Subscription.objects.filter(member=second).update(ends_on=four.today() - timedelta(days=1))
    four.sync()
    assert SyncRun.objects.first().revoked == 2
    assert run(four) == "subscription change"
