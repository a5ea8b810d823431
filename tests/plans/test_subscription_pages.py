"""Subscriptions on a member's page: what is offered, what is asked, and what is said afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from members.models import Member
from members.slots import Effect
from plans.models import Subscription
from tests.factories import MemberFactory, PlanFactory, SubscriptionFactory
from tests.members.doors import lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(gym) -> Member:
    return MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz")


@pytest.fixture
def row(ana) -> Subscription:
    return SubscriptionFactory(member=ana, plan=PlanFactory(gym=ana.gym, name="Open Door"))


@pytest.fixture
def today(gym):
    return gym.today(timezone.now())


def address(row: Subscription, action: str) -> str:
    return f"/members/{row.member_id}/subscriptions/{row.pk}/{action}/"


def status(row: Subscription) -> str:
    row.refresh_from_db()
    return row.status


class TestOffered:
    @pytest.mark.parametrize(
        ("known", "labels"),
        [
            ("pending_active", ["Start now", "Cancel now"]),
            ("active", ["Pause", "Schedule cancel", "Cancel now", "Expire"]),
            ("pending_cancel", ["Undo cancel", "Cancel now"]),
            ("paused", ["Resume", "Cancel now"]),
            ("expired", []),
            ("cancelled", []),
        ],
    )
    def test_the_page_offers_what_is_possible(self, desk, ana, no_doors, known, labels, today):
        SubscriptionFactory(member=ana, plan__name="Open Door", status=known, ends_on=today)
        text = desk.open("members:detail", ana.pk).text
        every = ["Start now", "Pause", "Resume", "Schedule cancel", "Undo cancel", "Cancel now", "Expire"]
        assert [label for label in every if f"{label} Open Door" in text] == [x for x in every if x in labels]

    def test_a_subscription_shows_its_dates_its_cause_and_its_plans_box(self, desk, ana, no_doors):
        plan = PlanFactory(gym=ana.gym, name="Day", has_24hr_access=False)
        SubscriptionFactory(
            member=ana,
            plan=plan,
            status="paused",
            starts_on="2026-01-05",
            ends_on="2026-11-30",
            cause="injury",
        )
        page = desk.open("members:detail", ana.pk)
        assert page.says("Day Paused 5 Jan 2026 to the end of 30 Nov 2026 · no 24-hr access · injury")

    @pytest.mark.parametrize(
        ("facts", "said"),
        [
            ({"status": "active"}, "5 Jan 2026, no end"),
            ({"status": "pending_cancel", "ends_on": "2026-11-30"}, "5 Jan 2026 to the end of 30 Nov 2026"),
            ({"status": "cancelled", "ends_on": "2026-11-30"}, "5 Jan 2026 to 30 Nov 2026"),
            ({"status": "cancelled", "ends_on": "2026-01-04"}, "never started, was to start on 5 Jan 2026"),
            ({"status": "expired"}, "Expired 5 Jan 2026 ·"),
        ],
    )
    def test_its_days_are_those_on_which_it_counted(self, desk, ana, no_doors, facts, said):
        SubscriptionFactory(member=ana, starts_on="2026-01-05", **facts)
        assert desk.open("members:detail", ana.pk).says(said)


class TestAdd:
    def test_it_starts_today(self, desk, ana, no_doors, today):
        plan = PlanFactory(gym=ana.gym, name="Open Door")
        page = desk.press(desk.open("subscriptions:new", ana.pk), "Add subscription", plan=plan.pk)
        assert page.says("Ana is on Open Door now.")
        made = Subscription.objects.get()
        assert (made.status, made.starts_on) == ("active", today)

    def test_it_starts_later(self, desk, ana, no_doors, today):
        plan = PlanFactory(gym=ana.gym, name="Open Door")
        later = (today + timedelta(days=5)).isoformat()
        page = desk.press(
            desk.open("subscriptions:new", ana.pk), "Add subscription", plan=plan.pk, starts_on=later
        )
        assert page.says("Ana is on Open Door from")
        assert Subscription.objects.get().status == "pending_active"

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"plan": ""}, "Choose a plan"),
            ({"starts_on": ""}, "Enter the first day"),
            ({"starts_on": "soon"}, "First day must be a date"),
            ({"ends_on": "2020-01-01"}, "The last day must not be before the first."),
        ],
    )
    def test_errors_speak_plainly(self, desk, ana, no_doors, facts, words):
        plan = PlanFactory(gym=ana.gym)
        data = {"plan": plan.pk} | facts
        page = desk.press(desk.open("subscriptions:new", ana.pk), "Add subscription", **data)
        assert page.says("There is a problem", words)
        assert not Subscription.objects.exists()

    def test_an_archived_plan_is_no_choice(self, desk, ana, no_doors):
        PlanFactory(gym=ana.gym, name="Old").archive()
        page = desk.open("subscriptions:new", ana.pk)
        assert "Old" not in page.text
        assert page.says("No plan is sold now", "Every plan is archived.")

    def test_a_gym_without_plans_is_told_so(self, desk, ana, no_doors):
        assert desk.open("subscriptions:new", ana.pk).says("No plans yet")


class TestAct:
    LOSES = Effect(loses=lines("Ana Ruiz"), warning="The Kisi profile is deleted.", fingerprint="f1")

    @pytest.mark.parametrize(
        ("known", "action", "button", "after", "said"),
        [
            ("pending_active", "activate", "Start now", "active", "Open Door has started."),
            ("active", "pause", "Pause", "paused", "Open Door is paused."),
            ("paused", "resume", "Resume", "active", "Open Door is active again."),
            ("pending_cancel", "undo-cancel", "Undo cancel", "active", "Open Door goes on."),
            ("active", "cancel-now", "Cancel now", "cancelled", "Open Door is cancelled."),
            ("active", "expire", "Expire", "expired", "Open Door has expired."),
        ],
    )
    def test_each_action_is_made(self, desk, ana, row, no_doors, today, known, action, button, after, said):
        Subscription.objects.update(status=known, ends_on=today if known == "pending_cancel" else None)
        page = desk.press(desk.open(address(row, action)), button, cause="payment failed")
        assert page.path == f"/members/{ana.pk}/"
        assert page.says(said, "payment failed")
        assert status(row) == after

    @pytest.mark.parametrize(
        ("known", "action", "hint"),
        [("active", "pause", "payment failed"), ("paused", "resume", "payment received")],
    )
    def test_the_hint_at_the_cause_fits_the_action(self, desk, row, no_doors, known, action, hint):
        Subscription.objects.update(status=known)
        assert desk.open(address(row, action)).says(f"Cause (optional) Such as {hint}")

    def test_what_ends_access_is_asked_first(self, desk, row, doors):
        doors.effect = self.LOSES
        page = desk.open(address(row, "pause"))
        assert page.h1 == "Pause Open Door for Ana?"
        assert page.says(
            "Ana loses access within seconds.", "The Kisi profile is deleted.", "Cause (optional)"
        )
        assert "danger" in page.html
        page = desk.press(page, "Pause and remove access", cause="injury")
        assert page.says("Open Door is paused. Ana is losing access.")
        row.refresh_from_db()
        assert (row.status, row.cause) == ("paused", "injury")

    def test_what_changes_nobodys_access_says_so(self, desk, row, doors):
        assert desk.open(address(row, "pause")).says("This changes nobody's door access now.")
        doors.effect = Effect(notes=("1 person is managed in Kisi.",))
        page = desk.open(address(row, "pause"))
        assert page.says("1 person is managed in Kisi.")
        assert "nobody's door access" not in page.text

    def test_a_field_that_is_wrong_takes_nothing_from_what_is_asked(self, desk, row, doors):
        doors.effect = self.LOSES
        page = desk.press(desk.open(address(row, "pause")), "Pause and remove access", cause="x" * 121)
        assert page.says("There is a problem", "Ana loses access within seconds.")
        assert status(row) == "active"
        desk.press(page, "Pause and remove access", cause="injury")
        assert status(row) == "paused"

    def test_a_press_that_was_not_asked_is_asked(self, desk, row, doors):
        doors.effect = self.LOSES
        page = desk.post(address(row, "pause"), cause="injury")
        assert page.h1 == "Pause Open Door for Ana?"
        assert ("cause", "injury") in page.forms[-1].fields
        assert status(row) == "active"
        desk.press(page, "Pause and remove access")
        assert status(row) == "paused"

    def test_a_press_that_ends_nobodys_access_acts_at_once(self, desk, row, doors):
        doors.effect = Effect(keeps=lines("Ana Ruiz", reason="Night Owl"))
        page = desk.post(address(row, "pause"))
        assert page.says("Open Door is paused. Ana keeps access through Night Owl.")
        assert status(row) == "paused"

    def test_a_press_that_gives_access_says_so(self, desk, row, doors):
        row.pause()
        doors.effect = Effect(gains=lines("Ana Ruiz"), fingerprint="f1")
        assert desk.post(address(row, "resume")).says("Open Door is active again. Ana is getting access.")

    def test_the_page_passes_on_what_the_doors_keeper_notes(self, desk, row, doors):
        row.pause()
        doors.effect = Effect(gains=lines("Ana Ruiz"), notes=("Kisi will send 1 email.",), fingerprint="f1")
        page = desk.open(address(row, "resume"))
        assert page.says("Ana gets access within seconds.", "Kisi will send 1 email.")

    def test_a_second_press_is_refused_in_words(self, desk, row, no_doors):
        page = desk.open(address(row, "pause"))
        desk.press(page, "Pause")
        assert desk.press(page, "Pause").says("Open Door can't be paused: it is paused.")
        assert desk.open(address(row, "pause")).says("Open Door can't be paused: it is paused.")

    def test_a_subscription_that_went_meanwhile_is_not_found(self, desk, row, no_doors):
        page = desk.open(address(row, "pause"))
        row.delete()
        assert desk.press(page, "Pause").status == 404

    @pytest.mark.parametrize("action", ["save", "delete", "clean", "start", "why-not", "pk"])
    def test_nothing_else_is_an_action(self, desk, row, no_doors, action):
        assert desk.post(address(row, action)).status == 404


class TestScheduleCancel:
    def test_it_asks_for_the_last_day(self, desk, row, no_doors, today):
        last = today + timedelta(days=3)
        page = desk.press(desk.open(address(row, "schedule-cancel")), "Schedule cancel", on=last.isoformat())
        assert page.says("Open Door is cancelled from the end of")
        row.refresh_from_db()
        assert (row.status, row.ends_on) == ("pending_cancel", last)

    @pytest.mark.parametrize(
        ("days", "words"),
        [(-1, "The last day must be today or later"), (None, "Enter the last day")],
    )
    def test_errors_speak_plainly(self, desk, row, no_doors, today, days, words):
        on = (today + timedelta(days=days)).isoformat() if days else ""
        page = desk.press(desk.open(address(row, "schedule-cancel")), "Schedule cancel", on=on)
        assert page.says("There is a problem", words)
        assert status(row) == "active"

    def test_it_cannot_outlast_the_end_it_has(self, desk, row, no_doors, today):
        Subscription.objects.update(ends_on=today)
        later = (today + timedelta(days=1)).isoformat()
        page = desk.press(desk.open(address(row, "schedule-cancel")), "Schedule cancel", on=later)
        assert page.says("It ends before that day anyway.")
