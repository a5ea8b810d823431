"""A read of Kisi within a run: checks, the walk, and its findings kept while the lease is ours."""

from __future__ import annotations

from integrations.access.errors import IncompleteRead
from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.rows import User
from integrations.kisi.sync import findings, gather
from integrations.kisi.sync.checks import always_protected, check, check_fully
from integrations.kisi.sync.logbook import last_good
from integrations.kisi.sync.session import Session


def read(session: Session, wanted: Read) -> None:
    """Compare the group with the ledger; raises IncompleteRead with nothing concluded."""
    staff = check_fully(session) if wanted is Read.FULL else _known_staff(session)
    found = findings.walk(session, staff)
    only = None if wanted is Read.FULL else _recent(session)
    with session.lease.writing():
        facts = gather.everything(session.connection, session.today, session.clock.now())
        findings.keep(session.connection, found, facts, only=only, run=session.run)
        if wanted is Read.FULL and session.connection.must_read_first:
            _first_full_read(session.connection)


def everybody(session: Session) -> dict[str, User]:
    """All Kisi people by exact address, without those whose address stands twice; empty when unreadable."""
    try:
        users = session.kisi.users()
    except IncompleteRead:
        return {}
    by_email: dict[str, list[User]] = {}
    for user in users:
        by_email.setdefault(user.email, []).append(user)
    return {email: found[0] for email, found in by_email.items() if len(found) == 1}


def _known_staff(session: Session) -> dict[int, str]:
    check(session)
    return always_protected(session.connection)


def _recent(session: Session) -> frozenset[str] | None:
    last = last_good(session.connection, Read.RECENT)
    return findings.recent_addresses(session.connection, last.started_at) if last else None


def _first_full_read(connection: KisiConnection) -> None:
    connection.must_read_first = False
    connection.save(update_fields=["must_read_first"])
