"""sync.md 4: a new person in two calls, a known one after a look, never the wrong one."""

import pytest

from integrations.kisi.models import KisiGrant
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import runs
from tests.stories import events, written

ANA = "ana@example.com"
POST_USER = {"method": "POST", "path": "/users"}
POST_RIGHT = {"method": "POST", "path": "/role_assignments"}
Origin, Trouble, State = KisiGrant.Origin, KisiGrant.Trouble, KisiGrant.State


def people(house):
    """Who was made at Kisi, in the order they came, without the owner."""
    return [user.email.partition("@")[0] for user in house.world.store.users][1:]


# the order


def test_the_newest_change_is_granted_first(connected):
    for name in ("Ana", "Ben", "Cleo"):
        connected.member(name)
    connected.gym.members.get(first_name="Ana").save()
    connected.sync()
    assert people(connected) == ["ana", "cleo", "ben"]


def test_a_changed_plan_puts_nobody_before_somebody_who_changed_later(connected):
    connected.plan.has_24hr_access = False
    connected.plan.save()
    for name in ("Ana", "Ben"):
        connected.member(name)
    connected.plan.has_24hr_access = True
    connected.plan.save()
    connected.sync()
    assert people(connected) == ["ben", "ana"]


# a new person


def test_a_new_person_costs_two_calls(connected):
    connected.members(3)
    connected.sync()
    calls = connected.calls()
    assert len(calls) == 2 + 3 * 2
    assert calls[2:] == ["POST /users", "POST /role_assignments"] * 3


def test_a_new_person_is_ours_by_right_and_by_profile(connected):
    connected.member("Ana Ruiz")
    connected.sync()
    row = connected.grant("ana")
    assert (row.origin, row.profile_was_there, row.name) == (Origin.CREATED, False, "Ana Ruiz")


# somebody Kisi knows


@pytest.mark.parametrize("taken", ["409", "422"])
def test_somebody_kisi_knows_is_found_looked_at_and_given_the_right(connected, taken):
    connected.world.switch(duplicate_user=taken)
    connected.in_kisi("Ana", right=False)
    connected.member("Ana Ruiz")
    connected.sync()
    calls = connected.calls()[2:]
    assert calls == ["POST /users", "GET /users", "GET /role_assignments", "POST /role_assignments"]
    row = connected.grant("ana")
    assert (row.origin, row.profile_was_there) == (Origin.CREATED, True)


def test_the_first_hit_of_a_search_is_not_the_person(connected):
    """A search by part of an address: the wrong person would get the door."""
    connected.world.switch(email_filter="partial")
    connected.world.add_user("juliana@example.com", "Juliana")
    connected.in_kisi("Ana", right=False)
    connected.member("Ana")
    connected.sync()
    assert connected.inside() == ["ana"]


def test_only_a_similar_address_is_nobody(connected):
    connected.world.switch(email_filter="partial")
    connected.world.add_user("juliana@example.com", "Juliana")
    connected.world.fault(status=409, times=0, **POST_USER)
    connected.member("Ana")
    connected.sync()
    assert connected.inside() == []


def test_an_address_search_that_finds_nothing_is_followed_by_the_wider_one(connected):
    """The address stands in Kisi as somebody typed it, and its filter is exact."""
    connected.world.switch(email_filter_case="exact")
    connected.world.add_user("Ana@Example.com", "Ana")
    connected.member("Ana")
    connected.sync()
    assert [call.query.split("=")[0] for call in connected.world.requests if call.path == "/users"] == [
        "",
        "email",
        "query",
    ]
    assert len(connected.world.in_group()) == 1


def test_two_kisi_people_with_the_address_need_a_person(connected):
    connected.world.switch(email_filter="partial")
    connected.in_kisi("Ana", right=False)
    connected.in_kisi("Ana", right=False)
    connected.member("Ana")
    connected.sync()
    connected.clock.forward(days=2)
    connected.sync()
    assert connected.inside() == []
    assert connected.grant("ana").trouble == Trouble.CONFLICT
    assert [call for call in connected.calls() if call.startswith("POST")] == ["POST /users"]


def test_somebody_who_is_said_to_exist_and_is_not_found_is_tried_again_later(connected):
    """Kisi keeps an address of somebody deleted a moment ago: no reason to give up."""
    connected.world.fault(status=409, **POST_USER)
    connected.member("Ana")
    connected.sync()
    row = connected.grant("ana")
    assert (row.trouble, row.is_parked) == (Trouble.LOST, False)
    assert row.retry_at is not None
    connected.clock.forward(minutes=2)
    connected.sync()
    assert connected.inside() == ["ana"]


def test_a_person_already_holding_the_right_is_taken_over_without_a_write_or_a_mail(connected):
    connected.in_kisi("Ana")
    connected.member("Ana")
    connected.sync()
    assert written(connected) == []
    assert connected.world.outbox == []
    assert connected.grant("ana").origin == Origin.ADOPTED
    assert events(connected, "adopted") == 1


def test_an_id_the_ledger_knows_saves_the_post(connected):
    """The right could not be given at once; the second try knows the person."""
    connected.member("Ana")
    connected.world.fault(status=422, **POST_RIGHT)
    connected.sync()
    connected.calls()
    connected.connection.grants.update(trouble="", retry_at=None, wish="")
    connected.sync()
    assert connected.inside() == ["ana"]
    assert written(connected) == ["POST /role_assignments"]


