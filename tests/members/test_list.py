"""The members list: who is found, how it is paged, and what it says when nobody is."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from members import slots
from members.slots import AccessCell, Tag
from tests.desk import Desk
from tests.factories import MemberFactory, PlanFactory, SubscriptionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_doors")]


@pytest.fixture
def people(gym):
    plan = PlanFactory(gym=gym, name="Open Door")
    ana = MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz", email="ana@north.example")
    SubscriptionFactory(member=ana, plan=plan)
    MemberFactory(gym=gym, first_name="Björn", last_name="Anaheim", email="bjorn@south.example")
    MemberFactory(gym=gym, first_name="Chloé", last_name="Dubois", email="")
    return plan


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Ana Ruiz", "Björn Anaheim", "Chloé Dubois"]),
        ("ana", ["Ana Ruiz", "Björn Anaheim"]),
        ("ANA ruiz", ["Ana Ruiz"]),
        ("north.example", ["Ana Ruiz"]),
        ("  björn ", ["Björn Anaheim"]),
        ("%", []),
        ("_", []),
        ("\x00dubois", ["Chloé Dubois"]),
        ("x" * 5000, []),
    ],
)
def test_a_search_finds_names_and_addresses(desk, people, query, found):
    page = desk.open("members:list", q=query)
    names = ["Ana Ruiz", "Björn Anaheim", "Chloé Dubois"]
    assert [name for name in names if name in page.text] == found


def test_a_plan_narrows_the_list_to_who_has_it(desk, people):
    page = desk.open("members:list", plan=people.pk)
    assert page.says("1 member", "Ana Ruiz")
    assert "Björn" not in page.text


def test_an_ended_subscription_is_not_having_the_plan(desk, people):
    people.subscriptions.update(status="cancelled")
    assert desk.open("members:list", plan=people.pk).says("Nobody matches.", "Clear search")


@pytest.mark.parametrize("plan", ["0", "x", "-1", "99999999999999999999"])
def test_a_plan_that_is_no_choice_narrows_nothing(desk, people, plan):
    assert desk.open("members:list", plan=plan).says("3 members")


def test_each_row_says_the_most_telling_subscription(desk, gym, people):
    member = MemberFactory(gym=gym, first_name="Dana", last_name="Two")
    for status in ("cancelled", "active", "paused"):
        SubscriptionFactory(member=member, plan=PlanFactory(gym=gym, name=f"Plan {status}"), status=status)
    assert desk.open("members:list", q="dana").says("Active Plan active and 2 more")


def test_fifty_are_on_a_page_and_the_address_keeps_the_search(desk, gym):
    for number in range(120):
        MemberFactory(gym=gym, first_name=f"P{number:03d}", last_name="Many")
    page = desk.open("members:list", q="many", page=2)
    assert page.says("120 members", "P050", "P099")
    assert "P049" not in page.text
    assert "P100" not in page.text
    assert page.title == "Members (page 2 of 3) – Harbor Gym – Core"
    assert "?q=many&amp;page=3" in page.html


@pytest.mark.parametrize(
    ("order", "first"),
    [("", "Ana Ruiz"), ("last-name", "Björn Anaheim"), ("email", "Chloé Dubois"), ("newest", "Chloé Dubois")],
)
def test_the_list_is_sorted_as_asked(desk, people, order, first):
    page = desk.open("members:list", sort=order)
    names = ["Ana Ruiz", "Björn Anaheim", "Chloé Dubois"]
    assert min(names, key=page.text.index) == first


def test_an_order_that_is_none_is_by_name(desk, people):
    page = desk.open("members:list", sort="created_at; --")
    assert page.text.index("Ana Ruiz") < page.text.index("Björn")


def test_a_filter_of_another_app_narrows_the_list_and_stays_chosen(desk, people, monkeypatch):
    def narrow(request, members, value):
        return members.filter(first_name__startswith=value)

    choices = {"": [("A", "Begins with A")], "Rare": [("Q", "Begins with Q")]}
    known = slots.Filter("letter", "Letter", lambda request: choices, narrow)
    monkeypatch.setattr(slots, "member_filters", [known])
    page = desk.open("members:list", letter="A")
    assert page.says("1 member", "Ana Ruiz")
    assert '<option value="A" selected>' in page.html
    assert '<optgroup label="Rare">' in page.html
    assert "change from:#filter-letter" in page.html
    assert desk.open("members:list", letter="Q").says("Nobody matches.", "Clear search")
    assert desk.open("members:list", letter="Z").says("3 members")


def test_a_filter_without_choices_is_not_there(desk, people, monkeypatch):
    known = slots.Filter(
        "letter", "Letter", lambda request: {"": []}, lambda request, members, value: members
    )
    monkeypatch.setattr(slots, "member_filters", [known])
    assert "Letter" not in desk.open("members:list").text


@pytest.mark.parametrize("wanted", ["0", "-3", "x", "9999", "", "99999999999999999999"])
def test_a_page_that_is_not_there_is_the_nearest(desk, people, wanted):
    assert desk.open("members:list", page=wanted).says("3 members")


def test_a_gym_without_members_is_told_what_comes_next(desk):
    page = desk.open("members:list")
    assert page.says("No members yet", "Add the first, then what they subscribe to.")
    assert reverse("members:new") in page.html


def test_a_search_without_a_hit_offers_the_way_back(desk, people):
    assert desk.open("members:list", q="zoe").says("Nobody matches “zoe”.", "Clear search")


def test_what_was_searched_for_is_text_and_nothing_else(desk, people):
    page = desk.open("members:list", q="<script>alert(1)</script>")
    assert "<script>alert" not in page.html


def test_a_live_search_gets_the_list_alone_and_a_sentence_to_read_out(at_desk, people):
    response = at_desk.get(reverse("members:list"), {"q": "ana"}, headers={"HX-Request": "true"})
    text = response.content.decode()
    assert text.startswith('<div id="found"')
    assert json.loads(response["HX-Trigger"]) == {"announce": "2 members found"}
    assert "HX-Request" in response["Vary"]
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "address"),
    [
        ({"q": "ana ruiz", "plan": "", "sort": "newest"}, "?q=ana+ruiz&sort=newest"),
        ({"q": "", "plan": ""}, ""),
    ],
)
def test_the_address_of_a_live_search_says_what_was_asked_and_nothing_else(at_desk, people, asked, address):
    response = at_desk.get(reverse("members:list"), asked, headers={"HX-Request": "true"})
    assert response["HX-Replace-Url"] == reverse("members:list") + address


def test_the_doors_keeper_has_the_last_column(desk, people, monkeypatch):
    def cells(request, members):
        return {member.pk: AccessCell(Tag("Can get in", "ok"), "active") for member in members}

    monkeypatch.setattr(slots, "member_cells", [cells])
    assert desk.open("members:list").says("Name and email Subscription Door access", "Can get in active")


def test_without_doors_there_is_no_column_for_them(desk, people):
    assert "Door access" not in desk.open("members:list").text


def test_fifty_rows_cost_as_many_questions_as_three(desk, gym, people):
    few = questions_of(desk)
    for _ in range(40):
        SubscriptionFactory(member=MemberFactory(gym=gym), plan=people)
    assert questions_of(desk) == few


def questions_of(desk: Desk) -> int:
    with CaptureQueriesContext(connection) as asked:
        desk.open("members:list")
    return len(asked)
