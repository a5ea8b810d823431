"""A preview carried out: exactly its lines whose facts are still the same, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from django.db import transaction
from django_guid import get_guid

from integrations.access.errors import IncompleteRead
from integrations.access.facts import Plan
from integrations.kisi import heard
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Preview, PreviewLine, SyncRun
from integrations.kisi.sync import (
    asking,
    deciding,
    findings,
    gather,
    planning,
    preview,
    record,
    restoring,
)
from integrations.kisi.sync.lines import Line
from integrations.kisi.sync.logbook import Logbook
from integrations.kisi.sync.preview import Seen
from integrations.kisi.sync.session import Session

BECAUSE = "preview applied"
Group, State = PreviewLine.Group, Preview.State
Outcome: TypeAlias = PreviewLine.Outcome
TOO_LATE = "more than an hour passed"
ANEW = "still so, but for other facts than those shown"
CHANGED = "changed while the preview was applied"
AT_ONCE = 500


def ask(shown: Preview, *, by: Any, now: datetime) -> bool:
    """Have it carried out; False when it is no longer good, or somebody else was first."""
    good = Preview.objects.filter(pk=shown.pk, state=State.READY, taken_at__gt=now - Preview.GOOD_FOR)
    with transaction.atomic():
        if not good.update(state=State.APPLYING, applied_by=by, applied_at=now):
            return False
        record.note(shown.connection, AccessEvent.Kind.SETTING, cause=BECAUSE, by_id=by.pk if by else None)
        asking.look_again([shown.connection_id])
    return True


def asked(session: Session) -> Preview | None:
    """The preview that this connection has to carry out before anything else."""
    if session.connection.is_leaving:
        return None
    rows = Preview.objects.filter(connection=session.connection, state=State.APPLYING)
    return rows.select_related("applied_by").order_by("applied_at").first()


def begin(session: Session, book: Logbook, shown: Preview) -> bool:
    """Compare with today's facts, once; whether there is anything to carry out."""
    session.run, now = _run_of_its_own(session, shown), session.clock.now()
    if now - (shown.worked_at or shown.applied_at or now) > Preview.GOOD_FOR:
        _close(shown, list(_pending(shown)), note=TOO_LATE)
    elif shown.worked_at is None:
        try:
            _compare(session, shown, preview.look(session))
        except IncompleteRead as error:
            book.incomplete(str(error))
            preview.fail(shown, error)
            return False
    return True


def planner(shown: Preview) -> Callable[[Session, Logbook], Plan]:
    """What is left of it: only changes to people of its lines, and only in the direction that was shown."""

    def make_plan(session: Session, book: Logbook) -> Plan:
        connection, now = session.connection, session.clock.now()
        facts = gather.differences(connection, session.today, now)
        plan = planning.decide(connection, facts, now=now)
        lines = list(_pending(shown))
        way = {line.email: line.is_wanted for line in lines}
        changes = tuple(
            change
            for change in plan.changes
            if way.get(change.email) is (change.wanted is not None) and (change.word or not change.braked)
        )
        left = {change.email for change in changes}
        _tell_outcomes(connection, [line for line in lines if line.email not in left])
        Preview.objects.filter(pk=shown.pk).update(worked_at=now)
        return replace(plan, changes=changes)

    return make_plan


def finish(session: Session, shown: Preview) -> None:
    """Whatever is still open failed or waits; from here on the ordinary runs look after it."""
    with session.lease.writing():
        _tell_outcomes(session.connection, list(_pending(shown)))
        shown.state, shown.finished_at = State.APPLIED, session.clock.now()
        shown.save(update_fields=["state", "finished_at"])


def _run_of_its_own(session: Session, shown: Preview) -> SyncRun:
    """Beside one that an earlier slice may have left open. It reads Kisi, but is no whole check of it."""
    mine = SyncRun.objects.filter(connection=session.connection, because=BECAUSE)
    return mine.filter(state=SyncRun.State.RUNNING).first() or SyncRun.objects.create(
        connection=session.connection,
        because=BECAUSE,
        by=shown.applied_by,
        trace=get_guid() or "",
        started_at=session.clock.now(),
    )


