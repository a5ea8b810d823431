"""All live checks of the Troubleshooting page, at Kisi and of Core itself. Changes nothing but their result.

What needs no call to Kisi is looked at whenever the page is opened; what does is kept with its time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import get_connection
from django.db.models import Count, Exists, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from integrations.kisi import numbers
from integrations.kisi.models import Checkup, Heartbeat, KisiConnection
from integrations.kisi.sync import checkup, drift, quiet, schedule
from integrations.kisi.sync.checkup import AT_KISI, BAD, NOT_YET, OK, UNKNOWN, Found
from integrations.kisi.wording import Counts
from members.models import Staff

MAIL_WITHIN = 3
LOOK = "Kisi: look"
NOT_SENT = ("console", "dummy")  # backends that reach nobody
FRESH = timedelta(minutes=1)  # so long a page that is opened again does not ask Kisi again
Status = KisiConnection.Status
# What a connection that stands still says of itself, in the order in which Kisi is asked.
STANDS = {
    Status.NEEDS_NEW_KEY: "key",
    Status.KEY_TOO_WEAK: "strength",
    Status.WRONG_ORGANIZATION: "organization",
    Status.GROUP_GONE: "group",
    Status.IN_TROUBLE: "time",
}
UNASKED = (Status.PAUSED, Status.DISCONNECTING, Status.DISCONNECTED)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of every check: of Core itself now, of Kisi as it said at `at`."""

    found: dict[str, dict[str, Any]]
    at: datetime
    is_fresh: bool


def run(connection: KisiConnection, *, by: Any) -> Checkup:
    """Ask Kisi and the mail server now and keep what was found."""
    found = checkup.at_kisi(connection) | {"mail": _mail(_facts(connection, timezone.now()), tries=True)}
    facts = {"at": timezone.now(), "by": by, "found": _kept(found)}
    checked, _ = Checkup.objects.update_or_create(connection=connection, defaults=facts)
    return checked


def contradicts(connection: KisiConnection, checked: Checkup) -> bool:
    """Whether Kisi said something else just now than the connection's state says: then the sync has to look, too."""
    bad = {name for name in AT_KISI if checked.found[name]["state"] == BAD}
    if connection.is_broken:
        return not bad - {"doors"}  # a group without doors keeps no key from working
    has_doors = checked.found["doors"]["state"]
    return bool(bad & {*STANDS.values()} - {"time"}) or has_doors == (BAD if connection.doors else OK)


def see(connection: KisiConnection, checked: Checkup | None, counts: Counts, now: datetime) -> Seen:
    """Every check without a call to anybody, in one query beside `counts`."""
    kept = checked if checked and checked.at >= connection.status_since else None
    known = kept.found if kept else _kept(_stands(connection))
    core = _kept(of_core(connection, counts, now))
    if kept and "mail" in kept.found and core["mail"]["state"] == OK:
        core["mail"] = kept.found["mail"]
    at = kept.at if kept else max(connection.status_since, connection.connected_at)
    is_fresh = kept is not None and now - kept.at < FRESH
    return Seen({name: known[name] for name in AT_KISI} | core, at, is_fresh)


def of_core(connection: KisiConnection, counts: Counts, now: datetime) -> dict[str, Found]:
    """The checks that ask nobody but our own database."""
    facts = _facts(connection, now)
    return {
        "schedule": _schedule(facts, now),
        "worker": Found(OK if _is_fresh(facts.worker_sign, now) else BAD),
        "mail": _mail(facts, tries=False),
        "shared": Found(OK, {"count": facts.doubled}),
        "confirmed": _confirmed(connection, counts),
        "others": Found(BAD if facts.put_back else OK, {"count": facts.put_back}),
    }


