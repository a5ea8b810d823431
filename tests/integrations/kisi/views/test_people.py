"""Who can get in now: what the ledger says, a page at a time, whole to print, and as a table."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.kisi.models import KisiConnection, KisiGrant
from tests.conftest import House
from tests.desk import Desk
from tests.factories import GymFactory

CONFIRMED = datetime(2025, 10, 3, 2, 30, tzinfo=UTC)


@pytest.fixture
def gym(house: House) -> House:
    house.gym.timezone = "America/Los_Angeles"
    house.gym.save()
    facts = {"doors": ["Front door"], "sole_source_since": timezone.now()}
    KisiConnection.objects.create(gym=house.gym, group_id=1, **facts)
    return house


def inside(house: House, name: str, **facts: object) -> KisiGrant:
    member = house.member(name)
    known = {"state": "granted", "name": member.name, "email": member.email, "member": member}
    return KisiGrant.objects.create(connection=house.connection, **(known | facts))


def table(desk: Desk) -> list[dict[str, str]]:
    response = desk.client.get(reverse("kisi:people-download"))
    text = b"".join(response.streaming_content).decode().removeprefix("\ufeff")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_everybody_who_has_access_is_named_and_nobody_else(gym, staff):
    inside(gym, "Ana Ruiz", confirmed_at=CONFIRMED, until=date(2026, 12, 1))
    for state in ("absent", "granting", "revoking", "uncertain", "closed"):
        inside(gym, f"No{state}", state=state)
    page = staff.open("kisi:people")
    assert page.h1 == "1 person can open the doors"
    assert page.says("Ana Ruiz", "ana@example.com", "1 Dec 2026", "2 Oct 2025, 19:30")
    assert "No" not in page.text.partition("1 person")[2].replace("Note", "")


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"held_since": CONFIRMED}, "removal held"),
        ({"kept_until": CONFIRMED}, "kept by an admin"),
        ({"suspended": True}, "suspended in Kisi, so no door opens"),
        ({"exempt": True}, "left to Kisi"),
    ],
)
def test_what_is_not_as_usual_is_noted(gym, staff, facts, note):
    inside(gym, "Ana", **facts)
    assert staff.open("kisi:people").says(note)


def test_who_is_suspended_in_kisi_is_listed_and_not_counted_among_those_who_get_in(gym, staff):
    inside(gym, "Ana")
    inside(gym, "Ben", suspended=True)
    page = staff.open("kisi:people")
    assert page.h1 == "1 person can open the doors"
    assert page.says("2 people with access, 1 of them suspended in Kisi", "Benben@example.com")
    assert staff.open("kisi:people", all=1).says("suspended in Kisi, so no door opens")
    assert staff.open("dashboard").says("1 person can open the doors")


def test_whom_core_is_only_asking_about_is_still_counted(gym, staff):
    inside(gym, "Ana", state="uncertain", role_assignment_id=7, confirmed_at=CONFIRMED)
    page = staff.open("kisi:people")
    assert page.h1 == "1 person can open the doors"
    assert page.says("ana@example.com", "1 person with access")


def test_nobody_is_said(gym, staff):
    page = staff.open("kisi:people")
    assert page.h1 == "0 people can open the doors"
    assert page.says("Nobody has access through Core.")


def test_fifty_are_on_a_page_and_all_are_there_to_print(gym, staff):
    for number in range(60):
        inside(gym, f"P{number:03d}")
    page = staff.open("kisi:people")
    assert page.says("P000", "P049", "Show all 60 to print", "Download this list (CSV)")
    assert "P050" not in page.text
    assert staff.open("kisi:people", page=2).says("P059")
    whole = staff.open("kisi:people", all=1)
    assert all(f"P{number:03d}" in whole.text for number in range(60))
    assert "the whole list" in whole.title


def test_a_short_list_is_whole_as_it_is(gym, staff):
    inside(gym, "Ana")
    assert "to print" not in staff.open("kisi:people").text


def test_the_table_says_the_same(gym, staff):
    inside(gym, "=Ana", email="ana@example.com", confirmed_at=CONFIRMED, until=date(2026, 12, 1))
    assert table(staff) == [
        {
            "Name": "'=Ana",
            "Email": "ana@example.com",
            "Last day": "2026-12-01",
            "Kisi confirmed": "2025-10-02 19:30",
            "Note": "",
        }
    ]


def test_another_gyms_people_are_not_there(gym, staff):
    other = KisiConnection.objects.create(gym=GymFactory(), group_id=2)
    KisiGrant.objects.create(connection=other, email="eve@example.com", name="Eve", state="granted")
    for query in ({}, {"all": 1}):
        assert "Eve" not in staff.open("kisi:people", **query).text
    assert table(staff) == []
