"""Statuses whose date was reached, each gym by the date on its own wall. Safe to run twice, and late."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet

from members.models import Change, Gym
from plans.models import Subscription

Status = Subscription.Status


def apply_reached_dates(now: datetime, gym: Gym | None = None) -> int:
    """Move the subscriptions whose date has come, of this gym or of all; how many moved.

    Whoever starts today is active, whoever's last day is past is expired or cancelled; a start and an end
    that both went by unseen end in "expired". Rows are changed in bulk: no signal is sent.
    """
    days = {gym.today(now): {gym.timezone}} if gym else _days(now)
    return sum(_reach(today, _rows(zones, gym), now) for today, zones in days.items())


def _days(now: datetime) -> dict[date, set[str]]:
    """The two or three dates that hold at one instant, each with the time zones of our gyms there."""
    days: dict[date, set[str]] = {}
    for zone in Gym.objects.order_by().values_list("timezone", flat=True).distinct():
        days.setdefault(now.astimezone(ZoneInfo(zone)).date(), set()).add(zone)
    return days


def _rows(zones: set[str], gym: Gym | None) -> QuerySet[Subscription]:
    if gym is not None:
        return Subscription.objects.filter(member__gym=gym)
    return Subscription.objects.filter(member__gym__timezone__in=zones)


def _reach(today: date, rows: QuerySet[Subscription], now: datetime) -> int:
    over = Q(ends_on__lt=today)
    moved = _move(rows.filter(over, status=Status.PENDING_CANCEL), Status.CANCELLED, now)
    moved += _move(rows.filter(over, status__in=[Status.ACTIVE, Status.PENDING_ACTIVE]), Status.EXPIRED, now)
    starting = rows.filter(~over | Q(ends_on=None), status=Status.PENDING_ACTIVE, starts_on__lte=today)
    return moved + _move(starting, Status.ACTIVE, now)


def _move(due: QuerySet[Subscription], status: str, now: datetime) -> int:
    """One look without a lock; only when there is something to move, again with one."""
    ids = list(due.values_list("pk", flat=True))
    if not ids:
        return 0
    with transaction.atomic():
        locked = due.filter(pk__in=ids).select_for_update(of=("self",)).select_related("plan", "member")
        rows = list(locked)
        Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(status=status, changed_at=now)
        Change.objects.bulk_create([_change(row, status) for row in rows], batch_size=500)
    return len(rows)


def _change(row: Subscription, status: str) -> Change:
    before, after = row.get_status_display(), Status(status).label
    return Change(
        gym_id=row.member.gym_id,
        member_id=row.member_id,
        plan_id=row.plan_id,
        subscription_id=row.pk,
        action="date reached",
        detail=f"{row.plan}: {before} to {after}",
    )
