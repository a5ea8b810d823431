"""Mails to a gym's admins about its connection: one per cause and hour, each says what it means for the doors."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from integrations.kisi import wording
from integrations.kisi.models import Alert, KisiConnection, KisiGrant
from members.models import Staff

ONCE_PER = timedelta(hours=1)
NAMES = 20
Status = KisiConnection.Status

SUBJECTS = {
    Status.NEEDS_NEW_KEY: "enter a new Kisi API key",
    Status.KEY_TOO_WEAK: "the Kisi API key is too weak",
    Status.GROUP_GONE: "Kisi no longer has your group",
    Status.WRONG_ORGANIZATION: "the Kisi API key belongs to another organization",
}


def standing(connection: KisiConnection, *, now: datetime) -> None:
    """Mail that somebody has to act; a slow or silent Kisi mends itself and is only shown."""
    subject = SUBJECTS.get(Status(connection.status))
    if subject:
        facts = {"wording": wording.standing(connection, wording.Counts())}
        _mail(connection, connection.status, subject, "kisi/mail/standing.txt", now=now, facts=facts)


def held(connection: KisiConnection, rows: list[KisiGrant], *, of: int, allowed: int, now: datetime) -> None:
    """Mail that removals wait for somebody's word."""
    people = "1 removal" if len(rows) == 1 else f"{len(rows)} removals"
    facts = {"rows": rows[:NAMES], "more": max(len(rows) - NAMES, 0), "total": of, "allowed": allowed}
    subject = f"{people} of door access {'waits' if len(rows) == 1 else 'wait'} for you"
    _mail(connection, "held", subject, "kisi/mail/held.txt", now=now, facts=facts | {"people": people})


def all_clear(connection: KisiConnection, *, now: datetime) -> None:
    """Mail once that it works again, if its trouble was mailed."""
    told = Alert.objects.filter(connection=connection, cause__in=list(SUBJECTS))
    if told.exists():
        told.delete()
        subject = "door access is in order again"
        _mail(connection, "all_clear", subject, "kisi/mail/all_clear.txt", now=now, facts={})


def _mail(
    connection: KisiConnection, cause: str, subject: str, template: str, *, now: datetime, facts: dict
) -> None:
    if not _claim(connection, cause, now):
        return
    context = {"connection": connection, "gym": connection.gym, "link": link_to(connection)} | facts
    body = render_to_string(template, context)
    to = _admins(connection)
    if to:
        send_mail(f"{connection.gym}: {subject}", body, settings.DEFAULT_FROM_EMAIL, to, fail_silently=True)


def link_to(connection: KisiConnection) -> str:
    return f"{settings.SITE_URL.rstrip('/')}/marketplace/kisi/"


def _claim(connection: KisiConnection, cause: str, now: datetime) -> bool:
    """One mail per cause, hour and connection, however many processes ask."""
    with transaction.atomic():
        alert, made = Alert.objects.select_for_update().get_or_create(
            connection=connection, cause=cause, defaults={"sent_at": now}
        )
        if not made and now - alert.sent_at < ONCE_PER:
            return False
        alert.sent_at = now
        alert.save(update_fields=["sent_at"])
    return True


def _admins(connection: KisiConnection) -> list[str]:
    users = get_user_model().objects.filter(
        staff_of__gym_id=connection.gym_id, staff_of__role=Staff.Role.ADMIN, is_active=True
    )
    return [address for address in users.values_list("email", flat=True) if address]
