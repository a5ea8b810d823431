"""What tomorrow's dates will take away: ends that the brake would hold, known the day before. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from integrations.access.facts import Kind
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import gather, planning


@dataclass(frozen=True, slots=True)
class Batch:
    """Whose access ends with the day before `on`, of how many counted, over which allowance."""

    on: date
    rows: tuple[KisiGrant, ...]
    counted: int
    allowed: int


def of_tomorrow(connection: KisiConnection, now: datetime) -> Batch | None:
    """The removals that would be held at the gym's next midnight; None when they may go, or there are none."""
    today = connection.gym.today(now)
    on = today + timedelta(days=1)
    at = datetime.combine(on, time(), connection.gym.zone)
    ending = gather.entitling(connection.gym_id, today).filter(ends_on=today)
    counted = gather.tally_if(connection, at, ending)
    return _batch(connection, on, at, counted) if counted else None


def _batch(connection: KisiConnection, on: date, at: datetime, counted: gather.Tally) -> Batch | None:
    entitled = gather.entitling_from(connection.gym_id, on)
    rows = list(gather.loud(connection, entitled, on).select_related("member").order_by("name", "email"))
    facts = gather.facts_of(connection, entitled, rows, counted)
    plan = planning.decide(connection, facts, now=at)
    verdict = planning.judge(connection, plan, facts)
    going = {change.email for change in plan.owed if change.kind is Kind.REVOKE}
    leaving = tuple(row for row in rows if row.email in going)
    if not verdict.holds or not leaving or verdict.allowed is None:
        return None
    return Batch(on, leaving, verdict.counted, verdict.allowed)
