"""The shared pace: one row per Kisi user, over all processes and connections (GCRA, evenly spaced).

Kisi allows 5 requests a second per user, all keys of that user together (kisi-api.md 5).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from integrations.kisi.models import Pace

SLOWED_FOR = timedelta(minutes=10)
FIRST_BACKOFF = 2
LONGEST_WAIT = 15 * 60


def reserve(kisi_user_id: int, *, now: datetime, per_second: float, longest: float) -> float:
    """Reserve the next call of this Kisi user; seconds to wait for it.

    When the wait is longer than `longest` seconds nothing is reserved: come back later.
    """
    with transaction.atomic():
        pace = _locked(kisi_user_id, now)
        start = max(now, pace.next_at)
        wait = (start - now).total_seconds()
        if wait <= longest:
            pace.next_at = start + timedelta(seconds=1 / _rate(pace, now, per_second))
            pace.save(update_fields=["next_at"])
        return wait


def slow_down(kisi_user_id: int, *, now: datetime, retry_after: float | None) -> datetime:
    """Push everybody who shares this Kisi user after a 429; when the next call may go out.

    `retry_after` in seconds is honoured up to 15 minutes; without it 2 s, doubling. The pace is halved for
    ten minutes.
    """
    with transaction.atomic():
        pace = _locked(kisi_user_id, now)
        wait = FIRST_BACKOFF * 2**pace.backoff if retry_after is None else retry_after
        pace.next_at = max(pace.next_at, now + timedelta(seconds=min(max(wait, 0.0), LONGEST_WAIT)))
        pace.backoff = min(pace.backoff + 1, 9)
        pace.slow_until = now + SLOWED_FOR
        pace.save()
        return pace.next_at


def forgive(kisi_user_id: int) -> None:
    """An answer came: the next 429 without a time starts from 2 s again."""
    Pace.objects.filter(kisi_user_id=kisi_user_id, backoff__gt=0).update(backoff=0)


def _locked(kisi_user_id: int, now: datetime) -> Pace:
    Pace.objects.get_or_create(kisi_user_id=kisi_user_id, defaults={"next_at": now})
    return Pace.objects.select_for_update().get(kisi_user_id=kisi_user_id)


def _rate(pace: Pace, now: datetime, per_second: float) -> float:
    slowed = pace.slow_until is not None and pace.slow_until > now
    return per_second / 2 if slowed else per_second
