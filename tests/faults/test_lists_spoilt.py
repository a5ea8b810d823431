"""Kisi's list of the group is empty, lacks a page, repeats rows or counts wrongly: nobody is taken for gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from integrations.kisi.models import KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.simulator import Assignment, Kind
from integrations.kisi.simulator.store import Store
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import GROUP_LIST, at_work, end, fresh_calls, taken
from tests.faults.table import fault
from tests.stories import events, read_kisi

State = KisiGrant.State
PAGE = 250


def last_full(house: House) -> SyncRun:
    return SyncRun.objects.filter(connection=house.connection, read=Read.FULL).latest("pk")


def single_reads(house: House) -> int:
    """Calls about one person or one right since the last look."""
    return sum(call.path.count("/") == 2 and "/groups/" not in call.path for call in fresh_calls(house))


# 26


@fault(26, "Empty list 200 */0 with 500 in the ledger", expected="incomplete, 0 removals", first=True)
def test_an_empty_list_against_a_full_ledger_is_not_believed(connected: House, saw: Saw) -> None:
    members = at_work(connected, 500)
    connected.world.fault(kind=Kind.EMPTY, times=0, **GROUP_LIST)
    end(connected, members[:2])
    read_kisi(connected, Read.FULL)
    run, removals = last_full(connected), taken(connected)
    assert run.state == SyncRun.State.INCOMPLETE
    assert "empty" in run.reason
    assert removals == 4  # the two who really left: each a right and a profile, by the ledger
    assert len(connected.inside()) == 498
    assert connected.connection.grants.filter(state=State.GRANTED).count() == 498
    saw(f"incomplete: {run.reason}", f"{removals - 4} removals by the list")


def emptied_by_hand(house: House) -> None:
    for right in list(house.world.store.assignments):
        if right.role_id == "group_basic":
            house.world.remove_right(right)


@fault(
    26,
    "Empty list, and three rights read singly are gone too",
    expected="believed, granted again",
    first=True,
)
def test_an_empty_list_is_believed_when_known_rights_are_gone_singly(connected: House, saw: Saw) -> None:
    believed(connected, saw, people=40)


@fault(26, "Empty list, and three rights read singly are gone too: 500", expected="believed, granted again")
@pytest.mark.timeout(600)
def test_five_hundred_are_let_in_again_when_somebody_emptied_the_group(connected: House, saw: Saw) -> None:
    believed(connected, saw, people=500)


def believed(house: House, saw: Saw, *, people: int) -> None:
    at_work(house, people)
    emptied_by_hand(house)
    house.calls()
    read_kisi(house, Read.FULL)
    calls = len(house.calls())
    assert last_full(house).state == SyncRun.State.FINISHED
    assert len(house.inside()) == people
    assert events(house, "repaired") == people
    removals = taken(house)
    assert removals == 0
    assert house.world.outbox == []
    saw(
        "believed, everybody let in again, no mail",
        f"{removals} removals, {calls / people:.1f} calls a person",
    )


# 27


def hide(store: Store, rights: list[Assignment]) -> None:
    for right in rights:
        del store.assignments.rows[right.id]


def show(store: Store, rights: list[Assignment]) -> None:
    """Back at their place: rows are listed by id."""
    store.assignments.rows |= {right.id: right for right in rights}
    store.assignments.rows = dict(sorted(store.assignments.rows.items()))


@contextmanager
def a_page_is_missing(house: House, rights: list[Assignment]) -> Iterator[None]:
    """Kisi's list knows nothing of these rights and its total agrees; each read singly is there."""
    before = {"method": "GET", "path": "/organization", "kind": Kind.PASS}
    house.world.fault(run=lambda: hide(house.world.store, rights), **before)
    house.world.fault(kind=Kind.PASS, run=lambda: show(house.world.store, rights), **GROUP_LIST)
    yield
    house.world.clear_faults()
    show(house.world.store, rights)


@fault(27, "Page missing, header honest", expected="walk discarded", first=True)
def test_a_walk_that_lacks_a_page_is_discarded(connected: House, saw: Saw) -> None:
    at_work(connected, PAGE + 50)
    second = GROUP_LIST | {"query": f"offset={PAGE}"}
    empty: Any = {"kind": Kind.PASS, "change": lambda rows: []}
    connected.world.fault(times=0, **empty, **second)
    connected.calls()
    read_kisi(connected, Read.FULL)
    walks = sum("offset=0" in call.query and "group_id" in call.query for call in fresh_calls(connected))
    assert last_full(connected).state == SyncRun.State.INCOMPLETE
    assert connected.connection.grants.exclude(state=State.GRANTED).count() == 0
    revocations = taken(connected)
    assert revocations == 0
    saw(f"incomplete: {last_full(connected).reason}", f"{revocations} revocations, {walks} walks")


@fault(27, "Page missing, header lying", expected="candidates are read singly, nobody goes", first=True)
def test_people_on_a_page_that_a_lying_list_lacks_keep_access(connected: House, saw: Saw) -> None:
    lacking(connected, saw, missing=20)


