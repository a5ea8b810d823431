"""product.md 1: people added by hand, people left to Kisi, changes made by hand, and whose group it is."""

import pytest

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import connecting, deciding, switching
from integrations.kisi.sync.connecting import GroupTaken
from integrations.vault import Secret
from tests.factories import GymFactory
from tests.stories import answer_for, events, meanwhile, read_kisi, sentence, written

ANA = "ana@example.com"


# added by hand in Kisi


def test_somebody_added_by_hand_stays_while_no_member_has_the_address(connected):
    connected.in_kisi("Zoe")
    read_kisi(connected, Read.FULL)
    assert connected.inside() == ["zoe"]
    assert written(connected) == []
    assert not connected.connection.grants.exists()


def test_somebody_added_by_hand_is_taken_over_once_a_member_has_the_address(connected):
    connected.in_kisi("Zoe")
    zoe = connected.member("Zoe")
    connected.sync()
    assert connected.grant("zoe").origin == KisiGrant.Origin.ADOPTED
    assert connected.world.outbox == []
    connected.subscription(zoe).pause()
    connected.sync()
    assert connected.inside() == []


def test_a_member_without_entitlement_who_was_added_by_hand_loses_access_at_the_next_full_read(connected):
    """Core is the only source here, so the next check takes over and removes."""
    connected.members(4)
    connected.sync()
    connected.member("Zoe", status="paused")
    connected.in_kisi("Zoe")
    read_kisi(connected, Read.FULL)
    assert connected.inside() == ["p000", "p001", "p002", "p003"]


# left to Kisi


def test_somebody_left_to_kisi_is_not_given_access(connected):
    ana = connected.member("Ana")
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.sync()
    read_kisi(connected, Read.FULL)
    assert connected.inside() == []
    assert written(connected) == []
    assert answer_for(connected, ana).tag.word == "In Kisi"


def test_somebody_left_to_kisi_keeps_access_when_the_subscription_ends(connected):
    ana = connected.member("Ana")
    connected.sync()
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.calls()
    connected.subscription(ana).pause()
    connected.sync()
    read_kisi(connected, Read.FULL)
    assert connected.inside() == ["ana"]
    assert written(connected) == []


def test_somebody_left_to_kisi_is_not_renamed_and_not_repaired(connected):
    ana = connected.member("Ana")
    connected.sync()
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.world.remove_right(connected.world.rights_of(ANA)[0])
    ana.last_name = "Ruiz"
    ana.save()
    connected.calls()
    read_kisi(connected, Read.FULL)
    assert connected.inside() == []
    assert written(connected) == []


def test_leaving_somebody_to_kisi_is_recorded_with_who_decided_it(connected, django_user_model):
    admin = django_user_model.objects.create_user("ada", first_name="Ada")
    ana = connected.member("Ana")
    deciding.leave_to_kisi(connected.connection, ana, by=admin, now=connected.clock.now())
    assert AccessEvent.objects.get(kind="exempted").by_id == admin.pk
    assert sentence(connected, ana).startswith("Managed in Kisi, not by Core: Ada decided so on ")


def test_somebody_taken_back_from_kisi_follows_core_again(connected):
    ana = connected.member("Ana")
    connected.sync()
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.subscription(ana).pause()
    connected.sync()
    deciding.take_back_from_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.sync()
    assert connected.inside() == []


def test_somebody_taken_back_from_kisi_who_is_entitled_gets_access(connected):
    ana = connected.member("Ana")
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.sync()
    deciding.take_back_from_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.sync()
    assert connected.inside() == ["ana"]


def test_somebody_left_to_kisi_before_the_removal_was_applied_stays(connected):
    """The admin ticks the box while the removal is planned but not made."""
    ana = connected.member("Ana")
    connected.sync()
    connected.subscription(ana).pause()

    @meanwhile
    def leave():
        deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())

    connected.world.fault(method="GET", path="/user", kind=Kind.PASS, run=leave)
    connected.sync()
    assert connected.inside() == ["ana"]


# changes made by hand


def test_a_right_removed_by_hand_is_put_back_by_the_next_full_read_and_shown(connected):
    connected.member("Ana")
    connected.sync()
    connected.world.remove_right(connected.world.rights_of(ANA)[0])
    read_kisi(connected, Read.FULL)
    assert connected.inside() == ["ana"]
    assert events(connected, "repaired") == 1


