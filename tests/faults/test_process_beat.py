"""Beat runs twice, or has been dead for hours: one run at a time, and what was missed is made up for once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from integrations.kisi.models import Heartbeat, KisiConnection, Read, SyncRun
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import schedule
from integrations.kisi.sync.clock import database_now
from members.models import Member
from plans.models import Subscription
from tests.conftest import House
from tests.desk import Desk
from tests.factories import StaffFactory
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.processes.gyms import LOOK, SWEEP, every_second, is_settled, overlaps
from tests.processes.machinery import until
from tests.processes.mailbox import Mailbox
from tests.processes.real import REAL, Start, all_ready

pytestmark = REAL
ALERT_WITHIN = timedelta(minutes=15)
DEAD = timedelta(hours=6)
STOPPED, AGAIN = "Core's sync has stopped", "door access is in order again"
STEP = timedelta(seconds=30)


def checks(house: House) -> int:
    """How many runs read Kisi beyond the ledger."""
    return SyncRun.objects.filter(connection=house.connection, read__gte=Read.RECENT).count()


def a_check_is_due(house: House, *, since: timedelta) -> None:
    """The daily check fell due so long ago, and the last good one was a day before that."""
    now = database_now()
    due = now - since
    facts = {"minute": str(due.minute), "hour": str(due.hour), "day_of_week": "*", "timezone": "UTC"}
    PeriodicTask.objects.filter(name=schedule.DAILY).update(crontab=CrontabSchedule.objects.create(**facts))
    PeriodicTask.objects.filter(name=schedule.WEEKLY).update(enabled=False)
    KisiConnection.objects.update(connected_at=due - timedelta(days=1))
    SyncRun.objects.filter(connection=house.connection).update(started_at=due - timedelta(days=1))


def unseen(house: House, prefix: str) -> None:
    """Five people more, of whom no signal tells."""
    made = Member.objects.bulk_create(
        Member(gym=house.gym, first_name=f"{prefix}{number}", email=f"{prefix}{number}@example.com".lower())
        for number in range(5)
    )
    facts = {"plan": house.plan, "status": "active", "starts_on": house.today()}
    Subscription.objects.bulk_create(Subscription(member=member, **facts) for member in made)


@fault(40, "Beat twice", expected="one run at a time", first=True)
def test_two_beats_make_one_writer_and_one_check(gym: House, start: Start, saw: Saw) -> None:
    every_second(LOOK, SWEEP)
    unseen(gym, "First")
    gym.sync()
    usual = len(gym.world.requests) - gym.seen
    a_check_is_due(gym, since=timedelta(hours=1))
    before = len(gym.world.requests)
    unseen(gym, "Next")
    gym.world.fault(kind=Kind.PASS, delay=0.05, times=0)  # so that a run is longer than beat's second
    beats = [start("beat", wait=False) for _ in range(2)]
    workers = [start(processes=2, wait=False)]
    all_ready(*beats, *workers)
    until(lambda: len(gym.inside()) == 10 and is_settled(gym), within=60, what="all ten in the group")
    until(lambda: workers[0].finished(SWEEP) >= 10, within=60, what="more sweeps")
    until(lambda: is_settled(gym) and checks(gym) >= 1, within=30, what="the check")
    twice = overlaps(gym)
    extra = len(gym.world.requests) - before - usual
    assert twice == 0
    assert checks(gym) == 1
    assert all(process.is_running for process in (*beats, *workers))
    saw(
        f"{checks(gym)} check, {workers[0].finished(SWEEP)} sweeps",
        f"overlaps {twice}; {extra} calls more than of one run",
    )


@pytest.mark.timeout(300)
@fault(41, "Beat dead 6 h", expected="alert within 15 min; catch-up once")
def test_a_dead_beat_shows_within_fifteen_minutes_and_is_made_up_for_once(
    gym: House, mailbox: Mailbox, start: Start, saw: Saw
) -> None:
    """Six hours pass by moving what the database remembers back in time; the worker mails within a minute."""
    every_second(LOOK, SWEEP)
    desk = Desk(StaffFactory(gym=gym.gym))
    ben = gym.member("Ben")
    mails = f"smtp://127.0.0.1:{mailbox.port}"
    worker, beat = start(EMAIL_URL=mails, wait=False), start("beat", wait=False)
    all_ready(worker, beat)
    until(lambda: Heartbeat.objects.exists() and gym.inside() == ["ben"], within=60, what="a sign of life")
    until(lambda: is_settled(gym), within=30)
    beat.kill()
    assert is_well(desk)
    shown = next(age for age in steps() if not is_well_after(desk, age))
    a_check_is_due(gym, since=DEAD / 2)
    sign_of_life(DEAD)
    unseen(gym, "Missed")
    Subscription.objects.filter(member=ben).update(status="pending_cancel", ends_on=date(2026, 1, 2))
    mailed = until(lambda: mailbox.subjects() == [STOPPED], within=90, what="a mail by the worker's watch")
    assert checks(gym) == 0
    assert gym.inside() == ["ben"]
    start("beat", wait=False)
    caught_up = until(lambda: len(gym.inside()) == 5 and is_settled(gym), within=60, what="what was missed")
    sweeps = worker.finished(SWEEP)
    until(lambda: worker.finished(SWEEP) >= sweeps + 4, within=60, what="more sweeps")
    assert checks(gym) == 1
    until(lambda: mailbox.subjects() == [STOPPED, AGAIN], within=30, what="the mail that all is well")
    assert is_well(desk)
    assert shown <= ALERT_WITHIN
    saw(
        "page, health check and a mail say so; what was due happened once, then all is well again",
        f"alert after {shown.total_seconds():.0f} s, mailed {mailed:.0f} s later; "
        f"caught up {caught_up:.1f} s after its return, {checks(gym)} check",
    )


def steps() -> list[timedelta]:
    return [STEP * number for number in range(1, 60)]


def sign_of_life(age: timedelta) -> None:
    Heartbeat.objects.update(at=database_now() - age)


def is_well_after(desk: Desk, age: timedelta) -> bool:
    sign_of_life(age)
    return is_well(desk)


def is_well(desk: Desk) -> bool:
    """What an outsider's health check and every page of the gym say; they have to agree."""
    healthy = Client().get("/healthz").status_code == 200
    banner = "Core's own sync is not running" in desk.open("/members/").html.replace("&#x27;", "'")
    assert healthy is not banner
    return healthy
