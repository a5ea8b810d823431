"""sync.md 5: a look before any removal, the right before the profile, and no conclusion from one answer alone."""

import pytest

from integrations.kisi.models import KisiGrant, Read
from integrations.kisi.simulator import Kind
from tests.stories import events, meanwhile, read_kisi, written

ANA = "ana@example.com"
DELETE_RIGHT = {"method": "DELETE", "path": r"/role_assignments/\d+"}
DELETE_USER = {"method": "DELETE", "path": r"/users/\d+"}
RIGHTS_OF_ONE = {"method": "GET", "path": "/role_assignments", "query": "user_id="}
State, Trouble, Closed = KisiGrant.State, KisiGrant.Trouble, KisiGrant.Closed


def leave(house, member):
    house.subscription(member).pause()
    house.sync()


def staff_group(house):
    return house.world.add_group("Staff", [])


# a look before it


def test_a_removal_reads_the_person_first_then_the_right_goes_then_the_profile(connected, ana):
    user, right = connected.grant("ana").kisi_user_id, connected.grant("ana").role_assignment_id
    leave(connected, ana)
    assert connected.calls()[2:] == [
        "GET /role_assignments",
        "GET /team_memberships",
        f"DELETE /role_assignments/{right}",
        f"DELETE /users/{user}",
    ]


def test_the_teams_are_read_once_for_many_removals_of_one_lease(connected):
    members = connected.members(10)
    connected.sync()
    connected.calls()
    for member in members[:3]:
        connected.subscription(member).pause()
    connected.sync()
    assert connected.calls().count("GET /team_memberships") == 1


def test_a_person_who_cannot_be_read_is_not_removed(connected, ana):
    connected.world.fault(status=500, times=0, **RIGHTS_OF_ONE)
    leave(connected, ana)
    assert connected.inside() == ["ana"]
    assert written(connected) == []


def test_a_person_who_became_staff_a_moment_ago_is_seen_by_the_look(connected, ana):
    connected.world.make_admin(ANA)
    leave(connected, ana)
    assert connected.inside() == ["ana"]
    assert events(connected, "managed") == 1


# what goes


def test_every_valid_right_of_ours_goes_and_no_other(connected, ana):
    staff = staff_group(connected)
    connected.world.give(ANA)
    connected.world.give(ANA, staff)
    leave(connected, ana)
    assert [right.applies_to_id for right in connected.world.rights_of(ANA)] == [staff.id]


def test_the_profile_stays_when_it_holds_a_right_that_is_not_valid_now(connected, ana):
    """Someone in Kisi planned something for this person."""
    later = connected.clock.now().replace(year=2099)
    connected.world.give(ANA, staff_group(connected), valid_from=later)
    leave(connected, ana)
    assert connected.inside() == []
    assert connected.world.user_by_email(ANA) is not None


def test_a_right_given_elsewhere_after_a_lost_delete_saves_the_profile(connected, ana):
    """The proof that the right stood alone was of the moment before."""
    connected.world.fault(kind=Kind.LOST, after_effect=True, **DELETE_RIGHT)
    connected.world.fault(method="GET", path=r"/users/\d+", status=500, times=0)
    leave(connected, ana)
    staff = staff_group(connected)
    connected.world.give(ANA, staff)
    connected.world.clear_faults()
    connected.clock.forward(minutes=20)
    connected.sync()
    assert connected.inside() == []
    assert connected.world.in_group(staff) == [ANA]


def test_a_right_that_was_removed_by_hand_leaves_the_profile_for_want_of_proof(connected, ana):
    connected.world.remove_right(connected.world.rights_of(ANA)[0])
    leave(connected, ana)
    assert connected.world.user_by_email(ANA) is not None
    assert not connected.connection.grants.open().exists()


# 404 and empty lists


def test_a_right_that_was_gone_a_moment_before_our_delete_is_done(connected, ana):
    (right,) = connected.world.rights_of(ANA)
    take = lambda: connected.world.remove_right(right)  # noqa: E731
    connected.world.fault(kind=Kind.PASS, run=take, **RIGHTS_OF_ONE)
    leave(connected, ana)
    assert connected.inside() == []
    assert not connected.connection.grants.open().exists()


def test_an_empty_list_alone_is_no_proof_that_the_right_is_gone(connected, ana):
    connected.world.fault(kind=Kind.EMPTY, times=0, **RIGHTS_OF_ONE)
    leave(connected, ana)
    assert connected.inside() == ["ana"]
    assert connected.connection.grants.open().get().failures
    connected.world.clear_faults()
    connected.clock.forward(minutes=31)
    connected.sync()
    assert connected.inside() == []


def test_a_lost_delete_and_an_empty_list_ask_for_the_right_by_its_id(connected, ana):
    connected.world.fault(kind=Kind.LOST, **DELETE_RIGHT)
    connected.world.fault(kind=Kind.EMPTY, times=0, skip=1, **RIGHTS_OF_ONE)
    leave(connected, ana)
    assert connected.inside() == ["ana"]
    assert connected.connection.grants.open().exists()
    connected.world.clear_faults()
    connected.clock.forward(minutes=31)
    connected.sync()
    assert connected.inside() == []


