"""What a gym's admins should know, looked up as it stands now. Reads only; sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from django.db.models import Count, F, Min, Q, Sum

from integrations.kisi import glance, heard, letters, numbers, why
from integrations.kisi.curve import CLEARED
from integrations.kisi.letters import Batch, Letter, Named
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, SyncRun
from integrations.kisi.sync import ahead, deciding, gather, planning
from integrations.kisi.wording import shut

Status, Kind = KisiConnection.Status, AccessEvent.Kind
TOLD_IN = {*KisiConnection.WRITING, *KisiConnection.BROKEN}
SILENT_FOR = timedelta(hours=1)
MONDAY, MORNING, A_DAY = 0, 8, timedelta(days=1)


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell: whom or what it is about, and the words, made only when they are sent."""

    write: Callable[[], Letter]
    about: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason to mail: told again after `again` while it lasts; the end of a grave one is told too."""

    key: str
    look: Callable[[KisiConnection, datetime], News | None]
    again: timedelta | None = None
    is_grave: bool = False


def _stands(status: str, connection: KisiConnection, now: datetime) -> News | None:
    if connection.status != status:
        return None
    return News(lambda: letters.standing(connection, _waiting(connection, now)))


def _held(connection: KisiConnection, now: datetime) -> News | None:
    rows = deciding.undecided(connection, connection.gym.today(now))
    if not rows:
        return None
    return News(lambda: _held_letter(connection, rows, now), tuple(row.pk for row in rows))


def _held_letter(connection: KisiConnection, rows: Sequence[KisiGrant], now: datetime) -> Letter:
    facts = gather.differences(connection, connection.gym.today(now), now)
    verdict = planning.judge(connection, planning.decide(connection, facts, now=now), facts)
    people = _with_reasons(connection, rows, connection.gym.today(now))
    counted = facts.confirmed + facts.gone_without_word
    allowed = numbers.allowance(connection, counted)
    is_restored = connection.restored_at is not None
    return letters.held(
        Batch(people, verdict.counted, allowed, is_restored=is_restored, shut=shut(connection))
    )


def _tomorrow(connection: KisiConnection, now: datetime) -> News | None:
    """The ends of today that the brake would hold at midnight (sync.md 7)."""
    batch = ahead.of_tomorrow(connection, now)
    if batch is None:
        return None
    people = _with_reasons(connection, batch.rows, batch.on)
    shown = Batch(people, batch.counted, batch.allowed, on=batch.on, shut=shut(connection))
    return News(lambda: letters.held(shown), (batch.on.isoformat(),))


def _refused(connection: KisiConnection, now: datetime) -> News | None:
    rows = KisiGrant.objects.open().filter(connection=connection, exempt=False)
    refused = rows.filter(trouble__in=KisiGrant.PARKED).order_by("name", "email")
    parked = list(numbers.sided(refused, connection, now))
    if not parked:
        return None
    return News(lambda: _refused_letter(parked), tuple(row.pk for row in parked))


def _refused_letter(rows: Sequence[KisiGrant]) -> Letter:
    return letters.refused(_with_answers(rows), numbers.wrong_of(rows))


def _leaving(connection: KisiConnection, now: datetime) -> News | None:
    """A disconnect that is to remove access first, and cannot: a key is asked for at once, else after an hour."""
    if connection.status != Status.DISCONNECTING:
        return None
    seen = glance.look(connection, now)
    is_late = now - connection.status_since >= SILENT_FOR
    if seen.face.tag.tone == "bad" or (seen.is_grave and is_late):
        return News(lambda: letters.leaving(connection, seen.face))
    return None


def _stuck(connection: KisiConnection, now: datetime) -> News | None:
    rows = list(numbers.stuck(connection).order_by("name", "email"))
    return News(lambda: letters.stuck(_with_answers(rows)), tuple(row.pk for row in rows)) if rows else None


def _no_answer(connection: KisiConnection, now: datetime) -> News | None:
    if connection.status != Status.IN_TROUBLE or now - connection.status_since < SILENT_FOR:
        return None
    since = connection.status_since
    return News(lambda: letters.silent(connection, since, _waiting(connection, now), is_kisi=True))


def _stopped(connection: KisiConnection, now: datetime) -> News | None:
    since = numbers.silent_since(connection, now, glance.last_sign())
    if since is None:
        return None
    return News(lambda: letters.silent(connection, since, _waiting(connection, now), is_kisi=False))


def _week(connection: KisiConnection, now: datetime) -> News | None:
    """On a Monday from eight in the morning, in the gym's zone."""
    local = now.astimezone(connection.gym.zone)
    if local.weekday() != MONDAY or local.hour < MORNING or now - connection.connected_at < A_DAY:
        return None
    if connection.is_ending:
        return None
    year, number, _ = local.isocalendar()
    return News(lambda: _week_letter(connection, now), (f"{year}-{number}",))


