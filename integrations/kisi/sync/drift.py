"""What was changed in Kisi by hand, or by somebody else's program, against Core: noted with what Kisi held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery

from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection, KisiGrant
from integrations.kisi.rows import Right, User
from integrations.kisi.sync import record
from integrations.kisi.sync.session import Session

Closed = KisiGrant.Closed

AGAINST_US = 3
WITHIN = timedelta(days=30)


class Drift(StrEnum):
    """What Kisi held that Core had not left there."""

    RIGHT_GONE = "Kisi no longer held the right"
    PERSON_GONE = "Kisi no longer knew the person"
    GIVEN_AGAIN = "Kisi held a right again after Core had removed it"
    SUSPENDED = "suspended in Kisi"


UNDOES_US = (Drift.RIGHT_GONE, Drift.PERSON_GONE, Drift.GIVEN_AGAIN)


def note(session: Session, row: KisiGrant, held: str) -> None:
    """Keep, once for each time it is found, what Kisi held of this person."""
    run_id = session.run.pk if session.run else None
    record.note(session.connection, AccessEvent.Kind.DRIFT, grant=row, cause=held, run_id=run_id)


def suspended(session: Session, row: KisiGrant, user: User) -> bool:
    """Whether Kisi lets this person in nowhere; that it began is noted. Never re-opened from here."""
    is_suspended = not user.access_enabled
    if is_suspended and not row.suspended:
        note(session, row, Drift.SUSPENDED)
    return is_suspended


def given_again(connection: KisiConnection, row: KisiGrant, *, run_id: int | None) -> None:
    """A right of somebody not entitled: noted where Core had removed that person's access before."""
    removed = KisiGrant.objects.filter(connection=connection, email=row.email, closed_how=Closed.REMOVED)
    if removed.exists():
        record.note(connection, AccessEvent.Kind.DRIFT, grant=row, run_id=run_id, cause=Drift.GIVEN_AGAIN)


def is_ours_to_know(row: KisiGrant) -> bool:
    """Whether the last thing Core knew is that the right was there: no call of ours came after it."""
    if row.role_assignment_id is None or row.confirmed_at is None:
        return False
    return row.intent_at is None or row.confirmed_at >= row.intent_at


def other_dates(rights: Iterable[Right], group_id: int, now: datetime) -> str:
    """That the person's right in the group is not valid now, with its dates; "" when there is none such."""
    for right in rights:
        if right.applies_to_id == group_id and not right.valid_at(now):
            return f"Kisi held a right {_dates(right)}"
    return ""


def doubled(count: int) -> str:
    return f"Kisi held {count} rights of the same kind"


def second_writers(connection: KisiConnection, now: datetime) -> list[tuple[AccessPerson, int]]:
    """People changed in Kisi against Core three times or more: probably another program writes there too."""
    counts = _often(connection, now)
    mine = counts.filter(person_id=OuterRef("pk")).values("times")
    people = undone(connection, now).annotate(times=Subquery(mine))
    return [(person, person.times) for person in people.order_by("name", "email")]


def undone(connection: KisiConnection, now: datetime) -> QuerySet[AccessPerson]:
    """The same people."""
    return AccessPerson.objects.filter(pk__in=_often(connection, now).values("person_id"))


def _often(connection: KisiConnection, now: datetime) -> QuerySet[Any, Any]:
    events = AccessEvent.objects.filter(
        connection_id=connection.pk, kind=AccessEvent.Kind.DRIFT, cause__in=UNDOES_US, at__gt=now - WITHIN
    )
    return events.order_by().values("person_id").annotate(times=Count("pk")).filter(times__gte=AGAINST_US)


def put_back(connection: KisiConnection, now: datetime) -> QuerySet[AccessEvent]:
    """What was changed in Kisi against Core within seven days, person by person."""
    return AccessEvent.objects.filter(
        connection_id=connection.pk,
        kind=AccessEvent.Kind.DRIFT,
        cause__in=UNDOES_US,
        at__gt=now - timedelta(days=7),
    )


def _dates(right: Right) -> str:
    begins = f"from {right.valid_from:%Y-%m-%d}" if right.valid_from else ""
    ends = f"until {right.valid_until:%Y-%m-%d}" if right.valid_until else ""
    return " ".join(part for part in (begins, ends) if part) or "that is not valid now"
