"""One grant out: a new person in two calls, an existing one after a look (sync.md 4)."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.access.errors import AlreadyExists, DoorError, Gone, NoAnswer
from integrations.access.facts import Wanted
from integrations.kisi.models import AccessEvent, KisiGrant
from integrations.kisi.rows import Right, User
from integrations.kisi.sync import drift, ledger, people, record
from integrations.kisi.sync.session import Session

Origin, State = KisiGrant.Origin, KisiGrant.State
AT_ONCE = 500


def grant(session: Session, email: str) -> AccessEvent.Kind | None:
    """Give this address its right; what was done, or None when another gym's removal goes first.

    Raises ledger.Moved when it is no longer wanted, and a DoorError after nothing but the intent was kept.
    """
    row, wanted = ledger.intend_grant(session, email)
    if people.being_removed_elsewhere(session, row):
        ledger.postpone(session, row, ledger.OTHER_GYM_FINISHES)
        return None
    if row.kisi_user_id is None or row.email in session.known_users:
        _take_from_walk(session, row)
    else:
        _look_at_known_person(session, row)
    if row.kisi_user_id is None and _create_person(session, row, wanted):
        return _give(session, row)
    return join(session, row)


def meet(session: Session, owed: Iterable[Wanted]) -> None:
    """Keep in the ledger whom of these Kisi knows already, for the slices after the one that read them all."""
    found = [
        (wanted, session.known_users[wanted.email]) for wanted in owed if wanted.email in session.known_users
    ]
    with session.lease.writing():
        rows = [_met(session, wanted, user) for wanted, user in found]
        KisiGrant.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)


def _met(session: Session, wanted: Wanted, user: User) -> KisiGrant:
    row = ledger.new_row(session.connection, wanted)
    row.state, row.kisi_user_id, row.name = State.ABSENT, user.id, user.name
    row.profile_was_there = not people.is_marked(session.connection, user)
    return row


def join(session: Session, row: KisiGrant) -> AccessEvent.Kind:
    """Give the right to a person who is at Kisi already: protected stays, a valid right is taken over."""
    user_id = _known_id(row)
    rights = people.read_rights(session, row, user_id)
    role = people.protected_role(session, user_id, rights)
    if role:
        ledger.leave_to_kisi(session, row, role, wanted=True)
        return AccessEvent.Kind.MANAGED
    valid = people.ours(session, rights)
    if valid:
        return adopt(session, row, valid[0])
    return _give(session, row)


def adopt(session: Session, row: KisiGrant, right: Right) -> AccessEvent.Kind:
    """Take over a right that is there: no write, no mail. It is ours when the row already knew its id."""
    known = row.role_assignment_id == right.id and row.origin
    origin = row.origin if known else Origin.ADOPTED
    ledger.confirm_granted(session, row, right_id=right.id, origin=origin)
    return _noted(session, row, AccessEvent.Kind.ADOPTED)


def _create_person(session: Session, row: KisiGrant, wanted: Wanted) -> bool:
    """True when the profile was made; False when it was there already (its id is then on the row)."""
    mark = people.mark_of(session.connection)
    mails = not row.granted_before
    try:
        user = session.kisi.create_user(email=row.email, name=wanted.name, mark=mark, send_emails=mails)
    except AlreadyExists as exists:
        _find_existing(session, row, exists)
        return False
    people.require_address(row, user)
    ledger.save(session, row, kisi_user_id=user.id, missed_at=None, profile_was_there=False, name=wanted.name)
    return True


def _find_existing(session: Session, row: KisiGrant, exists: AlreadyExists) -> None:
    user = people.find(session, row.email)
    if user is None:
        raise exists
    _keep_person(session, row, user)


def _look_at_known_person(session: Session, row: KisiGrant) -> None:
    """An id from an earlier time may be stale: gone means start afresh, another address means stop."""
    try:
        user = session.kisi.user(_known_id(row))
    except Gone:
        ledger.save(session, row, kisi_user_id=None, role_assignment_id=None, profile_was_there=None)
        return
    people.require_address(row, user)
    ledger.save(session, row, suspended=drift.suspended(session, row, user))


def _take_from_walk(session: Session, row: KisiGrant) -> None:
    """A walk of all Kisi people, done before a large batch, may know the person already."""
    user = session.known_users.get(row.email)
    if user is not None:
        _keep_person(session, row, user)


def _keep_person(session: Session, row: KisiGrant, user: User) -> None:
    """Who is there, by the name Kisi has: a profile Core made for somebody before may have another."""
    ledger.save(
        session,
        row,
        kisi_user_id=user.id,
        missed_at=None,
        name=user.name,
        profile_was_there=not people.is_marked(session.connection, user),
        suspended=drift.suspended(session, row, user),
    )


def _give(session: Session, row: KisiGrant) -> AccessEvent.Kind:
    repair = row.granted_before
    notify = session.connection.send_mails and not repair
    user_id = _known_id(row)
    try:
        right = session.kisi.add_right(user_id=user_id, group_id=session.connection.group_id, notify=notify)
    except (AlreadyExists, DoorError) as error:
        if not _may_be_there(error):
            raise
        return _adopt_exact_match(session, row, error)
    ledger.confirm_granted(session, row, right_id=right.id, origin=Origin.CREATED)
    return _noted(session, row, AccessEvent.Kind.REPAIRED if repair else AccessEvent.Kind.GRANTED)


def _may_be_there(error: DoorError) -> bool:
    """A 409, or a 422 with whatever words, may mean that the right exists (kisi-api.md 3)."""
    return isinstance(error, AlreadyExists) or error.status == 422


def _adopt_exact_match(session: Session, row: KisiGrant, error: DoorError) -> AccessEvent.Kind:
    valid = people.ours(session, people.read_rights(session, row, _known_id(row)))
    if valid:
        return adopt(session, row, valid[0])
    session.kisi.user(_known_id(row))  # Gone: the refusal was about the person, who is there no more
    raise error


def _noted(session: Session, row: KisiGrant, kind: AccessEvent.Kind) -> AccessEvent.Kind:
    run_id = session.run.pk if session.run else None
    record.note(session.connection, kind, grant=row, run_id=run_id, cause=session.because)
    return kind


def _known_id(row: KisiGrant) -> int:
    if row.kisi_user_id is None:
        raise NoAnswer("the Kisi person's id is not known")
    return row.kisi_user_id
