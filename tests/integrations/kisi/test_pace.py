"""The shared pace: on the real clock against the simulator's real limiter, and by the second on a fixed one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database

from integrations.kisi import governor
from integrations.kisi.models import KisiConnection, Pace
from integrations.kisi.simulator import World
from integrations.kisi.sync import runs
from integrations.kisi.sync.clock import DatabaseClock
from integrations.vault import Secret
from tests.conftest import House, on_sqlite
from tests.factories import GymFactory, PlanFactory

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
PACE = 4
OWNER = 7


def reserve(at: datetime, *, longest: float = 100.0, who: int = OWNER) -> float:
    return governor.reserve(who, now=at, per_second=PACE, longest=longest)


# On a fixed clock


@pytest.mark.django_db
def test_calls_are_evenly_spaced():
    assert [reserve(NOW) for _ in range(5)] == [0.0, 0.25, 0.5, 0.75, 1.0]


@pytest.mark.django_db
def test_a_pause_saves_up_no_burst():
    reserve(NOW)
    later = NOW + timedelta(hours=1)
    assert [reserve(later) for _ in range(3)] == [0.0, 0.25, 0.5]


@pytest.mark.django_db
def test_a_wait_that_is_too_long_reserves_nothing():
    for _ in range(9):
        reserve(NOW)
    assert reserve(NOW, longest=2.0) == 2.25
    assert reserve(NOW, longest=2.0) == 2.25


@pytest.mark.django_db
def test_each_kisi_user_has_a_pace_of_their_own():
    assert [reserve(NOW, who=1), reserve(NOW, who=2), reserve(NOW, who=1)] == [0.0, 0.0, 0.25]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "pushed"), [(7.0, 7), (0.0, 0), (900.0, 900), (86_400.0, 900), (None, 2), (-1.0, 0)]
)
def test_a_429_pushes_everybody_and_at_most_for_a_quarter_of_an_hour(said, pushed):
    until = governor.slow_down(OWNER, now=NOW, retry_after=said)
    assert until == NOW + timedelta(seconds=pushed)
    assert reserve(NOW, longest=1000) == pushed


@pytest.mark.django_db
def test_429s_without_a_time_double_until_an_answer_comes():
    waits = []
    for _ in range(11):
        at = Pace.objects.filter(kisi_user_id=OWNER).values_list("next_at", flat=True).first() or NOW
        waits.append((governor.slow_down(OWNER, now=at, retry_after=None) - at).total_seconds())
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    governor.forgive(OWNER)
    at = Pace.objects.get().next_at
    assert (governor.slow_down(OWNER, now=at, retry_after=None) - at).total_seconds() == 2


@pytest.mark.django_db
def test_a_429_halves_the_pace_for_ten_minutes():
    governor.slow_down(OWNER, now=NOW, retry_after=0.0)
    assert [reserve(NOW) for _ in range(3)] == [0.0, 0.5, 1.0]
    later = NOW + timedelta(minutes=10, seconds=1)
    assert [reserve(later) for _ in range(3)] == [0.0, 0.25, 0.5]


@pytest.mark.django_db
def test_a_shorter_push_never_shortens_a_longer_one():
    governor.slow_down(OWNER, now=NOW, retry_after=60.0)
    assert governor.slow_down(OWNER, now=NOW, retry_after=1.0) == NOW + timedelta(seconds=60)


# On the real clock


@pytest.fixture
def limited(settings) -> World:
    """Kisi's own limit, five a second, in a sliding window; Core's default pace."""
    settings.KISI_CALLS_PER_SECOND = PACE
    return World.small(rate_limit=5)


@pytest.fixture
def world(limited: World) -> World:
    return limited


def statuses(world: World) -> list[int | None]:
    return [call.status for call in world.requests]


def reached(world: World) -> float:
    """Calls a second, from the first to the last."""
    arrived = [call.arrived for call in world.requests]
    return (len(arrived) - 1) / (arrived[-1] - arrived[0])


def real_connect(house: House) -> KisiConnection:
    return house.connect(clock=DatabaseClock.started())


@pytest.mark.django_db
def test_a_real_run_keeps_the_pace_and_meets_no_429(house, world, record_property):
    real_connect(house)
    house.members(18)
    world.forget_requests()
    outcome = runs.run_to_the_end(house.connection.pk)
    assert outcome is runs.Outcome.DONE
    assert len(house.inside()) == 18
    assert 429 not in statuses(world)
    assert len(world.requests) >= 38
    record_property("calls_per_second", round(reached(world), 3))
    assert 0.9 * PACE <= reached(world) <= 1.02 * PACE


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(on_sqlite(), reason="two writers at once need PostgreSQL")
def test_two_connections_with_one_kisi_user_share_one_pace(house, world, record_property):
    """Two workers at the same time, two gyms, two keys of the same person."""
    world.switch(rate_limit=0)
    first, second = real_connect(house), other_gym(world)
    world.switch(rate_limit=5)
    assert first.own_user_id == second.own_user_id
    house.members(6)
    add_members(second, 6)
    world.forget_requests()
    at_once(lambda: runs.run_to_the_end(first.pk), lambda: runs.run_to_the_end(second.pk))
    assert len(world.in_group(world.group)) == 6
    assert len(world.store.assignments.rows) >= 12
    assert 429 not in statuses(world)
    record_property("calls_per_second", round(reached(world), 3))
    assert 0.9 * PACE <= reached(world) <= 1.02 * PACE


def other_gym(world: World) -> KisiConnection:
    gym = GymFactory(name="Other Gym")
    PlanFactory(gym=gym)
    group = world.add_group("Other group", [])
    key = Secret(world.add_key(world.owner))
    from_house = House(gym, gym.plans.get(), world, None, None)  # type: ignore[arg-type]
    return from_house.connect(key=key, group_id=group.id, clock=DatabaseClock.started())


def add_members(connection: KisiConnection, count: int) -> None:
    house = House(connection.gym, connection.gym.plans.get(), None, None, None)  # type: ignore[arg-type]
    for number in range(count):
        house.member(f"Q{number:03d}")


def at_once(*works: Callable[[], object]) -> None:
    """Each in a thread with a database connection of its own; a failure of any is raised here."""
    failures: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures, failures


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(on_sqlite(), reason="many writers at once need PostgreSQL")
def test_many_that_reserve_at_once_get_different_moments():
    """Eight callers, ten calls each: no two at one moment, none left out."""
    waits: list[float] = []

    def ten() -> None:
        waits.extend(governor.reserve(OWNER, now=NOW, per_second=PACE, longest=1000.0) for _ in range(10))

    before = time.monotonic()
    at_once(*[ten] * 8)
    assert sorted(waits) == [number / PACE for number in range(80)]
    assert time.monotonic() - before < 20
