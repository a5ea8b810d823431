"""Kisi really limits calls: several workers at several connections of one Kisi user share one pace."""

from __future__ import annotations

from collections import Counter

import pytest

from integrations.kisi.simulator.rows import Group
from integrations.vault import Secret
from tests.conftest import House
from tests.factories import GymFactory, PlanFactory
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.processes.gyms import LOOK, every_second, is_settled, most_in_a_second, overlaps
from tests.processes.machinery import until
from tests.processes.real import REAL, Start, all_ready

pytestmark = [*REAL, pytest.mark.timeout(240)]
LIMIT, PACE = 5, 4


def beside(house: House, name: str, *, key: str = "") -> tuple[House, Group]:
    """Another gym of the same Kisi organization, with a group of its own."""
    world = house.world
    group = world.add_group(name, [world.add_door(f"{name} door")])
    gym = GymFactory(name=name, slug=name.lower())
    other = House(gym, PlanFactory(gym=gym), world, house.server, house.clock)
    other.connect(key=Secret(key or world.api_key), group_id=group.id)
    return other, group


def all_at_once(house: House, gyms: list[tuple[House, Group]], start: Start, *, workers: int) -> float:
    """Eight new people in each gym, as many workers, Kisi's own limit: the seconds until all are in."""
    every_second(LOOK)
    house.world.switch(rate_limit=LIMIT)
    house.world.forget_requests()
    crew = [start(wait=False, KISI_CALLS_PER_SECOND=str(PACE)) for _ in range(workers)]
    all_ready(*crew, start("beat", wait=False))
    for number, (gym, _) in enumerate(gyms):
        for person in range(8):
            gym.member(f"P{number}{person}")
    return until(lambda: is_done(gyms), within=180, what="everybody in every group")


def is_done(gyms: list[tuple[House, Group]]) -> bool:
    return all(len(gym.world.in_group(group)) == 8 and is_settled(gym) for gym, group in gyms)


@fault(16, "Real limiter 5/s, 3 workers, 3 gyms", expected="0 x 429")
def test_three_workers_never_call_more_often_than_kisi_allows(gym: House, start: Start, saw: Saw) -> None:
    gyms = [(gym, gym.world.group), beside(gym, "Annex"), beside(gym, "Barn")]
    took = all_at_once(gym, gyms, start, workers=3)
    refused = Counter(call.status for call in gym.world.requests)[429]
    most, calls = most_in_a_second(gym), len(gym.world.requests)
    assert refused == 0
    assert most <= LIMIT
    saw(
        f"{calls} calls of 3 gyms in {took:.0f} s, {overlaps(gym)} beside another",
        f"{refused} x 429, max {most} calls/s, mean {calls / took:.1f}",
    )


@fault(17, "Two connections, two keys, one Kisi user", expected="shared spacing")
def test_two_connections_of_one_kisi_user_share_its_pace(gym: House, start: Start, saw: Saw) -> None:
    """Each key alone would be within the limit, both together were not."""
    second = gym.world.add_key(gym.world.owner, name="another")
    gyms = [(gym, gym.world.group), beside(gym, "Annex", key=second)]
    took = all_at_once(gym, gyms, start, workers=2)
    keys = Counter(call.key for call in gym.world.requests)
    refused = Counter(call.status for call in gym.world.requests)[429]
    most = most_in_a_second(gym)
    assert len(keys) == 2 and min(keys.values()) >= 16
    assert refused == 0
    assert most <= LIMIT
    saw(
        f"{' and '.join(map(str, keys.values()))} calls by key in {took:.0f} s",
        f"{refused} x 429, max {most} calls/s",
    )
