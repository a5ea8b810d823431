"""The box on a plan: who gains and who loses is shown by name, and confirming it is that person's word."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiConnection, Release
from integrations.kisi.sync import deciding
from plans.models import Plan, Subscription
from tests.conftest import House
from tests.desk import Desk, Page
from tests.factories import PlanFactory, SubscriptionFactory

OFF = "Turn off 24-hr access for Open Door?"


@pytest.fixture
def ten(connected: House) -> House:
    """Ten have access through Open Door; P000 holds Day and Night too."""
    people = connected.members(10)
    other = PlanFactory(gym=connected.gym, name="Day and Night")
    SubscriptionFactory(member=people[0], plan=other)
    connected.sync()
    assert len(connected.inside()) == 10
    return connected


def untick(desk: Desk, plan: Plan) -> Page:
    return desk.press(desk.open("plans:detail", plan.pk), "Save plan", has_24hr_access=None)


def tick(desk: Desk, plan: Plan) -> Page:
    return desk.press(desk.open("plans:detail", plan.pk), "Save plan", has_24hr_access="on")


def box(house: House) -> bool:
    house.plan.refresh_from_db()
    return house.plan.has_24hr_access


class TestTurningOff:
    def test_it_names_who_loses_and_who_keeps_and_saves_nothing(self, ten, staff):
        page = untick(staff, ten.plan)
        assert page.h1 == OFF
        assert page.says(
            "9 people lose access within seconds",
            "Their Kisi profiles are deleted, and unlock history may be lost.",
            "P001",
            "P009",
            "1 person keeps access through another plan",
            "P000 (Day and Night)",
            "This is your word for these 9 people, so Core does not hold the removals.",
        )
        assert box(ten)
        assert not Release.objects.exists()

    def test_confirmed_it_is_a_word_for_each_and_all_go_past_the_brake(self, ten, staff):
        page = staff.press(untick(staff, ten.plan), "Turn off and remove access for 9 people")
        assert page.says("Plan saved. 9 people are losing access.")
        words = Release.objects.all()
        assert {word.by for word in words} == {staff.user}
        assert {word.cause for word in words} == {"24-hr access turned off on Open Door"}
        assert len(words) == 9
        ten.sync()
        assert ten.inside() == ["p000"]
        assert deciding.held(ten.connection) == []

    def test_without_a_word_the_same_is_held(self, ten):
        Plan.objects.filter(pk=ten.plan.pk).update(has_24hr_access=False)
        ten.sync()
        assert len(ten.inside()) == 10
        assert len(deciding.held(ten.connection)) == 9

    def test_what_else_was_changed_is_saved_with_it(self, ten, staff):
        page = staff.open("plans:detail", ten.plan.pk)
        page = staff.press(page, "Save plan", has_24hr_access=None, price="59.00", name="Basic")
        staff.press(page, "Turn off and remove access for 9 people")
        ten.plan.refresh_from_db()
        assert (ten.plan.name, str(ten.plan.price)) == ("Basic", "59.00")

    def test_somebody_who_left_meanwhile_is_named(self, ten, staff):
        page = untick(staff, ten.plan)
        Subscription.objects.filter(member__first_name="P001").update(status="paused")
        page = staff.press(page, "Turn off and remove access for 9 people")
        assert page.says("0 more, 1 fewer. Check it again. No longer on it: P001.", "8 people lose access")

    def test_somebody_who_came_meanwhile_is_shown_and_nothing_is_saved(self, ten, staff):
        page = untick(staff, ten.plan)
        ten.member("Zoe")
        page = staff.press(page, "Turn off and remove access for 9 people")
        assert page.says(
            "The list changed while you were reading: 1 more, 0 fewer. Check it again. New on it: Zoe.",
            "9 people lose access",
            "1 person has no access yet, and gets none Zoe",
            "This is your word for these 9 people, so Core does not hold the removals.",
        )
        assert box(ten)
        assert not Release.objects.exists()
        page = staff.press(page, "Turn off and remove access for 9 people")
        assert page.says("Plan saved. 9 people are losing access.")

    def test_who_got_access_meanwhile_is_shown_as_losing_it_before_anybody_agrees(self, ten, staff):
        ten.member("Zoe")
        page = untick(staff, ten.plan)
        assert page.says("1 person has no access yet, and gets none Zoe")
        ten.sync()
        page = staff.press(page, "Turn off and remove access for 9 people")
        assert page.says("The list changed while you were reading", "10 people lose access")
        assert box(ten)
        assert not Release.objects.exists()

    def test_where_nobody_has_access_yet_nobody_is_said_to_lose_it(self, connected, staff):
        connected.member("Ana")
        page = untick(staff, connected.plan)
        assert page.says("1 person has no access yet, and gets none Ana")
        assert "lose" not in page.text
        assert staff.press(page, "Turn off").says("Plan saved.")
        assert not box(connected)

    def test_as_many_others_are_not_the_same_list(self, ten, staff):
        page = untick(staff, ten.plan)
        ten.member("Zoe")
        ten.subscription(ten.gym.members.get(first_name="P001")).pause()
        page = staff.press(page, "Turn off and remove access for 9 people")
        assert page.says("1 more, 1 fewer")
        assert box(ten)

    def test_a_gym_that_keeps_profiles_is_not_told_that_they_go(self, ten, staff):
        KisiConnection.objects.update(keep_profiles=True)
        assert "unlock history" not in untick(staff, ten.plan).text

    def test_before_cut_over_those_taken_over_keep_it(self, house, staff):
        for name in ("Ana", "Ben"):
            house.member(name)
        house.in_kisi("Ben")
        house.in_kisi("Old")
        house.member("Old", status="cancelled")
        house.connect()
        house.sync()
        page = untick(staff, house.plan)
        assert page.says("1 person loses access", "Ana", "Ben can still get in until you cut over.")

    def test_where_all_keep_it_until_the_cut_over_that_is_told_after_saving(self, ten, staff):
        KisiConnection.objects.update(sole_source_since=None)
        ten.connection.grants.update(origin="adopted")
        assert untick(staff, ten.plan).says("Plan saved. 9 people can still get in until you cut over.")
        assert not Release.objects.exists()

    def test_who_is_managed_in_kisi_or_left_to_it_is_not_in_the_list(self, ten, staff):
        ten.connection.grants.filter(email="p001@example.com").update(exempt=True)
        ten.connection.grants.filter(email="p002@example.com").update(managed="has the role administrator")
        assert untick(staff, ten.plan).says("7 people lose access")

    def test_a_name_that_is_a_script_stays_text(self, connected, staff):
        connected.member("<script>alert(1)</script>", email="eve@example.com")
        page = untick(staff, connected.plan)
        assert "<script>alert" not in page.html
        assert page.says("<script>alert(1)</script>")


class TestTurningOn:
    @pytest.fixture
    def off(self, connected: House) -> House:
        """Three people on a plan without the box; P002 has access through another."""
        connected.plan.has_24hr_access = False
        connected.plan.save()
        people = connected.members(3)
        SubscriptionFactory(member=people[2], plan=PlanFactory(gym=connected.gym, name="Day and Night"))
        connected.sync()
        assert connected.inside() == ["p002"]
        return connected

    def test_it_names_who_gains_and_counts_the_mails(self, off, staff):
        page = tick(staff, off.plan)
        assert page.h1 == "Turn on 24-hr access for Open Door?"
        assert page.says(
            "2 people get access", "P000", "P001", "Kisi will send up to 4 emails: an invitation"
        )
        assert "P002" not in page.text
        assert not box(off)

    def test_a_group_that_opens_no_doors_lets_nobody_in(self, off, staff):
        said = "The group 24-hr Access opens no doors: nobody gets in by it before doors are added in Kisi."
        assert said not in tick(staff, off.plan).text
        KisiConnection.objects.update(doors=[], group_name="24-hr Access")
        assert tick(staff, off.plan).says(said)

    def test_confirmed_they_get_in(self, off, staff):
        page = staff.press(tick(staff, off.plan), "Turn on for 2 people")
        assert page.says("Plan saved. 2 people are getting access.")
        off.sync()
        assert off.inside() == ["p000", "p001", "p002"]
        assert not Release.objects.exists()

    def test_a_gym_without_notices_is_told_of_the_invitations_alone(self, off, staff):
        KisiConnection.objects.update(send_mails=False)
        page = tick(staff, off.plan)
        assert page.says("Kisi will send up to 2 emails: an invitation to whoever is new to Kisi.")
        assert "notice" not in page.text


class TestNobodyIsConcerned:
    def test_a_box_that_changes_for_nobody_saves_at_once(self, connected, staff):
        page = untick(staff, connected.plan)
        assert page.says("Plan saved.")
        assert not box(connected)

    def test_a_new_price_asks_nothing(self, ten, staff):
        page = staff.press(staff.open("plans:detail", ten.plan.pk), "Save plan", price="12.50")
        assert page.says("Plan saved.")
        assert box(ten)

    def test_a_gym_without_kisi_saves_at_once(self, house, staff):
        house.members(3)
        assert staff.open("plans:detail", house.plan.pk).says(
            "Kisi is not connected, so this changes no doors yet."
        )
        assert untick(staff, house.plan).says("Plan saved.")
        assert not box(house)

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            ("connected", ""),
            ("paused", ""),
            ("disconnected", "Kisi is not connected, so this changes no doors yet."),
            ("disconnecting", "Kisi is being disconnected, so this changes no doors any more."),
        ],
    )
    def test_the_box_says_when_it_changes_no_doors(self, connected, staff, status, said):
        KisiConnection.objects.update(status=status)
        page = staff.open("plans:detail", connected.plan.pk)
        assert page.says(said) and ("no doors" in page.text) is bool(said)

    @pytest.mark.parametrize("status", ["disconnected", "disconnecting"])
    def test_a_gym_that_left_kisi_saves_at_once(self, ten, staff, status):
        KisiConnection.objects.update(status=status)
        assert untick(staff, ten.plan).says("Plan saved.")
        assert not Release.objects.exists()

    def test_archiving_leaves_the_access_of_those_who_have_it(self, ten, staff):
        page = staff.press(staff.open("plans:detail", ten.plan.pk), "Archive plan")
        assert page.says("Open Door is archived. Who has it keeps it, and the doors with it.")
        ten.sync()
        assert len(ten.inside()) == 10
