"""sync.md 3: rights that are there already are taken over, each told of, for a few questions however many they are."""

from __future__ import annotations

from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.kisi.models import AccessEvent, AccessPerson, Read
from tests.conftest import House
from tests.stories import events, read_kisi, written


def questions(house: House, names: range) -> int:
    """How many a full read asks that finds these people, half of them not entitled, in the group."""
    for number in names:
        house.member(f"P{number}", status="active" if number % 2 else "cancelled")
        house.in_kisi(f"P{number}")
    with CaptureQueriesContext(
        database,
    ) as asked:
        read_kisi(house, Read.FULL)
    return len(asked)


def test_a_hundred_more_to_take_over_cost_no_more_questions(house):
    house.in_kisi("Old")
    house.member("Old", status="cancelled")
    house.connect()
    few, many = questions(house, range(4)), questions(house, range(4, 104))
    assert many <= few + 4
    assert house.connection.grants.filter(origin="adopted", state="granted").count() == 105
    assert events(house, "adopted") == 105
    assert written(house) == []


def test_each_is_told_of_by_the_name_kisi_has(house):
    house.in_kisi("Ana")
    house.in_kisi("Ben")
    ana, ben = house.member("Ana Ruiz"), house.member("Ben", status="cancelled")
    AccessPerson.objects.create(gym_id=house.gym.pk, email="ana@example.com", name="Ana Ruiz")
    house.connect()
    told = AccessEvent.objects.filter(kind="adopted").values_list("member_id", "cause")
    assert sorted(told) == [(ana.pk, "found in Kisi"), (ben.pk, "found in Kisi")]
    people = dict(AccessPerson.objects.values_list("email", "name"))
    assert people == {"ana@example.com": "Ana", "ben@example.com": "Ben"}
    assert set(AccessEvent.objects.filter(kind="adopted").values_list("person_id", flat=True)) == set(
        AccessPerson.objects.values_list("pk", flat=True)
    )
