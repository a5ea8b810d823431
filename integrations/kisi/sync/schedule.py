"""What is overdue: the beat rows as edited against the last good run of that kind (design.md, Celery)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django_celery_beat.models import PeriodicTask

from integrations.kisi.models import KisiConnection, Read, SyncRun
from integrations.kisi.sync import asking
from integrations.kisi.sync.logbook import last_good

DAILY, WEEKLY = "Kisi: daily check", "Kisi: weekly check"
_KINDS = ((WEEKLY, Read.FULL, timedelta(hours=3)), (DAILY, Read.RECENT, timedelta(hours=1)))


def request_overdue(now: datetime) -> list[int]:
    """Ask for every check whose latest due time has no good run after it; the connections asked.

    Many gyms are spread over hours, so that they do not all begin at once.
    """
    connections = list(KisiConnection.objects.live().order_by("pk"))
    asked = set()
    for name, read, spread in _KINDS:
        for position, connection in enumerate(connections):
            offset = spread * position / max(len(connections), 1)
            if connection.want_read < read and _is_overdue(connection, name, read, offset, now):
                asking.ask(connection, read, because=name.removeprefix("Kisi: "), now=now)
                asked.add(connection.pk)
    return sorted(asked)


def next_due(name: str, now: datetime) -> datetime | None:
    """When the row fires next; None when it is disabled or was deleted."""
    row = _row(name)
    return _due_after(row, now) if row else None


def _is_overdue(connection: KisiConnection, name: str, read: Read, offset: timedelta, now: datetime) -> bool:
    row = _row(name)
    if row is None:
        return False
    last = last_good(connection, read)
    since = last.started_at if last else connection.connected_at
    return _due_after(row, since) + offset <= now and not _tried_lately(connection, read, now)


def _tried_lately(connection: KisiConnection, read: Read, now: datetime) -> bool:
    """A check that just failed is not asked for again at once: every 15 minutes is often enough."""
    runs = SyncRun.objects.filter(connection=connection, read__gte=read)
    return runs.filter(started_at__gt=now - timedelta(minutes=15)).exists()


def _row(name: str) -> PeriodicTask | None:
    return PeriodicTask.objects.filter(name=name, enabled=True).first()


def _due_after(row: PeriodicTask, start: datetime) -> datetime:
    """The first due time of the row after `start`, by its own crontab or interval as edited."""
    schedule = row.schedule
    if not hasattr(schedule, "remaining_delta"):
        return start + schedule.run_every
    last, delta, _ = schedule.remaining_delta(start)
    return last + delta
