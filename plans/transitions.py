"""What can be done with a subscription: each step with its guard, its lock, and who did it and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction

from plans import wording

if TYPE_CHECKING:
    from plans.models import Plan

Actor = Any  # a signed-in user, or None for the clock


class TransitionRefused(ValidationError):
    """A subscription cannot go where it was asked to go; the message says why, in words for the page."""


class Status(models.TextChoices):
    PENDING_ACTIVE = "pending_active", wording.STATUS["pending_active"]
    ACTIVE = "active", wording.STATUS["active"]
    PENDING_CANCEL = "pending_cancel", wording.STATUS["pending_cancel"]
    PAUSED = "paused", wording.STATUS["paused"]
    EXPIRED = "expired", wording.STATUS["expired"]
    CANCELLED = "cancelled", wording.STATUS["cancelled"]


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
NEEDS_TODAY = ("activate", "resume", "schedule_cancel", "cancel_now", "expire")


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
        return wording.impossible(self.plan, action, self.status)

    def activate(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        """Start now what was to start later."""
        with self._moving("activate", by=by, cause=cause):
            require(self.ends_on is None or self.ends_on >= today, wording.ENDED_UNSTARTED)
            self.status = Status.ACTIVE
            self.starts_on = min(self.starts_on, today)

    def pause(self, *, by: Actor = None, cause: str = "") -> None:
        with self._moving("pause", by=by, cause=cause):
            self.status = Status.PAUSED

    def resume(self, *, today: date, by: Actor = None, cause: str = "") -> None:
        with self._moving("resume", by=by, cause=cause):
            require(self.ends_on is None or self.ends_on >= today, wording.ENDED_PAUSED)
            self.status = Status.ACTIVE

    def schedule_cancel(self, *, on: date, today: date, by: Actor = None, cause: str = "") -> None:
        """Cancel at the end of `on`, which is the last day of access."""
        with self._moving("schedule_cancel", by=by, cause=cause):
            require(on >= today, wording.LAST_IN_THE_PAST)
            require(on >= self.starts_on, wording.LAST_BEFORE_FIRST)
            require(self.ends_on is None or on <= self.ends_on, wording.ENDS_BEFORE)
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
            raise TransitionRefused(wording.DELETED_MEANWHILE)
        for name in ("status", "starts_on", "ends_on", "term_ends_on"):
            setattr(self, name, getattr(row, name))


def require(condition: bool, words: str) -> None:
    """Refuse in these words unless the condition holds."""
    if not condition:
        raise TransitionRefused(words)
