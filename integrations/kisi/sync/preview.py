"""What a run would do, with nothing written at Kisi and nothing kept in the ledger."""

from __future__ import annotations

from integrations.access.facts import Plan
from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.sync import findings, gather, planning
from integrations.kisi.sync.checks import always_protected, check, check_fully
from integrations.kisi.sync.clock import Clock
from integrations.kisi.sync.lease import Lease
from integrations.kisi.sync.session import Session
from plans.dates import apply_reached_dates


def plan(connection: KisiConnection, read: Read, clock: Clock) -> Plan:
    """The plan of this moment; beyond the ledger it reads Kisi, and raises what that may raise.

    Dates that were reached are applied first, as in every run. The lease is not taken: a preview may be late.
    """
    apply_reached_dates(clock.now(), connection.gym)
    today, now = connection.gym.today(clock.now()), clock.now()
    if read is Read.LEDGER:
        return planning.decide(connection, gather.differences(connection, today, now), now=now)
    found = _walk(connection, read, clock)
    facts = gather.everything(connection, today, now)
    return planning.decide(connection, facts, found.observed, now=now)


def _walk(connection: KisiConnection, read: Read, clock: Clock) -> findings.Walk:
    session = Session.open(connection, _NoLease(connection.pk, 0, clock), clock)
    if read is Read.FULL:
        staff = check_fully(session)
    else:
        check(session)
        staff = always_protected(connection)
    return findings.walk(session, staff)


class _NoLease(Lease):
    """Reads need no lease; a preview must not take it from a run."""

    def check(self) -> None:
        """Always fine."""