def _pending(shown: Preview) -> Iterable[PreviewLine]:
    return shown.lines.filter(group__in=PreviewLine.ACTS, outcome=Outcome.NONE)


def _compare(session: Session, shown: Preview, seen: Seen) -> None:
    """Lines that moved are set aside; the others are written into the ledger, with the admin's word for removals."""
    connection, now = session.connection, session.clock.now()
    fresh = {line.person.email: line for line in seen.lines}
    same: list[PreviewLine] = []
    moved: list[PreviewLine] = []
    for line in _pending(shown):
        today = fresh.get(line.email)
        stays = today is not None and today.digest == line.digest
        line.note = "" if stays else _moved(line, today)
        (same if stays else moved).append(line)
    with session.lease.writing():
        _mark(moved, Outcome.MOVED)
        only = frozenset(line.email for line in same)
        findings.keep(connection, seen.walk, seen.facts, only=only, run=session.run)
        _give_words(shown, [line.email for line in same if line.group == Group.LOSE], now=now)
        restoring.end_with(connection, shown)
        shown.worked_at = now
        shown.save(update_fields=["worked_at"])


def _moved(line: PreviewLine, today: Line | None) -> str:
    """What a line is now; where it still is what it was, that it rests on other facts."""
    if today is None:
        return "now in neither Core nor Kisi"
    return ANEW if today.group == line.group else f"now {today.group.label}"


def _give_words(shown: Preview, emails: list[str], *, now: datetime) -> None:
    """Whoever applied it said so of each of these by name, held removals included."""
    connection, by = shown.connection, shown.applied_by
    for row in _rows(connection, emails).values():
        deciding.give_word(connection, row.email, cause=BECAUSE, by=by, now=now)
        if row.held_since:
            said: dict[str, Any] = {
                "cause": BECAUSE,
                "by_id": by.pk if by else None,
                "held_for": record.held_for(row, now),
            }
            record.note(connection, AccessEvent.Kind.ALLOWED, grant=row, **said)


def _tell_outcomes(connection: KisiConnection, lines: list[PreviewLine]) -> None:
    """What became of these lines, by what the ledger says of each now."""
    rows = _rows(connection, [line.email for line in lines])
    sorted_out: dict[Outcome, list[PreviewLine]] = {}
    for line in lines:
        outcome, line.note = _outcome(line, rows.get(line.email))
        sorted_out.setdefault(outcome, []).append(line)
    for outcome, some in sorted_out.items():
        _mark(some, outcome)


def _outcome(line: PreviewLine, row: KisiGrant | None) -> tuple[Outcome, str]:
    if row is None:
        return (Outcome.MOVED, CHANGED) if line.is_wanted else (Outcome.DONE, "")
    if row.trouble:
        return Outcome.FAILED, heard.plain(row.last_error)
    if row.state == KisiGrant.State.GRANTED:
        stays = line.is_wanted or line.group == Group.CHECK
        return (Outcome.DONE, "") if stays else (Outcome.MOVED, CHANGED)
    if row.managed:
        return Outcome.MOVED, row.managed
    if line.group == Group.CHECK and row.state == KisiGrant.State.ABSENT:
        return Outcome.DONE, ""
    is_open = row.retry_at is not None or row.state != KisiGrant.State.ABSENT
    return (Outcome.WAITS, "Core looks at Kisi again") if is_open else (Outcome.MOVED, CHANGED)


def _rows(connection: KisiConnection, emails: list[str]) -> dict[str, KisiGrant]:
    found = {}
    for start in range(0, len(emails), AT_ONCE):
        some = emails[start : start + AT_ONCE]
        for row in KisiGrant.objects.open().filter(connection=connection, email__in=some):
            found[row.email] = row
    return found


def _close(shown: Preview, lines: list[PreviewLine], *, note: str) -> None:
    for line in lines:
        line.note = note
    _mark(lines, Outcome.MOVED)


def _mark(lines: list[PreviewLine], outcome: Outcome) -> None:
    for line in lines:
        line.outcome, line.note = outcome, line.note[:300]
    PreviewLine.objects.bulk_update(lines, ["outcome", "note"], batch_size=AT_ONCE)
