"""What is overdue by the beat rows as they were edited, and what the 30-second look finds to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from config.celery import app
from integrations.kisi import tasks
from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.sync import schedule
from tests.factories import GymFactory
from tests.integrations.kisi import brokers

pytestmark = pytest.mark.django_db

DAILY, WEEKLY = schedule.DAILY, schedule.WEEKLY
Status, State = KisiConnection.Status, KisiGrant.State
WEDNESDAY = datetime(2026, 6, 10, tzinfo=UTC)
DUE = WEDNESDAY.replace(hour=3, minute=30)
SUNDAY = datetime(2026, 6, 14, tzinfo=UTC)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def connection() -> KisiConnection:
    """Checked whole on Sunday, so that only the daily check can be due on Wednesday."""
    connection = connect(1)
    good_run(connection, Read.FULL, DUE - 3 * DAY)
    good_run(connection, Read.RECENT, DUE - DAY)
    return connection


def connect(group_id: int, **facts: object) -> KisiConnection:
    facts = {"connected_at": WEDNESDAY - 30 * DAY, "must_read_first": False} | facts
    return KisiConnection.objects.create(gym=GymFactory(), group_id=group_id, **facts)


def good_run(connection: KisiConnection, read: Read, at: datetime, **facts: object) -> SyncRun:
    facts = {"state": SyncRun.State.FINISHED, "finished_at": at + MINUTE} | facts
    return SyncRun.objects.create(connection=connection, read=read, started_at=at, **facts)


def edit(name: str, **when: str) -> None:
    """As an operator would in the Django admin."""
    row = PeriodicTask.objects.get(name=name)
    facts = {"minute": "0", "hour": "0", "day_of_week": "*", "timezone": "UTC"} | when
    row.crontab = CrontabSchedule.objects.create(**facts)
    row.save()


def asked(now: datetime) -> list[str]:
    """What the sweep asks of the only connection at this time; then as if it had not."""
    schedule.request_overdue(now)
    row = KisiConnection.objects.get()
    wanted = Read(row.want_read).label
    KisiConnection.objects.update(want_read=Read.LEDGER, wanted_because="", look_again=False)
    return [] if wanted == "ledger" else [wanted]


# The rows


def test_the_rows_of_a_new_deployment_name_tasks_that_exist():
    rows = {row.name: row for row in PeriodicTask.objects.filter(name__startswith="Kisi:")}
    assert {name: row.task for name, row in rows.items()} == {
        "Kisi: look": "kisi.look",
        "Kisi: sweep": "kisi.sweep",
        DAILY: "kisi.daily",
        WEEKLY: "kisi.weekly",
    }
    app.loader.import_default_modules()
    assert {row.task for row in rows.values()} <= set(app.tasks)
    assert (rows["Kisi: look"].interval.every, rows["Kisi: sweep"].interval.every) == (30, 300)


def test_when_the_next_check_is_due():
    assert schedule.next_dues(WEDNESDAY)[DAILY] == DUE
    assert schedule.next_dues(WEDNESDAY)[WEEKLY] == SUNDAY + 2 * HOUR
    PeriodicTask.objects.filter(name=DAILY).update(enabled=False)
    assert DAILY not in schedule.next_dues(WEDNESDAY)


# Overdue


def test_the_daily_check_is_asked_for_when_its_time_has_come_and_not_before(connection):
    assert asked(DUE - MINUTE) == []
    assert asked(DUE) == ["recent"]


def test_the_weekly_check_is_asked_for_on_its_day(connection):
    good_run(connection, Read.RECENT, SUNDAY - HOUR)
    assert asked(SUNDAY + HOUR) == []
    assert asked(SUNDAY + 2 * HOUR) == ["full"]


def test_a_check_missed_by_three_hours_is_made_up_for(connection):
    """Beat, worker or the whole machine was down at half past three."""
    assert asked(DUE + 3 * HOUR) == ["recent"]


def test_checks_missed_for_a_week_are_made_up_for_by_one_whole_check(connection):
    assert asked(DUE + 8 * DAY) == ["full"]


def test_a_good_run_clears_it_until_the_next_time(connection):
    good_run(connection, Read.RECENT, DUE + MINUTE)
    assert asked(DUE + 20 * HOUR) == []
    assert asked(DUE + DAY) == ["recent"]


def test_a_whole_check_counts_as_a_daily_one_and_not_the_other_way(connection):
    good_run(connection, Read.FULL, DUE + MINUTE)
    assert asked(DUE + 20 * HOUR) == []
    good_run(connection, Read.RECENT, SUNDAY + 2 * HOUR + MINUTE)
    assert asked(SUNDAY + 3 * HOUR) == ["full"]


@pytest.mark.parametrize("state", ["running", "incomplete", "stopped"])
def test_a_run_that_was_not_good_clears_nothing(connection, state):
    good_run(connection, Read.RECENT, DUE + MINUTE, state=state)
    assert asked(DUE + HOUR) == ["recent"]


def test_a_run_over_the_ledger_alone_clears_nothing(connection):
    good_run(connection, Read.LEDGER, DUE + MINUTE)
    assert asked(DUE + HOUR) == ["recent"]


def test_the_start_of_the_run_counts_and_not_its_end(connection):
    """What was changed at Kisi while it read may be missing from it."""
    good_run(connection, Read.RECENT, DUE - 2 * MINUTE, finished_at=DUE + 10 * MINUTE)
    assert asked(DUE + HOUR) == ["recent"]


def test_a_check_that_just_failed_is_asked_for_again_after_a_quarter_of_an_hour(connection):
    good_run(connection, Read.RECENT, DUE + MINUTE, state="incomplete")
    assert asked(DUE + 10 * MINUTE) == []
    assert asked(DUE + 17 * MINUTE) == ["recent"]


def test_a_connection_that_was_never_checked_counts_from_the_day_it_was_made(db):
    connect(1, connected_at=WEDNESDAY)
    assert asked(WEDNESDAY + HOUR) == []
    assert asked(DUE) == ["recent"]


def test_removals_that_wait_for_a_whole_read_make_it_due_every_quarter_of_an_hour(connection):
    """A reconnect whose read was not whole must not hold every removal until Sunday."""
    KisiConnection.objects.update(must_read_first=True)
    assert asked(WEDNESDAY) == ["full"]
    good_run(connection, Read.FULL, WEDNESDAY, state=SyncRun.State.INCOMPLETE)
    assert asked(WEDNESDAY + 14 * MINUTE) == []
    assert asked(WEDNESDAY + 16 * MINUTE) == ["full"]


def test_asking_twice_asks_once(connection):
    assert schedule.request_overdue(DUE) == [connection.pk]
    assert schedule.request_overdue(DUE + MINUTE) == []


# As edited


def test_an_edited_hour_is_obeyed(connection):
    edit(DAILY, hour="22", minute="15")
    assert asked(DUE + HOUR) == ["recent"], "yesterday's 22:15 went by without a run"
    good_run(connection, Read.RECENT, DUE)
    assert asked(WEDNESDAY.replace(hour=22, minute=14)) == []
    assert asked(WEDNESDAY.replace(hour=22, minute=15)) == ["recent"]


def test_an_edited_time_zone_is_obeyed(connection):
    edit(DAILY, hour="3", minute="30", timezone="America/New_York")
    good_run(connection, Read.RECENT, DUE)
    assert asked(DUE + 4 * HOUR - MINUTE) == []
    assert asked(DUE + 4 * HOUR) == ["recent"]


def test_a_check_turned_into_an_interval_is_obeyed(connection):
    every, _ = IntervalSchedule.objects.get_or_create(every=6, period="hours")
    PeriodicTask.objects.filter(name=DAILY).update(crontab=None, interval=every)
    good_run(connection, Read.RECENT, DUE)
    assert asked(DUE + 5 * HOUR) == []
    assert asked(DUE + 6 * HOUR) == ["recent"]


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_a_check_that_was_switched_off_is_never_due(connection, how):
    rows = PeriodicTask.objects.filter(name__in=[DAILY, WEEKLY])
    rows.update(enabled=False) if how == "disabled" else rows.delete()
    assert asked(DUE + 400 * DAY) == []


@pytest.mark.parametrize(
    ("day", "most"), [(datetime(2026, 3, 29, tzinfo=UTC), 1), (datetime(2026, 10, 25, tzinfo=UTC), 2)]
)
def test_an_hour_that_is_skipped_or_doubled_stops_nothing(day, most):
    """Half past two in Berlin does not exist on one day of the year and exists twice on another."""
    connection = connect(1, connected_at=day - DAY)
    edit(DAILY, hour="2", minute="30", timezone="Europe/Berlin")
    good_run(connection, Read.FULL, day - HOUR)
    checked = []
    for hour in (day + step * HOUR for step in range(27)):
        if asked(hour):
            checked.append(hour)
            good_run(connection, Read.FULL, hour)
    on_the_day = [hour for hour in checked if hour < day + 20 * HOUR]
    assert 1 <= len(on_the_day) <= most
    assert len(checked) == len(on_the_day) + 1, "and the next day again"


# Many gyms


@pytest.mark.parametrize("status", [Status.PAUSED, Status.DISCONNECTED])
def test_a_connection_that_is_not_live_is_not_asked(connection, status):
    KisiConnection.objects.update(status=status)
    assert asked(DUE + 9 * DAY) == []


def test_many_gyms_do_not_begin_at_once():
    connections = [connect(number) for number in range(60)]
    for connection in connections:
        good_run(connection, Read.FULL, DUE - DAY)
    begun = []
    for minutes in range(0, 61, 5):
        begun.append(len(schedule.request_overdue(DUE + minutes * MINUTE)))
    assert sum(begun) == 60
    assert max(begun) <= 6


@pytest.mark.parametrize("gyms", [2, 30])
def test_looking_for_what_is_overdue_costs_the_same_for_two_gyms_and_for_thirty(gyms):
    for number in range(gyms):
        good_run(connect(number), Read.FULL, DUE)
    with CaptureQueriesContext(database) as queries:
        assert schedule.request_overdue(DUE + HOUR) == []
    assert len(queries) <= 4


# What the 30-second look finds


def due(now: datetime = DUE) -> list[int]:
    with CaptureQueriesContext(database) as queries:
        found = tasks.due(now)
    assert len(queries) == 1
    return found


@pytest.mark.parametrize(
    ("facts", "is_due"),
    [
        ({}, False),
        ({"look_again": True}, True),
        ({"look_again": True, "retry_at": DUE + MINUTE}, False),
        ({"look_again": True, "retry_at": DUE - MINUTE}, True),
        ({"retry_at": DUE}, True),
        ({"retry_at": DUE + MINUTE}, False),
        ({"lease_until": DUE - MINUTE}, True),
        ({"lease_until": DUE + MINUTE}, False),
        ({"lease_until": DUE + MINUTE, "look_again": True}, False),
        ({"lease_until": DUE + MINUTE, "retry_at": DUE - MINUTE}, False),
        ({"status": Status.NEEDS_NEW_KEY, "retry_at": DUE - MINUTE}, True),
        ({"status": Status.PAUSED, "look_again": True}, False),
        ({"status": Status.DISCONNECTED, "lease_until": DUE - MINUTE}, False),
    ],
)
def test_who_was_asked_for_whose_time_has_come_or_whose_holder_died(facts, is_due):
    connection = connect(1, **facts)
    assert due() == ([connection.pk] if is_due else [])


@pytest.mark.parametrize(
    ("facts", "is_due"),
    [
        ({"retry_at": DUE - MINUTE}, True),
        ({"retry_at": DUE + MINUTE}, False),
        ({"retry_at": None}, False),
        ({"retry_at": DUE - MINUTE, "state": State.CLOSED}, False),
    ],
)
def test_a_person_whose_wait_is_over_makes_the_connection_due(facts, is_due):
    connection = connect(1)
    row = {"connection": connection, "email": "ana@example.com", "state": State.UNCERTAIN} | facts
    KisiGrant.objects.create(**row)
    assert due() == ([connection.pk] if is_due else [])


def test_people_that_wait_do_not_wake_a_connection_that_waits_itself():
    connection = connect(1, retry_at=DUE + MINUTE)
    KisiGrant.objects.create(
        connection=connection, email="ana@example.com", state=State.UNCERTAIN, retry_at=DUE - MINUTE
    )
    assert due() == []


def test_each_connection_is_named_once_however_many_people_wait():
    connection = connect(1)
    for name in ("ana", "ben", "cleo"):
        KisiGrant.objects.create(
            connection=connection, email=f"{name}@example.com", state=State.ABSENT, retry_at=DUE - MINUTE
        )
    assert due() == [connection.pk]


def test_the_look_wakes_them_and_leaves_a_sign_of_life(django_capture_on_commit_callbacks):
    connect(1)
    busy = connect(2, look_again=True)
    with brokers.real() as broker:
        with django_capture_on_commit_callbacks(execute=True):
            tasks.look()
        assert brokers.delivered(broker) == [("kisi.sync", [busy.pk])]
    assert Heartbeat.objects.get().name == "worker"


@pytest.mark.parametrize(("off", "lives"), [(1, True), (3, False), (-1, True), (-3, False)])
def test_a_worker_whose_clock_is_off_gives_no_sign_of_life_and_says_so(off, lives, caplog):
    connect(1)
    Heartbeat.objects.all().delete()
    with time_machine.travel(datetime.now(UTC) + off * MINUTE):
        tasks.look()
    assert Heartbeat.objects.filter(name="worker").exists() is lives
    assert ("does nothing until it is set" in caplog.text) is not lives


def test_the_weekly_message_wakes_whom_it_asked(django_capture_on_commit_callbacks):
    one, paused = connect(1), connect(2, status=Status.PAUSED)
    with brokers.real() as broker:
        with django_capture_on_commit_callbacks(execute=True):
            tasks.weekly()
        assert brokers.delivered(broker) == [("kisi.sync", [one.pk])]
    one.refresh_from_db()
    paused.refresh_from_db()
    assert (one.want_read, paused.want_read) == (Read.FULL, Read.LEDGER)


class TestTheWeeklyPlanAsAColumn:
    """The member's page tells the next weekly look without a question of its own."""

    @staticmethod
    def told(at):
        plan = (
            KisiConnection.objects.annotate(plan=schedule.plan_of(WEEKLY))
            .values_list("plan", flat=True)
            .get()
        )
        return schedule.due(plan, at)

    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"crontab": {"hour": "17", "day_of_week": "3", "timezone": "Europe/Stockholm"}},
            {"interval": {"every": 6, "period": "hours"}},
        ],
    )
    def test_it_is_what_the_row_says(self, connected, change):
        row = PeriodicTask.objects.get(name=schedule.WEEKLY)
        if "crontab" in change:
            row.crontab = CrontabSchedule.objects.create(minute="5", **change["crontab"])
        if "interval" in change:
            row.crontab, row.interval = None, IntervalSchedule.objects.create(**change["interval"])
        row.save()
        at = connected.clock.now()
        assert self.told(at) == schedule.next_dues(at)[schedule.WEEKLY]

    def test_a_row_that_is_switched_off_has_no_next_time(self, connected):
        PeriodicTask.objects.filter(name=schedule.WEEKLY).update(enabled=False)
        assert self.told(connected.clock.now()) is None
