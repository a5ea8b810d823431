"""How many people could open the doors, day by day: today's number, walked back through the activity. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, TruncDate

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant
from integrations.kisi.sync.drift import Drift
from members import words

Kind, Closed = AccessEvent.Kind, KisiGrant.Closed
DAYS = 90
GAINED = Q(kind__in=[Kind.GRANTED, Kind.ADOPTED, Kind.REPAIRED])
LOST = Q(kind=Kind.REVOKED) | Q(kind=Kind.DRIFT, cause__in=[Drift.RIGHT_GONE, Drift.PERSON_GONE])
LEFT = Q(closed_how__in=[Closed.LEFT_BEHIND, Closed.CLEARING])  # in a group that is not ours any more


@dataclass(frozen=True, slots=True)
class Day:
    """`people` could get in at its end; `gained` and `lost` are people, each counted once."""

    on: date
    people: int
    gained: int = 0
    lost: int = 0

    @property
    def said(self) -> str:
        """2 people got access, 1 person lost it"""
        parts = [f"{words.people(self.gained)} got access"] if self.gained else []
        if self.lost:
            parts.append(f"{words.people(self.lost)} lost {'it' if parts else 'access'}")
        return ", ".join(parts) or "nobody got or lost access"


@dataclass(frozen=True, slots=True)
class Move:
    """What a day did: by how many there were more at its end, and how many people got or lost access in it."""

    more: int = 0
    gained: int = 0
    lost: int = 0

    def __add__(self, other: Move) -> Move:
        return Move(self.more + other.more, self.gained + other.gained, self.lost + other.lost)


@dataclass(frozen=True, slots=True)
class Curve:
    """The days, oldest first, and what a picture of them needs: a unit for a day, a hundred for the highest."""

    days: tuple[Day, ...]

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def most(self) -> Day:
        """The highest, the latest of those."""
        return max(self.days, key=lambda day: (day.people, day.on))

    @property
    def fewest(self) -> Day:
        return min(self.days, key=lambda day: (day.people, -day.on.toordinal()))

    @property
    def changed(self) -> tuple[Day, ...]:
        """The first and the last day, and those on which anything happened, newest first."""
        ends = (self.days[0], self.days[-1])
        return tuple(day for day in reversed(self.days) if day.gained or day.lost or day in ends)

    @property
    def line(self) -> str:
        """The path of an SVG, as steps."""
        steps = [f"M0 {self._height(self.days[0])}"]
        for x, day in enumerate(self.days):
            height = self._height(day)
            if not steps[-1].endswith(f" {height}"):
                steps.append(f"H{x}V {height}")
        return "".join([*steps, f"H{len(self.days)}"])

    @property
    def area(self) -> str:
        return f"{self.line}V100H0Z"

    def _height(self, day: Day) -> str:
        return f"{100 - 100 * day.people / max(self.most.people, 1):.1f}"


def of(connection: KisiConnection, people: int, now: datetime) -> Curve:
    """The last 90 days, or as many as the connection is old; `people` can get in now. One query."""
    zone, today = connection.gym.zone, connection.gym.today(now)
    first = max(today - timedelta(days=DAYS - 1), connection.gym.today(connection.connected_at))
    since = datetime.combine(first, time(), zone)
    moves: dict[date, Move] = {}
    for on, more, gained, lost in _moves(connection, since):
        moves[on] = moves.get(on, Move()) + Move(more, gained, lost)
    return walk_back(people, moves, first=min(first, today), last=today)


def walk_back(people: int, moves: Mapping[date, Move], *, first: date, last: date) -> Curve:
    """From `people` at the end of `last` back to `first`, undoing by how many each day made them more."""
    days = []
    for back in range((last - first).days + 1):
        on = last - timedelta(days=back)
        move = moves.get(on, Move())
        days.append(Day(on, people, move.gained, move.lost))
        people = max(people - move.more, 0)
    return Curve(tuple(reversed(days)))


def _moves(connection: KisiConnection, since: datetime) -> QuerySet[Any, tuple[date, int, int, int]]:
    zone = connection.gym.zone
    events = AccessEvent.objects.filter(GAINED | LOST, connection_id=connection.pk, at__gte=since).order_by()
    told = events.annotate(on=TruncDate("at", tzinfo=zone)).values("on")
    more = Count("pk", filter=GAINED) - Count("pk", filter=LOST)
    told = told.annotate(more=more, gained=_people(GAINED), lost=_people(LOST))
    rows = KisiGrant.objects.filter(LEFT, connection=connection, closed_at__gte=since).order_by()
    left = rows.annotate(on=TruncDate("closed_at", tzinfo=zone)).values("on")
    left = left.annotate(more=-Count("pk"), gained=Value(0), lost=Count("pk"))
    columns = ("on", "more", "gained", "lost")
    return told.values_list(*columns).union(left.values_list(*columns), all=True)


def _people(events: Q) -> Count:
    """Whom these events are about; what is about nobody who is known counts by itself."""
    return Count(Coalesce("person_id", -F("pk")), distinct=True, filter=events)
