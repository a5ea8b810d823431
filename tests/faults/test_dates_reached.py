"""Dates that come by themselves: at local midnight, on days of 23 and 25 hours, and with nobody looking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from integrations.kisi.models import AccessEvent
from tests.conftest import House
from tests.factories import GymFactory, PlanFactory
from tests.faults.conftest import Saw
from tests.faults.stage import beat, on_moved_time, people_in
from tests.faults.table import fault

FIVE_MINUTES = timedelta(minutes=5)


# 44


@dataclass(frozen=True, slots=True)
class Day:
    """The days on which the clocks change somewhere, or never do, and how long they last."""

    zone: str
    on: date
    hours: float


DAYS = [
    Day("Europe/Berlin", date(2027, 3, 28), 23),
    Day("Europe/Berlin", date(2027, 10, 31), 25),
    Day("America/New_York", date(2027, 3, 14), 23),
    Day("America/New_York", date(2027, 11, 7), 25),
    Day("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
    Day("Australia/Lord_Howe", date(2027, 10, 3), 23.5),
    Day("Asia/Kathmandu", date(2027, 6, 6), 24),
]


def midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))


def another_gym(house: House, zone: str, number: int) -> House:
    """A gym of the same Kisi organization with a group of its own, on another wall clock."""
    gym = GymFactory(name=f"Gym {number}", slug=f"gym-{number}", timezone=zone)
    made = House(gym, PlanFactory(gym=gym), house.world, house.server, house.clock)
    group = house.world.add_group(f"Group {number}", [house.world.add_door(f"Door {number}")])
    made.connect(group_id=group.id)
    return made


def set_clock(house: House, to: datetime) -> None:
    house.clock.added += to - house.clock.now()


@fault(44, "DST days, gyms in 4 zones", expected="ends and starts at local midnight, exactly once")
@pytest.mark.timeout(300)
def test_a_last_day_ends_at_local_midnight_however_long_it_is(house: House, saw: Saw) -> None:
    on_moved_time(house)
    errors, changes = [], 0
    for number, day in enumerate(sorted(DAYS, key=lambda day: day.on)):
        tomorrow = day.on + timedelta(days=1)
        start, finish = midnight(day.on, day.zone), midnight(tomorrow, day.zone)
        assert (finish.astimezone(ZoneInfo("UTC")) - start.astimezone(ZoneInfo("UTC"))) == timedelta(
            hours=day.hours
        )
        set_clock(house, start - timedelta(days=2))
        gym = another_gym(house, day.zone, number)
        gym.member(f"Leaves{number}", status="pending_cancel", ends_on=day.on)
        gym.member(f"Comes{number}", status="pending_active", starts_on=tomorrow)
        gym.sync()
        for seconds in (-2, 0, 3600):
            set_clock(house, finish + timedelta(seconds=seconds))
            gym.sync()
            expected = [f"leaves{number}"] if seconds < 0 else [f"comes{number}"]
            assert people_in(gym) == expected
        errors += [abs((at - finish).total_seconds()) for at in happened(gym)]
        changes += len(happened(gym))
    assert changes == 2 * len(DAYS)
    assert max(errors) < 2
    saw(
        f"{len(DAYS)} days in {len({day.zone for day in DAYS})} zones, each once",
        f"at most {max(errors):.1f} s off",
    )


def happened(house: House) -> list[datetime]:
    """When, by the moved clock, Kisi was told of the one who left and the one who came."""
    connection = house.connection
    rows = {row.email.partition("@")[0]: row for row in connection.grants.all()}
    left = [row.closed_at for name, row in rows.items() if name.startswith("leaves")]
    came = [row.confirmed_at for name, row in rows.items() if name.startswith("comes")]
    kinds = ["revoked", "granted"]
    events = AccessEvent.objects.filter(connection_id=connection.pk, kind__in=kinds)
    assert events.count() == 3  # let in, out, and the other one in
    return [*left, *came]


# 45


@fault(
    45, "Pending cancel or start reaches its date, nothing else happens", expected="within 5 min", first=True
)
def test_a_date_that_comes_is_done_by_the_next_sweep(connected: House, saw: Saw) -> None:
    today = connected.today()
    connected.member("Leaves", status="pending_cancel", ends_on=today)
    connected.member("Ends", status="active", ends_on=today)
    connected.member("Comes", status="pending_active", starts_on=today + timedelta(days=1))
    stay = [connected.member(f"Stays{number}").first_name.lower() for number in range(4)]
    connected.sync()
    assert connected.inside() == ["ends", "leaves", *stay]
    tomorrow = midnight(today + timedelta(days=1), connected.gym.timezone)
    set_clock(connected, tomorrow - timedelta(minutes=2))
    beat(connected, minutes=1.5)
    assert connected.inside() == ["ends", "leaves", *stay]
    set_clock(connected, tomorrow)
    took = beat(connected, minutes=20, done=lambda: connected.inside() == ["comes", *stay])
    assert connected.inside() == ["comes", *stay]
    assert took <= FIVE_MINUTES + timedelta(seconds=5)
    statuses = dict(connected.plan.subscriptions.values_list("member__first_name", "status"))
    moved = {name: status for name, status in statuses.items() if name.lower() not in stay}
    assert moved == {"Leaves": "cancelled", "Ends": "expired", "Comes": "active"}
    saw("one out, one expired, one in, without a save", f"{took.seconds} s after midnight")
