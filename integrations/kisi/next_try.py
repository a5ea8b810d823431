"""What happens next to one member's door access by itself, and when. Reads only, calls nobody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, Subquery

from integrations.access.policy import Reason
from integrations.kisi import glance, numbers
from integrations.kisi.doors import Facts
from integrations.kisi.models import KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.sync import schedule
from plans.models import Subscription

State, Trouble = KisiGrant.State, KisiGrant.Trouble
UNSETTLED = (State.GRANTING, State.REVOKING, State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Next:
    """`at` is the moment where it is known; `words` say what happens then, or when it does."""

    words: str
    at: datetime | None = None
    label: str = "Next look"


SOON = Next("within a minute", label="Next try")
DECIDED = Next("once an admin decides about the held removal")
STOPPED = Next("once Core's own sync runs again", label="Next try")
CORRECTED = Next("once the member's details change, or after Sync now", label="Next try")


def of(facts: Facts, now: datetime) -> Next | None:
    """The first thing that happens to this person; None where nothing does without somebody's act."""
    connection, row = facts.connection, facts.row
    if connection is None or not glance.can_sync(connection) or (row and row.exempt):
        return None
    if numbers.silent_since(connection, now, connection.last_sign) is not None:  # type: ignore[attr-defined]
        return STOPPED
    if connection.is_broken:
        return _try(connection.retry_at, now, "when Core checks whether Kisi works again")
    return _of_row(facts, now) or _first_of(connection, facts, now)


def _of_row(facts: Facts, now: datetime) -> Next | None:
    """What waits on the person itself."""
    row, connection = facts.row, facts.connection
    if row is not None and row.retry_at is not None:
        return _try(row.retry_at, now)
    if row is not None and row.is_parked:
        return CORRECTED
    if row is not None and row.is_held and not facts.decision.allowed:
        return DECIDED
    return _try(connection.retry_at, now) if connection and _is_owed(connection, facts) else None


def _try(at: datetime | None, now: datetime, words: str = "") -> Next:
    if at is not None and at > now:
        return Next(words, at, SOON.label)
    return Next(f"{SOON.words}, {words}", label=SOON.label) if words else SOON


def _is_owed(connection: KisiConnection, facts: Facts) -> bool:
    """Whether a call about this person is due now (as the planner says of one address)."""
    row, wanted = facts.row, facts.decision.allowed
    if row is None:
        return wanted
    if row.state in UNSETTLED:
        return True
    if row.managed:
        return False
    if row.state == State.ABSENT:
        return wanted
    return not (wanted or row.is_kept or _stays(connection, row))


def _stays(connection: KisiConnection, row: KisiGrant) -> bool:
    """Whether nobody is removed yet: before the cut-over, or before a restored backup was looked through."""
    waits_for_preview = connection.restored_at is not None and not row.is_let_go
    return waits_for_preview or (connection.in_transition and row.origin != KisiGrant.Origin.CREATED)


def _first_of(connection: KisiConnection, facts: Facts, now: datetime) -> Next | None:
    """The earliest of the known days, where it comes before everybody is looked at; else the next check."""
    daily, weekly = _checks(connection, facts, now)
    days = [one for one in _days(connection, facts) if one.at]
    first = min(days, key=_when, default=None)
    checks = [one for one in (daily, weekly) if one and one.at]
    if first is None or (weekly and weekly.at and _when(weekly) < _when(first)):
        return min(checks, key=_when, default=first)
    return first if _when(first) > now else Next("within five minutes")


def _when(one: Next) -> datetime:
    assert one.at is not None
    return one.at


def _days(connection: KisiConnection, facts: Facts) -> list[Next]:
    decision, row = facts.decision, facts.row
    days = []
    if decision.allowed and decision.until and decision.until < date.max:
        days.append(
            Next("when the subscription ends", _midnight(connection, decision.until + timedelta(days=1)))
        )
    if decision.reason is Reason.STARTS and decision.on:
        days.append(Next("when the subscription starts", _midnight(connection, decision.on)))
    if row is not None and row.kept_until and row.is_kept and not decision.allowed:
        days.append(Next("when Core asks about this access again", row.kept_until))
    return days


def _midnight(connection: KisiConnection, on: date) -> datetime:
    return datetime.combine(on, time(), connection.gym.zone)


def _checks(connection: KisiConnection, facts: Facts, now: datetime) -> tuple[Next | None, Next]:
    """The daily check, if it looks at this person, and the weekly one, which looks at everybody.

    The daily one looks at whoever changed since the last good one; at all where there is none.
    """
    good = SyncRun.objects.filter(
        connection=OuterRef("pk"), state=SyncRun.State.FINISHED, read__gte=Read.RECENT
    ).order_by("-started_at")
    since = OuterRef("since")
    lately = Q(changed_at__gte=since) | Q(member__changed_at__gte=since) | Q(plan__changed_at__gte=since)
    theirs = Subscription.objects.filter(
        lately, member__gym=connection.gym_id, member__email=facts.member.email
    )
    rows = KisiConnection.objects.annotate(
        since=Subquery(good.values("started_at")[:1]), daily=schedule.plan_of(schedule.DAILY)
    )
    known = rows.annotate(is_new=Exists(theirs)).values("since", "daily", "is_new").get(pk=connection.pk)
    everybody = known["since"] is None
    changed = not everybody and facts.row is not None and facts.row.changed_at >= known["since"]
    daily = Next("the daily check", schedule.due(known["daily"], now))
    weekly = Next("the weekly check", schedule.due(connection.weekly_plan, now))  # type: ignore[attr-defined]
    return (daily if everybody or changed or known["is_new"] else None), weekly