@pytest.mark.parametrize("weak", ["404", "empty"])
def test_a_demoted_key_that_sees_nothing_removes_nobody_and_closes_no_row(connected, ana, weak):
    """Kisi may answer 404, or an empty list, to a key that lost its role."""
    connected.world.switch(weak_read=weak, weak_write="404")
    connected.world.weaken_key()
    leave(connected, ana)
    connected.clock.forward(hours=1)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.connection.grants.open().get().state == State.GRANTED
    assert not connected.connection.is_writing


@pytest.mark.parametrize("weak", ["404", "empty"])
def test_a_key_demoted_in_the_middle_of_a_removal_removes_nobody_and_closes_no_row(connected, ana, weak):
    connected.world.switch(weak_read=weak, weak_write="404")
    group = f"/groups/{connected.world.group_id}"
    connected.world.fault(method="GET", path=group, kind=Kind.PASS, run=connected.world.weaken_key)
    leave(connected, ana)
    assert connected.inside() == ["ana"]
    assert connected.connection.grants.open().exists()


def test_a_key_demoted_before_an_unclear_person_is_read_closes_no_row(connected, ana):
    """A 404 of an id is final, but not from a key that sees nothing any more."""
    connected.connection.grants.update(state=State.UNCERTAIN)
    connected.subscription(ana).pause()
    connected.world.switch(weak_read="404", weak_write="404")
    group = f"/groups/{connected.world.group_id}"
    connected.world.fault(method="GET", path=group, kind=Kind.PASS, run=connected.world.weaken_key)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.connection.grants.open().get().state == State.UNCERTAIN
    assert connected.connection.status == "group_gone"


def test_a_key_that_may_only_read_now_and_answers_404_to_a_delete_closes_no_row(connected, ana):
    connected.world.switch(weak_write="404")
    connected.world.fault(kind=Kind.PASS, run=demote_to_observer(connected), **RIGHTS_OF_ONE)
    leave(connected, ana)
    assert connected.inside() == ["ana"]
    assert connected.connection.grants.open().exists()


def demote_to_observer(house):
    return lambda: house.world.weaken_key(role_id="observer")


# the right person


def test_a_person_whose_address_was_changed_in_kisi_is_not_this_person(connected, ana):
    connected.world.person(ANA).email = "boss@example.com"
    connected.world.store.reindex()
    leave(connected, ana)
    assert written(connected) == []
    assert connected.connection.grants.open().get().trouble == Trouble.CONFLICT


def test_removal_is_decided_by_address_and_never_by_member(connected, ana):
    """The member is deleted, and another one with the same address is entitled."""
    connected.member("Anna", email=ANA)
    ana.delete()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert [call.split()[0] for call in written(connected)] == ["PATCH"]


def test_somebody_wanted_again_between_plan_and_removal_stays(connected, ana):
    connected.subscription(ana).pause()

    @meanwhile
    def resume():
        connected.subscription(ana).resume(today=connected.today())

    connected.world.fault(method="GET", path="/user", kind=Kind.PASS, run=resume)
    connected.sync()
    assert written(connected) == []
    assert connected.grant("ana").state == State.GRANTED


def test_somebody_wanted_again_while_the_removal_runs_is_let_in_again(connected, ana):
    @meanwhile
    def resume():
        connected.subscription(ana).resume(today=connected.today())

    connected.world.fault(kind=Kind.PASS, run=resume, **DELETE_RIGHT)
    leave(connected, ana)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.grant("ana").state == State.GRANTED


# a removal that fails


def test_a_removal_that_kisi_forbids_is_parked_and_the_others_go_on(connected, ana):
    ben = connected.member("Ben")
    connected.sync()
    connected.world.fault(status=403, **DELETE_RIGHT)
    connected.subscription(ana).pause()
    connected.subscription(ben).pause()
    connected.sync()
    assert len(connected.inside()) == 1
    (row,) = connected.connection.grants.open()
    assert row.trouble == Trouble.FORBIDDEN
    assert events(connected, "refused") == 1


def test_a_right_that_is_gone_and_a_profile_whose_delete_was_lost_is_finished_later(connected, ana):
    connected.world.fault(kind=Kind.LOST, **DELETE_USER)
    leave(connected, ana)
    connected.clock.forward(minutes=31)
    connected.sync()
    assert connected.world.user_by_email(ANA) is None
    assert events(connected, "revoked") == 1


def test_a_profile_made_for_a_right_that_was_never_given_is_taken_back(connected):
    """POST of the person went through, the right was refused, and then the membership ended."""
    ana = connected.member("Ana")
    connected.world.fault(method="POST", path="/role_assignments", status=422)
    connected.sync()
    leave(connected, ana)
    for _ in range(3):
        connected.clock.forward(minutes=2)
        connected.sync()
    assert connected.world.user_by_email(ANA) is None
    assert not connected.connection.grants.open().exists()


def test_a_removed_person_is_not_found_again_by_a_full_read(connected, ana):
    leave(connected, ana)
    read_kisi(connected, Read.FULL)
    assert connected.connection.grants.get().closed_how == Closed.REMOVED
