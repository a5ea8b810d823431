"""Statuses whose date was reached, each gym by the date on its own wall. Safe to run twice, and late."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from members.models import Change, Gym
from plans.models import Subscription

Status = Subscription.Status


def apply_reached_dates(now: datetime, gym: Gym) -> int:
    """Move this gym's subscriptions whose date has come; how many moved.

    Whoever starts today is active, whoever's last day is past is expired or cancelled; a start and an end
    that both went by unseen end in "expired". Rows are changed in bulk: no signal is sent.
    """
    today = gym.today(now)
    mine = Subscription.objects.of_gym(gym)
    over = Q(ends_on__lt=today)
    moved = _move(mine.filter(over, status=Status.PENDING_CANCEL), Status.CANCELLED, gym, now)
    moved += _move(
        mine.filter(over, status__in=[Status.ACTIVE, Status.PENDING_ACTIVE]), Status.EXPIRED, gym, now
    )
    return moved + _move(_starting(mine, today), Status.ACTIVE, gym, now)


def _starting(mine: QuerySet[Subscription], today: date) -> QuerySet[Subscription]:
    open_end = Q(ends_on=None) | Q(ends_on__gte=today)
    return mine.filter(open_end, status=Status.PENDING_ACTIVE, starts_on__lte=today)


def _move(due: QuerySet[Subscription], status: str, gym: Gym, now: datetime) -> int:
    """One look without a lock; only when there is something to move, again with one."""
    ids = list(due.values_list("pk", flat=True))
    if not ids:
        return 0
    with transaction.atomic():
        rows = list(due.filter(pk__in=ids).select_for_update(of=("self",)).select_related("plan"))
        Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(status=status, changed_at=now)
        Change.objects.bulk_create(_change(row, status, gym) for row in rows)
    return len(rows)


def _change(row: Subscription, status: str, gym: Gym) -> Change:
    before, after = row.get_status_display(), Status(status).label
    return Change(
        gym=gym,
        member_id=row.member_id,
        plan_id=row.plan_id,
        subscription_id=row.pk,
        action="date reached",
        detail=f"{row.plan}: {before} to {after}",
    )
