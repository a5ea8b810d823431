"""Asking a connection to look again: raises flags on its row, calls nobody."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django_guid import get_guid

from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.sync.ledger import SETTLED


def ask(connection: KisiConnection, read: Read, *, because: str, now: datetime, by: Any = None) -> None:
    """Want a read of at least this much; a broken connection is probed at once.

    Somebody's press ends the wait after an answer that was none, too; a wait that Kisi asked for goes on.
    """
    mine = KisiConnection.objects.filter(pk=connection.pk)
    waits = mine.filter(status__in=KisiConnection.BROKEN)
    if by is not None:
        waits = mine.exclude(status=KisiConnection.Status.THROTTLED).exclude(retry_at=None)
    waits.update(retry_at=now)
    KisiConnection.objects.filter(pk=connection.pk).update(
        look_again=True,
        want_read=Greatest(F("want_read"), Value(int(read))),
        wanted_because=because,
        wanted_by=by,
        wanted_trace=get_guid() or "",
    )


def ask_for_person(
    connection: KisiConnection, email: str, *, because: str, now: datetime, by: Any = None
) -> None:
    """Look at this one person at Kisi next, whatever waits or is parked."""
    rows = KisiGrant.objects.open().filter(connection=connection, email=email, exempt=False)
    rows.exclude(state=KisiGrant.State.ABSENT).update(state=KisiGrant.State.UNCERTAIN)
    rows.filter(state=KisiGrant.State.ABSENT).update(managed="")
    _try_again(rows, now)
    ask(connection, Read.LEDGER, because=because, now=now, by=by)


def ask_for_checks(
    connection: KisiConnection, read: Read, *, because: str, now: datetime, by: Any = None
) -> None:
    """Look next whether key and group are still as stored, though that was looked at a moment ago."""
    KisiConnection.objects.filter(pk=connection.pk).update(checked_at=None)
    ask(connection, read, because=because, now=now, by=by)


def look_again(connection_ids: list[int]) -> None:
    KisiConnection.objects.filter(pk__in=connection_ids).update(look_again=True)


def retry(connection: KisiConnection, *, trouble: str, because: str, now: datetime, by: Any = None) -> int:
    """The button: try these parked or waiting people again; how many."""
    rows = KisiGrant.objects.open().filter(connection=connection, trouble=trouble)
    rows.filter(exempt=True).update(**SETTLED)
    count = _try_again(rows, now)
    ask(connection, Read.LEDGER, because=because, now=now, by=by)
    return count


def _try_again(rows: QuerySet[KisiGrant], now: datetime) -> int:
    """Due from now on; who failed counts as failed until that attempt is made, so that no page is green before.

    A removal under a former address is none that is tried at once: the new address comes first.
    """
    afresh = {"failures": 0, "missed_at": None}
    is_former = Q(state=KisiGrant.State.GRANTED) & ~Q(member__email=F("email"))
    count = rows.filter(Q(trouble="") | is_former).update(**SETTLED)
    return count + rows.exclude(trouble="").update(retry_at=now, **afresh)
