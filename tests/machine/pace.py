"""How fast calls may follow each other, measured as they arrive at Kisi."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

SPACING, SLOWED_SPACING = timedelta(seconds=0.25), timedelta(seconds=0.5)
SLOWED_FOR = timedelta(minutes=10)
ROUNDING = timedelta(milliseconds=1)


@dataclass
class Pace:
    """Four calls a second; two for ten minutes after Kisi asked to slow down; none before it said."""

    _last: datetime | None = None
    _slowed_at: datetime | None = None
    _wait_until: datetime | None = None

    def slowed_down(self, now: datetime, seconds: float) -> None:
        """Kisi answered 429 just now and named, or meant, this wait."""
        self._slowed_at, self._wait_until = now, now + timedelta(seconds=seconds)

    def judge(self, now: datetime, *, of_unknown_key: bool) -> Iterator[str]:
        """What is wrong with a call that comes now; the first call with a key cannot know whose pace it is in."""
        last, self._last = self._last, now
        if of_unknown_key:
            return
        if last is not None and now - last < self._spacing_after(last) - ROUNDING:
            yield f"two calls within {(now - last).total_seconds():.3f} s"
        if self._wait_until is not None and now < self._wait_until - ROUNDING:
            yield f"a call although Kisi asked to wait until {self._wait_until:%H:%M:%S}"

    def _spacing_after(self, last: datetime) -> timedelta:
        is_slowed = self._slowed_at is not None and self._slowed_at < last <= self._slowed_at + SLOWED_FOR
        return SLOWED_SPACING if is_slowed else SPACING