def test_a_right_given_by_hand_to_somebody_without_entitlement_is_taken_again(connected):
    connected.members(4)
    ana = connected.member("Ana")
    connected.sync()
    connected.subscription(ana).pause()
    connected.sync()
    connected.in_kisi("Ana")
    read_kisi(connected, Read.FULL)
    assert "ana" not in connected.inside()
    assert events(connected, "revoked") == 2


def test_a_right_exchanged_by_hand_for_another_one_is_followed(connected):
    """Removed and given again in Kisi: another id, still access, and it goes when the subscription ends."""
    ana = connected.member("Ana")
    connected.sync()
    connected.world.remove_right(connected.world.rights_of(ANA)[0])
    right = connected.world.give(ANA)
    read_kisi(connected, Read.FULL)
    assert connected.grant("ana").role_assignment_id == right.id
    connected.subscription(ana).pause()
    connected.sync()
    assert connected.inside() == []


def test_a_second_right_given_by_hand_goes_with_ours(connected):
    ana = connected.member("Ana")
    connected.sync()
    connected.world.give(ANA)
    connected.subscription(ana).pause()
    connected.sync()
    assert connected.inside() == []


def test_the_right_that_ran_out_in_kisi_is_put_back(connected):
    connected.member("Ana")
    connected.sync()
    (right,) = connected.world.rights_of(ANA)
    right.valid_until = connected.clock.now()
    read_kisi(connected, Read.FULL)
    assert connected.inside() == ["ana"]
    assert events(connected, "repaired") == 1


def test_somebody_suspended_in_kisi_is_shown_and_never_opened_again(connected):
    ana = connected.member("Ana")
    connected.sync()
    connected.world.suspend(ANA)
    connected.connection.grants.update(state=KisiGrant.State.UNCERTAIN)
    connected.calls()
    connected.sync()
    read_kisi(connected, Read.FULL)
    assert written(connected) == []
    assert not connected.world.can_unlock(ANA)
    assert "suspended in Kisi" in sentence(connected, ana)


def test_somebody_suspended_before_the_grant_is_granted_and_stays_suspended(connected):
    connected.in_kisi("Ana", right=False, access_enabled=False)
    ana = connected.member("Ana")
    connected.sync()
    assert not connected.world.can_unlock(ANA)
    assert "suspended in Kisi" in sentence(connected, ana)


# whose group it is


def test_no_two_live_connections_have_one_group(connected):
    gym, key = GymFactory(), Secret(connected.world.api_key)
    with pytest.raises(GroupTaken):
        connecting.connect(gym, key=key, group_id=connected.world.group_id)
    assert KisiConnection.objects.count() == 1


def test_a_group_is_free_again_once_its_gym_has_left_kisi(connected):
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    gym, key = GymFactory(), Secret(connected.world.api_key)
    connecting.connect(gym, key=key, group_id=connected.world.group_id)
    with pytest.raises(GroupTaken):
        connecting.reconnect(connected.connection, key=key, clock=connected.clock)
    assert connected.connection.status == KisiConnection.Status.DISCONNECTED


def test_a_gym_cannot_move_to_the_group_of_another_gym(connected):
    world = connected.world
    taken = world.add_group("Annex", [])
    connecting.connect(GymFactory(), key=Secret(world.api_key), group_id=taken.id)
    with pytest.raises(GroupTaken):
        connecting.update_credentials(
            connected.connection, key=Secret(world.api_key), group_id=taken.id, clock=connected.clock
        )
    assert connected.connection.group_id == world.group_id


def test_who_is_left_to_kisi_stays_so_under_another_address(connected):
    """No grant for the new address and no removal for the old one, until the admin takes the tick away."""
    ana = connected.member("Ana")
    connected.sync()
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    ana.email = "ana.ruiz@example.com"
    ana.save()
    connected.calls()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert written(connected) == []
    assert sentence(connected, ana).startswith("Managed in Kisi, not by Core")
    deciding.take_back_from_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    connected.sync()
    assert connected.inside() == ["ana.ruiz"]
