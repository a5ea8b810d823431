"""Kisi's troubles by name: each one does what its name says, to the requests it is aimed at."""

from __future__ import annotations

from dataclasses import replace

import pytest
import requests

from integrations.kisi.simulator import Kind, troubles
from integrations.kisi.simulator.troubles import BURST, TROUBLES

STATUSES = {
    "key refused": [401],
    "not allowed": [403],
    "not found": [404],
    "exists already": [409],
    "not acceptable": [422],
    "one call too many": [429],
    "burst of too many": [429] * BURST,
    "too many, with a time": [429] * BURST,
    "internal error": [500],
    "bad gateway": [502],
    "not available": [503],
    "internal error after the effect": [500],
}
LISTS = {
    "no array": ("an object", "0-9/4"),
    "empty list": (0, "*/0"),
    "short list": (3, "0-9/4"),
    "short list, total agrees": (3, "0-9/3"),
    "a row twice": (4, "0-9/4"),
    "total too high": (4, "0-9/5"),
    "total too low": (4, "0-9/3"),
    "missing header": (4, None),
}
WITHOUT_ANSWER = {
    "lost before the effect": False,
    "lost after the effect": True,
    "too slow before the effect": False,
    "too slow after the effect": True,
    "shorter than promised": True,
}
BODIES = {"cut JSON": True, "somebody else's page": False}


@pytest.fixture
def three(world):
    for name in ("ana", "bo", "cy"):
        world.give(world.add_user(f"{name}@example.com", name.title()))
    return world


def test_every_trouble_is_tried_here():
    assert set(TROUBLES) == {*STATUSES, *LISTS, *WITHOUT_ANSWER, *BODIES}


@pytest.mark.parametrize("name", STATUSES)
def test_a_refusal_comes_as_often_as_it_should(api, world, name):
    world.fault(replace(TROUBLES[name], method="POST", path="/users"))
    found = [api.new_user(f"p{number}@example.com").status_code for number in range(BURST + 1)]
    wanted = STATUSES[name]
    assert found == wanted + [200] * (BURST + 1 - len(wanted))
    assert (world.user_by_email("p0@example.com") is not None) is (name == "internal error after the effect")


@pytest.mark.parametrize("name", ["internal error", "bad gateway", "not available"])
def test_a_5xx_is_a_page(api, world, name):
    world.fault(TROUBLES[name])
    assert api.get("/user").text.startswith("<html>")


@pytest.mark.parametrize("name", WITHOUT_ANSWER)
def test_a_call_without_an_answer_took_effect_or_not(api, world, name):
    world.fault(replace(TROUBLES[name], method="POST", path="/users"))
    with pytest.raises(requests.RequestException):
        api.session.post(f"{api.url}/users", json={"user": {"email": "ana@example.com"}}, timeout=0.2)
    assert (world.user_by_email("ana@example.com") is not None) is WITHOUT_ANSWER[name]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_lies_in_its_own_way(api, three, name):
    three.fault(replace(TROUBLES[name], path="/role_assignments"))
    answer = api.get("/role_assignments")
    shown = answer.json()
    rows = len(shown) if isinstance(shown, list) else "an object"
    assert (answer.status_code, rows, answer.headers.get("X-Collection-Range")) == (200, *LISTS[name])
    assert len(api.get("/role_assignments").json()) == 4


@pytest.mark.parametrize("name", BODIES)
def test_a_good_status_with_a_body_that_is_no_json(api, world, name):
    world.fault(replace(TROUBLES[name], method="POST", path="/users"))
    answer = api.new_user()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        answer.json()
    assert (world.user_by_email("ana@example.com") is not None) is BODIES[name]


def test_a_page_shift_hides_a_live_person_while_the_total_stays(api, three):
    three.fault(troubles.page_shift(three))
    first, second = (api.get("/role_assignments", limit=2, offset=start) for start in (0, 2))
    people = {row["user"]["email"] for row in first.json() + second.json()}
    assert first.headers["X-Collection-Range"].endswith("/4")
    assert second.headers["X-Collection-Range"].endswith("/4")
    assert "bo@example.com" not in people
    assert len(first.json() + second.json()) == len({row["id"] for row in first.json() + second.json()}) == 4
    assert three.in_group() == ["ana@example.com", "bo@example.com", "cy@example.com"]
    assert three.faults.armed[0].fault.kind is Kind.PASS


def test_a_misspelt_trouble_names_those_there_are():
    with pytest.raises(ValueError, match="No trouble is called odd. There are: key refused, "):
        troubles.named("odd")
