"""Reading Kisi beside the runs: without the lease, and, while a person waits, within seconds. Writes nothing."""

from __future__ import annotations

from datetime import timedelta

from integrations.access.errors import DoorError
from integrations.kisi.models import KisiConnection
from integrations.kisi.sync.clock import Clock
from integrations.kisi.sync.lease import Lease
from integrations.kisi.sync.session import WAITED_FOR, Later, Session, client_for
from integrations.vault import VaultError

BEGIN_WITHIN = timedelta(seconds=5)  # the last call may take WAITED_FOR.total more: nine seconds in all


class OutOfTime(Exception):
    """Kisi was too slow for somebody who waits; nothing is wrong with what it may still say."""


UNANSWERED = (DoorError, Later, OutOfTime, VaultError)


def without_lease(connection: KisiConnection, clock: Clock) -> Session:
    """For reads that may be late. Raises VaultError when the key cannot be opened."""
    session = Session.open(connection, _NoLease(connection.pk, 0, clock), clock)
    session.gate.on_answer = lambda write, ok: None
    return session


def brief(connection: KisiConnection, clock: Clock) -> Session:
    """The same for a page: no call begins later than five seconds from now. Raises OutOfTime, in its calls."""
    session = without_lease(connection, clock)
    until = clock.now() + BEGIN_WITHIN

    def in_time() -> None:
        if clock.now() >= until:
            raise OutOfTime

    session.gate.before = in_time
    session.kisi = client_for(connection.api_key(), session.gate, limits=WAITED_FOR)
    return session


class _NoLease(Lease):
    """Reads need no lease; they must not take it from a run."""

    def check(self) -> None:
        """Always fine."""
