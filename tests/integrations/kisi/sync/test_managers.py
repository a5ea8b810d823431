"""Who has a role in Kisi is promised no access: by a preview or by the forecast of a connect (product.md 1)."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.kisi.mails import Mails
from integrations.kisi.models import Preview
from integrations.kisi.sync import connecting, preview
from tests.conftest import House
from tests.stories import sentence, written

ANA = "ana@example.com"
PLACES = {"method": "GET", "path": "/role_assignments", "query": "scope=place", "times": 0}


def of_the_organization(house: House) -> str:
    house.world.make_admin(ANA)
    return "has the role administrator"


def of_a_place(house: House) -> str:
    (place,) = house.world.store.places
    house.world.give_place(ANA, place)
    return "has the role place_manager"


ROLES = pytest.mark.parametrize("role", [of_the_organization, of_a_place])
MAILS = Mails(invitations=1, notices=1).said
IN_THE_GROUP = pytest.mark.parametrize("right", [True, False])


def shown(house: House) -> dict[str, tuple[str, str]]:
    made = preview.ask(house.connection, by=None, now=house.clock.now())
    preview.make(made.pk, clock=house.clock)
    made.refresh_from_db()
    assert made.state == Preview.State.READY
    return {line.email.partition("@")[0]: (line.group, line.reason) for line in made.lines.all()}


def promised(house: House) -> tuple[list[str], str]:
    forecast = connecting.forecast(house.connection, now=house.clock.now())
    return [name for name, _ in forecast.gains.shown], forecast.mails


@ROLES
@IN_THE_GROUP
def test_a_preview_says_who_is_managed(connected, role, right):
    connected.in_kisi("Ana", right=right)
    said = role(connected)
    connected.member("Ana")
    connected.member("Ben")
    assert shown(connected) == {"ana": ("managed", said), "ben": ("give", "Open Door is active")}


@ROLES
@IN_THE_GROUP
def test_the_forecast_of_a_connect_promises_them_nothing(house, role, right):
    house.in_kisi("Ana", right=right)
    said = role(house)
    ana = house.member("Ana")
    house.member("Ben")
    house.connect()
    assert promised(house) == (["Ben"], MAILS)
    assert sentence(house, ana) == f"Managed in Kisi, not by Core: Ana {said}."
    house.sync()
    assert house.world.user_by_email(ANA).email == ANA
    assert [call for call in written(house) if "POST" not in call] == []
    assert sentence(house, ana) == f"Managed in Kisi, not by Core: Ana {said}."


def test_somebody_with_two_roles_is_told_of_once(house):
    house.in_kisi("Ana", right=False)
    of_a_place(house)
    said = of_the_organization(house)
    ana = house.member("Ana")
    house.connect()
    assert sentence(house, ana) == f"Managed in Kisi, not by Core: Ana {said}."
    assert shown(house) == {"ana": ("managed", said)}


def test_whoever_has_a_role_and_no_plan_leaves_no_row(house):
    house.in_kisi("Ana", right=False)
    of_a_place(house)
    house.member("Ana", status="paused")
    house.connect()
    assert not house.connection.grants.exists()


@pytest.mark.parametrize("trouble", [{"status": 500}, {"status": 403}, {"kind": "no_range"}])
def test_places_that_kisi_does_not_tell_stop_neither(house, trouble: dict[str, Any]):
    house.in_kisi("Ana", right=False)
    of_a_place(house)
    ana = house.member("Ana")
    house.world.fault(**PLACES | trouble)
    house.connect()
    assert promised(house) == (["Ana"], MAILS)
    assert shown(house)["ana"][0] == "give"
    house.sync()
    assert written(house) == []
    assert sentence(house, ana) == "Managed in Kisi, not by Core: Ana has the role place_manager."


def test_all_places_are_asked_for_in_one_call(connected):
    before = asked_for_places(connected)
    shown(connected)
    assert asked_for_places(connected) == before + 1


def asked_for_places(house: House) -> int:
    return sum("scope=place" in call.query for call in house.world.requests)
