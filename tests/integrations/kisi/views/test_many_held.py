"""More held removals than a page shows: fifty at a time, and all of them with one tick."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiGrant, Release
from members.models import Member
from plans.models import Subscription
from tests.conftest import House
from tests.desk import Desk

HELD = 120


@pytest.fixture
def many_held(connected: House) -> House:
    held(connected, HELD)
    return connected


def held(house: House, count: int, *, first: int = 0, status: str = "paused") -> None:
    """People on hold, as the brake leaves them."""
    names = [f"p{number:03}" for number in range(first, first + count)]
    people = Member.objects.bulk_create(
        Member(gym=house.gym, first_name=name.upper(), email=f"{name}@example.com") for name in names
    )
    Subscription.objects.bulk_create(
        Subscription(member=member, plan=house.plan, status=status, starts_on=house.today())
        for member in people
    )
    KisiGrant.objects.bulk_create(
        KisiGrant(
            connection=house.connection,
            email=member.email,
            member=member,
            name=member.name,
            state="granted",
            origin="created",
            role_assignment_id=number,
            held_since=house.clock.now(),
        )
        for number, member in enumerate(people, start=first + 1)
    )


def rows(house: House):
    return KisiGrant.objects.filter(connection=house.connection, held_since__isnull=False)


def test_fifty_are_shown_at_a_time(many_held: House, admin: Desk):
    first, last = admin.open("kisi:held"), admin.open("kisi:held", page="3")
    assert first.says("1 to 50 of 120 people", "P000", "P049")
    assert "P050" not in first.text
    assert last.says("101 to 120 of 120 people", "P100", "P119")
    assert last.title.startswith("Review held removals (page 3 of 3)")


def test_those_ticked_on_a_later_page_go(many_held: House, admin: Desk):
    page = admin.open("kisi:held", page="3")
    page = admin.press(page, "Remove access for selected people", email=["p119@example.com"])
    assert page.says("Access of 1 person is being removed.")
    assert [word.email for word in Release.objects.all()] == ["p119@example.com"]


@pytest.mark.parametrize("number", ["1", "3"])
def test_select_all_means_those_on_every_page(many_held: House, admin: Desk, number: str):
    page = admin.open("kisi:held", page=number)
    assert page.says("Select all 120, on every page")
    page = admin.press(page, "Remove access for selected people", everyone="1")
    assert page.says("Access of 120 people is being removed.")
    assert Release.objects.count() == HELD


def test_all_can_be_kept_at_once(many_held: House, admin: Desk):
    page = admin.press(admin.open("kisi:held"), "Keep access for selected people", everyone="1")
    assert page.says("120 people keep their access.")
    assert not rows(many_held).exists()
    assert not Release.objects.exists()


def test_somebody_held_after_the_page_was_read_is_not_among_all(many_held: House, admin: Desk):
    page = admin.open("kisi:held")
    held(many_held, 1, first=150)
    admin.press(page, "Remove access for selected people", everyone="1")
    assert Release.objects.count() == HELD
    assert not Release.objects.filter(email="p150@example.com").exists()


def test_who_turned_it_off_is_named_and_not_who_changed_the_plan_since(
    connected: House, admin: Desk, staff: Desk
):
    admin.press(admin.open("plans:detail", connected.plan.pk), "Save plan", has_24hr_access=None)
    staff.press(staff.open("plans:detail", connected.plan.pk), "Save plan", price="59.00")
    held(connected, 4, status="active")
    page = admin.open("kisi:held")
    assert page.says("All 4 have one cause", "Alice Adams turned off 24-hr access on Open Door today")


def test_many_are_counted_with_a_comma(connected: House, admin: Desk):
    held(connected, 1001)
    page = admin.open("kisi:held")
    assert page.h1 == "Review 1,001 held removals"
    assert page.says("1,001 of the 1,001 people with access", "Select all 1,001", "1 to 50 of 1,001 people")
    assert "Remove access for all 1,001" in page.buttons
