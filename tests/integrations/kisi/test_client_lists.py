"""Whole lists or none, over real HTTP: every way a list can lie, and rows that are not what they should be."""

from __future__ import annotations

import pytest

from integrations.access.errors import IncompleteRead, NoAnswer
from integrations.kisi.simulator import Kind

LISTS_THAT_LIE = [
    Kind.SHORT,
    Kind.DOUBLED,
    Kind.WRONG_TOTAL,
    Kind.NO_RANGE,
    Kind.NOT_ARRAY,
    Kind.TRUNCATED,
    Kind.HTML,
    Kind.LOST,
]
RIGHTS = "/role_assignments"


@pytest.fixture
def crowd(caller):
    """Seven people in the group."""
    for number in range(7):
        caller.world.give(caller.world.add_user(f"p{number}@example.com", f"P{number}"))
    return caller


def emails(rows) -> list[str]:
    return sorted(row.email for row in rows)


# Whole lists


def test_the_rights_of_a_group_are_people_teams_and_nothing_of_other_groups(crowd):
    world = crowd.world
    world.give(world.add_user("other@example.com"), world.add_group("Other", []))
    team = world.add_team("Coaches", [], world.group)
    rights = crowd.kisi.group_rights(world.group_id)
    assert emails(right for right in rights if right.user_id) == [f"p{n}@example.com" for n in range(7)]
    assert [right.assignee_type for right in rights if right.user_id is None] == ["Team"]
    assert team.id is not None


def test_a_long_list_is_read_page_by_page(caller):
    for number in range(250):
        caller.world.add_user(f"p{number}@example.com")
    pages: list[int] = []
    users = caller.kisi.users(on_page=pages.append)
    assert len(users) == len({user.id for user in users}) == 251
    assert pages == [100, 200, 251]


def test_a_server_that_clamps_the_limit_is_followed_at_its_own_step(crowd):
    """Go on by the rows received, not by the limit asked for."""
    crowd.world.fault(method="GET", path=RIGHTS, kind=Kind.PASS, change=lambda rows: rows[:3], times=0)
    assert len(crowd.kisi.group_rights(crowd.world.group_id)) == 7
    assert crowd.asked() == [f"GET {RIGHTS}"] * 3


@pytest.mark.parametrize("shown", ["*/0", "0-0/0"])
def test_an_empty_list_that_says_so_is_whole(caller, shown):
    caller.world.switch(empty_range=shown)
    assert caller.kisi.group_rights(caller.world.group_id) == ()


def test_an_empty_list_that_names_no_total_is_incomplete(caller):
    caller.world.switch(empty_range="missing")
    with pytest.raises(IncompleteRead):
        caller.kisi.group_rights(caller.world.group_id)


@pytest.mark.parametrize(("kind", "rows"), [(Kind.EMPTY, 0), (Kind.SHRUNK, 6)])
def test_a_list_that_lies_and_agrees_with_itself_looks_whole(crowd, kind, rows):
    """No reader can tell: that is why absence alone removes and repairs nothing (the ledger asks singly)."""
    crowd.world.fault(method="GET", path=RIGHTS, kind=kind, times=0)
    assert len(crowd.kisi.group_rights(crowd.world.group_id)) == rows


@pytest.mark.parametrize("kind", LISTS_THAT_LIE)
def test_a_list_that_lies_every_time_is_incomplete(crowd, kind):
    crowd.world.fault(method="GET", path=RIGHTS, kind=kind, times=0)
    with pytest.raises(IncompleteRead):
        crowd.kisi.group_rights(crowd.world.group_id)


@pytest.mark.parametrize("kind", LISTS_THAT_LIE)
def test_a_list_that_lied_twice_is_read_a_third_time(crowd, kind):
    crowd.world.fault(method="GET", path=RIGHTS, kind=kind, times=2)
    assert len(crowd.kisi.group_rights(crowd.world.group_id)) == 7


def test_a_list_that_shrinks_between_pages_is_read_again(caller):
    people = [caller.world.add_user(f"p{number}@example.com") for number in range(150)]

    def leave() -> None:
        caller.world.delete_user(people[0])

    caller.world.fault(method="GET", path="/users", query="offset=0", kind=Kind.PASS, run=leave)
    users = caller.kisi.users()
    assert len(users) == 150
    assert caller.asked() == ["GET /users"] * 4


def test_a_list_that_never_holds_still_is_incomplete_after_three_walks(caller):
    people = [caller.world.add_user(f"p{number}@example.com") for number in range(150)]

    def leave() -> None:
        caller.world.delete_user(people.pop())

    caller.world.fault(method="GET", path="/users", query="offset=0", kind=Kind.PASS, run=leave, times=0)
    with pytest.raises(IncompleteRead, match="total changed"):
        caller.kisi.users()
    assert caller.asked() == ["GET /users"] * 6


