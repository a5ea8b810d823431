"""product.md 1: whom Core never touches, with no write at all, and what the page then says."""

import pytest

from integrations.kisi.models import KisiGrant, Read
from integrations.vault import Secret
from tests.stories import answer_for, read_kisi, sentence, written

ANA = "ana@example.com"


def organization_role(house):
    house.world.make_admin(ANA)


def weak_organization_role(house):
    house.world.make_admin(ANA, role_id="observer")


def place_role(house):
    (place,) = house.world.store.places
    house.world.give_place(ANA, place)


def basic_role_for_a_whole_place(house):
    (place,) = house.world.store.places
    house.world.give_place(ANA, place, role_id="group_basic")


def other_role_in_another_group(house):
    house.world.give(ANA, house.world.add_group("Staff", []), role_id="group_manager")


def other_role_in_our_group(house):
    house.world.give(ANA, role_id="group_manager")


def unknown_role(house):
    house.world.give(ANA, house.world.add_group("Staff", []), role_id="custom_7f")


def owner(house):
    house.world.organization.owner_id = house.world.user_by_email(ANA).id


PROTECTED = pytest.mark.parametrize(
    "role",
    [
        owner,
        organization_role,
        weak_organization_role,
        place_role,
        basic_role_for_a_whole_place,
        other_role_in_another_group,
        other_role_in_our_group,
        unknown_role,
    ],
)


def snapshot(house):
    """Everything Kisi holds about Ana."""
    person = house.world.user_by_email(ANA)
    return (vars(person).copy(), [vars(right).copy() for right in house.world.rights_of(ANA)])


@PROTECTED
def test_somebody_protected_is_not_given_a_right_and_the_page_says_managed_in_kisi(house, role):
    house.in_kisi("Ana", right=False)
    role(house)
    house.connect()
    before = snapshot(house)
    ana = house.member("Ana")
    house.sync()
    house.sync()
    assert written(house) == []
    assert snapshot(house) == before
    assert sentence(house, ana).startswith("Managed in Kisi, not by Core: Ana ")
    assert answer_for(house, ana).tag.word == "In Kisi"


@PROTECTED
def test_somebody_protected_who_is_managed_neither_failed_nor_waits(house, role):
    house.in_kisi("Ana", right=False)
    role(house)
    house.connect()
    house.member("Ana")
    house.sync()
    row = house.grant("ana")
    assert (row.trouble, row.retry_at, row.failures) == ("", None, 0)
    assert row.managed


@PROTECTED
def test_somebody_who_became_protected_keeps_everything_when_the_subscription_ends(connected, role):
    """Core let Ana in, then Kisi made more of her."""
    ana = connected.member("Ana")
    connected.sync()
    role(connected)
    read_kisi(connected, Read.FULL)
    connected.calls()
    before = snapshot(connected)
    connected.subscription(ana).pause()
    connected.sync()
    assert written(connected) == []
    assert snapshot(connected) == before


@PROTECTED
def test_somebody_who_became_protected_after_the_last_read_is_looked_at_before_the_removal(connected, role):
    ana = connected.member("Ana")
    connected.sync()
    role(connected)
    if role is owner:
        read_kisi(connected, Read.FULL)  # the owner's id is stored at connect and at each full read
    connected.calls()
    before = snapshot(connected)
    connected.subscription(ana).pause()
    connected.sync()
    assert written(connected) == []
    assert snapshot(connected) == before
    assert connected.connection.grants.get().closed_how == KisiGrant.Closed.RELEASED


@PROTECTED
def test_somebody_who_became_protected_is_not_renamed(connected, role):
    ana = connected.member("Ana")
    connected.sync()
    role(connected)
    if role is owner:
        read_kisi(connected, Read.FULL)
    connected.calls()
    before = snapshot(connected)
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    assert written(connected) == []
    assert snapshot(connected) == before


def test_the_keys_own_user_is_never_touched(house):
    """An administrator made the key; she trains here too."""
    house.in_kisi("Ana", right=False)
    house.world.make_admin(ANA)
    house.connect(key=Secret(house.world.add_key(ANA)))
    ana = house.member("Ana")
    house.sync()
    assert written(house) == []
    assert sentence(house, ana) == "Managed in Kisi, not by Core: Ana owns the API key."


def test_the_keys_own_user_keeps_the_right_she_has(house):
    house.in_kisi("Ana")
    house.world.make_admin(ANA)
    ana = house.member("Ana")
    house.connect(key=Secret(house.world.add_key(ANA)))
    house.sync()
    house.subscription(ana).pause()
    house.sync()
    read_kisi(house, Read.FULL)
    assert written(house) == []
    assert house.inside() == ["ana"]


def test_the_owner_who_trains_here_is_managed_in_kisi(connected):
    olga = connected.member("Olga", email="owner@example.com")
    connected.sync()
    assert written(connected) == []
    assert sentence(connected, olga) == "Managed in Kisi, not by Core: Olga is the organization's owner."


def test_people_who_match_no_core_member_are_never_touched(house):
    house.in_kisi("Stranger")
    house.in_kisi("Cleaner", right=False)
    house.connect()
    ana = house.member("Ana")
    house.sync()
    house.subscription(ana).pause()
    house.sync()
    read_kisi(house, Read.FULL)
    assert house.inside() == ["stranger"]
    assert house.world.user_by_email("cleaner@example.com") is not None
    assert [person["email"] for person in house.connection.only_in_kisi] == ["stranger@example.com"]


def test_somebody_no_longer_protected_is_core_s_again_after_the_next_full_read(house):
    house.in_kisi("Ana", right=False)
    right = house.world.make_admin(ANA)
    house.connect()
    house.member("Ana")
    house.sync()
    assert house.inside() == []
    house.world.remove_right(right)
    read_kisi(house, Read.FULL)
    assert house.inside() == ["ana"]
