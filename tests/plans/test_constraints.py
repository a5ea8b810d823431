"""What the database itself refuses, whoever writes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from plans.models import Plan, Subscription
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db


def test_a_pending_cancel_always_has_its_last_day():
    row = SubscriptionFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscription.objects.filter(pk=row.pk).update(status="pending_cancel")
    with pytest.raises(IntegrityError), transaction.atomic():
        SubscriptionFactory(status="pending_cancel", ends_on=None)
    row.refresh_from_db()
    assert row.status == "active"


def test_a_gym_has_one_plan_of_a_name_and_another_gym_its_own():
    gym = GymFactory()
    PlanFactory(gym=gym, name="Basic")
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanFactory(gym=gym, name="Basic")
    PlanFactory(gym=GymFactory(), name="Basic")


def test_a_plan_that_somebody_had_is_not_deleted():
    row = SubscriptionFactory(status="cancelled")
    with pytest.raises(IntegrityError), transaction.atomic():
        Plan.objects.filter(pk=row.plan_id).delete()
    assert Plan.objects.filter(pk=row.plan_id).exists()


def test_a_deleted_member_takes_the_subscriptions_along():
    member = MemberFactory()
    SubscriptionFactory(member=member)
    member.delete()
    assert not Subscription.objects.exists()