def test_an_id_the_ledger_knows_that_is_gone_is_made_anew(connected):
    connected.member("Ana")
    connected.world.fault(status=422, **POST_RIGHT)
    connected.sync()
    connected.world.delete_user(ANA)
    connected.connection.grants.update(trouble="", retry_at=None, wish="")
    connected.sync()
    assert connected.inside() == ["ana"]


def test_an_id_that_now_has_another_address_is_not_this_person(connected):
    connected.member("Ana")
    connected.world.fault(status=422, **POST_RIGHT)
    connected.sync()
    connected.world.person(ANA).email = "somebody@example.com"
    connected.world.store.reindex()
    connected.connection.grants.update(trouble="", retry_at=None, wish="")
    connected.sync()
    assert connected.inside() == []
    assert connected.grant("ana").trouble == Trouble.CONFLICT


# many at once


def test_before_more_than_fifty_grants_everybody_is_read_once_and_a_known_person_costs_two_calls(connected):
    for member in connected.members(51):
        connected.world.add_user(member.email, member.name)
    connected.sync()
    calls = connected.calls()
    assert len(connected.inside()) == 51
    assert calls.count("GET /users") == 1
    assert calls.count("POST /users") == 0
    assert len(calls) == 2 + 1 + 2 * 51


@pytest.mark.parametrize(("are_there", "calls_each"), [(True, 3), (False, 2)])
def test_a_long_import_reads_everybody_once_and_not_in_every_slice(
    connected, settings, are_there, calls_each
):
    settings.KISI_CALLS_PER_SECOND = 4
    for member in connected.members(150):
        if are_there:
            connected.world.add_user(member.email, member.name)
    slices = 1
    while runs.run(connected.connection.pk, clock=connected.clock) is runs.Outcome.MORE:
        slices += 1
    calls = connected.calls()
    assert len(connected.inside()) == 150
    assert slices > 3
    assert calls.count("GET /users") == (2 if are_there else 1)
    assert len(calls) <= calls_each * 150 + 2 * slices + 2


def test_fifty_grants_are_not_worth_a_look_at_everybody(connected):
    connected.members(50)
    connected.sync()
    assert connected.calls().count("GET /users") == 0


def test_a_list_of_everybody_that_cannot_be_read_only_costs_more_calls(connected):
    for member in connected.members(51):
        connected.world.add_user(member.email, member.name)
    connected.world.fault(method="GET", path="/users", query="offset", kind=Kind.SHORT, times=3 * 2)
    connected.sync()
    assert len(connected.inside()) == 51


def test_somebody_who_stands_twice_in_the_list_of_everybody_is_not_guessed(connected):
    connected.world.switch(email_filter="partial")
    connected.members(51)
    for _ in range(2):
        connected.world.add_user("p000@example.com", "P")
    connected.sync()
    assert len(connected.inside()) == 50
    assert connected.grant("p000").trouble == Trouble.CONFLICT


# a right that is said to exist


@pytest.mark.parametrize("rule", ["409", "422", "by_validity"])
def test_a_right_that_exists_after_all_is_taken_over_when_it_is_exactly_ours(connected, rule):
    """Somebody in Kisi was a moment faster than our POST."""
    connected.world.switch(duplicate_assignment=rule)
    connected.in_kisi("Ana", right=False)
    connected.member("Ana")
    give = lambda: connected.world.give(ANA)  # noqa: E731
    connected.world.fault(method="GET", path="/role_assignments", query="user_id", kind=Kind.PASS, run=give)
    connected.sync()
    assert len(connected.world.rights_of(ANA)) == 1
    assert connected.grant("ana").origin == Origin.ADOPTED


def test_a_right_that_is_said_to_exist_and_is_another_one_is_reported_and_not_taken(connected):
    connected.world.fault(status=409, times=0, **POST_RIGHT)
    connected.in_kisi("Ana", right=False)
    connected.world.give(ANA, connected.world.add_group("Staff", []))
    connected.member("Ana")
    connected.sync()
    row = connected.grant("ana")
    assert (row.state, row.trouble) == (State.ABSENT, Trouble.LOST)
    assert events(connected, "refused") == 1


@pytest.mark.parametrize("status", ["404", "422"])
def test_somebody_deleted_between_the_look_and_the_right_is_made_anew(connected, status):
    """A 422 that names nobody's fault is asked about: it may be the person who is there no more."""
    connected.world.switch(unknown_assignee=status)
    connected.in_kisi("Ana", right=False)
    connected.member("Ana")
    gone = lambda: connected.world.delete_user(ANA)  # noqa: E731
    connected.world.fault(method="GET", path="/role_assignments", query="user_id", kind=Kind.PASS, run=gone)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert people(connected) == ["ana"]


def test_a_right_found_after_a_lost_answer_is_created_and_not_adopted(connected):
    connected.in_kisi("Ana", right=False)
    connected.member("Ana")
    connected.world.fault(kind=Kind.LOST, after_effect=True, **POST_RIGHT)
    connected.sync()
    row = connected.grant("ana")
    assert (row.origin, row.profile_was_there) == (Origin.CREATED, True)


def test_a_right_that_stood_there_before_the_lost_answer_is_adopted(connected):
    """Older than our intent, on a profile without our mark."""
    connected.in_kisi("Ana")
    connected.world.rights_of(ANA)[0].created_at = connected.clock.now().replace(year=2020)
    connected.member("Ana")
    connected.world.fault(kind=Kind.LOST, **POST_USER)
    connected.sync()
    assert connected.grant("ana").origin == Origin.ADOPTED
