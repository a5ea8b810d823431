"""Addresses swapped, written in many ways, or used in two gyms: the right person keeps the right."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from django.db import transaction

from integrations.kisi.models import Read
from integrations.vault import Secret
from members.models import Member
from tests.conftest import House
from tests.factories import GymFactory, PlanFactory
from tests.faults.conftest import Saw
from tests.faults.stage import beat, doubles, is_settled, people_in, taken
from tests.faults.table import fault
from tests.stories import read_kisi, second_gym, written

# 54

Save = Callable[[House, list[Member]], None]


def in_one_save(house: House, changed: list[Member]) -> None:
    with transaction.atomic():
        for member in changed:
            member.save()
    house.sync()


def in_bulk(house: House, changed: list[Member]) -> None:
    Member.objects.bulk_update(changed, ["email"])
    house.sync()


def one_after_the_other(house: House, changed: list[Member]) -> None:
    """In a save each, before a run sees them; one between would find an address that is nobody's any more."""
    for member in changed:
        member.save()
    house.sync()


SAVES = pytest.mark.parametrize(
    "save", [in_one_save, in_bulk, one_after_the_other], ids=lambda way: way.__name__
)


def rotate(house: House, names: list[str]) -> list[Member]:
    """Each of these gets the next one's address (unsaved)."""
    members = [house.gym.members.get(first_name=name) for name in names]
    emails = [member.email for member in members]
    for member, email in zip(members, [*emails[1:], emails[0]], strict=True):
        member.email = email
    return members


@fault(54, "Email swapped between two entitled members", expected="no removal, names right", first=True)
@SAVES
def test_two_entitled_members_who_swap_addresses_keep_access(connected: House, saw: Saw, save: Save) -> None:
    swapped(connected, saw, ["Ana", "Ben"], save)


@fault(54, "Email rotated among three entitled members", expected="no removal, names right", first=True)
@SAVES
def test_three_entitled_members_whose_addresses_rotate_keep_access(
    connected: House, saw: Saw, save: Save
) -> None:
    swapped(connected, saw, ["Ana", "Ben", "Cleo"], save)


def swapped(house: House, saw: Saw, names: list[str], save: Save) -> None:
    for name in ("Ana", "Ben", "Cleo"):
        house.member(name)
    house.sync()
    rights = set(house.world.store.assignments.rows)
    save(house, rotate(house, names))
    beat(house, minutes=15, done=lambda: is_settled(house) and names_are_right(house))
    assert is_settled(house)
    assert names_are_right(house)
    removals = taken(house)
    assert removals == 0
    assert rights <= set(house.world.store.assignments.rows)
    saw(f"{len(names)} {save.__name__}: all stay, named by their new address", f"{removals} removals")


def names_are_right(house: House) -> bool:
    people = {user.email: user.name for user in house.world.store.users}
    return all(people.get(member.email) in (member.name, None) for member in house.gym.members.all())


@fault(54, "Email swapped, one of the two not entitled", expected="the entitled one keeps access", first=True)
@SAVES
def test_a_swap_with_somebody_not_entitled_moves_the_access_with_the_member(
    connected: House, saw: Saw, save: Save
) -> None:
    """Ana pays, Zoe does not: Ana's old address is Zoe's now, and goes once Ana has access by her new one."""
    connected.member("Ana")
    connected.member("Zoe", status="paused")
    connected.member("Ben")
    connected.sync()
    without = 0
    save(connected, rotate(connected, ["Ana", "Zoe"]))
    order = [call for call in written(connected) if "role_assignments" in call]
    beat(connected, minutes=15, done=lambda: connected.inside() == ["ben", "zoe"])
    without += "zoe" not in connected.inside()
    assert connected.inside() == ["ben", "zoe"]
    assert without == 0
    first_removal = next(place for place, call in enumerate(order) if call.startswith("DELETE"))
    assert order[first_removal - 1] == "POST /role_assignments"
    assert connected.world.person("zoe@example.com").name == "Ana"
    assert doubles(connected) == 0
    removals = taken(connected)
    saw(
        f"{save.__name__}: in by the new address, then out by the old",
        f"{removals} removals, by her old address",
    )


# 55


