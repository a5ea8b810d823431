"""What is overdue: the beat rows as edited against the last good run of that kind (design.md, Celery)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from integrations.kisi.models import KisiConnection, Read, SyncRun
from integrations.kisi.sync import asking

DAILY, WEEKLY = "Kisi: daily check", "Kisi: weekly check"
_KINDS = ((WEEKLY, Read.FULL, timedelta(hours=3)), (DAILY, Read.RECENT, timedelta(hours=1)))
AGAIN_AFTER = timedelta(minutes=15)
CRONTAB = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone")


def request_overdue(now: datetime) -> list[int]:
    """Ask for every check whose latest due time has no good run after it; the connections asked.

    Many gyms are spread over hours, so that they do not all begin at once.
    """
    asked = set()
    for name, read, spread in _KINDS:
        row = _row(name)
        connections = list(_with_last_runs(read, now)) if row else []
        for position, connection in enumerate(connections):
            offset = spread * position / len(connections)
            if connection.want_read < read and row and _is_overdue(connection, row, offset, now):
                asking.ask(connection, read, because=name.removeprefix("Kisi: "), now=now)
                asked.add(connection.pk)
    return sorted(asked)


def next_dues(now: datetime) -> dict[str, datetime]:
    """When each check fires next, by the name of its row; none that is disabled or was deleted."""
    rows = PeriodicTask.objects.select_related("crontab", "interval").filter(enabled=True)
    return {row.name: _due_after(row, now) for row in rows.filter(name__in=[DAILY, WEEKLY])}


def plan_of(name: str) -> Subquery:
    """When the check of this name fires, as a column of another query; for `due`."""
    row = PeriodicTask.objects.filter(name=name, enabled=True)
    crontab = {name: F(f"crontab__{name}") for name in CRONTAB}
    interval = {"every": F("interval__every"), "period": F("interval__period")}
    return Subquery(row.values(plan=JSONObject(**crontab, **interval))[:1])


def due(plan: dict[str, Any] | None, now: datetime) -> datetime | None:
    """When that is next; None when the row is disabled or was deleted."""
    if plan is None:
        return None
    row = PeriodicTask(interval=IntervalSchedule(every=plan["every"], period=plan["period"]))
    if plan["minute"] is not None:
        times = {name: plan[name] for name in CRONTAB} | {"timezone": ZoneInfo(plan["timezone"])}
        row = PeriodicTask(crontab=CrontabSchedule(**times))
    return _due_after(row, now)


def _with_last_runs(read: Read, now: datetime) -> QuerySet[KisiConnection]:
    """Live connections with the start of their last good run, and whether one was tried just now.

    A check that just failed is not asked for again at once: every 15 minutes is often enough.
    """
    runs = SyncRun.objects.filter(connection=OuterRef("pk"), read__gte=read)
    good = runs.filter(state=SyncRun.State.FINISHED).order_by("-started_at")
    return (
        KisiConnection.objects.live()
        .annotate(
            good_start=Subquery(good.values("started_at")[:1]),
            was_tried=Exists(runs.filter(started_at__gt=now - AGAIN_AFTER)),
        )
        .order_by("pk")
    )


def _is_overdue(connection: KisiConnection, row: PeriodicTask, offset: timedelta, now: datetime) -> bool:
    """Removals that wait for the first full read do not wait for its weekly turn."""
    if row.name == WEEKLY and connection.must_read_first:
        return not connection.was_tried  # type: ignore[attr-defined]
    since = connection.good_start or connection.connected_at  # type: ignore[attr-defined]
    return _due_after(row, since) + offset <= now and not connection.was_tried  # type: ignore[attr-defined]


def _row(name: str) -> PeriodicTask | None:
    rows = PeriodicTask.objects.select_related("crontab", "interval")
    return rows.filter(name=name, enabled=True).first()


def _due_after(row: PeriodicTask, start: datetime) -> datetime:
    """The first due time of the row after `start`, by its own crontab or interval as edited."""
    schedule = row.schedule
    if not hasattr(schedule, "remaining_delta"):
        return start + schedule.run_every
    last, delta, _ = schedule.remaining_delta(start)
    return last + delta
