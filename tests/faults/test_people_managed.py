"""Members who have a role at Kisi, and whoever owns the key: entitled, promoted, demoted or leaving, never touched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from integrations.kisi.models import AccessEvent, Read
from integrations.kisi.simulator import Call, World
from integrations.kisi.simulator.rows import User
from integrations.kisi.sync import connecting
from integrations.vault import Secret
from members.models import Member
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import at_work, beat, doubles, end, fresh_calls, taken
from tests.faults.table import fault
from tests.stories import read_kisi, sentence

MANAGED = "Managed in Kisi, not by Core: "

ROLES: dict[str, Callable[[World, User], object]] = {
    "has the role administrator": lambda world, user: world.make_admin(user),
    "has the role observer": lambda world, user: world.make_admin(user, role_id="observer"),
    "has the role place_manager": lambda world, user: world.give_place(user, world.store.places.of(1)[0]),
    "has the role group_manager": lambda world, user: world.give(user, role_id="group_manager"),
    "has the role 7f3a": lambda world, user: world.give(user, role_id="7f3a"),
}


def writes(calls: list[Call]) -> int:
    """Every try to change something; a new person that Kisi answers with "is there" (409) is a question."""
    asked = [call for call in calls if (call.method, call.path, call.status) == ("POST", "/users", 409)]
    return sum(call.method != "GET" for call in calls) - len(asked)


def all_checks(house: House) -> None:
    """The ledger's work, both checks against Kisi, the weekly one twice, and what beat does in between."""
    house.sync()
    for read in (Read.RECENT, Read.FULL, Read.FULL):
        beat(house, minutes=10)
        house.clock.forward(days=1)
        read_kisi(house, read)


# 57


@fault(57, "Member is Kisi owner/admin: address match", expected="no write; managed in Kisi", first=True)
def test_whoever_has_a_role_in_kisi_is_never_written_to(connected: House, saw: Saw) -> None:
    """They join, are renamed and leave; each also holds the right, as if Core had to take it over."""
    world, people = connected.world, {"is the organization's owner": connected.world.owner}
    for number, (role, promote) in enumerate(ROLES.items()):
        people[role] = world.add_user(f"boss{number}@example.com", f"Boss{number}")
        promote(world, people[role])
    members = {role: connected.member(user.name, email=user.email) for role, user in people.items()}
    before = state_of(world)
    all_checks(connected)
    for role, member in members.items():
        assert sentence(connected, member) == f"{MANAGED}{member.first_name} {role}."
        Member.objects.filter(pk=member.pk).update(first_name="Other")
    all_checks(connected)
    end(connected, list(members.values()))
    all_checks(connected)
    calls = fresh_calls(connected)
    written = writes(calls)
    assert written == 0
    assert state_of(world) == before
    saw(f"{len(people)} kinds of role: managed in Kisi", f"{written} writes in {len(calls)} calls")


def state_of(world: World) -> list[object]:
    """Everybody at Kisi and everything they hold, as rows."""
    people = [(user.id, user.email, user.name) for user in world.store.users]
    rights = [(right.id, right.assignee_id, right.role_id) for right in world.store.assignments]
    return [*people, *rights]


@fault(57, "Member becomes Kisi admin, and ceases to be one", expected="no write while it lasts", first=True)
def test_somebody_promoted_is_let_alone_until_the_role_is_gone(connected: House, saw: Saw) -> None:
    """Ana stays a member all the time, Ben leaves while he is an administrator; demoted, both are like anybody."""
    at_work(connected, 20)
    ana, ben = connected.member("Ana"), connected.member("Ben")
    connected.sync()
    roles = [connected.world.make_admin(f"{who}@example.com") for who in ("ana", "ben")]
    before = state_of(connected.world)
    fresh_calls(connected)
    end(connected, [ben])
    all_checks(connected)
    written = writes(fresh_calls(connected))
    assert written == 0
    assert state_of(connected.world) == before
    assert sentence(connected, ana) == f"{MANAGED}Ana has the role administrator."
    for role in roles:
        connected.world.remove_right(role)
    all_checks(connected)
    assert sentence(connected, ana).startswith("Ana can get in: ")
    assert [event.path for event in fresh_calls(connected) if event.method == "POST"] == []
    assert "ana" in connected.inside()
    assert "ben" not in connected.inside()
    end(connected, [ana])
    all_checks(connected)
    assert "ana" not in connected.inside()
    assert doubles(connected) == 0
    saw("let alone as administrators, like anybody after", f"{written} writes while promoted")


# 58


@pytest.fixture
def keeper(house: House) -> Member:
    """Kim owns the key and trains here: an administrator with a right in the group of her own."""
    user = house.in_kisi("Kim")
    house.world.make_admin(user)
    house.connect(key=Secret(house.world.add_key(user)))
    member = house.member("Kim")
    house.sync()
    return member


WARNING = "owns the API key"


@fault(58, "Key's own user is a member who cancels", expected="untouched, warning")
def test_the_owner_of_the_key_stays_when_their_membership_ends(
    house: House, keeper: Member, saw: Saw
) -> None:
    before, user = state_of(house.world), house.world.person(keeper.email)
    assert sentence(house, keeper) == f"{MANAGED}Kim {WARNING}."
    fresh_calls(house)
    end(house, [keeper])
    all_checks(house)
    keeper.delete()
    all_checks(house)
    calls = fresh_calls(house)
    written = writes(calls)
    assert written == 0
    assert state_of(house.world) == before
    assert house.world.can_unlock(user)
    assert warnings(house) == {WARNING}
    saw(f"untouched; “Kim {WARNING}”", f"{written} writes in {len(calls)} calls")


@fault(58, "A member's own key is put in, then they cancel", expected="untouched, warning")
def test_a_member_whose_key_is_put_in_later_stays_when_their_membership_ends(
    connected: House, saw: Saw
) -> None:
    """Core itself had let Kim in; of that access nothing goes any more."""
    at_work(connected, 20)
    kim = connected.member("Kim")
    connected.sync()
    connected.world.make_admin(kim.email)
    connecting.update_credentials(
        connected.connection,
        key=Secret(connected.world.add_key(kim.email)),
        group_id=connected.world.group_id,
        clock=connected.clock,
    )
    connected.sync()
    before = state_of(connected.world)
    fresh_calls(connected)
    end(connected, [kim])
    all_checks(connected)
    calls = fresh_calls(connected)
    written = writes(calls)
    assert written == 0
    assert taken(connected) == 0
    assert state_of(connected.world) == before
    assert warnings(connected) == {WARNING}
    saw(f"untouched; “Kim {WARNING}”", f"{written} writes in {len(calls)} calls")


def warnings(house: House) -> set[str]:
    """Why Core does not touch whom it does not touch, as the activity and the pages tell it."""
    told = AccessEvent.objects.filter(gym_id=house.gym.pk, kind=AccessEvent.Kind.MANAGED)
    return set(told.values_list("cause", flat=True))
