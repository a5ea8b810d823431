"""What people buy: Plan and Subscription. Knows members, and nobody above."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils import timezone

from members.models import Change, Gym, Member
from plans import wording
from plans.transitions import ACTIONS, Actor, Status, TransitionRefused, Transitions, require

__all__ = ["ACCESS_TURNED_OFF", "ACTIONS", "Plan", "Subscription", "TransitionRefused"]
ACCESS_TURNED_OFF = "24-hr access turned off"  # in the detail of the Change that did it


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
        self._sell(timezone.now(), "archive plan", f"{self.name} archived", by)

    def sell_again(self, *, by: Actor = None) -> None:
        """Undo `archive`."""
        self._sell(None, "sell plan again", f"{self.name} sold again", by)

    def _sell(self, archived_at: Any, action: str, detail: str, by: Actor) -> None:
        with transaction.atomic():
            self.archived_at = archived_at
            self.save(update_fields=["archived_at", "changed_at"])
            Change.record(self.gym, action, by=by, plan_id=self.pk, detail=detail)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of_gym(self, gym: Gym) -> SubscriptionQuerySet:
        """Subscriptions whose member and whose plan are both this gym's."""
        return self.filter(member__gym=gym, plan__gym=gym)

    def running(self) -> SubscriptionQuerySet:
        """Those that count as having the plan now."""
        return self.filter(status__in=[Status.ACTIVE, Status.PENDING_CANCEL])


class Subscription(Transitions):
    """One member on one plan. Plain `save()` stays legal; the transitions guard what people click."""

    Status = Status
    ENDED = (Status.EXPIRED, Status.CANCELLED)

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    starts_on = models.DateField(blank=True)
    ends_on = models.DateField(null=True, blank=True)
    term_ends_on = models.DateField(null=True, editable=False)  # `ends_on` before a cancel was scheduled
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
                violation_error_message=wording.NEEDS_LAST_DAY,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} on {self.plan}: {self.get_status_display()}"

    def clean(self) -> None:
        if self.member_id and self.plan_id and self.member.gym_id != self.plan.gym_id:
            raise ValidationError({"plan": wording.OTHER_GYM})
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise ValidationError({"ends_on": wording.LAST_BEFORE_FIRST})

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
        require(member.gym_id == plan.gym_id, wording.OTHER_GYM)
        require(plan.archived_at is None, wording.not_sold(plan))
        require(ends_on is None or ends_on >= starts_on, wording.LAST_BEFORE_FIRST)
        require(ends_on is None or ends_on >= today, wording.LAST_IN_THE_PAST)
        status = Status.ACTIVE if starts_on <= today else Status.PENDING_ACTIVE
        with transaction.atomic():
            made = cls.objects.create(
                member=member, plan=plan, status=status, starts_on=starts_on, ends_on=ends_on, cause=cause
            )
            made.record("start", f"{plan}: {made.get_status_display()}", by=by, cause=cause)
        return made

    def record(self, action: str, detail: str, *, by: Actor, cause: str) -> None:
        """Keep what happened to it, for the timeline."""
        facts = {"member_id": self.member_id, "plan_id": self.plan_id, "subscription_id": self.pk}
        Change.record(self.member.gym, action, by=by, detail=detail, cause=cause, **facts)
