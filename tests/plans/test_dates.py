"""Dates that were reached, in every time zone, across the changes of the clocks, and late."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from members.models import Change, Gym
from plans.dates import apply_reached_dates
from plans.models import Subscription
from tests.conftest import on_sqlite
from tests.factories import GymFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 24)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
ZONES = ["Pacific/Auckland", "America/Los_Angeles", "UTC", "Asia/Kathmandu"]


def subscription(gym: Gym | None = None, **facts: object) -> Subscription:
    return SubscriptionFactory(member__gym=gym or GymFactory(), **facts)


def status(row: Subscription) -> str:
    row.refresh_from_db()
    return row.status


def midnight(day: date, zone: str) -> datetime:
    """The instant at which `day` begins on a wall there."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_a_start_comes_with_the_gyms_own_midnight(zone):
    row = subscription(GymFactory(timezone=zone), status="pending_active", starts_on=DAY)
    assert apply_reached_dates(midnight(DAY, zone) - timedelta(seconds=1)) == 0
    assert status(row) == "pending_active"
    assert apply_reached_dates(midnight(DAY, zone)) == 1
    assert status(row) == "active"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("before", "after"), [("active", "expired"), ("pending_cancel", "cancelled")])
def test_the_last_day_counts_to_its_end_at_the_gym(zone, before, after):
    row = subscription(GymFactory(timezone=zone), status=before, ends_on=DAY)
    apply_reached_dates(midnight(AFTER, zone) - timedelta(seconds=1))
    assert status(row) == before
    apply_reached_dates(midnight(AFTER, zone))
    assert status(row) == after


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Los_Angeles", date(2026, 3, 8)),  # 23 hours long
        ("America/Los_Angeles", date(2026, 11, 1)),  # 25 hours long
        ("Pacific/Auckland", date(2026, 9, 27)),
        ("Pacific/Auckland", date(2026, 4, 5)),
        ("Africa/Cairo", date(2026, 4, 24)),  # has no midnight: the clock springs from 23:59 to 01:00
    ],
)
def test_a_day_on_which_the_clocks_change_ends_with_itself(zone, day):
    row = subscription(GymFactory(timezone=zone), status="pending_cancel", ends_on=day)
    end = midnight(day + timedelta(days=1), zone)
    apply_reached_dates(end - timedelta(minutes=1))
    assert status(row) == "pending_cancel"
    apply_reached_dates(end)
    assert status(row) == "cancelled"


def test_days_of_silence_are_made_up_for():
    gym, now = GymFactory(), datetime(2026, 11, 24, 12, tzinfo=UTC)
    started = subscription(gym, status="pending_active", starts_on=DAY - timedelta(days=5))
    both = subscription(gym, status="pending_active", starts_on=DAY - timedelta(days=5), ends_on=BEFORE)
    ended = subscription(gym, status="active", ends_on=DAY - timedelta(days=4))
    left = subscription(gym, status="pending_cancel", ends_on=DAY - timedelta(days=3))
    assert apply_reached_dates(now) == 4
    assert [status(row) for row in (started, both, ended, left)] == [
        "active",
        "expired",
        "expired",
        "cancelled",
    ]


def test_a_start_and_an_end_on_the_same_day_are_active_that_day():
    row = subscription(status="pending_active", starts_on=DAY, ends_on=DAY)
    apply_reached_dates(midnight(DAY, "UTC"))
    assert status(row) == "active"


@pytest.mark.parametrize("known", ["paused", "expired", "cancelled"])
def test_what_is_paused_or_over_stays_as_it_is(known):
    row = subscription(status=known, ends_on=BEFORE)
    assert apply_reached_dates(midnight(AFTER, "UTC")) == 0
    assert status(row) == known


def test_a_second_look_finds_nothing_to_do():
    subscription(status="pending_active", starts_on=DAY)
    now = midnight(DAY, "UTC")
    assert (apply_reached_dates(now), apply_reached_dates(now)) == (1, 0)
    assert Change.objects.count() == 1


def test_what_was_moved_is_kept_as_nobodys_doing():
    row = subscription(status="active", ends_on=BEFORE)
    apply_reached_dates(midnight(DAY, "UTC"))
    kept = Change.objects.get()
    assert (kept.by, kept.action, kept.gym) == (None, "date reached", row.member.gym)
    assert (kept.member_id, kept.subscription_id) == (row.member_id, row.pk)
    assert kept.detail == f"{row.plan}: Active to Expired"


def test_a_move_counts_as_a_change_of_the_subscription():
    row, now = subscription(status="active", ends_on=BEFORE), midnight(AFTER, "UTC") + timedelta(days=400)
    apply_reached_dates(now)
    row.refresh_from_db()
    assert row.changed_at == now


def test_one_gym_alone_leaves_the_others():
    mine, other = GymFactory(), GymFactory()
    here, there = (subscription(gym, status="active", ends_on=BEFORE) for gym in (mine, other))
    assert apply_reached_dates(midnight(DAY, "UTC"), mine) == 1
    assert (status(here), status(there)) == ("expired", "active")


def test_at_one_instant_gyms_live_on_different_days():
    now = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)  # the 25th in Auckland, the 24th elsewhere
    rows = {
        zone: subscription(GymFactory(timezone=zone), status="pending_active", starts_on=AFTER)
        for zone in ZONES
    }
    apply_reached_dates(now)
    moved = {zone for zone, row in rows.items() if status(row) == "active"}
    assert moved == {"Pacific/Auckland"}


def test_many_gyms_cost_the_same_few_queries(django_assert_max_num_queries):
    for number in range(12):
        subscription(GymFactory(timezone=ZONES[number % 4]), status="active", ends_on=DAY)
    with django_assert_max_num_queries(12):
        apply_reached_dates(datetime(2026, 11, 24, 11, 30, tzinfo=UTC))


@pytest.mark.skipif(on_sqlite(), reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_four_at_once_move_each_row_once():
    rows = [subscription(status="active", ends_on=BEFORE) for _ in range(20)]
    now = midnight(DAY, "UTC")

    def apply(_: int) -> int:
        try:
            return apply_reached_dates(now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        moved = sum(pool.map(apply, range(4)))
    assert (moved, Change.objects.count()) == (len(rows), len(rows))
