"""How many people could open the doors, day by day: today's number, walked back through the activity. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, TruncDate

from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection, KisiGrant
from integrations.kisi.sync.clearing import LEFT_BEHIND
from integrations.kisi.sync.drift import Drift
from members import words

Kind, Closed = AccessEvent.Kind, KisiGrant.Closed
DAYS = 90
GAINED = Q(kind__in=[Kind.GRANTED, Kind.ADOPTED, Kind.REPAIRED])
TAKEN = Q(kind=Kind.DRIFT, cause__in=[Drift.RIGHT_GONE, Drift.PERSON_GONE])
CLEARED = Q(kind=Kind.REVOKED, cause=LEFT_BEHIND)  # the right in a former group: it went out of ours before
LOST = Q(kind=Kind.REVOKED) & ~CLEARED | TAKEN


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
        ends, pairs = (self.days[0], self.days[-1]), zip(self.days, self.days[1:], strict=False)
        moved = {day.on for before, day in pairs if before.people != day.people}
        return tuple(
            day for day in reversed(self.days) if day.gained or day.lost or day.on in moved or day in ends
        )

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
    """How many more there were, and who got or lost access: not who had it already, or moved to another group."""
    zone = connection.gym.zone
    mine = AccessEvent.objects.filter(connection_id=connection.pk).order_by()
    events = mine.filter(GAINED | LOST, at__gte=since).annotate(on=TruncDate("at", tzinfo=zone)).values("on")
    lost_before = mine.filter(TAKEN, person_id__isnull=False).values("person_id")
    gained = Q(kind=Kind.GRANTED) | Q(kind=Kind.REPAIRED, person_id__in=lost_before)
    more = Count("pk", filter=GAINED) - Count("pk", filter=LOST)
    told = events.annotate(more=more, gained=_people(gained), lost=_people(LOST))
    rows = _left(connection, mine).filter(closed_at__gte=since)
    days = rows.annotate(on=TruncDate("closed_at", tzinfo=zone)).values("on")
    moved = KisiGrant.objects.open().filter(connection=connection).order_by().values("email")
    left = days.annotate(more=-Count("pk"), gained=Value(0), lost=Count("pk", filter=~Q(email__in=moved)))
    columns = ("on", "more", "gained", "lost")
    return told.values_list(*columns).union(left.values_list(*columns), all=True)


def _left(connection: KisiConnection, events: QuerySet[AccessEvent]) -> QuerySet[KisiGrant]:
    """Rights in a group that is not ours any more, also those that were removed since, from when it was so.

    Not where the gym came back to a former group next: there people go on with their right, which no event tells.
    """
    people = AccessPerson.objects.filter(pk__in=events.filter(CLEARED).values("person_id"))
    unbegun = Q(intent_at=None) | Q(intent_at__lte=F("confirmed_at"))
    cleared = Q(closed_how=Closed.REMOVED, email__in=people.values("email")) & unbegun
    was_gone = Q(closed_how=Closed.GONE, role_assignment_id__isnull=False)
    left = Q(closed_how__in=[Closed.LEFT_BEHIND, Closed.CLEARING]) | was_gone | cleared
    rows = KisiGrant.objects.filter(connection=connection).order_by("pk")
    theirs = rows.filter(organization_id=OuterRef("organization_id"), email=OuterRef("email"))
    same = theirs.filter(role_assignment_id=OuterRef("role_assignment_id"), pk__lt=OuterRef("pk"))
    after = theirs.filter(pk__gt=OuterRef("pk")).annotate(again=Exists(same)).values("again")[:1]
    went_on = Coalesce(Subquery(after), Value(False))
    return rows.filter(left).annotate(went_on=went_on).filter(went_on=False).order_by()


def _people(events: Q) -> Count:
    """Whom these events are about; what is about nobody who is known counts by itself."""
    return Count(Coalesce("person_id", -F("pk")), distinct=True, filter=events)