def test_one_leaves_and_one_comes_between_pages_and_the_shift_is_noticed(caller):
    """The total stays the same; a row that stands twice gives it away."""
    people = [caller.world.add_user(f"p{number}@example.com") for number in range(150)]

    def swap() -> None:
        caller.world.delete_user(people.pop(10))
        caller.world.add_user(f"new{len(people)}@example.com")

    caller.world.switch(default_order="newest")
    caller.world.fault(method="GET", path="/users", query="offset=0", kind=Kind.PASS, run=swap, times=0)
    with pytest.raises(IncompleteRead, match="twice"):
        caller.kisi.users()


def test_a_random_order_is_found_out_or_whole(caller):
    for number in range(250):
        caller.world.add_user(f"p{number}@example.com")
    caller.world.switch(default_order="random")
    with pytest.raises(IncompleteRead, match="twice"):
        caller.kisi.users()


def test_a_filter_that_is_ignored_makes_a_list_of_rights_unbelievable(caller):
    ana, ben = caller.world.add_user("ana@example.com"), caller.world.add_user("ben@example.com")
    other = caller.world.add_group("Other", [])
    caller.world.give(ana)
    caller.world.give(ben, other)
    caller.world.switch(combined_filters="first")
    assert {right.user_id for right in caller.kisi.rights_of(ana.id)} == {ana.id}

    def everything(rows: list) -> list:
        return [row | {"group_id": other.id, "applies_to_id": other.id} for row in rows]

    caller.world.fault(method="GET", path=RIGHTS, kind=Kind.PASS, change=everything, times=0)
    with pytest.raises(IncompleteRead, match="not what was asked for"):
        caller.kisi.group_rights(caller.world.group_id)


def test_somebody_elses_right_among_a_persons_is_no_answer(caller):
    ana = caller.world.add_user("ana@example.com")
    caller.world.give(ana)

    def of_ben(rows: list) -> list:
        return [row | {"user_id": 99, "assignee_id": 99} for row in rows]

    caller.world.fault(method="GET", path=RIGHTS, kind=Kind.PASS, change=of_ben, times=0)
    with pytest.raises(NoAnswer):
        caller.kisi.rights_of(ana.id)


def test_one_misshapen_row_makes_the_list_unusable(crowd):
    def nameless(rows: list) -> list:
        return [{**rows[0], "role_id": None}, *rows[1:]]

    crowd.world.fault(method="GET", path=RIGHTS, kind=Kind.PASS, change=nameless, times=0)
    with pytest.raises(IncompleteRead, match="role_id is missing"):
        crowd.kisi.group_rights(crowd.world.group_id)


def test_a_list_longer_than_kisi_lists_is_incomplete_and_not_cut(caller):
    """Kisi refuses offsets above 20,000; the rest must not look as if it were not there."""
    for number in range(20_251):
        caller.world.give(caller.world.add_user(f"p{number}@example.com"))
    with pytest.raises(IncompleteRead, match="20,000"):
        caller.kisi.group_rights(caller.world.group_id)


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_list_of_everybody_that_is_refused_is_incomplete_and_nobodys_fault(caller, status):
    caller.world.fault(method="GET", path="/users", status=status, body='{"error": "limit is too high"}')
    with pytest.raises(IncompleteRead, match="limit is too high") as told:
        caller.kisi.users()
    assert told.value.status == status
    assert caller.asked() == ["GET /users"]


# Odd rows


@pytest.fixture
def bent(caller):
    """Spoils the rows of every list."""

    def bend(change):
        caller.world.give(caller.world.add_user("ana@example.com", "Ana"))
        caller.world.fault(method="GET", path=RIGHTS, kind=Kind.PASS, change=change, times=0)
        return caller

    return bend


def test_ids_written_as_text_are_the_same_ids(bent):
    caller = bent(lambda rows: [row | {"id": str(row["id"]), "user_id": str(row["user_id"])} for row in rows])
    (right,) = caller.kisi.group_rights(caller.world.group_id)
    assert right.user_id == caller.world.user_by_email("ana@example.com").id


def test_one_row_as_text_and_as_number_is_the_same_row_twice(caller):
    body = '[{"id": 7, "email": "a@b.c"}, {"id": "7", "email": "a@b.c"}]'
    caller.world.fault(times=0, status=200, headers={"X-Collection-Range": "0-1/2"}, body=body)
    with pytest.raises(IncompleteRead, match="twice"):
        caller.kisi.users()


@pytest.mark.parametrize("row_id", [None, [], {}, True, 1.5, -1, 0, 2**63, "seven", "7.0", " 7", "9" * 5000])
def test_a_row_without_a_true_id_makes_the_list_unusable(bent, row_id):
    caller = bent(lambda rows: [row | {"id": row_id} for row in rows])
    with pytest.raises(IncompleteRead, match="id is no"):
        caller.kisi.group_rights(caller.world.group_id)


@pytest.mark.parametrize("change", [{"user_id": 99}, {"scope": "place"}])
def test_a_row_whose_old_and_new_names_differ_is_believed_neither_way(bent, change):
    caller = bent(lambda rows: [row | change for row in rows])
    with pytest.raises(IncompleteRead, match="differ"):
        caller.kisi.group_rights(caller.world.group_id)