def _week_letter(connection: KisiConnection, now: datetime) -> Letter:
    today, counts = connection.gym.today(now), glance.count(connection, now)
    events = AccessEvent.objects.filter(connection_id=connection.pk, at__gt=now - 7 * A_DAY)
    past = events.aggregate(
        given=Count("person_id", distinct=True, filter=Q(kind=Kind.GRANTED)),
        removed=Count("person_id", distinct=True, filter=Q(kind=Kind.REVOKED) & ~CLEARED),
    )
    ending = gather.entitling(connection.gym_id, today).filter(ends_on__lt=today + 7 * A_DAY)
    return letters.week(
        connection,
        letters.Week(
            inside=counts.inside,
            waiting=counts.waiting,
            failed=counts.failed,
            held=counts.held,
            ending=ending.values("member_id").distinct().count(),
            is_silent=numbers.silent_since(connection, now, glance.last_sign()) is not None,
            **past,
        ),
    )


def all_clear(connection: KisiConnection, *, told_at: datetime, now: datetime) -> Letter:
    """What was sent since it works again: since its status says so, or, where Core's own sync had stopped while
    the status stayed as it was, since the first run after the mail that told of it.
    """
    begun = max(connection.status_since, told_at)
    runs = SyncRun.objects.filter(connection=connection, started_at__gte=begun)
    counts = runs.aggregate(
        sent=Sum(F("granted") + F("revoked")), failed=Sum("failed"), first=Min("started_at")
    )
    since = begun if begun > told_at else counts["first"] or now
    return letters.all_clear(connection, since, sent=counts["sent"] or 0, failed=counts["failed"] or 0)


def _with_answers(rows: Sequence[KisiGrant]) -> list[Named]:
    """What Kisi answered about each, in its own words only where it had any."""
    return [
        Named(row.name or row.email, heard.quoted(row.last_error) if row.last_error else "") for row in rows
    ]


def _with_reasons(connection: KisiConnection, rows: Sequence[KisiGrant], today: date) -> tuple[Named, ...]:
    reasons = why.reasons(connection.gym, rows, today)
    return tuple(Named(row.name or row.email, reasons[row.email]) for row in rows)


def _waiting(connection: KisiConnection, now: datetime) -> int:
    return glance.count(connection, now).waiting


CAUSES = (
    *(Cause(status, partial(_stands, status), is_grave=True) for status in letters.SUBJECTS),
    Cause("stopped", _stopped, is_grave=True),
    Cause("in_trouble", _no_answer, is_grave=True),
    Cause("leaving", _leaving),
    Cause("held", _held, again=timedelta(days=1)),
    Cause("tomorrow", _tomorrow),
    Cause("refused", _refused),
    Cause("week", _week),
)
LEFT = (Cause("stuck", _stuck),)  # all that is told of a gym that left Kisi


def of(connection: KisiConnection) -> tuple[Cause, ...]:
    """What may be told of a connection in its state; nothing while it is paused."""
    if connection.status == Status.DISCONNECTED:
        return LEFT
    return CAUSES if connection.status in TOLD_IN else ()
