"""Celery's way in: each task says "look again" and holds no logic. Arguments are integers only."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from celery import shared_task
from django.db.models import Q

from integrations.kisi import alerts
from integrations.kisi import wake as waking
from integrations.kisi.models import Heartbeat, KisiConnection
from integrations.kisi.sync import preview, runs, schedule
from integrations.kisi.sync.clock import DatabaseClock, database_now, host_is_off_by

log = logging.getLogger(__name__)
IDEMPOTENT = {"acks_late": True, "reject_on_worker_lost": True, "ignore_result": True}


def wake(*connection_ids: int) -> None:
    """Have a worker look at these connections, after the current transaction."""
    waking.wake(connection_ids, sync.delay)


def wake_gym(gym_id: int) -> None:
    """Have a worker look at the gym's connection, if it has a live one, after the current transaction."""
    waking.wake_gym(gym_id, sync.delay)


def make_previews(*preview_ids: int) -> None:
    """Have a worker make these previews, after the current transaction."""
    waking.wake(preview_ids, make_preview.delay)


@shared_task(name="kisi.sync", **IDEMPOTENT)
def sync(connection_id: int) -> None:
    """One slice of work; more work wakes itself."""
    clock = DatabaseClock.started()
    if _refuses(clock.start):
        return
    outcome = runs.run(connection_id, clock=clock)
    log.info("connection %s: %s", connection_id, outcome)
    if outcome is runs.Outcome.MORE:
        wake(connection_id)
    else:
        alerts.tell(connection_id, database_now())


@shared_task(name="kisi.look", **IDEMPOTENT)
def look() -> None:
    """Every 30 s: wake who was asked for, whose wait is over, whose holder died; previews nobody made."""
    now = database_now()
    if _refuses(now):
        return
    beat_heart("worker", now)
    wake(*due(now))
    make_previews(*preview.unmade(now))


@shared_task(name="kisi.sweep", **IDEMPOTENT)
def sweep() -> None:
    """Every 5 min: reached dates and the comparison with the ledger, whatever is overdue, and mail."""
    now = database_now()
    schedule.request_overdue(now)
    connections = list(KisiConnection.objects.live().values_list("pk", flat=True))
    wake(*connections)
    tell(connections, now)


@shared_task(name="kisi.preview", **IDEMPOTENT)
def make_preview(preview_id: int) -> None:
    """Read Kisi and keep what a sync would do; writes nothing there."""
    preview.make(preview_id)


@shared_task(name="kisi.daily", **IDEMPOTENT)
def daily() -> None:
    """Whoever changed lately is checked against Kisi itself."""
    wake(*schedule.request_overdue(database_now()))


@shared_task(name="kisi.weekly", **IDEMPOTENT)
def weekly() -> None:
    """Everybody is checked against Kisi itself."""
    wake(*schedule.request_overdue(database_now()))


def tell(connection_ids: Iterable[int], now: datetime) -> None:
    """Mail what was not told yet; a mail server that is down costs one try, not one for every gym."""
    for connection_id in connection_ids:
        if not alerts.tell(connection_id, now).reached:
            return


def _refuses(now: datetime) -> bool:
    """A worker whose host's clock is far off the database's does nothing, says so, and gives no sign of life.

    Its messages are not lost: whoever is asked for is found again by the look of a worker with a right clock.
    """
    off = host_is_off_by(now)
    if off:
        log.error("this host's clock is %s off the database's: this worker does nothing until it is set", off)
    return bool(off)


def due(now: datetime) -> list[int]:
    """Connections with something to do: asked for, a retry or probe that is due, a lease that ran out."""
    row_due = Q(grants__retry_at__lte=now) & ~Q(grants__state="closed")
    asked = Q(look_again=True) & (Q(retry_at=None) | Q(retry_at__lte=now))
    ready = asked | Q(retry_at__lte=now) | (row_due & Q(retry_at=None)) | Q(lease_until__lt=now)
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    found = KisiConnection.objects.live().filter(ready, free).order_by("pk").distinct()
    return list(found.values_list("pk", flat=True))


def beat_heart(name: str, now: datetime) -> None:
    """A sign of life; it also proves that beat sent the message."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now})
