"""What a page shows of a connection at a glance: counts, the face that wins, the run that lives. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db.models import Min

from integrations.access.facts import WITHOUT_CALL, Kind
from integrations.kisi import wording
from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.sync import gather, planning, schedule
from integrations.kisi.wording import Counts, Face

Status = KisiConnection.Status
SILENCE = timedelta(minutes=15)


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

    @property
    def as_of(self) -> str:
        """The time of day this was true, in the gym's zone."""
        return f"{self.now.astimezone(self.connection.gym.zone):%H:%M:%S}"

    @property
    def fingerprint(self) -> str:
        """Changes when anything that the status block shows changes."""
        run = (self.run.pk, self.run.done, self.run.total, self.run.read_so_far) if self.run else ()
        last = self.last.pk if self.last else 0
        text = f"{self.face}{self.counts}{run}{last}{self.is_live}"
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
        return f"{self.act}: {self.run.done:,} of {wording.people(self.run.total)}"

    @property
    def act(self) -> str:
        """What the run does to people's access, as far as is known."""
        run, removing = self.run, self.connection.status == Status.DISCONNECTING
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
    def can_sync(self) -> bool:
        return can_sync(self.connection)


def can_sync(connection: KisiConnection) -> bool:
    """Whether asking for a look leads to one: not while it is paused, or leaves Kisi, or left it."""
    return connection.status not in (Status.PAUSED, Status.DISCONNECTING, Status.DISCONNECTED)


def look(connection: KisiConnection, now: datetime) -> Glance:
    """Everything the status block needs, in a fixed number of queries."""
    counts = count(connection, now)
    run = SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING).first()
    last = SyncRun.objects.filter(connection=connection).exclude(state=SyncRun.State.RUNNING).first()
    faces = _faces(connection, counts, run, now)
    percent = 100 * run.done // run.total if run and run.total else 0
    return Glance(connection, faces[0], counts, run, percent, _minutes(run), last, tuple(faces[1:]), now)


def count(connection: KisiConnection, now: datetime) -> Counts:
    """Who has access, waits, failed or is held; `waiting` is what the plan of this moment owes."""
    today = connection.gym.today(now)
    facts = gather.differences(connection, today, now)
    plan = planning.decide(connection, facts, now=now)
    owed = [change for change in plan.changes if change.kind not in WITHOUT_CALL]
    rows = KisiGrant.objects.open().filter(connection=connection)
    troubled = list(rows.exclude(trouble="").values_list("email", flat=True))
    failed_in = sum(email in facts.wanted for email in troubled)
    nameless = gather.without_address(connection.gym_id, today).count()
    return Counts(
        have_access=rows.filter(state=KisiGrant.State.GRANTED).count(),
        waiting=len({change.email for change in owed} | set(plan.waiting)),
        failed=len(troubled) + nameless,
        failed_in=failed_in + nameless,
        failed_out=len(troubled) - failed_in,
        held=rows.filter(held_since__isnull=False).count(),
        gives=any(change.kind is Kind.GRANT for change in owed),
        takes=any(change.kind is Kind.REVOKE for change in owed),
        allowed=planning.judge(connection, plan, facts).allowed or _allowance(connection, facts),
    )


def silent_since(connection: KisiConnection, now: datetime) -> datetime | None:
    """Since when beat or the worker gave no sign of life, if that is too long; None when all is well."""
    last = Heartbeat.objects.aggregate(at=Min("at"))["at"] or connection.connected_at
    return last if now - last > SILENCE else None


def next_checks(now: datetime) -> dict[str, datetime | None]:
    return {
        "daily": schedule.next_due(schedule.DAILY, now),
        "weekly": schedule.next_due(schedule.WEEKLY, now),
    }


def _allowance(connection: KisiConnection, facts: gather.Facts) -> int | None:
    return planning.brake.allowance(facts.confirmed + facts.gone_without_word, connection.brake_share)


def _faces(connection: KisiConnection, counts: Counts, run: SyncRun | None, now: datetime) -> list[Face]:
    """All that is true of it, gravest first; the first one wins."""
    standing = wording.standing(connection, counts)
    if connection.status in (Status.DISCONNECTING, Status.DISCONNECTED, Status.PAUSED) and standing:
        return [standing]
    unread, since = _incomplete(connection), silent_since(connection, now)
    faces = [
        standing,
        wording.stale(connection, since) if since else None,
        wording.incomplete(unread) if unread else None,
        wording.no_doors(connection) if not connection.doors else None,
        wording.held(counts) if counts.held else None,
        wording.failed(counts) if counts.failed else None,
        wording.throttled(counts) if connection.status == Status.THROTTLED else None,
        replace(wording.SYNCING) if run else None,
        wording.MOVING_IN if connection.in_transition else None,
    ]
    return [face for face in faces if face] or [wording.CONNECTED]


def _incomplete(connection: KisiConnection) -> str:
    """Why the last read of Kisi concluded nothing; "" when it was whole."""
    reads = SyncRun.objects.filter(connection=connection, read__gte=Read.RECENT)
    last = reads.exclude(state=SyncRun.State.RUNNING).first()
    return (last.reason or "not told where") if last and last.state == SyncRun.State.INCOMPLETE else ""


def _minutes(run: SyncRun | None) -> int:
    """About how long the rest takes at the set pace, two calls a person, rounded up."""
    if run is None:
        return 0
    seconds = max(run.total - run.done, 0) * 2 / settings.KISI_CALLS_PER_SECOND
    return int(seconds // 60) + 1
