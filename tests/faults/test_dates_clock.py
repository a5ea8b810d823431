"""A worker's clock is a day off: the time is asked of the database, and such a worker does nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from integrations.kisi import tasks
from integrations.kisi.models import Heartbeat
from integrations.kisi.sync import runs
from integrations.kisi.sync.clock import database_now
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import at_work, fresh_calls, taken
from tests.faults.table import fault

CLOCKS = pytest.mark.parametrize("days", [1, -1], ids=["+1 day", "-1 day"])
DAY = timedelta(days=1)


def off_by(difference: timedelta) -> time_machine.travel:
    """The host's clock, and not the database's, is off by this."""
    return time_machine.travel(datetime.now(UTC) + difference, tick=True)


def around_today(house: House) -> None:
    """Everybody whose access a day more or less would change; only Ana is owed anything."""
    at_work(house, 6)
    today = house.gym.today(database_now())
    house.member("LastDay", status="pending_cancel", ends_on=today)
    house.member("Tomorrow", status="pending_active", starts_on=today + DAY)
    house.member("Today", status="pending_active", starts_on=today)
    house.sync()
    assert {"lastday", "today"} <= set(house.inside())
    house.member("Ana")
    fresh_calls(house)


@fault(
    43, "Clock +1 day / -1 day on the worker", expected="more than 2 min off: the worker refuses and says so"
)
@CLOCKS
def test_a_worker_whose_clock_is_a_day_off_does_nothing_and_says_so(
    connected: House, saw: Saw, days: int, caplog: pytest.LogCaptureFixture
) -> None:
    around_today(connected)
    Heartbeat.objects.all().delete()
    with off_by(days * DAY):
        tasks.sync(connected.connection.pk)
        tasks.look()
    assert not Heartbeat.objects.exists()
    assert "clock is" in caplog.text and "does nothing until it is set" in caplog.text
    calls = len(fresh_calls(connected))
    assert calls == 0
    tasks.sync(connected.connection.pk)
    assert "ana" in connected.inside()
    saw(f"{days:+d} day: nothing done, said in the log, no sign of life", f"{calls} calls, 0 writes")


@fault(43, "Clock +1 day / -1 day where nobody refuses (a command)", expected="time is asked of the database")
@CLOCKS
def test_a_run_on_a_host_whose_clock_is_a_day_off_goes_by_the_databases_time(
    connected: House, saw: Saw, days: int
) -> None:
    around_today(connected)
    inside = {*connected.inside(), "ana"}
    with off_by(days * DAY):
        assert runs.run_to_the_end(connected.connection.pk) is runs.Outcome.DONE
    wrong = len(set(connected.inside()) ^ inside) + taken(connected)
    assert wrong == 0
    saw(f"{days:+d} day: who ends today stays, who starts tomorrow waits", f"{wrong} wrong writes")


@fault(43, "Clock a minute off", expected="works")
@pytest.mark.parametrize("seconds", [100, -100])
def test_a_worker_whose_clock_is_a_little_off_works(connected: House, saw: Saw, seconds: int) -> None:
    connected.member("Ana")
    Heartbeat.objects.all().delete()
    with off_by(timedelta(seconds=seconds)):
        tasks.sync(connected.connection.pk)
        tasks.look()
    assert connected.inside() == ["ana"]
    assert Heartbeat.objects.exists()
    saw(f"{seconds:+d} s: works", f"{taken(connected)} wrong writes")
