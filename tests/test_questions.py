"""At most twelve questions to the database on each page, also where everything there is to say is said at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from integrations.kisi.models import AccessEvent, AccessPerson, Heartbeat, KisiConnection, KisiGrant, Look
from integrations.kisi.sync.drift import Drift
from members.models import Change, Member, Staff
from plans.models import Plan, Subscription
from tests.desk import Desk, Page
from tests.factories import StaffFactory
from tests.test_budgets import QUESTIONS, build

pytestmark = pytest.mark.django_db
MEMBERS = 100  # the last two share an address and have none


class Busy:
    """A gym in which something of each kind waits for somebody."""

    def __init__(self, now: datetime) -> None:
        self.gym, staff = build(MEMBERS)
        self.desk = Desk(staff)
        self.connection = KisiConnection.objects.get(gym=self.gym)
        self.today = self.gym.today(now)
        self.members = list(self.gym.members.order_by("pk"))
        self._hold(staff, now)
        self._end_today()
        self._change_by_another(now)
        self._test(staff, now)

    def _rows(self) -> Any:
        return KisiGrant.objects.filter(connection=self.connection)

    def _hold(self, staff: Staff, now: datetime) -> None:
        """By a plan that lost its box, and by whom."""
        plan = Plan.objects.create(gym=self.gym, name="Day only")
        Change.record(self.gym, "change plan", plan_id=plan.pk, by=staff.user)
        held = [member.pk for member in self.members[4::10]]
        self._rows().filter(member__in=held).update(held_since=now)
        self._rows().exclude(member__in=held).update(held_since=None)
        Subscription.objects.filter(member__in=held).update(plan=plan)

    def _end_today(self) -> None:
        ending = [member.pk for member in self.members[2::10] + self.members[3::10]]
        Subscription.objects.filter(member__in=ending).update(ends_on=self.today, status="active")

    def _change_by_another(self, now: datetime) -> None:
        person = AccessPerson.objects.filter(gym_id=self.gym.pk)[0]
        facts = {"gym_id": self.gym.pk, "connection_id": self.connection.pk, "person_id": person.pk}
        for _ in range(3):
            AccessEvent.objects.create(kind="drift", cause=Drift.RIGHT_GONE, at=now, **facts)

    def _test(self, staff: Staff, now: datetime) -> None:
        """The first member was looked at, and lost the access since; the test with her is recorded."""
        ana = self.members[0]
        Subscription.objects.filter(member__email=ana.email).update(status="paused")
        gone = {"state": "closed", "closed_how": "left_behind", "closed_at": now, "role_assignment_id": None}
        self._rows().filter(email=ana.email).update(**gone)
        Look.objects.create(connection=self.connection, email=ana.email, at=now, is_in_group=True)
        KisiConnection.objects.update(tested_at=now, tested_by=staff.user, tested_member=ana)

    def ana(self) -> Member:
        return self.members[0]


@pytest.fixture
def busy() -> Busy:
    now = timezone.now()
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=now)
    return Busy(now)


def asked(busy: Busy, most: Any, name: str, *args: Any, **query: Any) -> Page:
    busy.desk.open(name, *args, **query)
    with most(QUESTIONS):
        return busy.desk.open(name, *args, **query)


def test_needs_attention(busy, django_assert_max_num_queries):
    page = asked(busy, django_assert_max_num_queries, "kisi:attention")
    assert page.says(
        "removals are held", "lose access tomorrow", "no email address", "Something else changes"
    )


@pytest.mark.parametrize("status", ["paused", "needs_new_key", "in_trouble", "disconnected"])
def test_needs_attention_while_nothing_is_written(busy, django_assert_max_num_queries, status):
    KisiConnection.objects.update(status=status)
    page = asked(busy, django_assert_max_num_queries, "kisi:attention")
    assert page.says("refuses their details")


def test_held_removals(busy, django_assert_max_num_queries):
    page = asked(busy, django_assert_max_num_queries, "kisi:held")
    assert page.says("have one cause", "Day only", "lose access tomorrow")


def test_the_overview(busy, django_assert_max_num_queries):
    page = asked(busy, django_assert_max_num_queries, "kisi:overview")
    assert page.says("Held removals", "At cut-over", "Left behind: 1 person")


def test_move_in_with_somebody_chosen_for_the_test(busy, django_assert_max_num_queries):
    page = asked(busy, django_assert_max_num_queries, "kisi:move-in", member=busy.ana().pk)
    assert page.says("saw the door open", "Core has removed the access since.")


def test_a_member_whom_kisi_was_asked_about(busy, django_assert_max_num_queries):
    page = asked(busy, django_assert_max_num_queries, "members:detail", busy.ana().pk)
    assert page.says("Core has removed the access since.")


def test_troubleshooting(busy, django_assert_max_num_queries):
    page = asked(busy, django_assert_max_num_queries, "kisi:troubleshooting")
    assert page.says("At Kisi", "In Core", "waits for Kisi", "was changed in Kisi and put back", "is shared")


def test_somebody_who_was_asked_about(busy, django_assert_max_num_queries):
    look = Look.objects.get()
    page = asked(busy, django_assert_max_num_queries, "kisi:troubleshooting", person=look.pk)
    assert page.says(look.email, "All checks")


def test_the_dashboard(busy, django_assert_max_num_queries):
    page = asked(busy, django_assert_max_num_queries, "dashboard")
    assert page.says("removals are held", "lose access tomorrow", "Kisi refuses their details")


@pytest.mark.parametrize("name", ["marketplace", "members:list", "plans:list", "kisi:activity"])
def test_the_pages_beside_them(busy, django_assert_max_num_queries, name):
    assert asked(busy, django_assert_max_num_queries, name).status == 200


@pytest.mark.parametrize("status", ["paused", "needs_new_key"])
@pytest.mark.parametrize("name", ["dashboard", "kisi:overview", "kisi:attention"])
def test_those_that_tell_staff_who_may_act(busy, django_assert_max_num_queries, name, status):
    KisiConnection.objects.update(status=status)
    busy.desk = Desk(StaffFactory(gym=busy.gym, role="staff"))
    assert asked(busy, django_assert_max_num_queries, name).says("An admin can", "Ada Admin")
