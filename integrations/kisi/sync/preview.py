"""What a run would do, with nothing written at Kisi and nothing kept in the ledger; asked for, made, stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from integrations.access.errors import DoorError
from integrations.access.facts import Plan
from integrations.kisi.models import KisiConnection, Preview, PreviewLine, Read
from integrations.kisi.sync import findings, gather, left_alone, planning, reasons
from integrations.kisi.sync.brief import without_lease
from integrations.kisi.sync.checks import (
    all_managers,
    always_protected,
    check,
    organization_staff,
    staff_among,
)
from integrations.kisi.sync.clock import Clock, DatabaseClock
from integrations.kisi.sync.lines import Line, lines
from integrations.kisi.sync.session import InTrouble, Later, Session
from integrations.vault import VaultError
from plans.dates import apply_reached_dates

State = Preview.State
OnPage = Callable[[int], None]
STALLED = timedelta(minutes=6)  # a worker's task is ended after five
AT_ONCE = 1000
UNREADABLE = (DoorError, InTrouble, Later, VaultError)


@dataclass(frozen=True, slots=True)
class Seen:
    """Kisi's whole group beside the ledger, and everybody's line."""

    walk: findings.Walk
    facts: gather.Facts
    lines: list[Line]
    limit: int | None


def plan(connection: KisiConnection, read: Read, clock: Clock) -> Plan:
    """The plan of this moment; beyond the ledger it reads Kisi, and raises what that may raise.

    Dates that were reached are applied first, as in every run. The lease is not taken: a preview may be late.
    """
    apply_reached_dates(clock.now(), connection.gym)
    today, now = connection.gym.today(clock.now()), clock.now()
    left_alone.follow(connection, today)
    if read is Read.LEDGER:
        return planning.decide(connection, gather.differences(connection, today, now), now=now)
    session = without_lease(connection, clock)
    staff = _all_staff(session) if read is Read.FULL else _known_staff(session)
    found = findings.walk(session, staff)
    facts = gather.everything(connection, today, now)
    return planning.decide(connection, facts, found.observed, now=now)


def ask(connection: KisiConnection, *, by: Any, now: datetime) -> Preview:
    """A new preview, or the one that is being made or applied just now; old ones are forgotten."""
    mine = Preview.objects.filter(connection=connection)
    mine.filter(asked_at__lt=now - Preview.KEPT_FOR).delete()
    under_way = mine.filter(state__in=Preview.GOING_ON, asked_at__gt=now - Preview.GOOD_FOR).first()
    return under_way or Preview.objects.create(connection=connection, by=by, asked_at=now)


def make(preview_id: int, *, clock: Clock | None = None) -> None:
    """Read Kisi and keep what would be done; safe to call twice, and whatever the preview has become."""
    clock = clock or DatabaseClock.started()
    preview = _claim(preview_id, clock.now())
    if preview is None:
        return
    try:
        apply_reached_dates(clock.now(), preview.connection.gym)
        seen = look(without_lease(preview.connection, clock), on_page=_tells(preview))
    except UNREADABLE as error:
        fail(preview, error)
        return
    _keep(preview, seen, now=clock.now())


def look(session: Session, *, on_page: OnPage | None = None) -> Seen:
    """Checks, the walk of the group, and everybody sorted; raises what a read of Kisi may raise."""
    connection = session.connection
    managers = all_managers(session.kisi, organization_staff(session))
    staff = staff_among(managers) | always_protected(connection)
    rights = session.kisi.group_rights(connection.group_id, on_page=on_page)
    left_alone.follow(connection, session.today)
    now = session.clock.now()
    walk = findings.seen(connection, rights, staff, now=now) if rights else findings.walk(session, staff)
    facts = gather.everything(connection, session.today, now)
    todo = planning.decide(connection, facts, walk.observed, now=now)
    verdict = planning.judge(connection, todo, facts)
    roles = {right.email: staff[right.user_id] for right in managers if right.user_id is not None}
    told = lines(facts.wanted, facts.ledger, walk.observed, todo, roles=roles)
    return Seen(walk, facts, told, verdict.allowed if verdict.holds else None)


def unmade(now: datetime) -> list[int]:
    """Previews whose message was lost, or whose worker died."""
    waits = Q(state=State.ASKED, asked_at__lt=now - timedelta(seconds=20))
    died = Q(state=State.READING, begun_at__lt=now - STALLED)
    rows = Preview.objects.filter(waits | died, asked_at__gt=now - Preview.GOOD_FOR)
    return list(rows.values_list("pk", flat=True))


def fail(preview: Preview, error: Exception) -> None:
    """Nothing was concluded and nothing was done; why is told on the page."""
    preview.state, preview.failure = State.FAILED, type(error).__name__
    preview.said = getattr(error, "said", "")
    preview.save(update_fields=["state", "failure", "said"])


def _claim(preview_id: int, now: datetime) -> Preview | None:
    """Ours to make, unless another worker is at it or it is made already."""
    free = Q(state=State.ASKED) | Q(state=State.READING, begun_at__lt=now - STALLED)
    if not Preview.objects.filter(free, pk=preview_id).update(state=State.READING, begun_at=now):
        return None
    return Preview.objects.select_related("connection__gym").get(pk=preview_id)


def _tells(preview: Preview) -> OnPage:
    def progress(people: int) -> None:
        Preview.objects.filter(pk=preview.pk).update(read_so_far=people)

    return progress


def _keep(preview: Preview, seen: Seen, *, now: datetime) -> None:
    connection = preview.connection
    today = connection.gym.today(now)
    why = reasons.reasons(connection, seen.lines, today)
    rows = [_row(preview, line, why.get(line.person.email, "")) for line in seen.lines]
    rows += [
        PreviewLine(
            preview=preview,
            group=PreviewLine.Group.CONFLICT,
            name=member.name,
            member_id=member.pk,
            reason=reasons.NO_ADDRESS,
        )
        for member in gather.without_address(connection.gym_id, today)
    ]
    with transaction.atomic():
        PreviewLine.objects.bulk_create(rows, batch_size=AT_ONCE)
        preview.state, preview.taken_at, preview.limit = State.READY, seen.walk.observed.at, seen.limit
        preview.save(update_fields=["state", "taken_at", "limit"])


def _row(preview: Preview, line: Line, reason: str) -> PreviewLine:
    person = line.person
    return PreviewLine(
        preview=preview,
        group=line.group,
        email=person.email,
        name=person.name[:250],
        member_id=person.member_id,
        reason=reason[:300],
        digest=line.digest,
        is_wanted=person.want is not None,
    )


def _all_staff(session: Session) -> dict[int, str]:
    managers = all_managers(session.kisi, organization_staff(session))
    return staff_among(managers) | always_protected(session.connection)


def _known_staff(session: Session) -> dict[int, str]:
    check(session)
    return always_protected(session.connection)
