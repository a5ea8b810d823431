"""Plans: what the pages say, and the page between save and done that names who gains and who loses."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from members import slots
from members.models import Change
from members.slots import Effect
from plans.models import Plan
from tests.factories import MemberFactory, PlanFactory, SubscriptionFactory
from tests.members.doors import lines

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(gym) -> Plan:
    return PlanFactory(gym=gym, name="Open Door", has_24hr_access=True)


class TestList:
    def test_no_plans_yet(self, desk, no_doors):
        assert desk.open("plans:list").says(
            "No plans yet", "A plan is what members buy. Make one, then decide whether it opens the doors."
        )

    def test_a_plan_shows_its_price_its_active_members_and_the_box(self, desk, plan, gym):
        member = MemberFactory(gym=gym)
        for status in ("active", "active", "paused"):
            SubscriptionFactory(plan=plan, member=member, status=status)
        SubscriptionFactory(plan=plan, member=MemberFactory(gym=gym), status="expired")
        PlanFactory(gym=gym, name="Day", has_24hr_access=False, price="9.50")
        page = desk.open("plans:list")
        assert page.says("2 plans", "Open Door 49.00 Monthly 1 Yes", "Day 9.50 Monthly 0 No")

    def test_archived_plans_come_last_and_are_marked(self, desk, plan, gym):
        PlanFactory(gym=gym, name="Zumba")
        plan.archive()
        text = desk.open("plans:list").text
        assert "Open Door Archived" in text
        assert text.index("Zumba") < text.index("Open Door")


class TestForm:
    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"name": ""}, "Enter a name"),
            ({"price": "x"}, "Price must be a number, such as 49.00"),
            ({"price": ""}, "Enter a price"),
            ({"price": "-1"}, "Price must be 0 or more"),
            ({"price": "1234567890"}, "Price must be below 1,000,000"),
            ({"price": "1.234"}, "Price must be a number, such as 49.00"),
            ({"price": "NaN"}, "Price must be a number, such as 49.00"),
            ({"name": "open door"}, "open door is already a plan"),
        ],
    )
    def test_each_error_stands_twice_in_the_same_words(self, desk, plan, no_doors, facts, words):
        new = {"name": "New", "price": "10"} | facts
        page = desk.press(desk.open("plans:new"), "Save plan", **new)
        assert page.text.count(words) == 2
        assert Plan.objects.count() == 1

    def test_a_plan_of_another_gym_may_have_the_name(self, desk, no_doors):
        PlanFactory(name="Open Door")
        assert desk.press(desk.open("plans:new"), "Save plan", name="Open Door", price="10").says(
            "Open Door is a plan now."
        )

    def test_a_new_plan_asks_nobody(self, desk, gym, doors, bob):
        facts = {"name": "Night", "price": "49.00", "has_24hr_access": "on"}
        desk.press(desk.open("plans:new"), "Save plan", **facts)
        made = Plan.objects.get()
        assert (made.gym, made.price, made.has_24hr_access) == (gym, Decimal("49.00"), True)
        assert Change.objects.get().text == "Night added"
        assert doors.carried_out == []

    def test_the_box_stands_under_advanced_access_settings(self, desk, plan):
        assert desk.open("plans:detail", plan.pk).says(
            "Access Advanced Access Settings 24-hr access "
            "People with an active subscription to this plan can open the doors at any time"
        )

    def test_the_doors_keeper_may_add_a_note(self, desk, plan, no_doors, monkeypatch):
        monkeypatch.setattr(slots, "plan_notes", [lambda gym: "No doors yet.", lambda gym: ""])
        assert desk.open("plans:detail", plan.pk).says("No doors yet.")


class TestCheck:
    OFF = Effect(
        loses=lines("Ana Ruiz", "Bea Lang"),
        keeps=lines("Cem Berg", reason="Night Owl"),
        stays=lines("Dan Moss", "Eve Low"),
        notes=("Fay Wu can still get in until you cut over.",),
        warning="Their profiles are deleted.",
        fingerprint="f1",
    )

    def turn_off(self, desk, plan, **facts):
        return desk.press(desk.open("plans:detail", plan.pk), "Save plan", has_24hr_access=None, **facts)

    def test_it_names_who_loses_and_who_keeps(self, desk, plan, doors):
        doors.effect = self.OFF
        page = self.turn_off(desk, plan)
        assert page.h1 == page.title.partition(" – ")[0] == "Turn off 24-hr access for Open Door?"
        assert page.says(
            "2 people lose access within seconds Their profiles are deleted. Ana Ruiz Bea Lang",
            "1 person keeps access through another plan Cem Berg (Night Owl)",
            "2 people keep the access they have Dan Moss Eve Low",
            "Fay Wu can still get in until you cut over.",
            "This is your word for these 2 people, so Core does not hold the removals.",
            "Go back without saving",
        )
        plan.refresh_from_db()
        assert plan.has_24hr_access

    def test_confirming_saves_what_was_entered_as_the_persons_word(self, desk, plan, doors, bob):
        doors.effect = self.OFF
        page = self.turn_off(desk, plan, description="two\nlines", price="55")
        page = desk.press(page, "Turn off and remove access for 2 people")
        assert page.says("Plan saved. 2 people are losing access.")
        plan.refresh_from_db()
        assert (plan.has_24hr_access, plan.price, plan.description.split()) == (False, 55, ["two", "lines"])
        assert doors.carried_out == [(bob.user, "24-hr access turned off on Open Door", "f1")]
        assert Change.objects.get().text == "Open Door changed: description, price, 24-hr access turned off"

    def test_turning_on_says_who_gets_in(self, desk, plan, doors):
        Plan.objects.update(has_24hr_access=False)
        doors.effect = Effect(gains=lines("Ana Ruiz"), notes=("Kisi will send 1 email.",), fingerprint="f1")
        page = desk.press(desk.open("plans:detail", plan.pk), "Save plan", has_24hr_access="on")
        assert page.h1 == "Turn on 24-hr access for Open Door?"
        assert page.says("1 person gets access Ana Ruiz", "Kisi will send 1 email.")
        assert desk.press(page, "Turn on for 1 person").says("Plan saved. 1 person is getting access.")

    def test_nobody_concerned_saves_at_once(self, desk, plan, doors):
        assert self.turn_off(desk, plan).says("Plan saved.")
        plan.refresh_from_db()
        assert not plan.has_24hr_access

    def test_without_doors_it_saves_at_once(self, desk, plan, no_doors):
        assert self.turn_off(desk, plan).says("Plan saved.")

    def test_a_list_that_moved_is_shown_again_and_saves_nothing(self, desk, plan, doors):
        doors.effect = self.OFF
        page = self.turn_off(desk, plan)
        doors.effect = replace(self.OFF, loses=lines("Bea Lang"), fingerprint="f2")
        page = desk.press(page, "Turn off and remove access for 2 people")
        assert page.says("The list changed while you were reading: 0 more, 1 fewer. Check it again.")
        plan.refresh_from_db()
        assert plan.has_24hr_access
        assert desk.press(page, "Turn off and remove access for 1 person").says("1 person is losing access.")

    def test_a_wrong_field_is_said_before_anything_is_asked(self, desk, plan, doors):
        doors.effect = self.OFF
        assert self.turn_off(desk, plan, name="").says("There is a problem", "Enter a name")

    def test_a_plan_archived_long_ago_can_still_lose_its_box(self, desk, plan, doors):
        plan.archive()
        doors.effect = self.OFF
        assert self.turn_off(desk, plan).h1 == "Turn off 24-hr access for Open Door?"


class TestArchive:
    def test_it_says_who_keeps_what(self, desk, plan, bob):
        page = desk.open("plans:detail", plan.pk)
        assert page.says(
            "Archived plans are no longer sold. Who has Open Door keeps it, and the doors with it."
        )
        assert desk.press(page, "Archive plan").says(
            "Open Door is archived. Who has it keeps it, and the doors with it."
        )
        assert Change.objects.get().by == bob.user

    def test_a_plan_that_opens_nothing_promises_no_doors(self, desk, plan):
        Plan.objects.update(has_24hr_access=False)
        page = desk.open("plans:detail", plan.pk)
        assert page.says("Who has Open Door keeps it.")
        assert desk.press(page, "Archive plan").says("Open Door is archived. Who has it keeps it.")

    def test_archiving_twice_is_archiving_once(self, desk, plan):
        page = desk.open("plans:detail", plan.pk)
        desk.press(page, "Archive plan")
        desk.press(page, "Archive plan")
        assert Change.objects.count() == 1

    def test_it_can_be_sold_again(self, desk, plan):
        plan.archive()
        assert desk.press(desk.open("plans:detail", plan.pk), "Sell plan again").says(
            "Open Door is sold again."
        )
        plan.refresh_from_db()
        assert plan.archived_at is None
