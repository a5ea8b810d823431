"""The ledger's own moves: intent before a call, the record after it, waits and parks. No HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from integrations.access.errors import (
    AlreadyExists,
    Conflict,
    DoorError,
    Forbidden,
    Gone,
    NoAnswer,
    Refused,
)
from integrations.access.facts import Wanted, wish_of
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Release
from integrations.kisi.sync import gather, left_alone, record
from integrations.kisi.sync.session import Session
from members.fields import normalize_email

State, Trouble, Closed = KisiGrant.State, KisiGrant.Trouble, KisiGrant.Closed

WAITS = [
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
]
LONGEST = timedelta(days=1)
OTHER_GYM_FINISHES = timedelta(seconds=10)
REMOVAL_WAITS_AT_MOST = timedelta(minutes=30)
SETTLED = {"failures": 0, "retry_at": None, "trouble": Trouble.NONE, "last_error": "", "missed_at": None}


class Moved(Exception):
    """The facts changed between planning and acting: skip, the next plan knows better."""


def wait_for(failures: int, *, removal: bool) -> timedelta:
    """How long one person waits after so many failures in a row (sync.md 8)."""
    wait = WAITS[failures - 1] if failures <= len(WAITS) else LONGEST
    return min(wait, REMOVAL_WAITS_AT_MOST) if removal else wait


def save(session: Session, grant: KisiGrant, **values: Any) -> None:
    """Write these columns of the row while the lease is ours."""
    with session.lease.writing():
        _set(grant, **values)


def intend_grant(session: Session, email: str) -> tuple[KisiGrant, Wanted]:
    """Commit the intent to give access; raises Moved when it is not wanted (any more)."""
    with session.lease.writing():
        wanted, row = gather.one(session.connection, email, session.today)
        if wanted is None or (row and (row.exempt or row.state == State.GRANTED)):
            raise Moved
        if left_alone.is_followed(session.connection, wanted):
            raise Moved
        grant = _open_row(session.connection, email) or new_row(session.connection, wanted)
        intent = _intent(session, grant, wish_of(email, wanted)) | _where(session.connection)
        _set(grant, state=State.GRANTING, **intent, member_id=wanted.member_id)
    return grant, wanted


def intend_revoke(session: Session, email: str) -> tuple[KisiGrant, bool]:
    """Commit the intent to remove; the row, and whether somebody's word (or a changed address) stands behind it."""
    with session.lease.writing():
        wanted, row = gather.one(session.connection, email, session.today)
        if wanted is not None and not session.connection.is_leaving:
            raise Moved
        if row is None or row.exempt or _protected_by_choice(row):
            raise Moved
        if row.moved == "waiting" and not session.connection.is_leaving:
            raise Moved
        grant = KisiGrant.objects.open().get(connection=session.connection, email=email)
        worded = bool(row.word or row.moved)
        intent = _intent(session, grant, wish_of(email, None))
        _set(grant, state=State.REVOKING, worded=worded, lone_right=False, **intent)
    return grant, worded


def intend_rename(session: Session, email: str) -> tuple[KisiGrant, Wanted]:
    """Keep what the new name is sent for; raises Moved when there is nobody to rename (any more)."""
    with session.lease.writing():
        wanted, row = gather.one(session.connection, email, session.today)
        grant = _open_row(session.connection, email)
        if wanted is None or row is None or grant is None or row.exempt or row.state != State.GRANTED:
            raise Moved
        wish = wish_of(email, wanted)
        _set(grant, wish=wish, **({} if grant.wish == wish else SETTLED))
    return grant, wanted


def intend_settle(session: Session, email: str) -> tuple[KisiGrant, Wanted | None]:
    """Mark the row as uncertain for today's wish; what was intended, and when, stays on it."""
    with session.lease.writing():
        wanted, _ = gather.one(session.connection, email, session.today)
        wanted = None if session.connection.is_leaving else wanted
        grant = KisiGrant.objects.open().get(connection=session.connection, email=email)
        wish = wish_of(email, wanted)
        fresh = {} if grant.wish == wish else SETTLED | {"missed_at": grant.missed_at}
        _set(grant, state=State.UNCERTAIN, wish=wish, **fresh)
    return grant, wanted


def _protected_by_choice(row: Any) -> bool:
    return not row.word and not row.moved and bool(row.held or row.kept_until)


def confirm_granted(session: Session, grant: KisiGrant, *, right_id: int, origin: str, **values: Any) -> None:
    """Kisi holds our right: the row says so from here on."""
    now = session.clock.now()
    with session.lease.writing():
        _set(
            grant,
            state=State.GRANTED,
            role_assignment_id=right_id,
            origin=origin,
            confirmed_at=now,
            granted_before=True,
            managed="",
            **SETTLED,
            **values,
        )


def close(session: Session, grant: KisiGrant, how: str, **values: Any) -> None:
    """End the row: whatever word there was is used up."""
    with session.lease.writing():
        close_row(grant, how, now=session.clock.now(), **values)


def close_row(grant: KisiGrant, how: str, *, now: datetime, **values: Any) -> None:
    """The same inside the caller's transaction."""
    Release.objects.filter(connection_id=grant.connection_id, email=grant.email).delete()
    _set(grant, state=State.CLOSED, closed_how=how, closed_at=now, held_since=None, **(SETTLED | values))


def leave_behind_again(session: Session, grant: KisiGrant, error: DoorError) -> AccessEvent.Kind:
    """This right in the former group could not be taken: it is listed again, with what was answered."""
    said = error.said or str(error)
    save(session, grant, closed_how=KisiGrant.Closed.LEFT_BEHIND, failures=0, last_error=said)
    kind = AccessEvent.Kind.REFUSED
    record.note(session.connection, kind, grant=grant, error=error, run_id=session.run_id)
    return kind


