"""What people buy: Plan, Subscription and its transitions. Knows members, and nobody above."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from members.models import Change, Gym, Member

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    Actor = User | AnonymousUser | None


class Plan(models.Model):
    """An offer of one gym; `has_24hr_access` is the box that opens doors."""

    class Billing(models.TextChoices):
        MONTHLY = "monthly", "Monthly"
        YEARLY = "yearly", "Yearly"
        ONCE = "once", "Once"

    gym = models.ForeignKey(Gym, on_delete=models.PROTECT, related_name="plans")
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    price = models.DecimalField(max_digits=8, decimal_places=2, default=0, validators=[MinValueValidator(0)])
    billing = models.CharField(max_length=8, choices=Billing.choices, default=Billing.MONTHLY)
    has_24hr_access = models.BooleanField("24-hr access", default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["gym", "name"], name="one_plan_of_a_name_per_gym")]

    def __str__(self) -> str:
        return self.name

    def archive(self, *, by: Actor = None) -> None:
        """Stop sales; running subscriptions, and the doors with them, stay as they are."""
        with transaction.atomic():
            self.archived_at = timezone.now()
            self.save(update_fields=["archived_at", "changed_at"])
            Change.record(self.gym, "archive plan", by=by, plan_id=self.pk, detail=self.name)


class TransitionRefused(ValidationError):
    """A subscription cannot go where it was asked to go; the message says why, in words for the page."""


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of_gym(self, gym: Gym) -> SubscriptionQuerySet:
        """Subscriptions whose member and whose plan are both this gym's."""
        return self.filter(member__gym=gym, plan__gym=gym)


class Subscription(models.Model):
    """One member on one plan. Plain `save()` stays legal; the transitions guard what people click."""

    class Status(models.TextChoices):
        PENDING_ACTIVE = "pending_active", "Starts later"
        ACTIVE = "active", "Active"
        PENDING_CANCEL = "pending_cancel", "Cancels"
        PAUSED = "paused", "Paused"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    ENDED = (Status.EXPIRED, Status.CANCELLED)
    EVERY_ACTION = ("activate", "pause", "resume", "schedule_cancel", "undo_cancel", "cancel_now", "expire")

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    starts_on = models.DateField(blank=True)
    ends_on = models.DateField(null=True, blank=True)
    cause = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["member", "status"], name="subscription_status")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(status="pending_cancel") | models.Q(ends_on__isnull=False),
                name="pending_cancel_has_its_last_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} on {self.plan}: {self.get_status_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.starts_on is None:
            self.starts_on = self.member.gym.today(timezone.now())
        super().save(*args, **kwargs)

    @classmethod
    def start(
        cls,
        member: Member,
        plan: Plan,
        *,
        today: date,
        starts_on: date | None = None,
        ends_on: date | None = None,
        by: Actor = None,
        cause: str = "",
    ) -> Subscription:
        """Put a member on a plan: active at once, or from `starts_on` when that is later than `today`."""
        starts_on = starts_on or today
        _require(member.gym_id == plan.gym_id, "The plan belongs to another gym.")
        _require(plan.archived_at is None, f"{plan} is archived and no longer sold.")
        _require(ends_on is None or ends_on >= starts_on, "The last day must not be before the first.")
        _require(ends_on is None or ends_on >= today, "The last day must be today or later.")
        status = cls.Status.ACTIVE if starts_on <= today else cls.Status.PENDING_ACTIVE
        with transaction.atomic():
            made = cls.objects.create(
                member=member, plan=plan, status=status, starts_on=starts_on, ends_on=ends_on, cause=cause
            )
            made._record("start", f"{plan}: {made.get_status_display()}", by=by, cause=cause)
        return made

    def activate(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        """Start now what was to start later."""
        with self._moving("activate", self.Status.PENDING_ACTIVE, by=by, cause=cause):
            self.status = self.Status.ACTIVE
            self.starts_on = min(self.starts_on, today)

    def pause(self, *, by: Actor = None, cause: str = "") -> None:
        with self._moving("pause", self.Status.ACTIVE, by=by, cause=cause):
            self.status = self.Status.PAUSED

    def resume(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        with self._moving("resume", self.Status.PAUSED, by=by, cause=cause):
            _require(
                self.ends_on is None or self.ends_on >= today,
                "It ended while it was paused. Add a new subscription instead.",
            )
            self.status = self.Status.ACTIVE

    def schedule_cancel(self, *, on: date, today: date, by: Actor = None, cause: str = "") -> None:
        """Cancel at the end of `on`, which is the last day of access."""
        with self._moving("schedule cancel", self.Status.ACTIVE, by=by, cause=cause):
            _require(on >= today, "The last day must be today or later.")
            self.status = self.Status.PENDING_CANCEL
            self.ends_on = on

    def undo_cancel(self, *, by: Actor = None, cause: str = "") -> None:
        with self._moving("undo cancel", self.Status.PENDING_CANCEL, by=by, cause=cause):
            self.status = self.Status.ACTIVE
            self.ends_on = None

    def cancel_now(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        running = [s for s in self.Status if s not in self.ENDED]
        with self._moving("cancel now", *running, by=by, cause=cause):
            self.status = self.Status.CANCELLED
            self.ends_on = today

    def expire(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        with self._moving("expire", self.Status.ACTIVE, by=by, cause=cause):
            self.status = self.Status.EXPIRED
            self.ends_on = today

    @property
    def actions(self) -> tuple[str, ...]:
        """What can be done with it now, in the order the page shows it."""
        return ACTIONS[self.Status(self.status)]

    @contextmanager
    def _moving(self, action: str, *allowed: str, by: Actor, cause: str) -> Iterator[None]:
        """Lock the row, check where it stands, save what the block changed, keep who did it and why."""
        with transaction.atomic():
            locked = Subscription.objects.select_for_update().get(pk=self.pk)
            self.status, self.starts_on, self.ends_on = locked.status, locked.starts_on, locked.ends_on
            before = self.get_status_display()
            _require(self.status in allowed, f"Cannot {action}: the subscription is {before.lower()}.")
            yield
            self.cause = cause
            self.save(update_fields=["status", "starts_on", "ends_on", "cause", "changed_at"])
            detail = f"{self.plan}: {before} to {self.get_status_display()}"
            self._record(action, detail, by=by, cause=cause)

    def _record(self, action: str, detail: str, *, by: Actor, cause: str) -> None:
        Change.record(
            self.member.gym,
            action,
            by=by,
            member_id=self.member_id,
            plan_id=self.plan_id,
            subscription_id=self.pk,
            detail=detail,
            cause=cause,
        )


ACTIONS: dict[str, tuple[str, ...]] = {
    Subscription.Status.PENDING_ACTIVE: ("activate", "cancel_now"),
    Subscription.Status.ACTIVE: ("pause", "schedule_cancel", "cancel_now", "expire"),
    Subscription.Status.PENDING_CANCEL: ("undo_cancel", "cancel_now"),
    Subscription.Status.PAUSED: ("resume", "cancel_now"),
    Subscription.Status.EXPIRED: (),
    Subscription.Status.CANCELLED: (),
}


def _require(condition: bool, words: str) -> None:
    if not condition:
        raise TransitionRefused(words)
