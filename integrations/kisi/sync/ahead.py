"""What tomorrow's dates will take away: ends that the brake would hold, known the day before. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet

from integrations.access.facts import Kind
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import gather, planning
from plans.models import Subscription


@dataclass(frozen=True, slots=True)
class Batch:
    """Whose access ends with the day before `on`, of how many counted, over which allowance."""

    on: date
    rows: tuple[KisiGrant, ...]
    counted: int
    allowed: int


def midnight(connection: KisiConnection, today: date) -> datetime:
    """The end of today on the gym's wall."""
    return datetime.combine(today + timedelta(days=1), time(), connection.gym.zone)


def ending(connection: KisiConnection, today: date) -> QuerySet[Subscription]:
    """What gives access for the last day."""
    return gather.entitling(connection.gym_id, today).filter(ends_on=today)


def of_tomorrow(connection: KisiConnection, now: datetime) -> Batch | None:
    """The removals that would be held at the gym's next midnight; None when they may go, or there are none."""
    today = connection.gym.today(now)
    counted = gather.tally_if(connection, midnight(connection, today), ending(connection, today))
    return of_counted(connection, now, counted) if counted else None


def of_counted(connection: KisiConnection, now: datetime, counted: gather.Tally) -> Batch | None:
    """The same where something ends today, and what the brake counts then is known already; in one query.

    None also where tomorrow's ends take nobody's access by themselves: somebody stopped the sync, the gym leaves
    Kisi, or the database was restored from a backup, and then every removal waits for a word.
    """
    if connection.is_ending or connection.status == KisiConnection.Status.PAUSED or connection.restored_at:
        return None
    at = midnight(connection, connection.gym.today(now))
    on = connection.gym.today(at)
    entitled = gather.entitling_from(connection.gym_id, on)
    wanted = entitled.exclude(member__email="").order_by().values("member__email")
    rows = list(
        gather.loud(connection, entitled, on)
        .exclude(email__in=wanted)
        .select_related("member")
        .order_by("name", "email")
    )
    facts = gather.Facts({}, {row.email: gather.as_row(row) for row in rows}, counted.confirmed, counted.gone)
    plan = planning.decide(connection, facts, now=at)
    verdict = planning.judge(connection, plan, facts)
    going = {change.email for change in plan.owed if change.kind is Kind.REVOKE}
    leaving = tuple(row for row in rows if row.email in going)
    if not verdict.holds or not leaving or verdict.allowed is None:
        return None
    return Batch(on, leaving, verdict.counted, verdict.allowed)
