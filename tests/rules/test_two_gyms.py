"""Two gyms of one Kisi organization (sync.md 5, 6): one gym's whole run happens within any call of the other's."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from django.db import connections

from integrations.kisi.simulator import Kind
from tests.conftest import House
from tests.stories import second_gym

ANA = "ana@example.com"
CALLS = range(8)


def within_call(outer: House, number: int, act: Callable[[], object], *, after_effect: bool) -> bool:
    """Sync the outer gym, and `act` while its call of that number waits; False when there were fewer calls."""
    ours = connections["default"]
    ours.inc_thread_sharing()

    def run() -> None:
        connections["default"] = ours
        outer.sync()
        del connections["default"]

    held = outer.world.fault(kind=Kind.PASS, hold=True, skip=number, after_effect=after_effect)
    running = Thread(target=run)
    running.start()
    while running.is_alive() and not held.reached.wait(0.01):
        pass
    if held.reached.is_set():
        act()
    held.let_go()
    running.join()
    ours.dec_thread_sharing()
    outer.world.clear_faults()
    return held.reached.is_set()


def afterwards(*houses: House) -> None:
    """Every wait is over, everybody looks again."""
    for _ in range(3):
        houses[0].clock.forward(minutes=2)
        for house in houses:
            house.sync()


def people(house: House) -> int:
    """How many Kisi people have Ana's address."""
    return sum(user.email == ANA for user in house.world.store.users.rows.values())


@pytest.fixture
def annex(connected: House) -> House:
    house, _ = second_gym(connected)
    house.world.switch(rate_limit=0)
    return house


def has(house: House) -> bool:
    """Whether Ana holds a right in this gym's group."""
    group = house.world.store.groups.rows[house.connection.group_id]
    return ANA in house.world.in_group(group)


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("number", CALLS)
def test_whom_a_gym_lets_in_while_the_other_removes_her_gets_in(connected, annex, number, after_effect):
    ana = connected.member("Ana")
    connected.sync()
    connected.subscription(ana).pause()

    def joins_the_annex() -> None:
        annex.member("Ana")
        annex.sync()

    if not within_call(connected, number, joins_the_annex, after_effect=after_effect):
        joins_the_annex()
    afterwards(connected, annex)
    assert (has(connected), has(annex), people(connected)) == (False, True, 1)


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("number", CALLS)
def test_whom_a_gym_removes_while_the_other_lets_her_in_keeps_the_profile(
    connected, annex, number, after_effect
):
    ana = connected.member("Ana")
    connected.sync()
    profile = connected.world.user_by_email(ANA).id
    annex.member("Ana")

    def leaves_the_first() -> None:
        connected.subscription(ana).pause()
        connected.sync()

    if not within_call(annex, number, leaves_the_first, after_effect=after_effect):
        leaves_the_first()
    afterwards(connected, annex)
    assert (has(connected), has(annex), connected.world.user_by_email(ANA).id) == (False, True, profile)


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("number", CALLS)
def test_whom_both_gyms_let_in_at_the_same_time_is_one_kisi_person(connected, annex, number, after_effect):
    connected.member("Ana")
    annex.member("Ana")
    if not within_call(connected, number, annex.sync, after_effect=after_effect):
        annex.sync()
    afterwards(connected, annex)
    assert (has(connected), has(annex), people(connected)) == (True, True, 1)


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("number", CALLS)
def test_whom_both_gyms_remove_at_the_same_time_is_gone_with_the_profile(
    connected, annex, number, after_effect
):
    here, there = connected.member("Ana"), annex.member("Ana")
    connected.sync()
    annex.sync()
    connected.subscription(here).pause()
    annex.subscription(there).pause()
    if not within_call(connected, number, annex.sync, after_effect=after_effect):
        annex.sync()
    afterwards(connected, annex)
    assert (has(connected), has(annex), people(connected)) == (False, False, 0)