def _stands(connection: KisiConnection) -> dict[str, Found]:
    """What connecting and the status say, until somebody asks: before the fault all was well, after it nobody knows.

    While nobody asks Kisi, nobody knows either: the key may have been dead before the sync was paused.
    """
    if connection.status in UNASKED:
        is_over = connection.status == Status.DISCONNECTED
        return dict.fromkeys(AT_KISI, Found(UNKNOWN if is_over else NOT_YET))
    wrong = STANDS.get(Status(connection.status), "")
    found = {name: Found(OK, {"owner": connection.own_user_name}) for name in AT_KISI}
    found["group"] = Found(OK, {"name": connection.group_name})
    doors = len(connection.doors)
    found["doors"] = Found(OK if doors else BAD, {"count": doors})
    found["time"] = Found(NOT_YET)
    if wrong:
        place = AT_KISI.index(wrong) if wrong != "time" else 0
        found |= dict.fromkeys(AT_KISI[place:], Found(UNKNOWN)) | {wrong: Found(BAD)}
    if wrong == "organization":
        found |= {"key": Found(OK, {"owner": connection.stranger}), "strength": Found(NOT_YET)}
    return found


def _kept(found: dict[str, Found]) -> dict[str, dict[str, Any]]:
    return {name: asdict(one) for name, one in found.items()}


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the checks of Core look up."""

    doubled: int
    told: int
    put_back: int
    worker_sign: datetime | None
    look_sent: datetime | None
    off: list[str]


def _facts(connection: KisiConnection, now: datetime) -> _Facts:
    """In one query, and one for the addresses."""
    told = Staff.objects.filter(gym_id=connection.gym_id, role=Staff.Role.ADMIN, user__is_active=True)
    reached = told.exclude(user__email="").order_by().values("gym_id").annotate(n=Count("pk"))
    undone = drift.put_back(connection, now).order_by().values("connection_id")
    counted = undone.annotate(n=Count("person_id", distinct=True))
    tasks = PeriodicTask.objects.filter(name=LOOK)
    found: Any = KisiConnection.objects.filter(pk=connection.pk).values("pk")
    found = found.annotate(
        told=Coalesce(Subquery(reached.values("n")), 0),
        put_back=Coalesce(Subquery(counted.values("n")), 0),
        worker_sign=Subquery(Heartbeat.objects.filter(name="worker").values("at")[:1]),
        look_sent=Subquery(tasks.values("last_run_at")[:1]),
        daily=Exists(PeriodicTask.objects.filter(name=schedule.DAILY, enabled=True)),
        weekly=Exists(PeriodicTask.objects.filter(name=schedule.WEEKLY, enabled=True)),
    ).get()
    off = [
        name for name, on in ((schedule.DAILY, found["daily"]), (schedule.WEEKLY, found["weekly"])) if not on
    ]
    known = {name: found[name] for name in ("told", "put_back", "worker_sign", "look_sent")}
    return _Facts(doubled=quiet.shared(connection.gym_id).exclude(email="").count(), off=off, **known)


def _schedule(facts: _Facts, now: datetime) -> Found:
    """Beat writes down when it last sent each row, a little late; what the worker did last, beat had sent."""
    silent = not _is_fresh(facts.look_sent, now) and not _is_fresh(facts.worker_sign, now)
    return Found(BAD if facts.off or silent else OK, {"off": facts.off, "silent": silent})


def _is_fresh(sign: datetime | None, now: datetime) -> bool:
    return sign is not None and now - sign <= numbers.SILENCE


def _mail(facts: _Facts, *, tries: bool) -> Found:
    """Whom mail would reach, and how; to try it opens and closes a connection to the server and sends nothing."""
    if not facts.told:
        return Found(BAD, {"nobody": True})
    server = get_connection(timeout=MAIL_WITHIN)
    if any(name in type(server).__module__ for name in NOT_SENT):
        return Found(UNKNOWN, {"admins": facts.told})
    try:
        if tries:
            server.open()
            server.close()
    except Exception as error:  # noqa: BLE001 - whatever a mail server or its library may raise: it does not work
        return Found(BAD, {"failure": type(error).__name__})
    return Found(OK, {"admins": facts.told, "tried": tries})


def _confirmed(connection: KisiConnection, counts: Counts) -> Found:
    """Only the entitled: a removal that waits, failed or is held keeps nobody out. Of whoever leaves Kisi nothing."""
    if connection.is_ending:
        return Found(UNKNOWN)
    failed = counts.wrong.shut_out + counts.wrong.unclear
    facts = {"waiting": counts.entitled_waiting, "failed": failed}
    return Found(BAD if any(facts.values()) else OK, facts)
