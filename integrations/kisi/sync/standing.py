"""How a connection stands: what stops it, when it is tried again, and how it comes back."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.access.errors import (
    GroupGone,
    KeyRejected,
    KeyTooWeak,
    SlowDown,
    StopRun,
    WrongOrganization,
)
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, SyncRun
from integrations.kisi.sync import record
from integrations.kisi.sync.session import IN_A_ROW, Session

Status = KisiConnection.Status

PROBE_EVERY = timedelta(minutes=15)
FIRST_PROBE = timedelta(seconds=30)

SEALED = KisiConnection.UNREADABLE

_STATUS: dict[type[StopRun], str] = {
    KeyRejected: Status.NEEDS_NEW_KEY,
    KeyTooWeak: Status.KEY_TOO_WEAK,
    GroupGone: Status.GROUP_GONE,
    WrongOrganization: Status.WRONG_ORGANIZATION,
}


def may_work(connection: KisiConnection, *, now: datetime) -> bool:
    """Whether this connection may call Kisi now: not paused, not waiting for a time that has not come."""
    if connection.status in (Status.PAUSED, Status.DISCONNECTED):
        return False
    return connection.retry_at is None or connection.retry_at <= now


def needs_probe(connection: KisiConnection) -> bool:
    return connection.is_broken or connection.status == Status.THROTTLED


def stop(session: Session, error: StopRun) -> None:
    """Nothing more goes out; nobody's access was changed by this answer."""
    now = session.clock.now()
    if isinstance(error, SlowDown):
        _stand(session, Status.THROTTLED, said=error.said, retry_at=session.gate.pushed_until or now)
        return
    _stand(session, _STATUS[type(error)], said=error.said or str(error), retry_at=now + PROBE_EVERY)


def in_trouble(session: Session) -> None:
    """Kisi gives no usable answers: probe after 30 s, doubling to 15 minutes."""
    connection = session.connection
    wait = min(FIRST_PROBE * 2 ** min(connection.probes, 5), PROBE_EVERY)
    connection.probes += 1
    connection.save(update_fields=["probes"])
    _stand(session, Status.IN_TROUBLE, said="Kisi did not answer", retry_at=session.clock.now() + wait)


def key_cannot_be_opened(connection: KisiConnection, *, now: datetime) -> None:
    """A sealed key that this deployment cannot open is a missing key, never an empty gym."""
    _write(connection, Status.NEEDS_NEW_KEY, said=SEALED, now=now)
    connection.retry_at = now + PROBE_EVERY
    connection.save(update_fields=["retry_at"])
    if connection.is_leaving:
        _tell_it_stopped(connection, now=now)


def wait_until(session: Session, until: datetime) -> None:
    """Come again at `until`; the status stays as it is."""
    session.connection.retry_at = until
    session.connection.save(update_fields=["retry_at"])


def heal(session: Session) -> None:
    """The checks are good again: back to work, and what the bad time made wait waits no longer."""
    connection = session.connection
    with session.lease.writing():
        if connection.is_broken:
            _clear_waits(connection)
        connection.retry_at = None
        connection.failed_reads = 0
        connection.failed_writes = min(connection.failed_writes, IN_A_ROW - 1)
        connection.save(update_fields=["retry_at", "failed_reads", "failed_writes"])
        _write(connection, Status.CONNECTED, said="", now=session.clock.now())


def disconnected(session: Session) -> None:
    """Everything that was to be removed first is gone."""
    connection = session.connection
    with session.lease.writing():
        connection.status = Status.DISCONNECTED
        connection.status_since = session.clock.now()
        connection.save(update_fields=["status", "status_since"])
        label, by_id = connection.get_status_display(), connection.status_by_id
        record.note(connection, AccessEvent.Kind.STATUS, cause=label, by_id=by_id)


def _tell_it_stopped(connection: KisiConnection, *, now: datetime) -> None:
    """The status stays that of leaving: its last run says why nobody is removed."""
    runs = SyncRun.objects.filter(connection=connection)
    last = runs.first()
    if last is None or last.reason != SEALED:
        ended = {"state": SyncRun.State.STOPPED, "reason": SEALED, "finished_at": now}
        runs.create(connection=connection, because="disconnect", started_at=now, **ended)


def _clear_waits(connection: KisiConnection) -> None:
    caused = [KisiGrant.Trouble.FORBIDDEN, KisiGrant.Trouble.UNCLEAR]
    KisiGrant.objects.open().filter(connection=connection, trouble__in=caused).update(
        failures=0, retry_at=None, trouble=KisiGrant.Trouble.NONE
    )


def _stand(session: Session, status: str, *, said: str, retry_at: datetime) -> None:
    with session.lease.writing():
        session.connection.retry_at = retry_at
        session.connection.save(update_fields=["retry_at"])
        _write(session.connection, status, said=said, now=session.clock.now())


def _write(connection: KisiConnection, status: str, *, said: str, now: datetime) -> None:
    """Change the status once; a disconnect in progress stays one whatever Kisi answers."""
    if connection.status in (status, Status.DISCONNECTING):
        return
    connection.status = status
    connection.status_since = now
    connection.status_said = said
    connection.status_by = None
    connection.save(update_fields=["status", "status_since", "status_said", "status_by"])
    label = KisiConnection.Status(status).label
    record.note(connection, AccessEvent.Kind.STATUS, cause=label, kisi_said=said)
