"""What a step would do to the doors, told without making it, is what it does when it is made."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.kisi.effects import KisiEffects
from members.models import Member
from members.slots import Supposed
from plans.models import ACTIONS, Plan, Subscription, TransitionRefused
from tests.conftest import House
from tests.factories import PlanFactory, SubscriptionFactory

effects = KisiEffects()
STEPS = [(status, action) for status, actions in ACTIONS.items() for action in actions]
CIRCUMSTANCES = [
    "alone",
    "on two plans",
    "sharing the address",
    "no address",
    "no 24-hr",
    "over",
    "ends today",
]


def facts(action: str, today: Any) -> dict[str, Any]:
    known = {"on": today + timedelta(days=3)} if action == "schedule_cancel" else {}
    return known if action in ("pause", "undo_cancel") else known | {"today": today}


@pytest.fixture
def row(connected: House, request: pytest.FixtureRequest) -> Subscription:
    """Ana's subscription in a status and a circumstance; Kisi knows whoever has access."""
    status, circumstance = request.param
    ana, ben = connected.member("Ana"), connected.member("Ben")
    today = connected.gym.today(timezone.now())
    ends = {"over": today - timedelta(days=1), "ends today": today}.get(circumstance)
    if circumstance == "on two plans":
        SubscriptionFactory(member=ana, plan=PlanFactory(gym=connected.gym, name="Day and Night"))
    if circumstance == "sharing the address":
        Member.objects.filter(pk=ben.pk).update(email=ana.email)
    if circumstance == "no address":
        Member.objects.filter(pk=ana.pk).update(email="")
    if circumstance == "no 24-hr":
        Plan.objects.filter(pk=connected.plan.pk).update(has_24hr_access=False)
    connected.sync()
    later = today + timedelta(days=9) if status == "pending_cancel" else None
    begins = today + timedelta(days=1) if status == "pending_active" else today - timedelta(days=30)
    mine = Subscription.objects.filter(member=ana, plan=connected.plan)
    mine.update(status=status, ends_on=ends or later, starts_on=begins)
    return mine.select_related("plan", "member__gym").get()


@pytest.mark.parametrize(
    ("row", "action"),
    [((status, circumstance), action) for (status, action), circumstance in product(STEPS, CIRCUMSTANCES)],
    indirect=["row"],
)
def test_a_step_does_what_it_was_supposed_to(row, action):
    gym, about = row.member.gym, {row.member.email}
    known = facts(action, gym.today(timezone.now()))
    try:
        supposed = row.supposing(action, **known)
    except TransitionRefused as refused:
        with pytest.raises(TransitionRefused, match=refused.messages[0]):
            getattr(row, action)(**known)
        return
    told = effects.suppose(gym, Supposed(instead=(supposed,)), about=about)
    assert told == effects.forecast(gym, lambda: getattr(row, action)(**known), about=about)


@pytest.mark.parametrize("row", [("active", each) for each in CIRCUMSTANCES], indirect=True)
def test_a_deletion_does_what_it_was_supposed_to(row):
    gym, about = row.member.gym, {row.member.email}
    told = effects.suppose(gym, Supposed(leaving=frozenset([row.member_id])), about=about)
    assert told == effects.forecast(gym, Member.objects.get(pk=row.member_id).delete, about=about)


@pytest.mark.parametrize("row", [("active", "alone")], indirect=True)
def test_nothing_is_written(row):
    with CaptureQueriesContext(database) as asked:
        supposed = Supposed(instead=(row.supposing("pause", cause="payment failed"),))
        told = effects.suppose(row.member.gym, supposed, about={row.member.email})
    assert [line.name for line in told.loses] == ["Ana"]
    assert {query["sql"].partition(" ")[0] for query in asked} == {"SELECT"}
    assert row.status == Subscription.objects.get(pk=row.pk).status == "active"
