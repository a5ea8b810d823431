"""Edits in Kisi's own dashboard: put right by the next check, shown, and nothing touched that Core did not make."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from integrations.kisi.models import AccessEvent, KisiGrant, Read
from integrations.kisi.simulator import Call, World
from integrations.kisi.simulator.rows import Assignment, User
from integrations.kisi.sync import schedule
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import at_work, beat, doubles, end, fresh_calls, on_moved_time
from tests.faults.table import fault
from tests.stories import read_kisi, sentence

PEOPLE = 30
PACE = 4


@pytest.fixture
def at_pace(connected: House, settings: Any) -> House:
    """A gym of thirty, at Kisi's own pace on the moved clock, checked in full just now."""
    on_moved_time(connected)
    at_work(connected, PEOPLE)
    for read in (Read.RECENT, Read.FULL):
        read_kisi(connected, read)
    settings.KISI_CALLS_PER_SECOND = PACE
    fresh_calls(connected)
    return connected


def who(number: int) -> str:
    return f"w{number:05d}@example.com"


@dataclass(frozen=True, slots=True)
class Strangers:
    """What others made in this Kisi, each with a copy of how it stood: people, and rights by their id."""

    world: World
    people: dict[int, User]
    rights: dict[int, Assignment]

    @classmethod
    def come(cls, world: World) -> Strangers:
        """Somebody in the group, somebody in none, a team in the group, and a member's right in another group."""
        inside, outside = (
            world.add_user(f"{name.lower()}@elsewhere.example", name) for name in ("Ines", "Otis")
        )
        world.add_team("Cleaners", [outside], world.group)
        pool = world.add_group("Pool", [world.add_door("Pool door")])
        rights = [world.give(inside), world.give(who(4), pool)]
        rights += [right for right in world.store.assignments if right.assignee_type == "Team"]
        people = [inside, outside, world.person(who(4))]
        return cls(world, {p.id: replace(p) for p in people}, {r.id: replace(r) for r in rights})

    def lost(self) -> int:
        """How many of them are gone or changed."""
        store = self.world.store
        people = sum(store.users.rows.get(key) != user for key, user in self.people.items())
        return people + sum(store.assignments.rows.get(key) != right for key, right in self.rights.items())


def edit(house: House) -> None:
    """One of each: right deleted, profile deleted, right with an end, suspended, right deleted and suspended."""
    world = house.world
    world.remove_right(world.rights_of(who(0))[0])
    world.delete_user(who(1))
    world.rights_of(who(2))[0].valid_until = house.clock.now() - timedelta(days=1)
    world.suspend(who(3))
    world.remove_right(world.rights_of(who(5))[0])
    world.suspend(who(5))


def next_check(house: House, name: str) -> datetime:
    """Asleep until beat's row fires; nothing else happens until then."""
    due = schedule.next_dues(house.clock.now())[name]
    house.clock.added += due - house.clock.now() - timedelta(seconds=20)
    return due


# 59


@fault(59, "Dashboard edits, found by the weekly check", expected="repaired, shown; hand-made untouched")
def test_what_was_changed_by_hand_is_put_right_and_shown_and_nothing_else_touched(
    at_pace: House, saw: Saw
) -> None:
    house, strangers = at_pace, Strangers.come(at_pace.world)
    edit(house)
    due = next_check(house, schedule.WEEKLY)
    beat(house, minutes=30, done=lambda: all_inside(house))
    took, calls = (house.clock.now() - due).total_seconds(), fresh_calls(house)
    assert all_inside(house)
    assert drifts(house) == {
        "Kisi no longer held the right": 2,
        "Kisi no longer knew the person": 1,
        "Kisi held a right until": 1,
        "suspended in Kisi": 1,
    }
    assert house.connection.only_in_kisi == [{"name": "Ines", "email": "ines@elsewhere.example"}]
    assert house.connection.other_rights == ["Cleaners (Team)"]
    assert not any(house.world.person(who(number)).access_enabled for number in (3, 5))
    foreign, removed = strangers.lost(), deletions(calls)
    assert (foreign, removed) == (0, 0)
    assert valid_rights(house) == len(house.inside())
    saw(
        "4 put right, drift shown, stranger and team listed, suspended ones not re-opened",
        f"{took:.0f} s and {len(calls)} calls after it was due, {foreign} foreign deletions",
    )


