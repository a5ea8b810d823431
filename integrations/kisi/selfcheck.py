"""All live checks of the Troubleshooting page, at Kisi and of Core itself. Changes nothing but their result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.mail import get_connection
from django.db.models import Count
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from integrations.kisi import glance, numbers
from integrations.kisi.models import Checkup, Heartbeat, KisiConnection
from integrations.kisi.sync import checkup, drift, schedule
from integrations.kisi.sync.checkup import BAD, OK, UNKNOWN, Found
from members.models import Member, Staff

MAIL_WITHIN = 3
LOOK = "Kisi: look"
NOT_SENT = ("console", "dummy")  # backends that reach nobody


def run(connection: KisiConnection, *, by: Any) -> Checkup:
    """Check everything now and keep what was found."""
    found = checkup.at_kisi(connection) | of_core(connection, timezone.now())
    kept = {name: {"state": one.state, "facts": one.facts} for name, one in found.items()}
    facts = {"at": timezone.now(), "by": by, "found": kept}
    checked, _ = Checkup.objects.update_or_create(connection=connection, defaults=facts)
    return checked


def of_core(connection: KisiConnection, now: datetime) -> dict[str, Found]:
    """The checks that ask nobody but our own database and mail server."""
    return {
        "schedule": _schedule(now),
        "worker": _worker(now),
        "mail": _mail(connection),
        "shared": _shared(connection),
        "confirmed": _confirmed(connection, now),
        "others": _others(connection, now),
    }


def _schedule(now: datetime) -> Found:
    """Beat writes down when it last sent each row, a little late; what the worker did last, beat had sent."""
    rows = {row.name: row for row in PeriodicTask.objects.all()}
    off = [name for name in (schedule.DAILY, schedule.WEEKLY) if name not in rows or not rows[name].enabled]
    last = rows[LOOK].last_run_at if LOOK in rows else None
    silent = not _is_fresh(last, now) and not _is_fresh(_worker_sign(), now)
    return Found(BAD if off or silent else OK, {"off": off, "silent": silent})


def _worker(now: datetime) -> Found:
    return Found(OK if _is_fresh(_worker_sign(), now) else BAD)


def _worker_sign() -> datetime | None:
    return Heartbeat.objects.filter(name="worker").values_list("at", flat=True).first()


def _is_fresh(sign: datetime | None, now: datetime) -> bool:
    return sign is not None and now - sign <= numbers.SILENCE


def _mail(connection: KisiConnection) -> Found:
    """Opens and closes a connection to the mail server; sends nothing."""
    admins = Staff.objects.filter(gym_id=connection.gym_id, role=Staff.Role.ADMIN, user__is_active=True)
    told = admins.exclude(user__email="").count()
    if not told:
        return Found(BAD, {"nobody": True})
    try:
        server = get_connection(timeout=MAIL_WITHIN)
        server.open()
        server.close()
    except Exception as error:  # noqa: BLE001 - whatever a mail server or its library may raise: it does not work
        return Found(BAD, {"failure": type(error).__name__})
    is_real = not any(name in type(server).__module__ for name in NOT_SENT)
    return Found(OK if is_real else UNKNOWN, {"admins": told})


def _shared(connection: KisiConnection) -> Found:
    members = Member.objects.filter(gym_id=connection.gym_id).with_address()
    doubled = members.order_by().values("email").annotate(n=Count("pk")).filter(n__gt=1)
    return Found(OK, {"count": doubled.count()})


def _confirmed(connection: KisiConnection, now: datetime) -> Found:
    counts = glance.count(connection, now)
    facts = {"waiting": counts.waiting, "failed": counts.failed, "held": counts.held}
    return Found(BAD if any(facts.values()) else OK, facts)


def _others(connection: KisiConnection, now: datetime) -> Found:
    count = drift.put_back_lately(connection, now)
    return Found(BAD if count else OK, {"count": count})
