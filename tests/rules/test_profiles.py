"""product.md 1: when access ends the right goes and the Kisi profile, and who keeps the profile."""

import pytest

from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import switching
from tests.stories import second_gym, written

ANA = "ana@example.com"


def leaves(house, member):
    house.subscription(member).pause()
    house.sync()


def test_when_access_ends_the_right_goes_and_the_profile_too(connected, ana):
    leaves(connected, ana)
    assert connected.inside() == []
    assert connected.world.user_by_email(ANA) is None
    assert connected.connection.grants.get().closed_how == KisiGrant.Closed.REMOVED


def test_the_right_is_removed_before_the_profile(connected, ana):
    """Should the second call fail, the door is closed already."""
    leaves(connected, ana)
    assert [call.split("/")[1] for call in written(connected)] == ["role_assignments", "users"]


def test_the_profile_of_somebody_core_took_over_goes_too_once_core_is_the_only_source(connected):
    connected.in_kisi("Ana", right=False)
    ana = connected.member("Ana")
    connected.sync()
    leaves(connected, ana)
    assert connected.world.user_by_email(ANA) is None


def test_a_gym_can_keep_the_profile_and_remove_only_the_right(connected, ana):
    KisiConnection.objects.update(keep_profiles=True)
    leaves(connected, ana)
    assert connected.inside() == []
    assert connected.world.user_by_email(ANA) is not None


def test_somebody_with_a_right_in_another_group_keeps_the_profile_and_that_right(connected, ana):
    staff = connected.world.add_group("Staff", [connected.world.add_door("Office")])
    connected.world.give(ANA, staff)
    leaves(connected, ana)
    assert connected.inside() == []
    assert connected.world.in_group(staff) == [ANA]


def test_somebody_in_a_team_keeps_the_profile(connected, ana):
    connected.world.add_team("Coaches", [ANA])
    leaves(connected, ana)
    assert connected.inside() == []
    assert connected.world.user_by_email(ANA) is not None


@pytest.mark.parametrize("fault", [{"status": 403}, {"kind": Kind.SHORT}, {"kind": Kind.WRONG_TOTAL}])
def test_nobody_loses_the_profile_while_the_teams_cannot_be_read(connected, ana, fault):
    connected.world.add_team("Others", [connected.world.owner])
    connected.world.fault(path="/team_memberships", times=0, **fault)
    leaves(connected, ana)
    assert connected.inside() == []
    assert connected.world.user_by_email(ANA) is not None


def test_somebody_whom_another_gym_of_the_organization_let_in_keeps_the_profile(connected, ana):
    annex, group = second_gym(connected)
    annex.member("Ana")
    annex.sync()
    leaves(connected, ana)
    assert connected.inside() == []
    assert connected.world.in_group(group) == [ANA]
    assert connected.world.user_by_email(ANA) is not None


def test_somebody_whom_another_gym_of_the_organization_wants_and_has_not_let_in_yet_keeps_the_profile(
    connected, ana
):
    annex, _ = second_gym(connected)
    annex.member("Ana")
    leaves(connected, ana)
    assert connected.world.user_by_email(ANA) is not None
    annex.sync()
    assert connected.world.user_by_email(ANA) is not None


def test_whoever_neither_gym_wants_any_more_loses_the_profile_with_the_last_right(connected, ana):
    annex, _ = second_gym(connected)
    there = annex.member("Ana")
    annex.sync()
    leaves(connected, ana)
    leaves(annex, there)
    assert connected.world.user_by_email(ANA) is None


def test_a_gym_of_another_organization_with_the_same_address_keeps_nobodys_profile(connected, ana):
    other = connected.world.add_organization("Elsewhere", owner=("Otto", "otto@example.com"))
    connected.world.add_user(ANA, "Ana", organization=other)
    leaves(connected, ana)
    assert connected.world.user_by_email(ANA) is None
    assert connected.world.user_by_email(ANA, other) is not None


def revoking(house):
    """The other gym wrote its intent a moment ago."""
    now = house.clock.now()
    house.connection.grants.update(state=KisiGrant.State.REVOKING, intent_at=now)


def test_a_granter_waits_while_another_gym_of_the_organization_is_removing_the_person(connected, ana):
    annex, group = second_gym(connected)
    revoking(connected)
    annex.member("Ana")
    annex.sync()
    assert connected.world.in_group(group) == []
    connected.sync()
    annex.clock.forward(minutes=1)
    annex.sync()
    assert connected.world.in_group(group) == [ANA]


def test_a_granter_does_not_wait_for_a_gym_that_paused_in_the_middle_of_its_removal(connected, ana):
    annex, group = second_gym(connected)
    revoking(connected)
    switching.pause(connected.connection, by=None, now=connected.clock.now())
    connected.subscription(ana).pause()
    annex.member("Ana")
    annex.sync()
    annex.clock.forward(minutes=2)
    annex.sync()
    assert connected.world.in_group(group) == [ANA]
    switching.resume(connected.connection, by=None, now=connected.clock.now())
    connected.sync()
    assert connected.inside() == []
    assert connected.world.in_group(group) == [ANA]


def test_a_deleted_member_loses_the_right_and_the_profile(connected, ana):
    ana.delete()
    connected.sync()
    assert connected.inside() == []
    assert connected.world.user_by_email(ANA) is None


def test_a_profile_that_kisi_will_not_let_go_stays_and_the_right_is_gone_all_the_same(connected, ana):
    connected.world.fault(method="DELETE", path=r"/users/\d+", status=403, times=0)
    leaves(connected, ana)
    assert connected.inside() == []
    assert connected.connection.grants.get().closed_how == KisiGrant.Closed.REMOVED
