"""The machine's own time: nothing passes unless somebody moves it. Can cut a run off at any look at the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Crash(BaseException):
    """The process is gone: nothing of ours may handle this."""


@dataclass(slots=True)
class VirtualClock:
    """What a run is given. `fuse` looks from now the process dies; None: it lives."""

    traveller: Any
    fuse: int | None = None

    def now(self) -> datetime:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.fuse = None
                raise Crash
        return timezone.now()

    def sleep(self, seconds: float) -> None:
        self.forward(seconds=seconds)

    def forward(self, **amount: float) -> None:
        self.traveller.shift(timedelta(**amount))
