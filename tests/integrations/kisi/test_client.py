"""Kisi's calls by name over real HTTP: what each sends, what it takes for whole, and what it refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from integrations.access.errors import NoAnswer, Refused
from integrations.kisi.simulator import Kind

MARK = {"core": "gym 1"}


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


def test_an_answer_about_somebody_else_is_no_answer(caller):
    """By its id one thing is asked for; another one is not believed, whatever it says."""
    for path, look in (
        ("/users/.*", lambda: caller.kisi.user(8)),
        ("/groups/.*", lambda: caller.kisi.group(8)),
        ("/role_assignments/.*", lambda: caller.kisi.right(8)),
    ):
        body = {"id": 9, "email": "a@b.c", "role_id": "group_basic", "user_id": 8, "scope": "group"}
        caller.world.fault(path=path, times=0, status=200, body=json.dumps(body | {"group_id": 1}))
        with pytest.raises(NoAnswer, match="not what was asked for"):
            look()


@pytest.mark.parametrize("change", [{"user_id": 9}, {"group_id": 9}, {"role_id": "group_manager"}])
def test_a_new_right_that_is_not_the_one_asked_for_is_uncertain(caller, change):
    body = {"id": 5, "role_id": "group_basic", "user_id": 8, "scope": "group", "group_id": 1} | change
    caller.world.fault(method="POST", status=200, body=json.dumps(body))
    with pytest.raises(NoAnswer) as told:
        caller.kisi.add_right(user_id=8, group_id=1, notify=False)
    assert told.value.wrote


def test_a_kisi_that_takes_only_the_newer_form_of_a_right_gets_it(caller):
    caller.world.switch(assignment_form="new")
    people = [caller.world.add_user(f"{name}@example.com") for name in ("ana", "ben")]
    for person in people:
        right = caller.kisi.add_right(user_id=person.id, group_id=caller.world.group_id, notify=False)
        assert (right.user_id, right.role_id, right.scope) == (person.id, "group_basic", "group")
    assert caller.world.in_group() == ["ana@example.com", "ben@example.com"]
    assert [call.status for call in caller.world.requests] == [422, 200, 200]


def test_another_422_of_a_right_is_not_answered_with_the_newer_form(caller):
    ana = caller.world.add_user("ana@example.com")
    caller.world.fault(method="POST", status=422, body='{"errors": {"assignee": ["must exist"]}}')
    with pytest.raises(Refused):
        caller.kisi.add_right(user_id=ana.id, group_id=caller.world.group_id, notify=False)
    assert caller.world.count("POST") == 1


@pytest.mark.parametrize("form", ["new", "old"])
def test_a_right_reads_the_same_in_both_forms(caller, form):
    caller.world.switch(assignment_fields=form)
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


def test_one_person_is_in_a_team_or_not(caller):
    ana, ben = (caller.world.add_user(f"{name}@example.com", name) for name in ("ana", "ben"))
    caller.world.add_team("Coaches", [ana])
    assert [caller.kisi.is_in_team(person.id) for person in (ana, ben)] == [True, False]


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


@pytest.mark.parametrize("status", [400, 422])
def test_a_search_that_kisi_refuses_concerns_that_person(caller, status):
    caller.world.fault(method="GET", path="/users", status=status, body='{"error": "odd address"}')
    with pytest.raises(Refused, match="odd address"):
        caller.kisi.find_users("ana@example.com")


@pytest.mark.parametrize("status", [404, 409])
def test_a_search_that_is_not_there_proves_nothing_of_the_person(caller, status):
    """Only the person's own address may say *gone*: a vanished endpoint, or a weak key, answers 404 too."""
    caller.world.fault(method="GET", times=0, status=status)
    for look in (lambda: caller.kisi.find_users("ana@example.com"), lambda: caller.kisi.rights_of(1)):
        with pytest.raises(NoAnswer):
            look()


def test_a_search_longer_than_kisi_lists_is_no_answer(caller):
    total = {"X-Collection-Range": "0-0/30000"}
    caller.world.fault(times=0, status=200, headers=total, body=many_users(20_001))
    with pytest.raises(NoAnswer, match="20,000"):
        caller.kisi.find_users("ana@example.com")
    assert caller.asked() == ["GET /users"]


def many_users(count: int) -> str:
    return json.dumps([{"id": number, "email": f"p{number}@example.com"} for number in range(1, count + 1)])


# Doors


def test_doors_without_names_are_looked_up_among_all_locks(caller):
    def nameless(rows: list) -> list:
        return [{"id": row["id"], "lock_id": row["lock_id"]} for row in rows]

    caller.world.fault(method="GET", path="/group_locks", kind=Kind.PASS, change=nameless, times=0)
    assert caller.kisi.doors(caller.world.group_id) == ("Front door",)
    assert caller.asked() == ["GET /group_locks", "GET /locks"]
    caller.world.fault(method="GET", path="/locks", kind=Kind.PASS, change=lambda rows: [], times=0)
    with pytest.raises(NoAnswer):
        caller.kisi.doors(caller.world.group_id)


def test_doors_that_cannot_be_listed_are_no_answer_like_every_check(caller):
    caller.world.fault(method="GET", path="/group_locks", kind=Kind.SHORT, times=0)
    with pytest.raises(NoAnswer):
        caller.kisi.doors(caller.world.group_id)
