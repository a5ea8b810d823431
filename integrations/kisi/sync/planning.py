"""The plan of this moment: facts, the pure planner, and the brake before any removal (sync.md 7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import F, Q

from integrations.access import brake, planner
from integrations.access.facts import Kind, Observed, Plan
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Read, Release
from integrations.kisi.sync import gather, ledger, record
from integrations.kisi.sync.logbook import Logbook
from integrations.kisi.sync.session import Session

WORD_LASTS = timedelta(days=7)


def make_plan(session: Session, book: Logbook) -> Plan:
    """What is owed now, with removals over the allowance held instead of planned."""
    connection, now = session.connection, session.clock.now()
    old = Release.objects.filter(connection=connection, at__lt=now - WORD_LASTS)
    if connection.status != KisiConnection.Status.DISCONNECTING:  # whom it named, it names to the end
        old.delete()
    facts = gather.differences(connection, session.today, now)
    plan = decide(connection, facts, now=now)
    verdict = judge(connection, plan, facts)
    if verdict.holds:
        _hold(session, book, plan)
        plan = plan.without({change.email for change in plan.owed})
    return plan


def decide(
    connection: KisiConnection,
    facts: gather.Facts,
    observed: Observed | None = None,
    *,
    now: datetime,
) -> Plan:
    """The pure plan for this connection's state; before the first full read nobody is removed.

    After a restored backup only those may be removed whom somebody has named since.
    """
    if connection.is_leaving:
        return planner.plan_farewell(facts.ledger, now=now)
    sole_source = connection.sole_source_since is not None
    plan = planner.plan(facts.wanted, facts.ledger, observed, now=now, sole_source=sole_source)
    if connection.must_read_first:
        return replace(plan, changes=tuple(c for c in plan.changes if c.wanted is not None))
    if connection.restored_at is not None:
        return replace(plan, changes=tuple(c for c in plan.changes if c.kind is not Kind.REVOKE or c.braked))
    return plan


def judge(connection: KisiConnection, plan: Plan, facts: gather.Facts) -> brake.Verdict:
    """The brake over everything that is owed without a word, begun removals included."""
    if not plan.owed or connection.is_leaving:
        return brake.Verdict(holds=False, owed=0, counted=facts.confirmed, allowed=None)
    if connection.restored_at is not None:
        return brake.Verdict(holds=True, owed=len(plan.owed), counted=facts.confirmed, allowed=0)
    return brake.judge(
        owed=len(plan.owed) + len(plan.in_flight),
        confirmed=facts.confirmed,
        gone_without_word=facts.gone_without_word,
        share=connection.brake_share,
    )


def _hold(session: Session, book: Logbook, plan: Plan) -> None:
    """None of the batch goes: each person is listed, and waits for a word.

    Whoever is unclear and not entitled belongs to it too, unless a removal was begun: settled later and alone,
    each would pass as a batch of one.
    """
    now = session.clock.now()
    emails = [change.email for change in plan.owed if change.kind is Kind.REVOKE]
    unbegun = Q(intent_at=None) | Q(intent_at__lte=F("confirmed_at"))
    unclear = Q(email__in=plan.in_flight, state=KisiGrant.State.UNCERTAIN, held_since=None) & unbegun
    book.begin(Read.LEDGER)
    with session.lease.writing():
        mine = KisiGrant.objects.open().filter(connection=session.connection)
        rows = list(mine.filter(Q(email__in=emails) | unclear))
        mine.filter(unclear).update(held_since=now)
        mine.filter(email__in=emails).update(held_since=now, **ledger.SETTLED)
        for row in rows:
            record.note(
                session.connection,
                AccessEvent.Kind.HELD,
                grant=row,
                run_id=session.run_id,
                cause=session.because,
            )
    book.holds(len(rows))
