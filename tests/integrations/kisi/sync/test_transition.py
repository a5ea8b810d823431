"""sync.md 5, move-in: until the cut-over nobody loses access whom Core did not let in itself."""

import pytest

from integrations.kisi.models import Read, Release
from integrations.kisi.sync import connecting, deciding
from tests.stories import read_kisi, sentence, written


@pytest.fixture
def moving(house):
    """Ana is entitled and in Kisi, Old is a member without entitlement and in Kisi, Stranger only in Kisi."""
    for name in ("Ana", "Old", "Stranger"):
        house.in_kisi(name)
    house.member("Ana")
    house.member("Old", status="cancelled")
    house.connect()
    house.sync()
    house.calls()
    return house


def at_cut_over(house):
    forecast = connecting.forecast(house.connection, now=house.clock.now())
    return [email for _, email in forecast.at_cut_over.shown]


def change_address(house):
    ana = house.gym.members.get(first_name="Ana")
    ana.email = "anna@example.com"
    ana.save()
    house.sync()


def cut_over(house, *names):
    emails = [f"{name}@example.com" for name in names]
    deciding.cut_over(house.connection, emails, by=None, now=house.clock.now())
    house.sync()


# which connection is in transition


def test_a_gym_whose_kisi_holds_a_member_without_entitlement_is_moving_in(moving):
    assert moving.connection.in_transition
    assert at_cut_over(moving) == ["old@example.com"]


def test_a_gym_whose_kisi_holds_only_the_entitled_and_strangers_is_the_only_source_at_once(house):
    house.in_kisi("Ana")
    house.in_kisi("Stranger")
    house.member("Ana")
    house.connect()
    assert not house.connection.in_transition


def test_somebody_protected_without_entitlement_keeps_no_gym_in_transition(house):
    house.world.give(house.world.owner)
    house.member("Olga", email="owner@example.com", status="cancelled")
    house.connect()
    assert not house.connection.in_transition


def test_an_administrator_without_entitlement_keeps_no_gym_in_transition(house):
    house.world.make_admin(house.in_kisi("Ana"))
    house.member("Ana", status="cancelled")
    house.connect()
    assert not house.connection.in_transition


def test_somebody_with_a_role_is_managed_from_the_first_page_on(house):
    """Not promised as one of Core's and found to be none of them by the weekly check."""
    house.world.make_admin(house.in_kisi("Ana"), role_id="basic")
    house.member("Ana")
    house.connect()
    assert house.grant("ana").managed == "has the role basic"
    assert connecting.forecast(house.connection, now=house.clock.now()).has.count == 0


# until the cut-over


def test_until_the_cut_over_nobody_loses_access_whom_core_did_not_create(moving):
    ana = moving.gym.members.get(first_name="Ana")
    moving.subscription(ana).pause()
    for read in Read:
        read_kisi(moving, read)
        moving.clock.forward(days=1)
    assert moving.inside() == ["ana", "old", "stranger"]
    assert written(moving) == []
    assert at_cut_over(moving) == ["ana@example.com", "old@example.com"]
    assert "you have not cut over" in sentence(moving, ana)


def test_until_the_cut_over_somebody_core_let_in_loses_access_as_usual(moving):
    ben = moving.member("Ben")
    moving.sync()
    assert "ben" in moving.inside()
    moving.subscription(ben).pause()
    moving.sync()
    assert "ben" not in moving.inside()
    assert moving.world.user_by_email("ben@example.com") is None


def test_until_the_cut_over_a_profile_that_was_there_stays(moving):
    moving.in_kisi("Ben", right=False)
    ben = moving.member("Ben")
    moving.sync()
    moving.subscription(ben).pause()
    moving.sync()
    assert "ben" not in moving.inside()
    assert moving.world.user_by_email("ben@example.com") is not None


def test_until_the_cut_over_only_our_own_right_goes_by_its_id(moving):
    """The other platform gave Ben a right too."""
    ben = moving.member("Ben")
    moving.sync()
    theirs = moving.world.give("ben@example.com")
    moving.subscription(ben).pause()
    moving.sync()
    assert moving.world.rights_of("ben@example.com") == [theirs]


def test_until_the_cut_over_a_deleted_member_whom_core_did_not_create_stays_and_is_named(moving):
    moving.gym.members.get(first_name="Ana").delete()
    for read in Read:
        read_kisi(moving, read)
    assert moving.inside() == ["ana", "old", "stranger"]
    assert written(moving) == []
    assert at_cut_over(moving) == ["ana@example.com", "old@example.com"]


