"""The members list with Kisi behind it: door access as a column and as a filter (ui.md 4.6)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection, KisiGrant
from tests.conftest import House

STATES = "All Can get in Can't get in Waiting Failed Held In Kisi"


@pytest.fixture
def gym(house: House) -> House:
    """One of each state; nobody may ask Kisi here."""
    now = timezone.now()
    connection = KisiConnection.objects.create(gym=house.gym, group_id=1, sole_source_since=now)
    row = {"connection": connection, "state": "granted", "origin": "created", "role_assignment_id": 1}
    ana, ben = house.member("Ana"), house.member("Ben", status="paused", cause="payment failed")
    KisiGrant.objects.create(email=ana.email, **row)
    KisiGrant.objects.create(email=ben.email, held_since=now, **row)
    house.member("Cem")
    dina = house.member("Dina")
    parked = {"state": "absent", "trouble": "refused", "last_error": "is invalid", "role_assignment_id": None}
    KisiGrant.objects.create(email=dina.email, **(row | parked))
    house.member("Elif", status="cancelled")
    return house


@pytest.mark.parametrize(
    ("access", "name", "said"),
    [
        ("in", "Ana", "Can get in"),
        ("held", "Ben", "Held"),
        ("waiting", "Cem", "Waiting"),
        ("failed", "Dina", "Failed"),
        ("out", "Elif", "Can't get in"),
        ("paused", "Ben", "Held"),
        ("refused", "Dina", "Kisi refused"),
        ("cancelled", "Elif", "was cancelled"),
    ],
)
def test_each_state_and_cause_finds_its_people(gym, staff, access, name, said):
    page = staff.open("members:list", access=access)
    assert page.says("1 member", name, said)
    assert page.text.count("@example.com") == 1


def test_the_choices_are_those_of_the_page(gym, staff):
    assert staff.open("members:list").says(f"Door access {STATES}")


def test_it_goes_together_with_search_and_plan(gym, staff):
    facts = {"access": "in", "plan": gym.plan.pk}
    assert staff.open("members:list", q="ana", **facts).says("1 member")
    page = staff.open("members:list", q="ben", **facts)
    assert page.says("Nobody matches “ben” with this plan with this door access.", "Clear search")


def test_pages_keep_the_filter(gym, staff):
    gym.members(60)
    page = staff.open("members:list", access="waiting", sort="newest")
    assert page.says("61 members")
    assert "?access=waiting&amp;sort=newest&amp;page=2" in page.html


@pytest.mark.parametrize("access", ["x", "IN", "0", ""])
def test_what_is_no_choice_narrows_nothing(gym, staff, access):
    assert staff.open("members:list", access=access).says("5 members")


def test_without_doors_there_is_nothing_to_choose(house, staff):
    house.member("Ana")
    page = staff.open("members:list", access="in")
    assert page.says("1 member", "No doors")
    assert "Can get in" not in page.text


def test_after_a_disconnect_there_is_nothing_to_choose_either(gym, staff):
    KisiConnection.objects.update(status="disconnected")
    assert staff.open("members:list", access="in").says("5 members")
