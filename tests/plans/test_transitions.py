"""Every status meets every action: what it becomes, or in which words it is refused; and what is kept."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from members.models import Change
from plans.models import ACTIONS, Subscription, TransitionRefused
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
NEXT_WEEK = TODAY + timedelta(days=7)

# Every allowed step; what is not here must be refused.
LEADS_TO = {
    ("pending_active", "activate"): "active",
    ("pending_active", "cancel_now"): "cancelled",
    ("active", "pause"): "paused",
    ("active", "schedule_cancel"): "pending_cancel",
    ("active", "cancel_now"): "cancelled",
    ("active", "expire"): "expired",
    ("pending_cancel", "undo_cancel"): "active",
    ("pending_cancel", "cancel_now"): "cancelled",
    ("paused", "resume"): "active",
    ("paused", "cancel_now"): "cancelled",
}
FACTS = {
    "activate": {"today": TODAY},
    "pause": {},
    "resume": {"today": TODAY},
    "schedule_cancel": {"on": NEXT_WEEK, "today": TODAY},
    "undo_cancel": {},
    "cancel_now": {"today": TODAY},
    "expire": {"today": TODAY},
}
STATUSES = list(Subscription.Status.values)


def subscription(status: str, **facts: object) -> Subscription:
    if status == "pending_cancel":
        facts.setdefault("ends_on", NEXT_WEEK)
    if status == "pending_active":
        facts.setdefault("starts_on", NEXT_WEEK)
    return SubscriptionFactory(status=status, **facts)


def act(row: Subscription, action: str, **facts: object) -> None:
    getattr(row, action)(**(FACTS[action] | facts))


@pytest.mark.parametrize("action", FACTS)
@pytest.mark.parametrize("status", STATUSES)
def test_a_status_meets_an_action(status, action):
    row = subscription(status)
    expected = LEADS_TO.get((status, action))
    if expected is None:
        with pytest.raises(TransitionRefused):
            act(row, action)
    else:
        act(row, action)
    row.refresh_from_db()
    assert row.status == (expected or status)


@pytest.mark.parametrize("status", STATUSES)
def test_the_page_offers_exactly_what_is_possible(status):
    possible = {action for known, action in LEADS_TO if known == status}
    assert set(subscription(status).actions) == possible
    assert set(ACTIONS) == set(STATUSES)


def test_a_refusal_is_said_in_words_and_keeps_nothing():
    row = subscription("paused")
    with pytest.raises(TransitionRefused, match="paused"):
        row.pause()
    assert not Change.objects.exists()


def test_a_step_keeps_who_when_what_and_why():
    row, user = subscription("active"), UserFactory()
    row.pause(by=user, cause="payment failed")
    kept = Change.objects.get()
    assert (kept.gym, kept.by, kept.action, kept.cause) == (row.member.gym, user, "pause", "payment failed")
    assert (kept.member_id, kept.plan_id, kept.subscription_id) == (row.member_id, row.plan_id, row.pk)
    assert "Active" in kept.detail
    assert "Paused" in kept.detail
    assert kept.at is not None


def test_the_cause_is_kept_on_the_subscription_until_the_next_step():
    row = subscription("active")
    row.pause(cause="payment failed")
    row.refresh_from_db()
    assert row.cause == "payment failed"
    row.resume(today=TODAY)
    row.refresh_from_db()
    assert row.cause == ""


def test_a_second_press_is_refused_by_what_is_stored_not_by_what_was_read():
    first = subscription("active")
    second = Subscription.objects.get(pk=first.pk)
    first.pause()
    with pytest.raises(TransitionRefused):
        second.pause()
    assert Change.objects.count() == 1


def test_a_step_leaves_what_another_saved_alone():
    row = subscription("active")
    Subscription.objects.filter(pk=row.pk).update(ends_on=NEXT_WEEK)
    row.pause()
    row.refresh_from_db()
    assert row.ends_on == NEXT_WEEK


def test_start_today_is_active_at_once():
    member = MemberFactory()
    made = Subscription.start(member, PlanFactory(gym=member.gym), today=TODAY)
    assert (made.status, made.starts_on, made.ends_on) == ("active", TODAY, None)
    assert Change.objects.get().action == "start"


def test_start_in_the_past_is_active_from_then():
    member = MemberFactory()
    made = Subscription.start(member, PlanFactory(gym=member.gym), today=TODAY, starts_on=YESTERDAY)
    assert (made.status, made.starts_on) == ("active", YESTERDAY)


def test_start_tomorrow_waits():
    member = MemberFactory()
    made = Subscription.start(member, PlanFactory(gym=member.gym), today=TODAY, starts_on=TOMORROW)
    assert (made.status, made.starts_on) == ("pending_active", TOMORROW)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"starts_on": TOMORROW, "ends_on": TODAY}, "must not be before the first"),
        ({"starts_on": date(2026, 1, 1), "ends_on": YESTERDAY}, "today or later"),
    ],
)
def test_start_refuses_an_end_that_makes_no_sense(facts, words):
    member = MemberFactory()
    with pytest.raises(TransitionRefused, match=words):
        Subscription.start(member, PlanFactory(gym=member.gym), today=TODAY, **facts)
    assert not Subscription.objects.exists()


def test_start_refuses_the_plan_of_another_gym():
    with pytest.raises(TransitionRefused, match="another gym"):
        Subscription.start(MemberFactory(), PlanFactory(), today=TODAY)


def test_start_refuses_an_archived_plan():
    member = MemberFactory()
    plan = PlanFactory(gym=member.gym)
    plan.archive()
    with pytest.raises(TransitionRefused, match="archived"):
        Subscription.start(member, plan, today=TODAY)


def test_clean_refuses_a_member_and_a_plan_of_two_gyms():
    row = Subscription(member=MemberFactory(), plan=PlanFactory(gym=GymFactory()), starts_on=TODAY)
    with pytest.raises(ValidationError, match="another gym"):
        row.full_clean()


def test_clean_refuses_an_end_before_the_start():
    member = MemberFactory()
    row = Subscription(member=member, plan=PlanFactory(gym=member.gym), starts_on=TODAY, ends_on=YESTERDAY)
    with pytest.raises(ValidationError, match="before the first"):
        row.full_clean()


def test_clean_refuses_a_pending_cancel_without_its_last_day():
    member = MemberFactory()
    row = Subscription(
        member=member, plan=PlanFactory(gym=member.gym), starts_on=TODAY, status="pending_cancel"
    )
    with pytest.raises(ValidationError):
        row.full_clean()


def test_start_now_moves_the_first_day_to_today():
    row = subscription("pending_active", starts_on=NEXT_WEEK)
    row.activate(today=TODAY)
    row.refresh_from_db()
    assert row.starts_on == TODAY


def test_start_now_is_refused_once_the_end_has_passed():
    row = subscription("pending_active", starts_on=date(2026, 1, 1), ends_on=YESTERDAY)
    with pytest.raises(TransitionRefused, match="ended"):
        row.activate(today=TODAY)


def test_a_cancel_is_scheduled_for_today_at_the_earliest():
    row = subscription("active")
    with pytest.raises(TransitionRefused, match="must be today or later"):
        row.schedule_cancel(on=YESTERDAY, today=TODAY)
    row.schedule_cancel(on=TODAY, today=TODAY)
    row.refresh_from_db()
    assert (row.status, row.ends_on) == ("pending_cancel", TODAY)


def test_a_cancel_is_not_scheduled_before_the_first_day():
    row = subscription("active", starts_on=NEXT_WEEK)
    with pytest.raises(TransitionRefused, match="before the first"):
        row.schedule_cancel(on=TOMORROW, today=TODAY)


def test_undoing_a_cancel_takes_the_last_day_away():
    row = subscription("pending_cancel")
    row.undo_cancel()
    row.refresh_from_db()
    assert (row.status, row.ends_on) == ("active", None)


def test_undoing_a_cancel_gives_the_end_back_that_the_plan_had():
    row = subscription("active", ends_on=NEXT_WEEK)
    row.schedule_cancel(on=TOMORROW, today=TODAY)
    row.undo_cancel()
    row.refresh_from_db()
    assert (row.status, row.ends_on) == ("active", NEXT_WEEK)


def test_what_ended_while_it_was_paused_is_not_resumed():
    row = subscription("paused", ends_on=YESTERDAY)
    with pytest.raises(TransitionRefused, match="ended while it was paused"):
        row.resume(today=TODAY)


@pytest.mark.parametrize("action", ["cancel_now", "expire"])
def test_ending_now_sets_the_last_day(action):
    row = subscription("active")
    act(row, action)
    row.refresh_from_db()
    assert row.ends_on == TODAY


def test_a_deleted_subscription_is_refused_in_words():
    row = subscription("active")
    Subscription.objects.all().delete()
    with pytest.raises(TransitionRefused, match="deleted"):
        row.pause()


def test_archiving_stops_sales_and_leaves_who_has_it_alone():
    row = subscription("active")
    row.plan.archive(by=UserFactory())
    row.refresh_from_db()
    assert row.status == "active"
    assert row.plan.archived_at is not None
    assert Change.objects.get().action == "archive plan"
