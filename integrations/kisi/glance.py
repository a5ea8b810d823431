"""What a page shows of a connection at a glance: counts, the face that wins, the run that lives. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from hashlib import sha256
from math import ceil

from django.conf import settings
from django.db.models import Min, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone

from integrations.kisi import endings, faces, numbers, wording
from integrations.kisi.models import Heartbeat, KisiConnection, Read, SyncRun
from integrations.kisi.numbers import Numbers
from integrations.kisi.sync import restoring, schedule
from integrations.kisi.sync.gather import Facts
from integrations.kisi.wording import Counts, Face
from members.words import people

Status = KisiConnection.Status
MANY_MANAGED = 3
LATEST = 5
NAMED = ("status_by", "agreed_by", "connected_by", "tested_by", "tested_member")


@dataclass(frozen=True, slots=True)
class Glance:
    connection: KisiConnection
    face: Face
    counts: Counts
    run: SyncRun | None
    percent: int
    minutes: int
    last: SyncRun | None
    also: tuple[Face, ...]
    now: datetime
    silent_since: datetime | None = None
    latest: tuple[SyncRun, ...] = ()

    @property
    def as_of(self) -> str:
        """The time of day this was true, in the gym's zone."""
        return f"{self.now.astimezone(self.connection.gym.zone):%H:%M:%S}"

    @property
    def fingerprint(self) -> str:
        """Changes when anything that the status block shows changes."""
        run = (self.run.pk, self.run.done, self.run.total, self.run.read_so_far) if self.run else ()
        last = self.last.pk if self.last else 0
        text = f"{self.face}{self.also}{self.counts}{run}{last}{self.is_live}"
        return sha256(text.encode()).hexdigest()[:16]

    @property
    def milestone(self) -> str:
        """Changes when it is worth saying so: another state, another quarter of a run."""
        quarter = 25 * (self.percent // 25)
        return f"{self.face.tag.word} {quarter}" if self.run else self.face.tag.word

    @property
    def spoken(self) -> str:
        """What is read out at a milestone."""
        if self.run is None:
            return f"Kisi: {self.face.heading or self.face.tag.word}"
        if not self.run.total:
            return "Reading Kisi"
        return f"{self.act}: {self.run.done:,} of {people(self.run.total)}"

    @property
    def act(self) -> str:
        """What the run does to people's access, as far as is known."""
        run, removing = self.run, self.connection.is_leaving
        gives = not removing and (self.counts.gives or bool(run and run.granted))
        takes = removing or self.counts.takes or bool(run and run.revoked)
        if gives == takes:
            return "Giving and removing access"
        return "Giving access" if gives else "Removing access"

    @property
    def is_live(self) -> bool:
        """Whether something is going on, or is about to: owed work counts before its run has begun."""
        about_to = self.connection.is_writing and self.counts.waiting > 0
        return self.run is not None or self.connection.look_again or about_to

    @property
    def is_grave(self) -> bool:
        """Whether the face itself asks for attention, also where nobody's own attempt failed."""
        return self.face.tag.tone in ("warn", "bad")

    @property
    def inside(self) -> str:
        """How many get in."""
        return wording.inside(self.connection, self.counts.inside)

    @property
    def left(self) -> str:
        """About how long the run still takes."""
        return wording.about(self.minutes)

    @property
    def started_by(self) -> str:
        """Who asked for the run that lives, or what did."""
        run = self.run
        if run is None or not (run.by or run.because):
            return ""
        if run.by:
            return run.by.get_full_name() or run.by.get_username()
        return f"the {run.because}" if run.because.endswith("check") else run.because

    @property
    def can_sync(self) -> bool:
        return can_sync(self.connection)


class CutShort(Enum):
    """What kept the last run from its end."""

    BY_KISI = "Kisi"
    OTHERWISE = "somebody's decision, or a trouble that is over"


@dataclass(frozen=True, slots=True)
class _Runs:
    latest: tuple[SyncRun, ...]
    running: SyncRun | None
    last: SyncRun | None
    read: SyncRun | None


def can_sync(connection: KisiConnection) -> bool:
    """Whether asking for a look leads to one: not while it is paused, or leaves Kisi, or left it."""
    return connection.status not in (Status.PAUSED, Status.DISCONNECTING, Status.DISCONNECTED)


def find_connection(request: HttpRequest) -> KisiConnection | None:
    """The connection of the gym, with the last sign of life and the plan of its checks; looked up once a request."""
    if not hasattr(request, "kisi_connection"):
        rows = KisiConnection.objects.select_related("gym", *NAMED)
        daily, weekly = schedule.plan_of(schedule.DAILY), schedule.plan_of(schedule.WEEKLY)
        rows = rows.annotate(last_sign=numbers.OLDEST_SIGN, daily_plan=daily, weekly_plan=weekly)
        found = rows.filter(gym=request.staff.gym).first()  # type: ignore[attr-defined]
        request.kisi_connection = found  # type: ignore[attr-defined]
    return request.kisi_connection  # type: ignore[attr-defined,no-any-return]


def see(request: HttpRequest, connection: KisiConnection) -> Glance:
    """The same look for every part of a page."""
    if not hasattr(request, "kisi_glance"):
        request.kisi_glance = look(connection, timezone.now())  # type: ignore[attr-defined]
    return request.kisi_glance  # type: ignore[attr-defined,no-any-return]


def look(connection: KisiConnection, now: datetime, *, facts: Facts | None = None) -> Glance:
    """Everything the status block needs, in a fixed number of queries; `facts` where they are gathered already."""
    known = numbers.of(connection, now)
    return _glance(connection, known, numbers.planned(connection, known, now, facts=facts), now)


def tag_of(connection: KisiConnection, now: datetime) -> Glance:
    """The same tag and heading in two queries: who waits is not counted, which takes a plan, and neither
    depends on it.
    """
    known = numbers.of(connection, now)
    return _glance(connection, known, known.counts, now)


def _glance(connection: KisiConnection, known: Numbers, counts: Counts, now: datetime) -> Glance:
    runs = _runs(connection)
    since = numbers.silent_since(connection, now, known.last_sign)
    told = _faces(connection, counts, runs, since, now)
    run = runs.running
    percent = 100 * run.done // run.total if run and run.total else 0
    also, minutes = tuple(told[1:]), _minutes(run.total - run.done) if run else 0
    return Glance(
        connection, told[0], counts, run, percent, minutes, runs.last, also, now, since, runs.latest
    )


def count(connection: KisiConnection, now: datetime) -> Counts:
    """Who has access, waits, failed or is held; `waiting` is what the plan of this moment owes."""
    return numbers.planned(connection, numbers.of(connection, now), now)


def _runs(connection: KisiConnection) -> _Runs:
    """The run that lives, the last few, the last that ended, and the last that read Kisi, in one query."""
    mine = SyncRun.objects.filter(connection=connection)
    ended = mine.exclude(state=SyncRun.State.RUNNING)
    running, reading = mine.filter(state=SyncRun.State.RUNNING), ended.filter(read__gte=Read.RECENT)
    latest = Q(pk__in=mine.values("pk")[:LATEST])
    either = latest | _first(running) | _first(ended) | _first(reading)
    found = list(mine.filter(either).select_related("by"))
    over = [run for run in found if run.state != SyncRun.State.RUNNING]
    return _Runs(
        tuple(found[:LATEST]),
        next((run for run in found if run.state == SyncRun.State.RUNNING), None),
        next(iter(over), None),
        next((run for run in over if run.read >= Read.RECENT), None),
    )


def _first(runs: QuerySet[SyncRun]) -> Q:
    return Q(pk=Subquery(runs.values("pk")[:1]))


def last_sign() -> datetime | None:
    """The oldest of the last signs of life."""
    return Heartbeat.objects.aggregate(at=Min("at"))["at"]


def needs_worker(connection: KisiConnection) -> bool:
    """Whether a worker that is silent keeps anything from happening."""
    return connection.status != Status.DISCONNECTED


def next_checks(now: datetime) -> dict[str, datetime | None]:
    due = schedule.next_dues(now)
    return {"daily": due.get(schedule.DAILY), "weekly": due.get(schedule.WEEKLY)}


def planned_checks(connection: KisiConnection, now: datetime) -> dict[str, datetime | None]:
    """The same for a connection that `find_connection` found, without a question."""
    plans = {"daily": connection.daily_plan, "weekly": connection.weekly_plan}  # type: ignore[attr-defined]
    return {name: schedule.due(plan, now) for name, plan in plans.items()}


def _faces(
    connection: KisiConnection, counts: Counts, runs: _Runs, since: datetime | None, now: datetime
) -> list[Face]:
    """All that is true of it, gravest first; the first one wins."""
    standing = wording.standing(connection, counts)
    stale = faces.stale(connection, since) if since and needs_worker(connection) else None
    unread, cut_short = _incomplete(runs.read), _cut_short(connection, runs.last)
    if connection.is_leaving and cut_short is CutShort.BY_KISI and runs.last:
        standing = endings.not_removing(connection, counts, runs.last.reason)
    if connection.status in (Status.DISCONNECTING, Status.DISCONNECTED, Status.PAUSED):
        return [face for face in (standing, stale) if face]
    told = [
        *((stale, standing) if connection.status == Status.IN_TROUBLE else (standing, stale)),
        faces.incomplete(connection, unread, _next_check(now)) if unread else None,
        endings.unfinished(connection) if cut_short is CutShort.BY_KISI else None,
        faces.RESTORED if connection.restored_at else None,
        faces.no_doors(connection) if _lacks_doors(connection) else None,
        faces.mostly_managed(counts) if _mostly_managed(counts) else None,
        faces.held(connection, counts) if counts.held else None,
        faces.failed(counts) if counts.failed else None,
        faces.throttled(counts, _minutes(counts.waiting)) if connection.status == Status.THROTTLED else None,
        faces.SYNCING if not since and _is_syncing(connection, runs, cut_short) else None,
        faces.MOVING_IN if connection.in_transition else None,
    ]
    return [face for face in told if face] or [faces.CONNECTED]


def _is_syncing(connection: KisiConnection, runs: _Runs, cut_short: CutShort | None) -> bool:
    """Whether a run lives, or is to read Kisi next: until it has, what Core knows is of the time before."""
    if runs.running or cut_short is CutShort.OTHERWISE:
        return True
    is_asked = connection.look_again and connection.want_read > Read.LEDGER
    return connection.status == Status.CONNECTED and (is_asked or connection.must_read_first)


def _lacks_doors(connection: KisiConnection) -> bool:
    return connection.status != Status.GROUP_GONE and not connection.doors


def _mostly_managed(counts: Counts) -> bool:
    """Three or more, and more than half: not staff, but a Kisi that gives members a role (kisi-api.md 3)."""
    return counts.managed >= MANY_MANAGED and counts.managed > counts.have_access


def _incomplete(read: SyncRun | None) -> str:
    """Why the last read of Kisi concluded nothing; "" when it was whole."""
    if read is None or read.state != SyncRun.State.INCOMPLETE:
        return ""
    return endings.why(read.reason) or "not told where"


def _cut_short(connection: KisiConnection, last: SyncRun | None) -> CutShort | None:
    """Whether the last run has an end at all: until one has, nothing is known to be in order.

    What stopped it before the connection came to its present state, such as a pause, is over and asked for again.
    """
    may_be = connection.status in (Status.CONNECTED, Status.DISCONNECTING)
    if not may_be or last is None or last.state != SyncRun.State.STOPPED:
        return None
    at = last.finished_at or last.started_at
    is_over = last.reason == restoring.BECAUSE or at <= connection.status_since
    return CutShort.OTHERWISE if is_over else CutShort.BY_KISI


def _next_check(now: datetime) -> datetime | None:
    return min((at for at in next_checks(now).values() if at), default=None)


def _minutes(people: int) -> int:
    """About how long so many take at the set pace, two calls a person, rounded up."""
    seconds = max(people, 0) * 2 / settings.KISI_CALLS_PER_SECOND
    return ceil(seconds / 60)
