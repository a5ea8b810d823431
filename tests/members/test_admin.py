"""Operators see gyms, staff, members, plans and what was changed; nobody else does."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.models import Change
from tests.desk import BACKEND
from tests.factories import StaffFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
LISTS = [
    "members_gym",
    "members_staff",
    "members_member",
    "members_change",
    "plans_plan",
    "plans_subscription",
]


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True), backend=BACKEND)
    return client


@pytest.fixture
def some(gym):
    StaffFactory(gym=gym)
    row = SubscriptionFactory(member__gym=gym)
    Change.record(gym, "pause", detail="Open Door: Active to Paused", member_id=row.member_id)
    return row


@pytest.mark.parametrize("name", LISTS)
def test_an_operator_reads_every_list(operator, some, name):
    response = operator.get(reverse(f"admin:{name}_changelist"), {"q": "a"})
    assert response.status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_staff_and_admins_of_a_gym_are_no_operators(signed_in, alice, name):
    assert signed_in(alice).get(reverse(f"admin:{name}_changelist")).status_code in (302, 403)


def test_what_was_changed_is_only_read(operator, some):
    change = Change.objects.get()
    page = reverse("admin:members_change_change", args=[change.pk])
    assert operator.get(page).status_code == 200
    assert operator.post(page, {"detail": "nothing"}).status_code == 403
    assert (
        operator.post(reverse("admin:members_change_delete", args=[change.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert operator.get(reverse("admin:members_change_add")).status_code == 403


def test_a_plan_of_another_gym_is_refused_there_too(operator, some):
    other = SubscriptionFactory()
    data = {"member": some.member_id, "plan": other.plan_id, "status": "active", "starts_on": "2026-01-01"}
    response = operator.post(reverse("admin:plans_subscription_add"), data)
    assert "The plan belongs to another gym." in response.content.decode()
