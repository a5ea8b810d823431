"""What tomorrow's dates will take away: ends that the brake would hold, known the day before. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from integrations.access.facts import Kind, Plan
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
    if not gather.entitling(connection.gym_id, today).filter(ends_on=today).exists():
        return None
    on = today + timedelta(days=1)
    at = datetime.combine(on, time(), connection.gym.zone)
    entitled = gather.entitling_from(connection.gym_id, on)
    facts = gather.differences_from(connection, entitled, on, gather.tally(connection, at))
    plan = planning.decide(connection, facts, now=at)
    verdict = planning.judge(connection, plan, facts)
    rows = _leaving(connection, plan)
    if not verdict.holds or not rows or verdict.allowed is None:
        return None
    return Batch(on, rows, verdict.counted, verdict.allowed)


def _leaving(connection: KisiConnection, plan: Plan) -> tuple[KisiGrant, ...]:
    emails = [change.email for change in plan.owed if change.kind is Kind.REVOKE]
    rows = KisiGrant.objects.open().filter(connection=connection, email__in=emails)
    return tuple(rows.select_related("member").order_by("name", "email"))
