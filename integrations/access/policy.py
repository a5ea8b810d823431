"""Who may open the doors: a pure function of a person's subscriptions and today. Never asks the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Reason(StrEnum):
    ACTIVE = "active"
    ENDS = "ends"
    STARTS = "starts"
    PAUSED = "paused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    NO_24HR_ACCESS = "no_24hr_access"
    NO_SUBSCRIPTION = "no_subscription"


@dataclass(frozen=True, slots=True)
class Entry:
    """One subscription as the rules see it; `ours` is false when member and plan are of different gyms."""

    status: str
    starts_on: date
    ends_on: date | None
    has_24hr_access: bool
    plan: str = ""
    cause: str = ""
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """`until` is the last day of an access that ends; `on` the date the reason speaks of."""

    allowed: bool
    reason: Reason
    until: date | None = None
    on: date | None = None
    plan: str = ""
    cause: str = ""


NOTHING = Decision(False, Reason.NO_SUBSCRIPTION)

_RANK = {
    Reason.ACTIVE: 0,
    Reason.ENDS: 1,
    Reason.STARTS: 2,
    Reason.PAUSED: 3,
    Reason.EXPIRED: 4,
    Reason.CANCELLED: 5,
    Reason.NO_24HR_ACCESS: 6,
    Reason.NO_SUBSCRIPTION: 7,
}


def decide(person: Person, today: date) -> Decision:
    """The best that any one subscription gives; access if any one gives it."""
    decisions = [_judge(entry, today) for entry in person.entries if entry.ours]
    return best(decisions)


def best(decisions: Iterable[Decision]) -> Decision:
    """The decision that counts among several: of one person, or of people who share an address."""
    return min(decisions, key=_order, default=NOTHING)


def _judge(entry: Entry, today: date) -> Decision:
    reason, on = _reason(entry, today)
    allowed = reason in (Reason.ACTIVE, Reason.ENDS)
    until = entry.ends_on if allowed else None
    return Decision(allowed, reason, until, on, entry.plan, entry.cause)


def _reason(entry: Entry, today: date) -> tuple[Reason, date | None]:
    if not entry.has_24hr_access:
        return Reason.NO_24HR_ACCESS, None
    if entry.status in ("active", "pending_cancel"):
        return _running(entry, today)
    if entry.status == "pending_active":
        return Reason.STARTS, entry.starts_on
    if entry.status == "paused":
        return Reason.PAUSED, None
    if entry.status == "expired":
        return Reason.EXPIRED, entry.ends_on
    return Reason.CANCELLED, entry.ends_on


def _running(entry: Entry, today: date) -> tuple[Reason, date | None]:
    if entry.starts_on > today:
        return Reason.STARTS, entry.starts_on
    if entry.ends_on is None:
        return Reason.ACTIVE, None
    if entry.ends_on >= today:
        return Reason.ENDS, entry.ends_on
    return (Reason.CANCELLED if entry.status == "pending_cancel" else Reason.EXPIRED), entry.ends_on


def _order(decision: Decision) -> tuple[int, int]:
    """Endless access first, then the latest end; the earliest start; the latest end that is past."""
    day = decision.on.toordinal() if decision.on else 0
    return _RANK[decision.reason], day if decision.reason is Reason.STARTS else -day