@fault(27, "Page missing, header lying: 300 people", expected="candidates are read singly, nobody goes")
@pytest.mark.timeout(600)
def test_a_whole_page_that_a_lying_list_lacks_keeps_access(connected: House, saw: Saw) -> None:
    lacking(connected, saw, missing=PAGE)


def lacking(house: House, saw: Saw, *, missing: int) -> None:
    at_work(house, missing + 10)
    rights = [right for right in house.world.store.assignments if right.role_id == "group_basic"]
    inside = house.inside()
    house.calls()
    with a_page_is_missing(house, rights[5 : missing + 5]):
        read_kisi(house, Read.FULL)
    reads = single_reads(house)
    assert last_full(house).state == SyncRun.State.FINISHED  # nothing was wrong with the list by itself
    assert house.inside() == inside
    assert house.connection.grants.exclude(state=State.GRANTED).count() == 0
    assert reads >= missing
    revocations = taken(house)
    assert revocations == 0
    saw(f"{missing} missing, each read singly", f"{revocations} revocations, {reads} single reads")


# 29


@fault(29, "Duplicate ids across pages; total changes", expected="discarded")
def test_a_row_that_stands_on_two_pages_discards_the_walk(connected: House, saw: Saw) -> None:
    at_work(connected, PAGE + 50)
    seen: list[Any] = []

    def remember(rows: list[Any]) -> list[Any]:
        seen[:] = rows[:1]
        return rows

    def repeat(rows: list[Any]) -> list[Any]:
        return [*rows[:-1], *seen]

    first, second = GROUP_LIST | {"query": "offset=0"}, GROUP_LIST | {"query": f"offset={PAGE}"}
    connected.world.fault(kind=Kind.PASS, change=remember, times=0, **first)
    connected.world.fault(kind=Kind.PASS, change=repeat, times=0, **second)
    discarded(connected, saw, "a row on two pages")


@fault(29, "Duplicate ids across pages; total changes", expected="discarded")
def test_a_total_that_changes_between_pages_discards_the_walk(connected: House, saw: Saw) -> None:
    at_work(connected, PAGE + 50)

    def somebody_comes() -> None:
        connected.in_kisi(f"Guest{connected.world.store.users.last}")

    connected.world.fault(kind=Kind.PASS, run=somebody_comes, times=0, **(GROUP_LIST | {"query": "offset=0"}))
    discarded(connected, saw, "a total that changes")


def discarded(house: House, saw: Saw, what: str) -> None:
    end(house, list(house.gym.members.all()[:1]))
    read_kisi(house, Read.FULL)
    run = last_full(house)
    assert run.state == SyncRun.State.INCOMPLETE
    assert len(house.connection.grants.filter(state=State.GRANTED)) == PAGE + 49
    wrong = taken(house) - 2  # the one who left, by the ledger
    assert wrong == 0
    house.world.clear_faults()
    read_kisi(house, Read.FULL)
    assert last_full(house).state == SyncRun.State.FINISHED
    saw(f"{what}: {run.reason}; the next good read is whole", f"{wrong} removals by the list")


# 30


@fault(30, "Offset cap 20,000 with 25,000 users", expected="detected, clear message, no conclusions")
@pytest.mark.timeout(600)
def test_a_group_that_kisi_does_not_list_to_its_end_concludes_nothing(connected: House, saw: Saw) -> None:
    members = at_work(connected, 10)
    for number in range(25_000):
        connected.world.give(connected.world.add_user(f"s{number}@example.com", "Stranger"))
    for member in members[:3]:
        connected.world.remove_right(connected.world.rights_of(member.email)[0])
    end(connected, members[9:])
    connected.calls()
    read_kisi(connected, Read.FULL)
    calls = len(connected.calls())
    run = last_full(connected)
    assert run.state == SyncRun.State.INCOMPLETE
    assert run.reason.endswith("more than 20,000 rows, which Kisi does not list")
    revocations = taken(connected) - 2  # the one who left, by the ledger
    assert revocations == 0
    assert connected.connection.grants.filter(state=State.GRANTED).count() == 9
    assert connected.connection.status == KisiConnection.Status.CONNECTED
    saw(f"incomplete: {run.reason}", f"{revocations} revocations, {calls} calls, one walk")


@fault(30, "Offset cap 20,000 with 25,000 users, before many grants", expected="let in one by one")
@pytest.mark.timeout(600)
def test_many_join_a_kisi_whose_people_cannot_be_listed_to_the_end(connected: House, saw: Saw) -> None:
    for number in range(25_000):
        connected.world.add_user(f"s{number}@example.com", "Stranger")
    connected.members(55)
    connected.member("Sue", email="s24999@example.com")
    connected.calls()
    connected.sync()
    calls = connected.calls()
    assert len(connected.inside()) == 56
    walked = calls.count("GET /users")
    assert taken(connected) == 0
    saw(
        "given up, everybody in all the same",
        f"{walked} pages read in vain, {len(calls) - walked} other calls",
    )
