"""An admin's word about people: allow or keep held removals, leave to Kisi, cut over, remove the left behind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, Q, QuerySet

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Read, Release, still_in
from integrations.kisi.sync import ahead, asking, gather, groups, ledger, moving, record
from members.models import Member

State, Closed = KisiGrant.State, KisiGrant.Closed
ELSEWHERE = "left behind in another organization, taken off the list"


def held(connection: KisiConnection) -> list[KisiGrant]:
    """Everybody whose removal waits for a word, longest first; nobody's does where the gym leaves Kisi."""
    if connection.is_ending:
        return []
    rows = KisiGrant.objects.open().filter(connection=connection, held_since__isnull=False)
    return list(rows.select_related("member").order_by("held_since", "name", "email"))


def undecided(connection: KisiConnection, today: date) -> list[KisiGrant]:
    """The same without those who have their word already and are on their way out."""
    if connection.is_ending:
        return []
    words = Release.objects.due(today).filter(connection=connection).values("email")
    rows = KisiGrant.objects.open().filter(connection=connection, held_since__isnull=False)
    return list(
        rows.exclude(email__in=words).select_related("member").order_by("held_since", "name", "email")
    )


def allow(connection: KisiConnection, emails: Iterable[str], *, by: Any, now: datetime) -> tuple[int, int]:
    """Let these held removals go: only those still not entitled. (let go, left out)."""
    wanted = gather.wanted_addresses(connection.gym_id, connection.gym.today(now))
    rows = [row for row in held(connection) if row.email in set(emails)]
    going = [row for row in rows if row.email not in wanted]
    with transaction.atomic():
        for row in going:
            give_word(connection, row.email, cause="held removal allowed", by=by, now=now)
        _note(connection, AccessEvent.Kind.ALLOWED, going, by=by, now=now)
        asking.ask(connection, Read.LEDGER, because="held removals allowed", now=now, by=by)
    return len(going), len(rows) - len(going)


def keep(connection: KisiConnection, emails: Iterable[str], *, by: Any, now: datetime) -> int:
    """Leave these held people their access, also whom somebody let go whose removal has not begun.

    They are asked about again after 30 days. How many.
    """
    with transaction.atomic():
        KisiConnection.objects.select_for_update().get(pk=connection.pk)  # no removal begins meanwhile
        rows = [row for row in held(connection) if row.email in set(emails) and row.state != State.REVOKING]
        Release.objects.filter(connection=connection, email__in=[row.email for row in rows]).delete()
        KisiGrant.objects.filter(pk__in=[row.pk for row in rows]).update(
            held_since=None, kept_until=now + KisiGrant.KEPT_FOR, kept_by=by, **ledger.SETTLED
        )
        _note(connection, AccessEvent.Kind.KEPT, rows, by=by, now=now)
    return len(rows)


def allow_ahead(connection: KisiConnection, emails: Iterable[str], *, by: Any, now: datetime) -> int:
    """Let these ends of today take effect tomorrow though they are many: how many are named and still to come."""
    batch = ahead.of_tomorrow(connection, now)
    if batch is None:
        return 0
    rows = [row for row in batch.rows if row.email in set(emails)]
    with transaction.atomic():
        for row in rows:
            give_word(connection, row.email, cause="allowed the day before", by=by, now=now, due_on=batch.on)
        _note(connection, AccessEvent.Kind.ALLOWED, rows, by=by, now=now)
    return len(rows)


def give_word(
    connection: KisiConnection,
    email: str,
    *,
    cause: str,
    by: Any,
    now: datetime,
    due_on: date | None = None,
) -> None:
    """This person was named in a list that somebody confirmed: the brake lets the removal pass, from `due_on`."""
    said = {"cause": cause, "by": by, "at": now, "due_on": due_on}
    Release.objects.update_or_create(connection=connection, email=email, defaults=said)


def leave_to_kisi(connection: KisiConnection, member: Member, *, by: Any, now: datetime) -> None:
    """Core neither gives nor removes this person's access from here on."""
    with transaction.atomic():
        row = KisiGrant.objects.open().filter(connection=connection, email=member.email).first()
        row = row or KisiGrant(
            connection=connection, email=member.email, name=member.name, state=State.ABSENT
        )
        held_for = record.held_for(row, now)
        by_id = by.pk if by else None
        row.leave_alone(member, by_id=by_id, at=now)
        row.save()
        left_behind(connection).filter(email=row.email).update(closed_how=Closed.RELEASED)
        record.note(connection, AccessEvent.Kind.EXEMPTED, grant=row, by_id=by_id, held_for=held_for)


def take_back_from_kisi(connection: KisiConnection, member: Member, *, by: Any, now: datetime) -> None:
    """Core decides about this person again; what Kisi holds is read first."""
    with transaction.atomic():
        theirs = Q(email=member.email) | Q(member=member)
        rows = KisiGrant.objects.open().filter(theirs, connection=connection, exempt=True)
        rows.update(exempt=False, exempt_by=None, exempt_at=None)
        asking.ask_for_person(connection, member.email, because="no longer left to Kisi", now=now, by=by)


