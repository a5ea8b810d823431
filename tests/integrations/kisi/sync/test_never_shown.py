"""One empty list makes Core no only source, and whom no list has ever shown loses no access by a later one."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiGrant, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import deciding, preview
from tests.conftest import House
from tests.stories import events, read_kisi, written

GROUP_LIST = {"method": "GET", "path": "/role_assignments", "query": "group_id="}
OLD = ["old0", "old1", "old2"]
ENTITLED = ["ana", "ben", "cem", "dan", "eva", "fay"]  # so many that three may go without a word


@pytest.fixture
def group(house: House) -> House:
    """Three members without a plan, whom the former platform let in, and as many again who are entitled."""
    for number in range(3):
        house.in_kisi(f"Old{number}")
        house.member(f"Old{number}", status="cancelled")
    for name in ENTITLED:
        house.in_kisi(name.title())
        house.member(name.title())
    house.clock.forward(minutes=1)
    return house


def empty(house: House, times: int) -> None:
    house.world.fault(kind=Kind.EMPTY, times=times, **GROUP_LIST)


@pytest.fixture
def misled(group: House) -> House:
    """Connected while Kisi's list was empty however often it was asked."""
    empty(group, 0)
    group.connect()
    group.world.clear_faults()
    group.calls()
    return group


def held(house: House) -> list[str]:
    return [row.email.partition("@")[0] for row in deciding.held(house.connection)]


def test_one_empty_answer_while_connecting_does_not_end_the_move_in(group):
    empty(group, 1)
    group.connect()
    assert group.connection.in_transition
    read_kisi(group, Read.FULL)
    assert group.inside() == [*ENTITLED, *OLD]
    assert written(group) == []
    named = deciding.would_lose_at_cut_over(group.connection, [f"{name}@example.com" for name in ENTITLED])
    assert [row.email for row in named] == [f"{name}@example.com" for name in OLD]


def test_a_group_that_is_empty_twice_is_believed_so_that_nobody_has_to_cut_over(house):
    house.connect()
    assert not house.connection.in_transition
    assert len([call for call in house.calls() if call == "GET /role_assignments"]) >= 2


def test_a_group_that_is_not_empty_is_read_once(group):
    group.connect()
    asked = [call.query for call in group.world.requests if call.path == "/role_assignments"]
    assert len([query for query in asked if "group_id=" in query]) == 1


def test_people_whom_no_list_has_shown_are_held_and_lose_nothing(misled):
    for read in (Read.FULL, Read.RECENT, Read.FULL):
        read_kisi(misled, read)
        misled.clock.forward(hours=25)
    assert misled.inside() == [*ENTITLED, *OLD]
    assert written(misled) == []
    assert held(misled) == OLD


def test_the_activity_and_the_run_say_that_they_are_held(misled):
    read_kisi(misled, Read.FULL)
    assert events(misled, "held") == 3
    assert misled.connection.runs.latest("pk").held == 3


def test_an_admin_lets_them_go_or_keeps_them_as_with_every_held_removal(misled):
    read_kisi(misled, Read.FULL)
    now = misled.clock.now()
    deciding.keep(misled.connection, ["old0@example.com"], by=None, now=now)
    deciding.allow(misled.connection, ["old1@example.com"], by=None, now=now)
    misled.sync()
    assert misled.inside() == [*ENTITLED, "old0", "old2"]
    assert held(misled) == ["old2"]


def test_whoever_is_entitled_is_taken_over_and_not_held(misled):
    read_kisi(misled, Read.FULL)
    ana = misled.grant("ana")
    assert (ana.state, ana.origin, ana.held_since) == (KisiGrant.State.GRANTED, "adopted", None)


def test_a_preview_says_the_same_as_the_sync_that_follows(misled):
    plan = preview.plan(misled.connection, Read.FULL, misled.clock)
    assert sorted(plan.held) == [f"{name}@example.com" for name in OLD]
    assert not plan.owed


def test_somebody_left_to_kisi_is_not_held(misled):
    old = misled.gym.members.get(first_name="Old0")
    deciding.leave_to_kisi(misled.connection, old, by=None, now=misled.clock.now())
    read_kisi(misled, Read.FULL)
    assert held(misled) == ["old1", "old2"]


# what is no news goes as ever


def test_a_right_given_since_core_is_the_only_source_is_removed_as_ever(connected):
    connected.member("Zoe", status="paused")
    connected.in_kisi("Zoe")
    read_kisi(connected, Read.FULL)
    assert connected.inside() == []


def test_somebody_shown_as_only_in_kisi_who_becomes_a_member_is_taken_over_as_ever(house):
    house.in_kisi("Zoe")
    house.connect()
    house.member("Zoe", status="paused")
    read_kisi(house, Read.FULL)
    assert house.inside() == []
