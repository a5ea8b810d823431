"""What can be done with a subscription: each step with its guard, its lock, and who did it and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction

if TYPE_CHECKING:
    from plans.models import Plan

Actor = Any  # a signed-in user, or None for the clock


class TransitionRefused(ValidationError):
    """A subscription cannot go where it was asked to go; the message says why, in words for the page."""


class Status(models.TextChoices):
    PENDING_ACTIVE = "pending_active", "Starts later"
    ACTIVE = "active", "Active"
    PENDING_CANCEL = "pending_cancel", "Cancels"
    PAUSED = "paused", "Paused"
    EXPIRED = "expired", "Expired"
    CANCELLED = "cancelled", "Cancelled"


# What is possible where, in the order in which the page offers it.
ACTIONS: dict[str, tuple[str, ...]] = {
    Status.PENDING_ACTIVE: ("activate", "cancel_now"),
    Status.ACTIVE: ("pause", "schedule_cancel", "cancel_now", "expire"),
    Status.PENDING_CANCEL: ("undo_cancel", "cancel_now"),
    Status.PAUSED: ("resume", "cancel_now"),
    Status.EXPIRED: (),
    Status.CANCELLED: (),
}
EVERY_ACTION = tuple(dict.fromkeys(action for known in ACTIONS.values() for action in known))
LABELS = {
    "activate": "Start now",
    "pause": "Pause",
    "resume": "Resume",
    "schedule_cancel": "Schedule cancel",
    "undo_cancel": "Undo cancel",
    "cancel_now": "Cancel now",
    "expire": "Expire",
}
NEEDS_TODAY = ("activate", "resume", "schedule_cancel", "cancel_now", "expire")
_CANNOT = {
    "activate": "be started",
    "pause": "be paused",
    "resume": "be resumed",
    "schedule_cancel": "be set to cancel",
    "undo_cancel": "have its cancel undone",
    "cancel_now": "be cancelled",
    "expire": "expire",
}
_STANDS = {
    Status.PENDING_ACTIVE: "it has not started",
    Status.ACTIVE: "it is active",
    Status.PENDING_CANCEL: "it is set to cancel",
    Status.PAUSED: "it is paused",
    Status.EXPIRED: "it has expired",
    Status.CANCELLED: "it was cancelled",
}


class Transitions(models.Model):
    """The steps of a Subscription. Each locks the row, so that a second press meets what the first left."""

    is_supposed = False

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        status: Any
        starts_on: Any
        ends_on: Any
        term_ends_on: Any
        cause: Any
        plan: Plan
        record: Any
        get_status_display: Any

    @property
    def actions(self) -> tuple[str, ...]:
        """What can be done with it now, in the order the page shows it."""
        return ACTIONS[self.status]

    def why_not(self, action: str) -> str:
        """Why this step is impossible from where it stands, in words; "" when it is possible."""
        if action in ACTIONS[self.status]:
            return ""
        return f"{self.plan} can't {_CANNOT[action]}: {_STANDS[Status(self.status)]}."

    def activate(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        """Start now what was to start later."""
        with self._moving("activate", by=by, cause=cause):
            require(self.ends_on is None or self.ends_on >= today, "It ended before it was started.")
            self.status = Status.ACTIVE
            self.starts_on = min(self.starts_on, today)

    def pause(self, *, by: Actor = None, cause: str = "") -> None:
        with self._moving("pause", by=by, cause=cause):
            self.status = Status.PAUSED

    def resume(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        with self._moving("resume", by=by, cause=cause):
            words = "It ended while it was paused. Add a new subscription instead."
            require(self.ends_on is None or self.ends_on >= today, words)
            self.status = Status.ACTIVE

    def schedule_cancel(self, *, on: date, today: date, by: Actor = None, cause: str = "") -> None:
        """Cancel at the end of `on`, which is the last day of access."""
        with self._moving("schedule_cancel", by=by, cause=cause):
            require(on >= today, "The last day must be today or later.")
            require(on >= self.starts_on, "The last day must not be before the first.")
            require(self.ends_on is None or on <= self.ends_on, "It ends before that day anyway.")
            self.status = Status.PENDING_CANCEL
            self.term_ends_on, self.ends_on = self.ends_on, on

    def undo_cancel(self, *, by: Actor = None, cause: str = "") -> None:
        """Active again, to the end it had before: a fixed term does not become an open one."""
        with self._moving("undo_cancel", by=by, cause=cause):
            self.status = Status.ACTIVE
            self.ends_on, self.term_ends_on = self.term_ends_on, None

    def cancel_now(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        with self._moving("cancel_now", by=by, cause=cause):
            self.status = Status.CANCELLED
            self.ends_on = today

    def expire(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        with self._moving("expire", by=by, cause=cause):
            self.status = Status.EXPIRED
            self.ends_on = today

    def supposing(self, action: str, **facts: Any) -> Self:
        """A copy as the step would leave it, from where this row stands; nothing is locked or saved."""
        row = copy(self)
        row.is_supposed = True
        getattr(row, action)(**facts)
        return row

    @contextmanager
    def _moving(self, action: str, *, by: Actor, cause: str) -> Iterator[None]:
        """Lock the row, check where it stands, save what the block changed, keep who did it and why."""
        if self.is_supposed:
            self._check(action)
            yield
            return
        with transaction.atomic():
            self._lock()
            self._check(action)
            before = self.get_status_display()
            yield
            self.cause = cause
            fields = ["status", "starts_on", "ends_on", "term_ends_on", "cause", "changed_at"]
            self.save(update_fields=fields)
            detail = f"{self.plan}: {before} to {self.get_status_display()}"
            self.record(action.replace("_", " "), detail, by=by, cause=cause)

    def _check(self, action: str) -> None:
        refusal = self.why_not(action)
        require(not refusal, refusal)

    def _lock(self) -> None:
        """Hold the row to the end of the transaction and read again what a step depends on."""
        rows = type(self)._base_manager.select_for_update()
        row: Transitions | None = rows.filter(pk=self.pk).first()
        if row is None:
            raise TransitionRefused("The subscription was deleted meanwhile.")
        for name in ("status", "starts_on", "ends_on", "term_ends_on"):
            setattr(self, name, getattr(row, name))


def require(condition: bool, words: str) -> None:
    """Refuse in these words unless the condition holds."""
    if not condition:
        raise TransitionRefused(words)