def would_lose_at_cut_over(connection: KisiConnection, wanted: Iterable[str]) -> list[KisiGrant]:
    """People with a right that Core did not make and does not want; `wanted` may be a query for the addresses."""
    taken_over = Q(still_in(), origin=KisiGrant.Origin.ADOPTED, exempt=False)
    rows = KisiGrant.objects.open().filter(taken_over, connection=connection)
    rows = rows.annotate(is_any_plan_ticked=Exists(moving.ticked(connection)))
    return list(rows.exclude(email__in=wanted).order_by("name", "email"))


def would_keep_at_cut_over(connection: KisiConnection, wanted: Iterable[str]) -> QuerySet[KisiGrant]:
    """Everybody else who has access by the ledger."""
    keeps = Q(email__in=wanted) | Q(exempt=True) | ~Q(origin=KisiGrant.Origin.ADOPTED)
    rows = KisiGrant.objects.open().filter(still_in(), keeps, connection=connection)
    return rows.order_by("name", "email")


def cut_over(connection: KisiConnection, emails: Iterable[str], *, by: Any, now: datetime) -> int:
    """From now on Core alone decides who is in the group; the people named lose their access by this word."""
    named = set(emails)
    wanted = gather.wanted_emails(connection.gym_id, connection.gym.today(now))
    going = [row for row in would_lose_at_cut_over(connection, wanted) if row.email in named]
    with transaction.atomic():
        connection.sole_source_since = now
        connection.save(update_fields=["sole_source_since"])
        for row in going:
            give_word(connection, row.email, cause="cut-over", by=by, now=now)
        record.note(connection, AccessEvent.Kind.SETTING, cause="cut-over", by_id=by.pk if by else None)
        asking.ask(connection, Read.FULL, because="cut-over", now=now, by=by)
    return len(going)


def open_questions(connection: KisiConnection, today: date) -> tuple[list[KisiGrant], list[KisiGrant]]:
    """Whom `undecided` and `left_behind` list, in one query: removals that wait, and people in another group."""
    words = Release.objects.due(today).filter(connection=connection).values("email")
    waits = Q(held_since__isnull=False) & ~Q(email__in=words)
    if connection.is_ending:
        waits = Q(pk__in=[])
    either = ~Q(state=State.CLOSED) & waits | groups.left_behind(connection)
    rows = KisiGrant.objects.filter(either, connection=connection).order_by("held_since", "name", "email")
    found = list(rows.select_related("kept_by"))
    return [row for row in found if row.state != State.CLOSED], [
        row for row in found if row.state == State.CLOSED
    ]


def left_behind(connection: KisiConnection) -> QuerySet[KisiGrant]:
    """Every right in a former group that nobody has taken away; somebody of two such groups comes twice."""
    rows = KisiGrant.objects.filter(groups.left_behind(connection), connection=connection)
    return rows.order_by("name", "email", "pk")


def within_reach(connection: KisiConnection) -> QuerySet[KisiGrant]:
    """Those of them whom this key can take out: in a former group of its own organization."""
    return left_behind(connection).filter(organization_id=connection.organization_id)


def take_off_the_list(connection: KisiConnection, named: Iterable[int], *, by: Any) -> int:
    """Whoever was left in another organization is somebody else's to remove now. How many people, each once."""
    with transaction.atomic():
        away = left_behind(connection).exclude(organization_id=connection.organization_id)
        rows = list(away.filter(pk__in=list(named)))
        KisiGrant.objects.filter(pk__in=[row.pk for row in rows]).update(closed_how=Closed.RELEASED)
        for row in rows:
            by_id = by.pk if by else None
            record.note(connection, AccessEvent.Kind.SETTING, grant=row, cause=ELSEWHERE, by_id=by_id)
    return len({row.email for row in rows})


def remove_left_behind(connection: KisiConnection, named: Iterable[int], *, by: Any, now: datetime) -> int:
    """Take these rights in a former group; profiles stay. How many people lose one, each counted once."""
    with transaction.atomic():
        as_it_is = KisiConnection.objects.select_for_update().get(pk=connection.pk)  # no change of group now
        rows = list(within_reach(as_it_is).filter(pk__in=list(named)))
        KisiGrant.objects.filter(pk__in=[row.pk for row in rows]).update(closed_how=Closed.CLEARING)
        asking.ask(connection, Read.LEDGER, because="remove the left behind", now=now, by=by)
    return len({row.email for row in rows})


def _note(
    connection: KisiConnection, kind: AccessEvent.Kind, rows: list[KisiGrant], *, by: Any, now: datetime
) -> None:
    """One event a person, with how long the removal was held until this word."""
    for row in rows:
        held_for = record.held_for(row, now)
        record.note(connection, kind, grant=row, by_id=by.pk if by else None, held_for=held_for)
