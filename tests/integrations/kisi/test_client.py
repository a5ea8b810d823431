"""Kisi's calls by name over real HTTP: what each sends, what it takes for whole, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.access.errors import IncompleteRead, NoAnswer, Refused
from integrations.kisi.simulator import Kind

MARK = {"core": "gym 1"}
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


# Calls by name


def test_who_owns_the_key_and_where(caller):
    me = caller.kisi.me()
    owner, organization = caller.world.owner, caller.world.organization
    assert (me.id, me.email, me.name) == (owner.id, "owner@example.com", "Olga Owner")
    assert (me.organization_id, me.organization_name) == (organization.id, "Small Gym")


def test_the_organization_names_its_owner(caller):
    assert caller.kisi.organization().owner_id == caller.world.owner.id
    caller.world.switch(organization_shows_owner=False)
    assert caller.kisi.organization().owner_id is None


def test_a_group_with_its_doors(caller):
    group = caller.kisi.group(caller.world.group_id)
    assert (group.name, group.doors_count) == ("24-hr Access", 1)
    assert [one.id for one in caller.kisi.groups()] == [group.id]
    assert caller.kisi.doors(group.id) == ("Front door",)


def test_a_new_person_is_sent_once_with_name_mark_and_mail(caller):
    user = caller.kisi.create_user(email="ana@example.com", name="Ana Ruiz", mark=MARK, send_emails=True)
    stored = caller.world.user_by_email("ana@example.com")
    assert (user.id, user.name, dict(user.metadata)) == (stored.id, "Ana Ruiz", MARK)
    assert stored.confirmed and stored.metadata == MARK
    assert [mail.trigger for mail in caller.world.outbox] == ["user.create"]


def test_a_new_person_gets_no_mail_when_none_is_wanted(caller):
    caller.kisi.create_user(email="ana@example.com", name="Ana", mark={}, send_emails=False)
    assert caller.world.outbox == []


@pytest.mark.parametrize("notify", [True, False])
def test_a_right_is_given_without_dates_and_with_the_mail_that_was_chosen(caller, notify):
    user = caller.world.add_user("ana@example.com")
    right = caller.kisi.add_right(user_id=user.id, group_id=caller.world.group_id, notify=notify)
    assert (right.user_id, right.role_id, right.scope) == (user.id, "group_basic", "group")
    assert (right.applies_to_id, right.valid_from, right.valid_until) == (caller.world.group_id, None, None)
    assert len(caller.world.outbox) == int(notify)
    assert caller.world.can_unlock("ana@example.com")


def test_a_rename_changes_the_name_and_keeps_the_rest(caller):
    user = caller.world.add_user("ana@example.com", "Ana", metadata=MARK)
    caller.kisi.rename_user(user.id, name="Ana Ruiz")
    assert (user.name, user.metadata) == ("Ana Ruiz", MARK)


def test_a_right_and_a_person_are_removed_by_their_ids(caller):
    user = caller.world.add_user("ana@example.com")
    right = caller.world.give(user)
    caller.kisi.remove_right(right.id)
    assert caller.world.rights_of("ana@example.com") == []
    caller.kisi.delete_user(user.id)
    assert caller.world.user_by_email("ana@example.com") is None


@pytest.mark.parametrize("form", ["new", "old"])
def test_a_right_reads_the_same_in_both_forms(caller, form):
    caller.world.switch(assignment_form="both" if form == "new" else "old")
    user = caller.world.add_user("ana@example.com", "Ana")
    given = caller.world.give(user, valid_until=datetime(2026, 7, 1, tzinfo=UTC))
    right = caller.kisi.right(given.id)
    assert (right.assignee_type, right.user_id, right.scope) == ("User", user.id, "group")
    assert right.valid_until == datetime(2026, 7, 1, tzinfo=UTC)


def test_a_right_is_valid_from_its_start_until_just_before_its_end(caller):
    now = datetime(2026, 7, 1, tzinfo=UTC)
    user = caller.world.add_user("ana@example.com")
    given = caller.world.give(user, valid_from=now, valid_until=now + timedelta(hours=1))
    right = caller.kisi.right(given.id)
    moments = [now - timedelta(seconds=1), now, now + timedelta(minutes=59), now + timedelta(hours=1)]
    assert [right.valid_at(moment) for moment in moments] == [False, True, True, False]


def test_a_suspended_person_is_seen_as_such(caller):
    user = caller.world.add_user("ana@example.com")
    assert caller.kisi.user(user.id).access_enabled
    caller.world.suspend(user)
    assert not caller.kisi.user(user.id).access_enabled


def test_the_members_of_every_team_are_one_set_of_ids(caller):
    ana, ben = caller.world.add_user("ana@example.com"), caller.world.add_user("ben@example.com")
    caller.world.add_team("Coaches", [ana, ben])
    caller.world.add_team("Cleaners", [ben])
    assert caller.kisi.team_members() == frozenset({ana.id, ben.id})


# Finding one person


def test_a_person_is_found_by_the_exact_address_in_any_spelling(caller):
    caller.world.switch(email_stored="as_sent")
    user = caller.world.add_user("Ana@Example.com")
    assert [one.id for one in caller.kisi.find_users(" ana@example.COM ")] == [user.id]


def test_a_part_of_an_address_finds_nobody(caller):
    caller.world.switch(email_filter="partial")
    caller.world.add_user("diana@example.com")
    caller.world.add_user("ana@example.com.au")
    assert caller.kisi.find_users("ana@example.com") == ()


def test_a_filter_that_minds_case_is_helped_by_the_query(caller):
    caller.world.switch(email_filter_case="exact")
    user = caller.world.add_user("Ana@Example.com")
    assert [one.id for one in caller.kisi.find_users("ana@example.com")] == [user.id]
    assert caller.asked() == ["GET /users"] * 2


def test_a_filter_that_is_ignored_finds_only_the_exact_person(caller):
    """A server that answers with everybody, whatever was asked for."""
    for number in range(130):
        caller.world.add_user(f"p{number}@example.com")
    ana = caller.world.add_user("ana@example.com")
    caller.world.switch(email_filter="partial")
    assert [one.id for one in caller.kisi.find_users("ana@example.com")] == [ana.id]


def test_two_people_with_one_address_are_both_found(caller):
    caller.world.switch(email_filter="partial")
    first = caller.world.add_user("ana@example.com")
    second = caller.world.add_user("ANA@example.com")
    assert {one.id for one in caller.kisi.find_users("ana@example.com")} == {first.id, second.id}


def test_a_list_that_lies_while_finding_is_no_answer_rather_than_nobody(caller):
    caller.world.add_user("ana@example.com")
    caller.world.fault(method="GET", path="/users", kind=Kind.SHORT, times=0)
    with pytest.raises(NoAnswer) as told:
        caller.kisi.find_users("ana@example.com")
    assert not told.value.wrote


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
    with pytest.raises(IncompleteRead, match="not asked for"):
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


def test_a_list_that_refuses_its_own_parameters_is_a_refusal(caller):
    caller.world.fault(method="GET", path="/users", status=422, body='{"errors": {"limit": ["is too high"]}}')
    with pytest.raises(Refused, match="limit is too high"):
        caller.kisi.users()
