"""Taking the rights in a former group that an admin asked for: the right only, and a failure stops no run."""

from __future__ import annotations

from integrations.access.errors import Gone, NoAnswer, PersonError
from integrations.kisi.models import AccessEvent, KisiGrant, Read
from integrations.kisi.rows import Right
from integrations.kisi.sync import ledger, people, record
from integrations.kisi.sync.checks import check
from integrations.kisi.sync.logbook import Logbook
from integrations.kisi.sync.revoke import remove_right
from integrations.kisi.sync.session import Session

Closed = KisiGrant.Closed
LEFT_BEHIND = "left behind"  # why the right was removed
TRIES = 3


def clear_left_behind(session: Session, book: Logbook) -> None:
    """Everybody an admin has asked to be taken out of a former group of the organization that the key opens.

    Another organization's key is told 404 of every right: whoever was left there is listed again.
    """
    asked = list(KisiGrant.objects.filter(connection=session.connection, closed_how=Closed.CLEARING))
    here = session.connection.organization_id
    rows = [row for row in asked if row.organization_id == here]
    for row in asked:
        if row.organization_id != here:
            ledger.save(session, row, closed_how=Closed.LEFT_BEHIND)
    if rows:
        book.begin(Read.LEDGER)
        book.owes(len(rows))
        check(session)
    for row in rows:
        try:
            book.did(_clear(session, row))
        except PersonError as error:
            book.did(ledger.leave_behind_again(session, row, error))
        except NoAnswer as error:
            _try_again(session, row, error)
            book.did(ledger.leave_behind_again(session, row, error))
            session.raise_if_in_trouble()


def _try_again(session: Session, row: KisiGrant, error: NoAnswer) -> None:
    """Raises the error for another try soon; at the last one this person is given up, and the others go on."""
    if row.failures + 1 < TRIES:
        ledger.save(session, row, failures=row.failures + 1)
        raise error


def _clear(session: Session, row: KisiGrant) -> AccessEvent.Kind | None:
    """Remove only the right, in the group this closed row was for; the profile stays.

    A right in the group in use now is nobody's left behind, whatever the row says.
    """
    try:
        right = session.kisi.right(row.role_assignment_id or 0)
    except Gone:
        ledger.save(session, row, closed_how=Closed.GONE)
        ledger.tell_past(session, row, other_way=False)
        return AccessEvent.Kind.REVOKED
    if _is_in_use(session, right):
        ledger.save(session, row, closed_how=Closed.GONE)
        return None
    rights = people.read_rights(session, row, right.user_id or 0)
    role = people.protected_role(session, right.user_id or 0, rights)
    if role:
        ledger.save(session, row, closed_how=Closed.RELEASED)
        ledger.tell_past(session, row, managed=role)
        return AccessEvent.Kind.MANAGED
    if people.counts(right, row.kisi_group_id) and right.email == row.email:
        remove_right(session, right.id)
    ledger.save(session, row, closed_how=Closed.REMOVED, worded=True)
    left = [other for other in rights if other.id != right.id]
    ledger.tell_past(session, row, other_way=people.other_way(session, row, left))
    record.note(
        session.connection, AccessEvent.Kind.REVOKED, grant=row, run_id=session.run_id, cause=LEFT_BEHIND
    )
    return AccessEvent.Kind.REVOKED


def _is_in_use(session: Session, right: Right) -> bool:
    """Whether this right gives the access of today: in our group, or the one an open row stands for."""
    ours = KisiGrant.objects.open().filter(connection=session.connection, role_assignment_id=right.id)
    return right.applies_to_id == session.connection.group_id or ours.exists()
