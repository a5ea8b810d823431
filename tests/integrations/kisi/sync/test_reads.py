"""sync.md 3: a list that is not whole concludes nothing; what a read costs; what counts as access."""

from datetime import timedelta

import pytest
from django.db import connection as database

from integrations.kisi.models import KisiGrant, Read, SyncRun
from integrations.kisi.simulator import Kind
from tests.stories import events, meanwhile, read_kisi, written

GROUP_LIST = {"method": "GET", "path": "/role_assignments", "query": "group_id="}
ANY_LIST = {"method": "GET", "path": "/role_assignments"}
State = KisiGrant.State


@pytest.fixture
def four(connected):
    """Four members inside, and a stranger whom somebody put there by hand."""
    connected.members(4)
    connected.in_kisi("Stranger")
    connected.sync()
    connected.calls()
    return connected


INSIDE = ["p000", "p001", "p002", "p003", "stranger"]
SPOILT = [
    Kind.EMPTY,
    Kind.SHORT,
    Kind.SHRUNK,
    Kind.DOUBLED,
    Kind.WRONG_TOTAL,
    Kind.NO_RANGE,
    Kind.NOT_ARRAY,
    Kind.HTML,
    Kind.TRUNCATED,
    Kind.WRONG_LENGTH,
    Kind.LOST,
]


@pytest.mark.parametrize("read", [Read.RECENT, Read.FULL])
@pytest.mark.parametrize("kind", SPOILT)
def test_a_spoilt_list_of_the_group_changes_nobodys_access(four, kind, read):
    four.world.fault(kind=kind, times=0, **GROUP_LIST)
    read_kisi(four, read)
    assert written(four) == []
    assert four.inside() == INSIDE


@pytest.mark.parametrize("kind", SPOILT)
def test_when_every_list_is_spoilt_nobodys_access_changes_either(four, kind):
    """Also the look at one person lies then."""
    four.world.fault(kind=kind, times=0, **ANY_LIST)
    for _ in range(3):
        read_kisi(four, Read.FULL)
        four.clock.forward(minutes=20)
    assert not [call for call in written(four) if call.startswith("DELETE")]
    assert four.inside() == INSIDE


@pytest.mark.parametrize("kind", [kind for kind in SPOILT if kind is not Kind.SHRUNK])
def test_a_walk_that_was_not_whole_ends_as_incomplete_with_its_reason(four, kind):
    """A list that lacks one row and agrees with itself cannot be told from a whole one."""
    four.world.fault(kind=kind, times=0, **GROUP_LIST)
    read_kisi(four, Read.FULL)
    run = SyncRun.objects.filter(read=Read.FULL).first()
    assert run.state in (SyncRun.State.INCOMPLETE, SyncRun.State.STOPPED)
    assert run.reason


@pytest.mark.parametrize("kind", [Kind.SHORT, Kind.DOUBLED, Kind.WRONG_TOTAL])
def test_a_list_that_shifted_is_walked_again_three_times_at_most(four, kind):
    four.world.fault(kind=kind, times=2, **GROUP_LIST)
    read_kisi(four, Read.FULL)
    assert SyncRun.objects.filter(read=Read.FULL).first().state == SyncRun.State.FINISHED
    four.world.forget_requests()
    four.world.fault(kind=kind, times=0, **GROUP_LIST)
    read_kisi(four, Read.FULL)
    assert walks_of_the_group(four) == 3


def walks_of_the_group(house):
    queries = [call.query for call in house.world.requests if call.path == "/role_assignments"]
    return sum("group_id=" in query and "offset=0" in query for query in queries)


def test_a_person_missing_from_a_list_is_asked_for_singly_and_keeps_access(four):
    four.world.remove_right(four.world.rights_of("stranger@example.com")[0])
    four.world.fault(kind=Kind.SHRUNK, **GROUP_LIST)
    read_kisi(four, Read.FULL)
    assert written(four) == []
    assert four.connection.grants.open().exclude(state=State.GRANTED).count() == 0


def test_an_empty_list_is_believed_only_when_known_rights_are_gone_singly_too(four):
    four.world.fault(kind=Kind.EMPTY, **GROUP_LIST)
    read_kisi(four, Read.FULL)
    assert "GET /role_assignments/1" not in four.calls()
    assert events(four, "repaired") == 0
    for right in list(four.world.store.assignments):
        if right.role_id == "group_basic":
            four.world.remove_right(right)
    read_kisi(four, Read.FULL)
    assert events(four, "repaired") == 4
    assert four.inside() == INSIDE[:4]


def test_one_known_right_that_is_there_is_enough_to_disbelieve_an_empty_list(four):
    """The first two were really removed by hand, the third is still there."""
    rows = four.connection.grants.order_by("pk")[:2]
    for row in rows:
        four.world.remove_right(four.world.store.assignments.rows[row.role_assignment_id])
    four.world.fault(kind=Kind.EMPTY, times=0, **GROUP_LIST)
    read_kisi(four, Read.FULL)
    assert SyncRun.objects.filter(read=Read.FULL).first().state == SyncRun.State.INCOMPLETE
    assert written(four) == []


def test_an_empty_list_of_an_empty_ledger_is_simply_empty(connected):
    read_kisi(connected, Read.FULL)
    assert SyncRun.objects.get().state == SyncRun.State.FINISHED


