"""One change out: hands it to the verb it names, and turns every answer into a record on that person."""

from __future__ import annotations

from integrations.access.errors import Forbidden, NoAnswer, PersonError, StopRun
from integrations.access.facts import Change, Kind
from integrations.kisi.models import AccessEvent, KisiGrant, Release
from integrations.kisi.sync import gather, ledger, people, record
from integrations.kisi.sync.checks import check_strength
from integrations.kisi.sync.grant import grant
from integrations.kisi.sync.revoke import revoke
from integrations.kisi.sync.session import Later, Session
from integrations.kisi.sync.settle import settle

FORBIDDEN_IN_A_ROW = 3
_TRIED = (
    *(AccessEvent.Kind.GRANTED, AccessEvent.Kind.REPAIRED, AccessEvent.Kind.REVOKED),
    *(AccessEvent.Kind.RENAMED, AccessEvent.Kind.REFUSED),
)


def apply(session: Session, change: Change) -> AccessEvent.Kind | None:
    """Carry out one change; what was done, REFUSED when this person failed, None when there was nothing.

    Raises StopRun, InTrouble, Later or LeaseLost when the run has to end here.
    """
    try:
        return _VERBS[change.kind](session, change)
    except ledger.Moved:
        return None
    except (PersonError, NoAnswer) as error:
        return _failed(session, change, error)
    except (StopRun, Later):
        _undo(session, change)
        raise


def _failed(session: Session, change: Change, error: PersonError | NoAnswer) -> AccessEvent.Kind:
    row = _row(session, change)
    if row is not None:
        ledger.fail(session, row, error, removal=change.wanted is None)
    session.raise_if_in_trouble()
    _doubt_key(session, error)
    return AccessEvent.Kind.REFUSED


def _doubt_key(session: Session, error: Exception) -> None:
    """Three people in a row refused to this key, over runs: look whether it is the key (sync.md 8)."""
    if isinstance(error, Forbidden):
        tried = AccessEvent.objects.filter(connection_id=session.connection.pk, kind__in=_TRIED)
        last = list(tried.values_list("kind", "kisi_status")[:FORBIDDEN_IN_A_ROW])
        if last == [(AccessEvent.Kind.REFUSED, error.status)] * FORBIDDEN_IN_A_ROW:
            check_strength(session)


def _undo(session: Session, change: Change) -> None:
    """The last call was certainly not carried out; of a removal an earlier one may have been: look first."""
    row = _row(session, change)
    if row is not None and row.state == KisiGrant.State.GRANTING:
        ledger.undo_intent(session, row)
    elif row is not None and row.state == KisiGrant.State.REVOKING:
        ledger.save(session, row, state=KisiGrant.State.UNCERTAIN)


def _row(session: Session, change: Change) -> KisiGrant | None:
    return KisiGrant.objects.open().filter(connection=session.connection, email=change.email).first()


def _rename(session: Session, change: Change) -> AccessEvent.Kind:
    """Send the name of a profile Core made, after a look: somebody may have made more of the person."""
    row, wanted = ledger.intend_rename(session, change.email)
    user_id = row.kisi_user_id or 0
    role = people.protected_role(session, user_id, people.read_rights(session, row, user_id))
    if role:
        ledger.leave_to_kisi(session, row, role, wanted=True)
        return AccessEvent.Kind.MANAGED
    session.kisi.rename_user(user_id, name=wanted.name)
    ledger.save(
        session, row, name=wanted.name, member_id=wanted.member_id, until=wanted.until, **ledger.SETTLED
    )
    record.note(
        session.connection, AccessEvent.Kind.RENAMED, grant=row, run_id=session.run_id, cause=session.because
    )
    return AccessEvent.Kind.RENAMED


def _point(session: Session, change: Change) -> None:
    """No call: whose right it is, until when, and that nothing holds, releases or fails a wanted person."""
    with session.lease.writing():
        wanted, row = gather.one(session.connection, change.email, session.today)
        if wanted is None or row is None:
            raise ledger.Moved
        words = Release.objects.due(session.today)
        words.filter(connection=session.connection, email=change.email).delete()
        _note_return(session, change.email)
        KisiGrant.objects.open().filter(connection=session.connection, email=change.email).update(
            member_id=wanted.member_id,
            until=wanted.until,
            held_since=None,
            kept_until=None,
            kept_by=None,
            **ledger.SETTLED,
        )


def _note_return(session: Session, email: str) -> None:
    """Whose removal was held is wanted again: how long it was held is kept."""
    rows = KisiGrant.objects.open().filter(connection=session.connection, email=email)
    for row in rows.filter(held_since__isnull=False):
        held_for = record.held_for(row, session.clock.now())
        record.note(
            session.connection, AccessEvent.Kind.RETURNED, grant=row, run_id=session.run_id, held_for=held_for
        )


def _close(session: Session, change: Change) -> None:
    with session.lease.writing():
        wanted, row = gather.one(session.connection, change.email, session.today)
        if wanted is not None or row is None or row.exempt:
            raise ledger.Moved
        grant = KisiGrant.objects.open().get(connection=session.connection, email=change.email)
        ledger.close_row(grant, KisiGrant.Closed.RELEASED, now=session.clock.now())


def _hold_again(session: Session, change: Change) -> AccessEvent.Kind:
    row = _row(session, change)
    if row is None:
        raise ledger.Moved
    ledger.save(session, row, kept_until=None, kept_by=None, held_since=session.clock.now())
    record.note(
        session.connection, AccessEvent.Kind.HELD, grant=row, run_id=session.run_id, cause="kept for 30 days"
    )
    return AccessEvent.Kind.HELD


_VERBS = {
    Kind.SETTLE: lambda session, change: settle(session, change.email),
    Kind.GRANT: lambda session, change: grant(session, change.email),
    Kind.REVOKE: lambda session, change: revoke(session, change.email),
    Kind.RENAME: _rename,
    Kind.POINT: _point,
    Kind.CLOSE: _close,
    Kind.HOLD_AGAIN: _hold_again,
}
