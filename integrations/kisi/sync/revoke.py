"""One removal out: a look before it, every right of ours, then the profile where the rules allow (sync.md 5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from integrations.access.errors import DoorError, Forbidden, Gone, NoAnswer, Refused
from integrations.kisi.models import AccessEvent, KisiGrant
from integrations.kisi.rows import Right
from integrations.kisi.sync import ledger, people, record
from integrations.kisi.sync.checks import require_group
from integrations.kisi.sync.session import Session

Closed = KisiGrant.Closed
LOOK_AGAIN = timedelta(seconds=60)


def revoke(session: Session, email: str) -> AccessEvent.Kind | None:
    """Take this address's access away; what was done. Raises ledger.Moved when it is wanted again."""
    row, _ = ledger.intend_revoke(session, email)
    if people.began_to_remove_earlier(session, row):
        ledger.postpone(session, row, ledger.OTHER_GYM_FINISHES)
        return None
    if row.kisi_user_id is None:
        ledger.close(session, row, Closed.GONE)
        return None
    rights = people.read_rights(session, row, row.kisi_user_id)
    role = people.protected_role(session, row.kisi_user_id, rights)
    if role:
        ledger.leave_to_kisi(session, row, role, wanted=False)
        return AccessEvent.Kind.MANAGED
    doomed = _doomed(session, row, rights)
    if not doomed and row.role_assignment_id is None:
        _look_again_later(session, row)
        return None
    if not doomed:
        require_gone(session, row)
    ledger.save(session, row, lone_right=bool(doomed) and len(doomed) == len(rights))
    profile_goes = people.profile_may_go(session, row)
    other_way = people.other_way(session, row, [right for right in rights if right not in doomed])
    for right in doomed:
        remove_right(session, right.id)
    return finish(session, row, profile_goes=profile_goes, other_way=other_way)


def finish(
    session: Session, row: KisiGrant, *, profile_goes: bool, other_way: bool
) -> AccessEvent.Kind | None:
    """The rights are gone: the profile follows where it may, and the row is closed."""
    if profile_goes:
        _delete_profile(session, row)
    if row.role_assignment_id is None:
        ledger.close(session, row, Closed.GONE, other_way=other_way)
        return None
    ledger.close(session, row, Closed.REMOVED, other_way=other_way)
    _note(session, row, AccessEvent.Kind.REVOKED)
    return AccessEvent.Kind.REVOKED


def _delete_profile(session: Session, row: KisiGrant) -> None:
    """A profile that Kisi will not let go stays: the access is gone, and that is said."""
    try:
        _delete_user(session, row.kisi_user_id or 0)
    except (Forbidden, Refused) as error:
        _note(session, row, AccessEvent.Kind.REFUSED, error=error)
    else:
        ledger.tell_past_of_all_gyms(session, row, other_way=False)


def _note(
    session: Session, row: KisiGrant, kind: AccessEvent.Kind, *, error: DoorError | None = None
) -> None:
    record.note(
        session.connection, kind, grant=row, error=error, run_id=session.run_id, cause=session.because
    )


def _look_again_later(session: Session, row: KisiGrant) -> None:
    """A profile Core made for a right it never gave: a second look decides (settle.py)."""
    now = session.clock.now()
    ledger.save(session, row, state=KisiGrant.State.UNCERTAIN, missed_at=now, retry_at=now + LOOK_AGAIN)


def _doomed(session: Session, row: KisiGrant, rights: tuple[Right, ...]) -> list[Right]:
    """In transition only the right Core created, by its own id; afterwards every right that counts."""
    valid = people.ours(session, rights)
    if session.connection.in_transition:
        return [right for right in valid if right.id == row.role_assignment_id]
    return valid


def require_gone(session: Session, row: KisiGrant) -> None:
    """An empty list alone is no proof: the right itself must answer 404."""
    if row.role_assignment_id is not None:
        _confirm_gone(session, lambda: session.kisi.right(row.role_assignment_id or 0), wrote=False)


def remove_right(session: Session, right_id: int) -> None:
    """Delete one right; one that is not there is gone only when a look at it says so too."""
    try:
        session.kisi.remove_right(right_id)
    except Gone:
        _confirm_gone(session, lambda: session.kisi.right(right_id), wrote=True)


def _delete_user(session: Session, user_id: int) -> None:
    try:
        session.kisi.delete_user(user_id)
    except Gone:
        _confirm_gone(session, lambda: session.kisi.user(user_id), wrote=True)


def _confirm_gone(session: Session, look: Callable[[], object], *, wrote: bool) -> None:
    """Not there, asked singly, by a key that still sees the group; else nobody knows (sync.md 5)."""
    try:
        look()
    except Gone:
        require_group(session)
        return
    raise NoAnswer("Kisi says that it is not there, and shows it when asked singly", wrote=wrote)
