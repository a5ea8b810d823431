"""The members list with Kisi behind it: door access as a column and as a filter (ui.md 4.6)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection, KisiGrant
from plans.models import Subscription
from tests.conftest import House

STATES = "All Can get in Can't get in Waiting Failed Held In Kisi"


@pytest.fixture
def gym(house: House) -> House:
    """One of each state; nobody may ask Kisi here."""
    now = timezone.now()
    facts = {"group_id": 1, "doors": ["Front door"], "sole_source_since": now}
    connection = KisiConnection.objects.create(gym=house.gym, **facts)
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
    ("chosen", "name", "said"),
    [
        ({"access": "in"}, "Ana", "Can get in"),
        ({"access": "held"}, "Ben", "Held"),
        ({"access": "waiting"}, "Cem", "Waiting"),
        ({"access": "failed"}, "Dina", "Failed"),
        ({"access": "out"}, "Elif", "Can't get in"),
        ({"cause": "paused"}, "Ben", "Held"),
        ({"cause": "parked"}, "Dina", "Kisi refused"),
        ({"cause": "refused"}, "Dina", "Kisi refused"),
        ({"cause": "turn"}, "Cem", "Waiting"),
        ({"cause": "cancelled"}, "Elif", "was cancelled"),
        ({"access": "failed", "cause": "active"}, "Dina", "Failed"),
        ({"access": "waiting", "cause": "active", "q": "c"}, "Cem", "Waiting"),
    ],
)
def test_each_state_and_cause_finds_its_people_and_they_go_together(gym, staff, chosen, name, said):
    page = staff.open("members:list", **chosen)
    assert page.says("1 member", name, said)
    assert page.text.count("@example.com") == 1


def test_the_choices_are_those_of_the_page(gym, staff):
    assert staff.open("members:list").says(f"Door access {STATES}")


def test_a_state_and_a_cause_that_nobody_has_together_find_nobody(gym, staff):
    page = staff.open("members:list", access="in", cause="paused")
    assert page.says("Nobody matches.", "Clear search")


def test_a_tag_and_what_stands_beside_it_read_as_one(gym, staff):
    """Nothing is said twice, and whoever waits, waits for something."""
    assert staff.open("members:list", q="cem").says("Waiting to get access")
    Subscription.objects.filter(member__first_name="Ana").update(status="paused")
    assert staff.open("members:list", q="ana").says("Waiting to lose access")
    Subscription.objects.filter(member__first_name="Ana").update(status="active")
    KisiGrant.objects.filter(email="ana@example.com").update(suspended=True)
    assert staff.open("members:list", q="ana").says("Suspended in Kisi")


def test_the_causes_stand_in_groups(gym, staff):
    html = staff.open("members:list").html
    for group in ("By the subscription", "On the way to Kisi", "Decided"):
        assert f'<optgroup label="{group}">' in html


def test_by_door_access_the_troubles_come_first(gym, staff):
    page = staff.open("members:list", sort="access")
    names = ["Dina", "Ben", "Cem", "Elif", "Ana"]
    assert sorted(names, key=page.html.partition("<tbody>")[2].index) == names
    assert '<option value="access" selected>' in page.html


def test_it_goes_together_with_search_and_plan(gym, staff):
    facts = {"access": "in", "plan": gym.plan.pk}
    assert staff.open("members:list", q="ana", **facts).says("1 member")
    page = staff.open("members:list", q="ben", **facts)
    assert page.says("Nobody matches “ben” with this plan and door access.", "Clear search")


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