WRITTEN = {
    "ana@example.com": "Ana@Example.COM",
    "ben@example.com": "  ben@example.com ",
    unicodedata.normalize("NFC", "zoë@example.com"): unicodedata.normalize("NFD", "zoë@example.com"),
    "straße@example.com": "STRASSE@example.com",
    "dan+gym@example.com": "Dan+Gym@example.com",
}


@fault(55, "Email case, space, unicode and plus variants", expected="rule stated; no flapping over 10 runs")
@pytest.mark.parametrize("stored", ["lower", "as_sent"])
def test_addresses_written_in_many_ways_do_not_flap(connected: House, saw: Saw, stored: str) -> None:
    """The rule: trimmed, lower-case, NFC. ß is not ss, and plus addresses are addresses of their own."""
    connected.world.switch(email_stored=stored)
    for number, (_, email) in enumerate(WRITTEN.items()):
        connected.member(f"M{number}", email=email)
    connected.world.give(connected.world.add_user("BEN@example.com", "Benjamin"))
    connected.world.add_user("Eve@Example.com", "Eve")
    connected.member("Eve", email="eve@example.com")
    for member, email in (("Dan", "dan@example.com"), ("Anna", "ANA@example.com")):
        connected.member(member, email=email)  # Dan without plus is somebody else; Anna shares Ana's address
    connected.sync()
    beat(connected, minutes=60, done=lambda: is_settled(connected))
    expected = {email.strip().lower() for email in WRITTEN.values()} | {"dan@example.com", "eve@example.com"}
    wanted = {unicodedata.normalize("NFC", email) for email in expected}
    users = [unicodedata.normalize("NFC", user.email.strip().lower()) for user in connected.world.store.users]
    assert wanted <= set(users)
    assert len(users) == len(set(users)) == len(wanted) + 1  # and the owner
    connected.calls()
    steady = changed = 0
    for _ in range(10):
        connected.sync()
        steady += len(connected.calls())
        read_kisi(connected, Read.FULL)
        changed += sum(not call.startswith("GET") for call in connected.calls())
        connected.clock.forward(minutes=1)
    assert (steady, changed) == (0, 0)
    figure = f"{steady} calls in 10 runs, {changed} writes in 10 whole reads"
    saw(f"{len(wanted)} addresses, stored {stored}: one person each", figure)


# 56


@fault(56, "Same email in two gyms, one Kisi organisation", expected="leaving one gym keeps the other")
def test_leaving_one_gym_of_an_organization_keeps_access_to_the_other(connected: House, saw: Saw) -> None:
    annex, _ = second_gym(connected)
    here, there = connected.member("Ana"), annex.member("Ana")
    connected.sync()
    annex.sync()
    assert (people_in(connected), people_in(annex)) == (["ana"], ["ana"])
    out = leaves(connected, here, stays=annex)
    connected.subscription(here).resume(today=connected.today())
    connected.sync()
    out += leaves(annex, there, stays=connected)
    assert out == 0
    assert connected.world.user_by_email("ana@example.com")
    saw("left each gym in turn, kept the other", f"{out} min locked out")


@fault(56, "Same email in two gyms, two Kisi organisations", expected="leaving one gym keeps the other")
def test_leaving_a_gym_of_one_organization_touches_nothing_in_another(connected: House, saw: Saw) -> None:
    annex = of_another_organization(connected)
    here = connected.member("Ana")
    annex.member("Ana")
    connected.sync()
    annex.sync()
    out = leaves(connected, here, stays=annex)
    assert out == 0
    assert connected.world.user_by_email("ana@example.com") is None
    saw("left here with the profile, kept there", f"{out} min locked out")


def of_another_organization(house: House) -> House:
    other = house.world.add_organization("Elsewhere", owner=("Otto", "otto@example.com"))
    gym = GymFactory(name="Annex", slug="annex")
    annex = House(gym, PlanFactory(gym=gym), house.world, house.server, house.clock)
    annex.connect(key=Secret(other.api_key), group_id=other.group_id)
    return annex


def leaves(house: House, member: Member, *, stays: House) -> float:
    """Minutes without access to the other gym while this one is left, looked at after every run."""
    house.subscription(member).pause()
    minutes = 0.0
    for _ in range(6):
        house.sync()
        stays.sync()
        minutes += 0.5 * ("ana" not in people_in(stays))
        house.clock.forward(seconds=30)
    assert people_in(house) == []
    return minutes