def test_until_the_cut_over_a_right_made_anew_by_the_other_platform_is_theirs(moving):
    """They remove and give again: the new right is not Core's to take."""
    ben = moving.member("Ben")
    moving.sync()
    moving.world.remove_right(moving.world.rights_of("ben@example.com")[0])
    moving.world.give("ben@example.com")
    read_kisi(moving, Read.FULL)
    moving.subscription(ben).pause()
    moving.sync()
    assert "ben" in moving.inside()


def test_until_the_cut_over_a_changed_address_leaves_the_old_person_whom_core_did_not_create(moving):
    change_address(moving)
    assert moving.inside() == ["ana", "anna", "old", "stranger"]
    assert at_cut_over(moving) == ["ana@example.com", "old@example.com"]


# the cut-over


def test_the_cut_over_removes_the_people_named_and_nobody_else(moving):
    cut_over(moving, "old")
    assert moving.inside() == ["ana", "stranger"]
    assert not moving.connection.in_transition
    assert not Release.objects.exists()


def test_the_cut_over_removes_who_was_deleted_while_moving_in(moving):
    moving.gym.members.get(first_name="Ana").delete()
    moving.sync()
    cut_over(moving, "ana", "old")
    assert moving.inside() == ["stranger"]


def test_the_cut_over_removes_the_old_person_of_a_changed_address(moving):
    change_address(moving)
    cut_over(moving, "ana", "old")
    assert moving.inside() == ["anna", "stranger"]


def test_the_cut_over_removes_the_old_person_of_somebody_paused_since(moving):
    change_address(moving)
    moving.subscription(moving.gym.members.get(first_name="Ana")).pause()
    moving.sync()
    cut_over(moving, "ana", "old")
    assert moving.inside() == ["stranger"]


def test_whoever_was_never_in_core_stays_through_the_cut_over_and_every_check_after_it(moving):
    cut_over(moving, "old")
    for read in Read:
        read_kisi(moving, read)
    assert moving.inside() == ["ana", "stranger"]
    assert not moving.connection.grants.filter(email="stranger@example.com").exists()


def test_the_named_pass_the_brake_however_many_they_are(house):
    for number in range(8):
        house.in_kisi(f"Old{number}")
        house.member(f"Old{number}", status="cancelled")
    house.members(2)
    house.connect()
    house.sync()
    cut_over(house, *[f"old{number}" for number in range(8)])
    assert house.inside() == ["p000", "p001"]
    assert not house.connection.grants.filter(held_since__isnull=False).exists()


def test_whoever_was_not_named_goes_through_the_brake(house):
    for number in range(8):
        house.in_kisi(f"Old{number}")
        house.member(f"Old{number}", status="cancelled")
    house.connect()
    cut_over(house, "old0")
    assert house.inside() == [f"old{number}" for number in range(1, 8)]
    assert house.connection.grants.open().filter(held_since__isnull=False).count() == 7


def test_somebody_entitled_again_before_the_cut_over_is_not_removed_though_named(moving):
    moving.subscription(moving.gym.members.get(first_name="Old")).delete()
    moving.member("Older", email="old@example.com")
    cut_over(moving, "old")
    assert "old" in moving.inside()


def test_somebody_left_to_kisi_stays_through_the_cut_over(moving):
    old = moving.gym.members.get(first_name="Old")
    deciding.leave_to_kisi(moving.connection, old, by=None, now=moving.clock.now())
    cut_over(moving, "old")
    assert moving.inside() == ["ana", "old", "stranger"]


def test_after_the_cut_over_a_matching_person_without_entitlement_is_taken_over_and_removed(moving):
    """The other platform still runs and lets Zoe in."""
    cut_over(moving, "old")
    moving.member("Zoe", status="paused")
    moving.in_kisi("Zoe")
    read_kisi(moving, Read.FULL)
    assert moving.inside() == ["ana", "stranger"]


def test_after_the_cut_over_the_profiles_that_were_there_go_too(moving):
    cut_over(moving, "old")
    assert moving.world.user_by_email("old@example.com") is None


def test_the_brake_counts_the_people_who_were_taken_over(moving):
    """Three people with a confirmed right, of whom two would go without a word."""
    moving.in_kisi("Older")
    moving.member("Older", status="cancelled")
    read_kisi(moving, Read.FULL)
    cut_over(moving)
    assert moving.inside() == ["ana", "old", "older", "stranger"]
    assert moving.connection.grants.filter(held_since__isnull=False).count() == 2
