"""A gym with as many members as a test wants, in step with Kisi but for a few, made in a blink."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from integrations.kisi.models import (
    AccessEvent,
    AccessPerson,
    KisiConnection,
    KisiGrant,
    Preview,
    PreviewLine,
    SyncRun,
)
from members.models import Change, Gym, Member
from plans.models import Plan, Subscription

BEGUN = date(2026, 1, 1)
STATUSES = ("active",) * 7 + ("paused", "expired", "pending_cancel")
LINES = ("give", "lose", "adopt", "managed", "only_in_kisi", *("unchanged",) * 5)


def fill(gym: Gym, connection: KisiConnection, count: int, *, by: Any = None) -> None:
    """Seven in ten have access; one in a hundred each is held, failed, waiting, shared or without address.

    `by` started the subscription of every second member, from which that one's event followed.
    """
    plan = Plan.objects.filter(gym=gym, has_24hr_access=True).first()
    plan = plan or Plan.objects.create(gym=gym, name="Open Door", has_24hr_access=True)
    start = Member.objects.count()
    people = [_person(gym, start + number) for number in range(count)]
    Member.objects.bulk_create(people, batch_size=2000)
    Subscription.objects.bulk_create(
        (_subscription(member, plan, number) for number, member in enumerate(people)), batch_size=2000
    )
    rows = [_row(connection, member, number) for number, member in enumerate(people) if member.email]
    KisiGrant.objects.bulk_create((row for row in rows if row), batch_size=2000, ignore_conflicts=True)
    _history(connection, people, by)
    _preview(connection, people)


def _person(gym: Gym, number: int) -> Member:
    place = number % 100
    email = "" if place == 99 else f"m{number - 98 if place == 98 else number}@example.com"
    return Member(gym=gym, first_name=f"First{number % 997}", last_name=f"Last{number}", email=email)


def _subscription(member: Member, plan: Plan, number: int) -> Subscription:
    status = STATUSES[number % 10]
    ends_on = timezone.now().date() + timedelta(days=90) if status == "pending_cancel" else None
    return Subscription(member=member, plan=plan, status=status, starts_on=BEGUN, ends_on=ends_on)


def _row(connection: KisiConnection, member: Member, number: int) -> KisiGrant | None:
    status, now = STATUSES[number % 10], timezone.now()
    trouble = number % 100
    if status == "expired" or trouble == 1:
        return None
    row = KisiGrant(
        connection=connection, email=member.email, member=member, name=member.name, state="granted"
    )
    row.origin, row.role_assignment_id, row.confirmed_at = "created", number + 1, now
    row.until = now.date() + timedelta(days=90) if status == "pending_cancel" else None
    if status == "paused":
        row.state, row.role_assignment_id, row.origin = "closed", None, ""
        row.closed_at, row.closed_how = now, "removed"
    if trouble == 7:
        row.state, row.held_since, row.closed_how, row.closed_at = "granted", now, "", None
    if trouble == 2:
        row.state, row.trouble, row.last_error, row.role_assignment_id = (
            "absent",
            "refused",
            "is invalid",
            None,
        )
    return row


def _history(connection: KisiConnection, people: list[Member], by: Any) -> None:
    """One event for each, a day of the last hundred each, in a run a day."""
    now = timezone.now()
    known = [AccessPerson(gym_id=connection.gym_id, email=m.email, name=m.name) for m in people if m.email]
    AccessPerson.objects.bulk_create(known, batch_size=2000, ignore_conflicts=True)
    ids = dict(AccessPerson.objects.filter(gym_id=connection.gym_id).values_list("email", "pk"))
    runs = [
        SyncRun(connection=connection, started_at=now - timedelta(days=day), state="finished", granted=1)
        for day in range(60)
    ]
    SyncRun.objects.bulk_create(runs)
    AccessEvent.objects.bulk_create(
        (
            AccessEvent(
                gym_id=connection.gym_id,
                connection_id=connection.pk,
                kind="granted" if number % 5 else "revoked",
                at=_happened(now, number),
                member_id=member.pk,
                person_id=ids.get(member.email),
                run_id=runs[number % 60].pk if number % 2 else None,
                cause="subscription change",
            )
            for number, member in enumerate(people)
        ),
        batch_size=2000,
    )
    Change.objects.bulk_create(
        (
            Change(gym_id=connection.gym_id, at=_happened(now, number), member_id=m.pk, action="start", by=by)
            for number, m in enumerate(people)
            if number % 2
        ),
        batch_size=2000,
    )


def _happened(now: datetime, number: int) -> datetime:
    """When the event of that member did, by its place."""
    return now - timedelta(days=number % 100, minutes=number)


def _preview(connection: KisiConnection, people: list[Member]) -> None:
    """What a look at everybody found, ready to be applied."""
    now = timezone.now()
    made = Preview.objects.create(connection=connection, asked_at=now, taken_at=now, state="ready")
    PreviewLine.objects.bulk_create(
        (
            PreviewLine(
                preview=made,
                group=LINES[number % len(LINES)],
                email=member.email,
                name=member.name,
                member_id=member.pk,
                reason="Open Door is active",
                digest="0" * 64,
            )
            for number, member in enumerate(people)
        ),
        batch_size=2000,
    )
