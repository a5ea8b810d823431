"""Settling what is uncertain: read that one person, say what is true; today's wish decides afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integrations.access.errors import Gone
from integrations.kisi.models import AccessEvent, KisiGrant
from integrations.kisi.rows import Right, User
from integrations.kisi.sync import drift, ledger, people, record, revoke
from integrations.kisi.sync.checks import require_group
from integrations.kisi.sync.drift import Drift
from integrations.kisi.sync.session import Session

Origin, State, Closed = KisiGrant.Origin, KisiGrant.State, KisiGrant.Closed
CLOCKS_DIFFER = timedelta(minutes=2)


def settle(session: Session, email: str) -> AccessEvent.Kind | None:
    """Make an uncertain row certain (sync.md 2); what this turned out to have done, if anything."""
    row, want = ledger.intend_settle(session, email)
    wanted = want is not None
    user = _read_person(session, row)
    if user is None:
        return _not_found(session, row, wanted=wanted)
    rights = people.read_rights(session, row, user.id)
    role = people.protected_role(session, user.id, rights)
    if role:
        ledger.leave_to_kisi(session, row, role, wanted=wanted)
        return None
    valid = people.ours(session, rights)
    if valid:
        done = _found_right(session, row, user, _best(row, valid))
        _leave_one(session, row, valid, wanted=wanted)
        return done
    return _found_person_only(session, row, rights, wanted=wanted)


def _read_person(session: Session, row: KisiGrant) -> User | None:
    """By id where it is known (its 404 is final), else by exact address."""
    if row.kisi_user_id is not None:
        try:
            user = session.kisi.user(row.kisi_user_id)
        except Gone:
            require_group(session)
            return None
        people.require_address(row, user)
    else:
        found = people.find(session, row.email)
        if found is None:
            return None
        user = found
        was_there = not people.is_marked(session.connection, user)
        ledger.save(session, row, kisi_user_id=user.id, name=user.name, profile_was_there=was_there)
    ledger.save(session, row, suspended=drift.suspended(session, row, user))
    return user


def _not_found(session: Session, row: KisiGrant, *, wanted: bool) -> AccessEvent.Kind | None:
    knew_the_id = row.kisi_user_id is not None
    if wanted:
        if knew_the_id and drift.is_ours_to_know(row):
            drift.note(session, row, Drift.PERSON_GONE)
        ledger.save(
            session,
            row,
            state=State.ABSENT,
            kisi_user_id=None,
            role_assignment_id=None,
            profile_was_there=None,
            origin=Origin.NONE,
            **(_looked_up(session, row) | {"missed_at": None if knew_the_id else session.clock.now()}),
        )
        return None
    if knew_the_id:
        return revoke.finish(session, row, profile_goes=False, other_way=False)
    return _look_again_or_close(session, row)


def _looked_up(session: Session, row: KisiGrant) -> dict[str, Any]:
    """Known to be without access: tried again now. Whoever failed counts as failed until that goes through."""
    if not row.trouble:
        return ledger.SETTLED
    return {"retry_at": session.clock.now(), "missed_at": None}


def _look_again_or_close(session: Session, row: KisiGrant) -> AccessEvent.Kind | None:
    """Kisi's search can lag: "not found" once is no proof."""
    now = session.clock.now()
    if row.missed_at is None:
        ledger.save(session, row, missed_at=now, retry_at=now + revoke.LOOK_AGAIN)
    elif now - row.missed_at < revoke.LOOK_AGAIN:
        ledger.save(session, row, retry_at=row.missed_at + revoke.LOOK_AGAIN)
    else:
        ledger.close(session, row, Closed.GONE)
    return None


def _found_right(session: Session, row: KisiGrant, user: User, right: Right) -> AccessEvent.Kind | None:
    """The right is there. Ours when our intent or our mark says so, else taken over."""
    ours = row.role_assignment_id == right.id and row.origin == Origin.CREATED
    after_intent = bool(
        row.intent_at and right.created_at and right.created_at >= row.intent_at - CLOCKS_DIFFER
    )
    marked = people.is_marked(session.connection, user)
    created = ours or (row.role_assignment_id is None and (after_intent or marked))
    news = not row.granted_before
    ledger.confirm_granted(
        session, row, right_id=right.id, origin=Origin.CREATED if created else Origin.ADOPTED
    )
    if not news:
        return None
    kind = AccessEvent.Kind.GRANTED if created else AccessEvent.Kind.ADOPTED
    record.note(session.connection, kind, grant=row, run_id=session.run_id, cause=session.because)
    return kind


def _found_person_only(
    session: Session, row: KisiGrant, rights: tuple[Right, ...], *, wanted: bool
) -> AccessEvent.Kind | None:
    """The person is there without a right of ours; whoever has other rights by now keeps the profile."""
    if wanted:
        if drift.is_ours_to_know(row):
            other = drift.other_dates(rights, session.connection.group_id, session.clock.now())
            drift.note(session, row, other or Drift.RIGHT_GONE)
        ledger.save(session, row, state=State.ABSENT, role_assignment_id=None, **_looked_up(session, row))
        return None
    if row.role_assignment_id is not None:
        revoke.require_gone(session, row)
    elif row.missed_at is None or session.clock.now() - row.missed_at < revoke.LOOK_AGAIN:
        return _look_again_or_close(session, row)
    elif row.profile_was_there is False:
        ledger.save(session, row, lone_right=True)
    profile_goes = not rights and not _is_held(row) and people.profile_may_go(session, row)
    other_way = people.other_way(session, row, rights)
    return revoke.finish(session, row, profile_goes=profile_goes, other_way=other_way)


def _is_held(row: KisiGrant) -> bool:
    """Held, unless a removal by somebody's word was begun since then."""
    if row.held_since is None:
        return False
    ended = row.worded and row.intent_at is not None and row.intent_at >= row.held_since
    return not ended


def _leave_one(session: Session, row: KisiGrant, valid: list[Right], *, wanted: bool) -> None:
    """Several rights of the same kind: one is enough, and the one we know stays. Not while moving in."""
    surplus = [right for right in valid if right.id != row.role_assignment_id]
    if not surplus or not wanted:
        return
    drift.note(session, row, drift.doubled(len(valid)))
    if not session.connection.in_transition:
        for right in surplus:
            revoke.remove_right(session, right.id)


def _best(row: KisiGrant, valid: list[Right]) -> Right:
    return next((right for right in valid if right.id == row.role_assignment_id), valid[0])