def tell_past(session: Session, grant: KisiGrant, **facts: Any) -> None:
    """What is known now of somebody who has no open row: kept on the last one, for the pages."""
    with session.lease.writing():
        mine = KisiGrant.objects.filter(connection=session.connection, email=grant.email)
        mine.past().update(**facts)


def tell_past_of_all_gyms(session: Session, grant: KisiGrant, **facts: Any) -> None:
    """The same in every gym of the organization: for all of them this is one Kisi person."""
    with session.lease.writing():
        mine = KisiGrant.objects.filter(organization_id=grant.organization_id, email=grant.email)
        mine.past().update(**facts)


def leave_to_kisi(session: Session, grant: KisiGrant, role: str, *, wanted: bool) -> None:
    """The person is never touched: remembered as managed while entitled, else no longer Core's."""
    with session.lease.writing():
        record.note(
            session.connection, AccessEvent.Kind.MANAGED, grant=grant, cause=role, run_id=_run(session)
        )
        if wanted:
            _set(grant, state=State.ABSENT, managed=role, role_assignment_id=None, origin="", **SETTLED)
        else:
            close_row(grant, Closed.RELEASED, now=session.clock.now(), managed=role)


def fail(session: Session, grant: KisiGrant, error: DoorError, *, removal: bool) -> None:
    """Record one person's failure: parked, waiting, or uncertain when the answer was none."""
    failures = grant.failures + 1
    values = {"failures": failures, "last_error": error.said or str(error), "trouble": _trouble(error)}
    with session.lease.writing():
        if isinstance(error, NoAnswer) and error.wrote:
            values |= {"state": State.UNCERTAIN, "retry_at": _after_doubt(session, failures, removal=removal)}
        else:
            values |= {
                "state": _definite_state(grant, error),
                "retry_at": _retry(session, error, failures, removal=removal),
            }
        _set(grant, **values)
        record.note(
            session.connection, AccessEvent.Kind.REFUSED, grant=grant, error=error, run_id=_run(session)
        )


def postpone(session: Session, grant: KisiGrant, wait: timedelta) -> None:
    """No call went out: the row reads as before the intent, and is looked at again after `wait`."""
    save(session, grant, state=_definite_state(grant), retry_at=session.clock.now() + wait)


def undo_intent(session: Session, grant: KisiGrant) -> None:
    """The call was certainly not carried out (401, 429 …): the row reads as before the intent."""
    save(session, grant, state=_definite_state(grant))


def doubt(grant_ids: list[int]) -> None:
    """Mark rows as uncertain, inside the caller's transaction: each is read singly before anything else."""
    KisiGrant.objects.filter(pk__in=grant_ids).update(state=State.UNCERTAIN, retry_at=None)


def _definite_state(grant: KisiGrant, error: DoorError | None = None) -> str:
    """Before the call, as far as the answer goes: "not found" of somebody who has access is a question."""
    lost = isinstance(error, Gone) and grant.state == State.GRANTED
    if lost or grant.state == State.UNCERTAIN:
        return State.UNCERTAIN
    return State.GRANTED if grant.role_assignment_id is not None else State.ABSENT


def _after_doubt(session: Session, failures: int, *, removal: bool) -> datetime | None:
    """The first lost answer is looked at in the next plan, later ones wait."""
    return None if failures == 1 else session.clock.now() + wait_for(failures - 1, removal=removal)


def _retry(session: Session, error: DoorError, failures: int, *, removal: bool) -> datetime | None:
    if isinstance(error, (Refused, Forbidden, Conflict)) or (isinstance(error, Gone) and failures == 1):
        return None
    return session.clock.now() + wait_for(failures, removal=removal)


def _trouble(error: DoorError) -> str:
    if isinstance(error, Refused):
        return Trouble.REFUSED
    if isinstance(error, Forbidden):
        return Trouble.FORBIDDEN
    if isinstance(error, Conflict):
        return Trouble.CONFLICT
    return Trouble.LOST if isinstance(error, AlreadyExists) else Trouble.UNCLEAR


def _intent(session: Session, grant: KisiGrant, wish: str) -> dict[str, Any]:
    """A new wish starts with a clean sheet: failures belong to the old one."""
    fresh = {} if grant.wish == wish else SETTLED | {"missed_at": grant.missed_at}
    return fresh | {"intent_at": session.clock.now(), "wish": wish}


def _open_row(connection: KisiConnection, email: str) -> KisiGrant | None:
    return KisiGrant.objects.open().filter(connection=connection, email=email).first()


def new_row(connection: KisiConnection, wanted: Wanted) -> KisiGrant:
    """A row of this address, not saved yet."""
    return KisiGrant(
        connection=connection,
        email=normalize_email(wanted.email),
        name=wanted.name,
        until=wanted.until,
        **_where(connection),
    )


def _where(connection: KisiConnection) -> dict[str, int]:
    """Which group the right is in: a row that began without a right, such as one left to Kisi, knows none."""
    return {"organization_id": connection.organization_id, "kisi_group_id": connection.group_id}


def _set(grant: KisiGrant, **values: Any) -> None:
    for name, value in values.items():
        setattr(grant, name, value)
    if grant.pk is None:
        grant.save()
    else:
        grant.save(update_fields=[*values, "changed_at"])


def _run(session: Session) -> int | None:
    return session.run.pk if session.run else None
