"""A key that Kisi rejects or that is too weak: the run stops where it is, and every link is kept."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from integrations.kisi import wording
from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Call
from integrations.kisi.sync import deciding, runs
from members.models import Member
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import POST_RIGHT, at_work, beat, doubles, end, fresh_calls, is_settled, taken
from tests.faults.table import fault
from tests.stories import read_kisi

Status, State, Trouble = KisiConnection.Status, KisiGrant.State, KisiGrant.Trouble

# 33

LEAVE, JOIN = 9, 5
CALLS = 2 + 3 * LEAVE + 1 + 2 * JOIN  # checks; look, right, profile; who is in a team; person, right


class Work:
    """The same forty calls again and again: some leave with somebody's word, some join."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._inside: list[Member] = at_work(house, LEAVE)
        self._number = 0

    def owe(self) -> None:
        house = self.house
        leaving, self._inside = self._inside[:LEAVE], self._inside[LEAVE:]
        end(house, leaving)
        for member in leaving:
            deciding.give_word(house.connection, member.email, cause="form", by=None, now=house.clock.now())
        for _ in range(JOIN):
            self._number += 1
            self._inside.append(house.member(f"N{self._number:04d}"))
        self._inside += at_work(house, LEAVE - JOIN)
        fresh_calls(house)

    def links(self) -> int:
        return self.house.connection.grants.open().filter(role_assignment_id__isnull=False).count()


@fault(33, "401 mid-sync at call k", expected="stops there, links kept, message", first=True)
def test_a_401_at_some_calls_of_a_run_stops_it_there(connected: House, saw: Saw) -> None:
    rejected_at(connected, saw, (0, 1, 4, 21, CALLS - 1))


@fault(33, "401 mid-sync at call k, all k of a 40-call run", expected="stops there, links kept, message")
@pytest.mark.timeout(600)
def test_a_401_at_any_call_of_a_run_stops_it_there(connected: House, saw: Saw) -> None:
    rejected_at(connected, saw, range(CALLS))


def rejected_at(house: House, saw: Saw, places: Iterable[int]) -> None:
    work, after = Work(house), 0
    tried = list(places)
    for call in tried:
        work.owe()
        links = work.links()
        house.world.fault(status=401, skip=call, times=0)
        assert runs.run_to_the_end(house.connection.pk, clock=house.clock) is runs.Outcome.STOPPED
        done = fresh_calls(house)
        rejected = next(place for place, one in enumerate(done) if one.status == 401)
        after += len(done) - 1 - rejected
        assert rejected == call
        says_so_and_keeps_links(house, links - taken_rights(done) + given_rights(done))
        house.world.clear_faults()
        heals(house)
    assert after == 0
    assert doubles(house) == 0
    saw(f"stopped at each of {len(tried)} places, links kept", f"{after} calls after the 401s")


def given_rights(calls: list[Call]) -> int:
    return sum(
        call.path == "/role_assignments" and call.status == 200 and call.method == "POST" for call in calls
    )


def taken_rights(calls: list[Call]) -> int:
    return sum(call.path.startswith("/role_assignments/") and call.status == 204 for call in calls)


def says_so_and_keeps_links(house: House, links: int) -> None:
    connection = house.connection
    assert connection.status == Status.NEEDS_NEW_KEY
    face = wording.standing(connection, wording.Counts())
    assert face is not None
    assert "no longer accepts the API key" in f"{face.heading} {face.text}"
    kept = connection.grants.open().filter(role_assignment_id__isnull=False)
    assert kept.count() >= links
    assert not connection.grants.exclude(trouble=Trouble.NONE).exists()


def heals(house: House) -> None:
    """The key is good again: the next probe finds out, and what was owed is done."""
    beat(house, minutes=60, done=lambda: is_settled(house))
    assert is_settled(house)
    assert house.connection.status == Status.CONNECTED


# 34


@fault(34, "403 to everything", expected="key too weak, nobody touched")
def test_a_key_that_may_do_nothing_any_more_is_too_weak(connected: House, saw: Saw) -> None:
    members = at_work(connected, 10)
    connected.world.weaken_key()
    end(connected, members[:1])
    connected.member("Ana")
    inside = connected.inside()
    read_kisi(connected, Read.FULL)
    beat(connected, minutes=60)
    assert connected.connection.status == Status.KEY_TOO_WEAK
    assert connected.inside() == inside
    removals = taken(connected)
    assert removals == 0
    writes = len([call for call in fresh_calls(connected) if call.method != "GET"])
    saw("key too weak, nobody touched", f"{writes} writes tried, {removals} removals")


@fault(34, "403 about one person", expected="that person is parked, the others go on")
def test_a_403_about_one_person_parks_that_person(connected: House, saw: Saw) -> None:
    connected.world.fault(status=403, skip=3, **POST_RIGHT)
    for number in range(10):
        connected.member(f"N{number}")
    connected.sync()
    beat(connected, minutes=4 * 60)
    parked = connected.connection.grants.filter(trouble=Trouble.FORBIDDEN)
    assert parked.count() == 1
    assert len(connected.inside()) == 9
    assert connected.connection.status == Status.CONNECTED
    tries = sum(call.status == 403 for call in fresh_calls(connected))
    assert tries == 1
    saw("one parked, nine in", f"{tries} try in 4 h")
