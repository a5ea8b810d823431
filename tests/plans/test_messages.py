"""Each message about plans and subscriptions is reached as staff reach it, and read on the page that follows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from members.models import Member
from members.slots import Effect
from plans.models import Plan, Subscription
from tests.factories import MemberFactory, PlanFactory, SubscriptionFactory
from tests.members.doors import lines

pytestmark = pytest.mark.django_db
KEEPS = Effect(keeps=lines("Ana Ruiz", reason="All Hours"))
EVERY_ACTION = ("activate", "pause", "resume", "schedule_cancel", "undo_cancel", "cancel_now", "expire")
POSSIBLE = {
    "pending_active": ("activate", "cancel_now"),
    "active": ("pause", "schedule_cancel", "cancel_now", "expire"),
    "pending_cancel": ("undo_cancel", "cancel_now"),
    "paused": ("resume", "cancel_now"),
    "expired": (),
    "cancelled": (),
}
CANNOT = {
    "activate": "be started",
    "pause": "be paused",
    "resume": "be resumed",
    "schedule_cancel": "be set to cancel",
    "undo_cancel": "have its cancel undone",
    "cancel_now": "be cancelled",
    "expire": "expire",
}
STANDS = {
    "pending_active": "it has not started",
    "active": "it is active",
    "pending_cancel": "it is set to cancel",
    "paused": "it is paused",
    "expired": "it has expired",
    "cancelled": "it was cancelled",
}
# What is asked, and what is said once it is done; from which status.
STEPS = {
    "activate": ("pending_active", "Start Open Door for Ana now?", "Start now", "Open Door has started."),
    "pause": ("active", "Pause Open Door for Ana?", "Pause", "Open Door is paused."),
    "resume": ("paused", "Resume Open Door for Ana?", "Resume", "Open Door is active again."),
    "schedule_cancel": (
        "active",
        "Cancel Open Door for Ana later?",
        "Schedule cancel",
        "Open Door is cancelled from",
    ),
    "undo_cancel": (
        "pending_cancel",
        "Undo the cancel of Open Door for Ana?",
        "Undo cancel",
        "Open Door goes on.",
    ),
    "cancel_now": ("active", "Cancel Open Door for Ana now?", "Cancel now", "Open Door is cancelled."),
    "expire": ("active", "Expire Open Door for Ana?", "Expire", "Open Door has expired."),
}


@pytest.fixture
def ana(gym) -> Member:
    return MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz")


@pytest.fixture
def today(gym) -> date:
    return gym.today(timezone.now())


def on_open_door(ana: Member, status: str, today: date, **facts: Any) -> Subscription:
    facts = {"ends_on": today + timedelta(days=9) if status == "pending_cancel" else None} | facts
    return SubscriptionFactory(member=ana, plan__name="Open Door", status=status, **facts)


def address(row: Subscription, action: str) -> str:
    return f"/members/{row.member_id}/subscriptions/{row.pk}/{action.replace('_', '-')}/"


@pytest.mark.parametrize("action", EVERY_ACTION)
def test_each_step_is_asked_and_its_result_is_said(desk, ana, no_doors, today, action):
    known, question, button, done = STEPS[action]
    row = on_open_door(ana, known, today)
    page = desk.open(address(row, action))
    assert (page.h1, page.title) == (question, f"{question} – Harbor Gym – Core")
    last_day = {"on": today} if action == "schedule_cancel" else {}
    assert desk.press(page, button, **last_day).says(done)


@pytest.mark.parametrize(
    ("status", "action"),
    [(status, action) for status in POSSIBLE for action in EVERY_ACTION if action not in POSSIBLE[status]],
)
def test_what_is_impossible_says_why(desk, ana, no_doors, today, status, action):
    row = on_open_door(ana, status, today)
    page = desk.open(address(row, action))
    assert page.says(f"Open Door can't {CANNOT[action]}: {STANDS[status]}.")
    row.refresh_from_db()
    assert row.status == status


@pytest.mark.parametrize(
    ("status", "action", "said"),
    [
        ("pending_active", "activate", "It ended before it was started."),
        ("paused", "resume", "It ended while it was paused. Add a new subscription instead."),
    ],
)
def test_what_ended_meanwhile_does_not_start(desk, ana, no_doors, today, status, action, said):
    row = on_open_door(ana, status, today, ends_on=today - timedelta(days=1))
    assert desk.open(address(row, action)).says(said)


@pytest.mark.parametrize(
    ("starts", "ends", "on", "said"),
    [
        (-30, None, -1, "The last day must be today or later."),
        (5, None, 2, "The last day must not be before the first."),
        (-30, 3, 8, "It ends before that day anyway."),
        (-30, None, None, "Enter the last day"),
    ],
)
def test_a_last_day_that_cannot_be(desk, ana, no_doors, today, starts, ends, on, said):
    day = {
        name: today + timedelta(days=n) for name, n in (("starts", starts), ("ends", ends), ("on", on)) if n
    }
    row = on_open_door(ana, "active", today, starts_on=day["starts"], ends_on=day.get("ends"))
    page = desk.post(address(row, "schedule_cancel"), on=day.get("on", ""))
    assert page.says(said)


@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        (0, -1, "The last day must not be before the first."),
        (-9, -1, "The last day must be today or later."),
        (3, 1, "The last day must not be before the first."),
        (0, None, "Ana is on Open Door now."),
        (3, None, "Ana is on Open Door from "),
    ],
)
def test_adding_a_subscription(desk, ana, no_doors, today, starts, ends, said):
    plan = PlanFactory(gym=ana.gym, name="Open Door")
    days = {"starts_on": today + timedelta(days=starts)}
    days |= {"ends_on": today + timedelta(days=ends)} if ends is not None else {}
    assert desk.post("subscriptions:new", ana.pk, plan=plan.pk, **days).says(said)


def test_a_plan_that_was_archived_meanwhile_is_not_sold(desk, ana, no_doors):
    plan = PlanFactory(gym=ana.gym, name="Open Door")
    PlanFactory(gym=ana.gym, name="Day")
    page = desk.open("subscriptions:new", ana.pk)
    plan.archive()
    page = desk.press(page, "Add subscription", plan=plan.pk)
    assert page.says("There is a problem This plan is not sold any more: choose another one")


@pytest.mark.parametrize(
    ("effect", "asked", "said"),
    [
        (Effect(loses=lines("Ana Ruiz")), "Ana loses access within seconds.", "Ana is losing access."),
        (
            Effect(keeps=lines("Ana Ruiz", reason="All Hours")),
            "Ana keeps access through All Hours.",
            "through All Hours.",
        ),
        (Effect(gains=lines("Ana Ruiz")), "Ana gets access within seconds.", "Ana is getting access."),
        (Effect(stays=lines("Ana Ruiz")), "Ana keeps access.", "Ana keeps access."),
    ],
)
def test_what_it_means_for_the_doors_is_said_before_and_after(desk, ana, doors, today, effect, asked, said):
    doors.effect = effect
    row = on_open_door(ana, "active", today)
    page = desk.open(address(row, "pause"))
    assert page.says(asked)
    button = "Pause and remove access" if effect.loses else "Pause"
    assert desk.press(page, button).says(
        f"Open Door is paused. {'Ana keeps access ' if effect.keeps else ''}{said}"
    )


class TestPlans:
    def test_a_new_one(self, desk, no_doors):
        assert desk.press(desk.open("plans:new"), "Save plan", name="Day").says("Day is a plan now.")

    @pytest.mark.parametrize("name", ["Day", "DAY"])
    def test_one_of_that_name(self, desk, gym, no_doors, name):
        PlanFactory(gym=gym, name="Day")
        assert desk.press(desk.open("plans:new"), "Save plan", name=name).says(f"{name} is already a plan")

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"name": ""}, "Enter a name"),
            ({"name": "x" * 121}, "Name must be 120 letters or fewer"),
            ({"price": ""}, "Enter a price"),
            ({"price": "cheap"}, "Price must be a number, such as 49.00"),
            ({"price": "1.234"}, "Price must be a number, such as 49.00"),
            ({"price": "-1"}, "Price must be 0 or more"),
            ({"price": "1000000"}, "Price must be below 1,000,000"),
            ({"billing": "weekly"}, "Choose one of the list"),
        ],
    )
    def test_what_it_cannot_be(self, desk, no_doors, fields, said):
        page = desk.press(desk.open("plans:new"), "Save plan", **({"name": "Day"} | fields))
        assert page.says("There is a problem", said)
        assert not Plan.objects.exists()

    def test_it_is_archived_and_sold_again(self, desk, gym, no_doors):
        plan = PlanFactory(gym=gym, name="Day")
        page = desk.press(desk.open("plans:detail", plan.pk), "Archive plan")
        assert page.says("Day is archived. Who has it keeps it, and the doors with it.")
        assert desk.press(desk.open("plans:detail", plan.pk), "Sell plan again").says("Day is sold again.")

    @pytest.mark.parametrize(
        ("effect", "button", "said"),
        [
            (
                Effect(gains=lines("Ana Ruiz")),
                "Turn off for 1 person",
                "Plan saved. 1 person is getting access.",
            ),
            (
                Effect(loses=lines("Ana Ruiz", "Ben Ode")),
                "Turn off and remove access for 2 people",
                "Plan saved. 2 people are losing access.",
            ),
        ],
    )
    def test_its_box_is_asked_about(self, desk, gym, doors, effect, button, said):
        doors.effect = effect
        plan = PlanFactory(gym=gym, name="Day", has_24hr_access=True)
        page = desk.press(desk.open("plans:detail", plan.pk), "Save plan", has_24hr_access=None)
        assert page.h1 == "Turn off 24-hr access for Day?"
        assert desk.press(page, button).says(said)
