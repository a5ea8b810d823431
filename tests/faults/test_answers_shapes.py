"""Answers that are no answers: cut short, somebody else's page, fields of the wrong shape. Nothing is concluded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.simulator import Kind
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import at_work, beat, doubles, end, is_settled, taken
from tests.faults.table import fault
from tests.stories import events, read_kisi

Status = KisiConnection.Status
Change = Callable[[Any], Any]
PEOPLE = r"/(users|role_assignments|team_memberships).*"  # everything but the checks of key and group
EVERYTHING = ".*"


def spoilt_for_a_while(house: House, **spoilt: Any) -> int:
    """Every such answer is spoilt while somebody is to join and somebody to leave; how many calls were made.

    Payers are at work before it, and all is done after it.
    """
    members = at_work(house, 8)
    before = set(house.world.store.assignments.rows)
    house.world.fault(times=0, **spoilt)
    end(house, members[:1])
    house.member("Ana")
    house.calls()
    for _ in range(3):
        read_kisi(house, Read.FULL)
        beat(house, minutes=6)
    assert before <= set(house.world.store.assignments.rows)
    asked = len(house.calls())
    assert events(house, "status")  # it was in trouble, and said so
    house.world.clear_faults()
    beat(house, minutes=24 * 60, done=lambda: is_settled(house))
    assert is_settled(house)
    assert doubles(house) == 0
    return asked


def revocations(house: House) -> int:
    """Removals at Kisi beyond the right and the profile of the one who left."""
    return taken(house) - 2


# 24


@fault(24, "Truncated JSON; wrong Content-Length", expected="unknown, no conclusions", first=True)
@pytest.mark.parametrize("kind", [Kind.TRUNCATED, Kind.WRONG_LENGTH])
@pytest.mark.parametrize("where", [EVERYTHING, PEOPLE], ids=["everything", "people"])
def test_reads_that_break_off_take_nobodys_access(connected: House, saw: Saw, kind: Kind, where: str) -> None:
    asked = spoilt_for_a_while(connected, kind=kind, method="GET", path=where)
    wrong = revocations(connected)
    assert wrong == 0
    what = "every read" if where == EVERYTHING else "all but the checks"
    saw(f"{kind}, {what}: nothing concluded, then all done", f"{wrong} revocations in {asked} calls")


@fault(24, "Truncated JSON; wrong Content-Length, of writes", expected="looked at, done once")
@pytest.mark.parametrize("kind", [Kind.TRUNCATED, Kind.WRONG_LENGTH])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_writes_whose_answers_break_off_are_looked_at(
    connected: House, saw: Saw, kind: Kind, method: str
) -> None:
    members = at_work(connected, 8)
    connected.world.fault(kind=kind, method=method, times=0)
    end(connected, members[:1])
    connected.member("Ana")
    beat(connected, minutes=60, done=lambda: is_settled(connected))
    assert is_settled(connected)
    assert doubles(connected) == 0
    wrong = revocations(connected)
    assert wrong == 0
    saw(f"{kind} {method}: looked at, all done once", f"{wrong} revocations")


# 25


PLAIN = {"headers": {"Content-Type": "text/plain"}, "status": 200}
PORTALS: dict[str, dict[str, Any]] = {
    "a page of HTML": {"kind": Kind.HTML},
    "HTML from the first call on": {"kind": Kind.HTML, "path": EVERYTHING},
    "HTML and 201": {"kind": Kind.HTML, "status": 201},
    "plain text []": {"body": "[]", **PLAIN},
    "plain text {}": {"body": "{}", **PLAIN},
    "plain text with a login link": {"body": '{"id": 1, "login": "http://10.0.0.1/"}', **PLAIN},
    "nothing at all": {"body": "", **PLAIN},
}


PORTAL = "HTML 200 (captive portal); text/plain JSON"
OFTEN = ["a page of HTML", "HTML from the first call on", "plain text []"]


@fault(25, PORTAL, expected="unknown, no conclusions", first=True)
@pytest.mark.parametrize("portal", OFTEN)
def test_a_captive_portal_takes_nobodys_access(connected: House, saw: Saw, portal: str) -> None:
    behind(portal, connected, saw)


@fault(25, PORTAL, expected="unknown, no conclusions")
@pytest.mark.parametrize("portal", sorted(PORTALS.keys() - OFTEN))
def test_a_rarer_captive_portal_takes_nobodys_access(connected: House, saw: Saw, portal: str) -> None:
    behind(portal, connected, saw)


def behind(portal: str, house: House, saw: Saw) -> None:
    asked = spoilt_for_a_while(house, **({"path": PEOPLE} | PORTALS[portal]))
    wrong = revocations(house)
    assert wrong == 0
    saw(f"{portal}: nothing concluded, then all done", f"{wrong} revocations in {asked} calls")


# 31


def each(change: Change) -> Change:
    """The same change to every row of a list, or to the one row."""
    return lambda answer: [change(row) for row in answer] if isinstance(answer, list) else change(answer)


def renamed(row: Any) -> Any:
    return {f"{name}_v2": value for name, value in row.items()}


def without(*names: str) -> Change:
    return lambda row: {name: value for name, value in row.items() if name not in names}


def of_null(row: Any) -> Any:
    return dict.fromkeys(row)


SHAPES: dict[str, Change] = {
    "without ids": without("id"),
    "without roles and addresses": without("role_id", "email", "organization", "organization_id"),
    "without whose it is": without("assignee_id", "assignee", "user_id", "user", "email", "organization"),
    "all null": of_null,
    "all renamed": renamed,
    "ids as floats": lambda row: row | {"id": 1.5},
    "rows as lists": lambda row: list(row.values()),
}
HARMLESS: dict[str, Change] = {
    "one more field": lambda row: row | {"colour": {"of": ["the", "door"]}},
    "ids as strings": lambda row: (
        row
        | {
            name: str(row[name])
            for name in row
            if name == "id" or name.endswith("_id") and row[name] is not None
        }
    ),
}


@fault(31, "Missing, null or renamed fields", expected="no conclusion, in trouble after five in a row")
@pytest.mark.parametrize("shape", SHAPES)
def test_answers_of_the_wrong_shape_take_nobodys_access(connected: House, saw: Saw, shape: str) -> None:
    spoilt = {"kind": Kind.PASS, "method": "GET", "path": PEOPLE}
    asked = spoilt_for_a_while(connected, change=each(SHAPES[shape]), **spoilt)
    wrong = revocations(connected)
    assert wrong == 0
    saw(f"{shape}: in trouble, then all done", f"{wrong} wrong removals in {asked} calls")


@fault(31, "Unknown field; id as string", expected="read as ever")
@pytest.mark.parametrize("shape", HARMLESS)
def test_a_new_field_or_an_id_as_text_changes_nothing(connected: House, saw: Saw, shape: str) -> None:
    members = at_work(connected, 8)
    connected.world.fault(kind=Kind.PASS, times=0, change=each(HARMLESS[shape]))
    connected.member("Ana")
    end(connected, members[:1])
    read_kisi(connected, Read.FULL)
    assert is_settled(connected)
    assert connected.connection.status == Status.CONNECTED
    wrong = revocations(connected)
    assert wrong == 0
    saw(f"{shape}: understood", f"{wrong} wrong removals")
