"""The database was restored from a backup: nothing it says of Kisi is believed, nobody goes without a new word."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Preview, Read, Release, SyncRun
from integrations.kisi.sync import asking, ledger, record
from integrations.kisi.sync.lease import raise_fence

State, Closed = KisiGrant.State, KisiGrant.Closed
BECAUSE = "restored from a backup"


def restored(connection: KisiConnection, *, now: datetime) -> int:
    """Every row is looked at again, every word given before is void; how many rows are to be read singly.

    Access is given as ever. Removals begin again when an admin has applied a preview (`is_over`).
    """
    with transaction.atomic():
        raise_fence(connection.pk)
        connection.refresh_from_db()
        connection.restored_at, connection.must_read_first, connection.retry_at = now, True, None
        connection.save(update_fields=["restored_at", "must_read_first", "retry_at"])
        _forget_words(connection, now=now)
        count = _doubt_everybody(connection)
        record.note(connection, AccessEvent.Kind.SETTING, cause=BECAUSE)
        asking.ask(connection, Read.FULL, because=BECAUSE, now=now)
    return count


def end_with(connection: KisiConnection, shown: Preview) -> None:
    """An admin applies this preview, in the caller's transaction: removals go by the ordinary rules from now on.

    Not by a preview made before everything was looked at: it could not name everybody.
    """
    unclear = KisiGrant.objects.filter(connection=connection, state=State.UNCERTAIN)
    if connection.restored_at is None or connection.must_read_first or unclear.exists():
        return
    if shown.taken_at and shown.taken_at > connection.restored_at:
        connection.restored_at = None
        connection.save(update_fields=["restored_at"])


def _forget_words(connection: KisiConnection, *, now: datetime) -> None:
    """What was agreed to before may have been done, and taken back, since the backup."""
    Release.objects.filter(connection=connection).delete()
    Preview.objects.filter(connection=connection).delete()
    rows = KisiGrant.objects.filter(connection=connection, closed_how=Closed.CLEARING)
    rows.update(closed_how=Closed.LEFT_BEHIND)
    running = SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING)
    running.update(state=SyncRun.State.STOPPED, finished_at=now, reason=BECAUSE)


def _doubt_everybody(connection: KisiConnection) -> int:
    """Also who has access by the ledger; an intent of then says nothing of the rights of today."""
    rows = KisiGrant.objects.open().filter(connection=connection).exclude(state=State.ABSENT)
    values = {**ledger.SETTLED, "intent_at": None, "lone_right": False, "worded": False}
    return rows.update(state=State.UNCERTAIN, **values)
