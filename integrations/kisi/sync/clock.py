"""The time of a run: asked of the database once, then counted on by a clock that nobody sets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from integrations.kisi.models import KisiConnection

HOSTS_DIFFER_BY = timedelta(minutes=2)


class Clock(Protocol):
    def now(self) -> datetime: ...

    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class DatabaseClock:
    """`now()` is the database's time at `start` plus what has passed since, whatever the host's clock says."""

    start: datetime
    mark: float
    monotonic: Callable[[], float] = time.monotonic

    @classmethod
    def started(cls) -> DatabaseClock:
        return cls(database_now(), time.monotonic())

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.monotonic() - self.mark)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def host_is_off_by(now: datetime) -> timedelta:
    """How far this host's clock is from the database's `now`, where that is more than hosts may differ; else zero."""
    off = abs(timezone.now() - now)
    return off if off > HOSTS_DIFFER_BY else timedelta()


def database_now() -> datetime:
    """The database's own time, aware, in UTC; the host's where there is no connection to work for."""
    rows = KisiConnection.objects.annotate(db_now=Now(output_field=models.DateTimeField()))
    found = rows.values_list("db_now", flat=True).first()
    return found or timezone.now()