# What it costs


@pytest.fixture
def many(house):
    """More people than one page holds, all in step."""
    for member in house.members(260):
        house.world.give(house.world.add_user(member.email, member.name))
    with database.cursor() as cursor:
        cursor.execute(
            "ANALYZE"
        )  # PostgreSQL may think that these tables are empty, as other tests left them
    house.connect()
    house.sync()
    house.calls()
    return house


def test_more_than_250_people_are_read_page_by_page(many):
    assert many.connection.grants.filter(state=State.GRANTED).count() == 260
    last = many.connection.grants.order_by("pk").last()
    many.world.remove_right(many.world.store.assignments.rows[last.role_assignment_id])
    read_kisi(many, Read.FULL)
    assert many.world.in_group()[-1] == last.email


def test_a_compare_without_a_difference_costs_the_pages_and_four_checks_and_no_write(many):
    read_kisi(many, Read.FULL)
    calls = many.calls()
    assert calls.count("GET /role_assignments") == 2 + 1  # 260 people, and the organization's roles
    assert len(calls) == 2 + 4
    assert all(call.startswith("GET") for call in calls)


def test_a_recent_compare_without_a_difference_costs_the_pages_and_two_checks(many):
    read_kisi(many, Read.RECENT)
    assert len(many.calls()) == 2 + 2


def test_a_sweep_without_a_difference_costs_no_call_at_all(many):
    many.sync()
    assert many.calls() == []


def test_a_page_that_the_server_cut_shorter_is_gone_on_from_what_came(four):
    """The server may clamp the limit: the next page begins after the rows received."""

    def first_two(rows):
        return rows[:2]

    four.world.fault(kind=Kind.PASS, change=first_two, times=0, **GROUP_LIST)
    read_kisi(four, Read.FULL)
    assert SyncRun.objects.filter(read=Read.FULL).first().state == SyncRun.State.FINISHED
    assert written(four) == []


# Recent and full


def drift(house, who):
    """Somebody removes this right by hand."""
    house.world.remove_right(house.world.rights_of(f"{who}@example.com")[0])


def nothing_changed_lately(house):
    long_ago = house.clock.now() - timedelta(days=3)
    KisiGrant.objects.update(changed_at=long_ago)
    house.plan.subscriptions.update(changed_at=long_ago)
    house.gym.members.update(changed_at=long_ago)
    type(house.plan).objects.update(changed_at=long_ago)


def test_a_full_read_acts_on_everybody(four):
    drift(four, "p000")
    read_kisi(four, Read.FULL)
    assert "p000" in four.inside()


def test_a_recent_read_acts_on_whoever_changed_since_the_last_one_began_and_on_nobody_else(four):
    read_kisi(four, Read.RECENT)
    nothing_changed_lately(four)
    drift(four, "p000")
    drift(four, "p001")
    four.gym.members.get(email="p001@example.com").subscriptions.get().save()
    read_kisi(four, Read.RECENT)
    assert [who for who in INSIDE if who not in four.inside()] == ["p000"]
    read_kisi(four, Read.FULL)
    assert four.inside() == INSIDE


def test_somebody_who_changed_while_a_recent_read_ran_is_in_the_next_one(four):
    """The start of the last one counts, not its end."""
    read_kisi(four, Read.RECENT)
    nothing_changed_lately(four)

    @meanwhile
    def change():
        four.gym.members.get(email="p001@example.com").subscriptions.get().save()

    four.world.fault(kind=Kind.PASS, run=change, **GROUP_LIST)
    read_kisi(four, Read.RECENT)
    drift(four, "p001")
    read_kisi(four, Read.RECENT)
    assert four.inside() == INSIDE


def test_the_first_recent_read_acts_on_everybody(four):
    """Nobody knows what was missed before it."""
    drift(four, "p000")
    read_kisi(four, Read.RECENT)
    assert "p000" in four.inside()


# What counts as access


def test_a_right_that_is_not_valid_now_is_no_access_and_ours_is_added_beside_it(house):
    person = house.in_kisi("Ana", right=False)
    house.world.give(person, valid_from=house.clock.now() + timedelta(days=9))
    house.member("Ana")
    house.connect()
    house.sync()
    assert house.inside() == ["ana"]
    assert len(house.world.rights_of("ana@example.com")) == 2


def test_a_team_in_the_group_counts_in_the_total_and_never_matches_a_person(house):
    """Ana opens the door through a team already; the right of her own is added all the same."""
    ana = house.in_kisi("Ana", right=False)
    house.world.add_team("Coaches", [ana], house.world.group)
    house.member("Ana")
    house.connect()
    house.sync()
    assert house.inside() == ["ana"]
    assert house.connection.other_rights == ["Coaches (Team)"]


def test_a_team_with_a_members_address_for_a_name_is_nobody(house):
    coach = house.in_kisi("Coach", right=False)
    house.world.add_team("ana@example.com", [coach], house.world.group)
    house.member("Ana")
    house.connect()
    house.sync()
    assert house.inside() == ["ana"]


def test_the_first_write_of_a_lease_comes_after_the_key_and_the_group_were_looked_at(connected):
    connected.member("Ana")
    connected.sync()
    assert connected.calls()[:2] == ["GET /user", f"GET /groups/{connected.world.group_id}"]
