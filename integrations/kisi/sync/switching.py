"""Pause, resume, disconnect, rules: decisions about the whole connection. They call nobody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Read, Release, SyncRun, still_in
from integrations.kisi.sync import asking, record
from integrations.kisi.sync.lease import raise_fence

Status = KisiConnection.Status
FAREWELL = "disconnect"


def pause(connection: KisiConnection, *, by: Any, now: datetime) -> None:
    """At once: at most the call in flight still goes out."""
    _switch(connection, Status.PAUSED, by=by, now=now)


def resume(connection: KisiConnection, *, by: Any, now: datetime) -> None:
    """Back to work; what waits is sent, and Kisi is compared once."""
    with transaction.atomic():
        _switch(connection, Status.CONNECTED, by=by, now=now)
        asking.ask(connection, Read.RECENT, because="resume", now=now, by=by)


def disconnect(connection: KisiConnection, *, by: Any, now: datetime) -> None:
    """Leave everybody's access as it is."""
    with transaction.atomic():
        _switch(connection, Status.DISCONNECTED, by=by, now=now)
        Release.objects.filter(connection=connection).delete()


def created_by_core(connection: KisiConnection) -> list[Any]:
    """Whom a disconnect with removal names: `pk`, `name` and `email` of people whose right Core made."""
    people = _created(connection).values_list("pk", "name", "email", named=True)
    return sorted(people, key=attrgetter("name", "email"))


def kept_by_all(connection: KisiConnection) -> QuerySet[KisiGrant]:
    """Whom such a disconnect leaves their access: Core took it over, or leaves it to Kisi."""
    rows = KisiGrant.objects.open().filter(still_in(), connection=connection)
    return rows.exclude(pk__in=_created(connection).values("pk")).order_by("name", "email")


def _created(connection: KisiConnection) -> QuerySet[KisiGrant]:
    return KisiGrant.objects.open().filter(
        connection=connection, origin=KisiGrant.Origin.CREATED, exempt=False, role_assignment_id__isnull=False
    )


def remove_and_disconnect(
    connection: KisiConnection, emails: Iterable[str], *, by: Any, now: datetime
) -> int:
    """First remove the access of exactly these people (among those whose right Core made), then disconnect."""
    named = set(emails)
    rows = [row for row in created_by_core(connection) if row.email in named]
    with transaction.atomic():
        _switch(connection, Status.DISCONNECTING, by=by, now=now)
        said = {"cause": FAREWELL, "by": by, "at": now, "due_on": None}
        for row in rows:
            Release.objects.update_or_create(connection=connection, email=row.email, defaults=said)
        asking.ask(connection, Read.LEDGER, because="disconnect", now=now, by=by)
    return len(rows)


def farewells(connection: KisiConnection) -> QuerySet[Release, str]:
    """The addresses that a disconnect with removal named and that are not gone yet."""
    return Release.objects.filter(connection=connection, cause=FAREWELL).values_list("email", flat=True)


def stop_disconnecting(connection: KisiConnection, *, by: Any, now: datetime) -> None:
    """Stop, keep the rest."""
    disconnect(connection, by=by, now=now)


def set_rules(
    connection: KisiConnection, *, brake_share: int, keep_profiles: bool, send_mails: bool, by: Any
) -> None:
    """How much is held, what goes with an access, and whether Kisi mails; nothing else of the row is written."""
    rules = {"brake_share": brake_share, "keep_profiles": keep_profiles, "send_mails": send_mails}
    profiles, mails = "stay" if keep_profiles else "go", "on" if send_mails else "off"
    cause = f"hold removals above {brake_share} %, profiles {profiles}, mails {mails}"
    with transaction.atomic():
        KisiConnection.objects.filter(pk=connection.pk).update(**rules)
        record.note(connection, AccessEvent.Kind.SETTING, cause=cause, by_id=by.pk if by else None)


def _switch(connection: KisiConnection, status: str, *, by: Any, now: datetime) -> None:
    with transaction.atomic():
        raise_fence(connection.pk)
        connection.refresh_from_db()
        connection.status, connection.status_since, connection.status_by = status, now, by
        connection.status_said, connection.retry_at = "", None
        connection.save(update_fields=["status", "status_since", "status_by", "status_said", "retry_at"])
        SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING).update(
            state=SyncRun.State.STOPPED, finished_at=now, reason=connection.get_status_display()
        )
        by_id = by.pk if by else None
        label = connection.get_status_display()
        record.note(connection, AccessEvent.Kind.STATUS, cause=label, by_id=by_id)