@fault(59, "Dashboard edits to people of today, found by the daily check", expected="repaired by daily")
def test_somebody_who_changed_today_is_put_right_by_the_daily_check(at_pace: House, saw: Saw) -> None:
    house = at_pace
    for name in ("Ana", "Ben"):
        house.member(name)
    house.sync()
    house.world.remove_right(house.world.rights_of("ana@example.com")[0])
    house.world.delete_user("ben@example.com")
    due = next_check(house, schedule.DAILY)
    fresh_calls(house)
    beat(house, minutes=30, done=lambda: {"ana", "ben"} <= set(house.inside()))
    took, calls = (house.clock.now() - due).total_seconds(), fresh_calls(house)
    assert all_inside(house)
    assert {"ana", "ben"} <= set(house.inside())
    saw(
        "both put right",
        f"{took:.0f} s and {len(calls)} calls after it was due, {deletions(calls)} deletions",
    )


@fault(59, "Suspended by hand", expected="shown, never re-opened")
def test_somebody_suspended_by_hand_stays_so_whatever_core_does_for_them(at_pace: House, saw: Saw) -> None:
    """Their right is put back twice, their name is sent, every check passes: no door opens before Kisi says so."""
    house = at_pace
    member = house.gym.members.get(email=who(3))
    house.world.suspend(who(3))
    for name in ("Robin", "Rob"):
        house.world.remove_right(house.world.rights_of(who(3))[0])
        member.first_name = name
        member.save()
        read_kisi(house, Read.FULL)
        beat(house, minutes=10)
        assert house.world.person(who(3)).name == name
    assert all_inside(house)
    opened = house.world.can_unlock(who(3))
    assert not opened
    assert drifts(house)["suspended in Kisi"] == 1
    assert sentence(house, member).startswith("Rob is in the group but suspended in Kisi, so no door opens.")
    saw("right and name kept up, page says suspended", f"{int(opened)} times opened")


@fault(59, "Extra group given by hand, then the member leaves", expected="only Core's right goes")
def test_whoever_holds_another_group_leaves_only_cores(at_pace: House, saw: Saw) -> None:
    house, strangers = at_pace, Strangers.come(at_pace.world)
    end(house, list(house.gym.members.filter(email=who(4))))
    house.sync()
    for read in (Read.RECENT, Read.FULL):
        read_kisi(house, read)
    calls, foreign = fresh_calls(house), strangers.lost()
    assert "w00004" not in house.inside()
    assert (deletions(calls), foreign) == (1, 0)
    assert house.world.can_unlock(who(4), "Pool door")
    saw(
        "the right goes, profile and other group stay",
        f"{deletions(calls)} delete, {foreign} foreign deletions",
    )


@fault(
    59, "User made by hand, whose address a member gets later", expected="untouched until then, taken over"
)
def test_a_user_made_by_hand_is_nobodys_until_a_member_has_their_address(at_pace: House, saw: Saw) -> None:
    house, strangers = at_pace, Strangers.come(at_pace.world)
    for read in (Read.RECENT, Read.FULL):
        read_kisi(house, read)
        beat(house, minutes=10)
    before, foreign = fresh_calls(house), strangers.lost()
    assert (foreign, sum(call.method != "GET" for call in before)) == (0, 0)
    ines = house.member("Ines", email="ines@elsewhere.example")
    house.sync()
    assert house.connection.grants.open().get(email=ines.email).origin == KisiGrant.Origin.ADOPTED
    assert (strangers.lost(), deletions(fresh_calls(house)), doubles(house)) == (0, 0, 0)
    end(house, [ines])
    house.sync()
    assert "ines" not in house.inside()
    saw("taken over as they were, and like anybody from then on", f"{foreign} foreign changes before")


def drifts(house: House) -> Counter[str]:
    """What the activity says that Kisi held, without the day that such a right ended on."""
    told = AccessEvent.objects.filter(gym_id=house.gym.pk, kind=AccessEvent.Kind.DRIFT)
    return Counter(re.sub(r" [-\d]+$", "", cause) for cause in told.values_list("cause", flat=True))


def valid_rights(house: House) -> int:
    """How many valid rights of people there are in the group; beside one that ended Core gives another."""
    rights, now = house.world.store.assignments, house.clock.now()
    inside = [
        right for right in rights if right.applies_to_id == house.world.group_id and right.valid_at(now)
    ]
    return sum((right.assignee_type, right.applies_to_type) == ("User", "Group") for right in inside)


def all_inside(house: House) -> bool:
    members = {f"w{number:05d}" for number in range(PEOPLE)}
    unclear = house.connection.grants.open().exclude(state=KisiGrant.State.GRANTED)
    return members <= set(house.inside()) and not unclear.exists()


def deletions(calls: list[Call]) -> int:
    return sum(call.method == "DELETE" for call in calls)
