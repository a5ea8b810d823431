"""Subscriptions as the rules see them: of members, and of those who have the same address. One query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q, QuerySet

from integrations.access.policy import Entry
from members.models import Gym, Member
from plans.models import Subscription

SUBSCRIPTION = ("status", "starts_on", "ends_on", "cause")
PLAN = ("has_24hr_access", "name", "gym_id")
COLUMNS = [f"subscriptions__{name}" for name in SUBSCRIPTION] + [
    f"subscriptions__plan__{name}" for name in PLAN
]


@dataclass(frozen=True, slots=True)
class Holder:
    """A member with their own subscriptions, newest first."""

    pk: int
    email: str
    first_name: str
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Holders:
    """Members and those who share an address with them."""

    by_id: dict[int, Holder]

    def sharing(self, pk: int) -> list[Holder]:
        """The others with this member's address."""
        mine = self.by_id.get(pk)
        if mine is None or not mine.email:
            return []
        return [other for other in self.by_id.values() if other.email == mine.email and other.pk != pk]

    def entries(self, pk: int) -> list[Entry]:
        """All that counts for this member's address, their own first."""
        group = [self.by_id[pk], *self.sharing(pk)] if pk in self.by_id else []
        return [entry for holder in group for entry in holder.entries]


def of(gym: Gym, members: Iterable[Member]) -> Holders:
    """Of these members of the gym."""
    emails = {member.pk: member.email for member in members}
    if not emails:
        return Holders({})
    same = Q(gym=gym, email__in={email for email in emails.values() if email})
    return Holders(_held(gym, Member.objects.filter(same | Q(pk__in=emails))))


def entry_of(gym: Gym, subscription: Subscription) -> Entry:
    """A row that is at hand, with its plan; it need not be saved."""
    plan = subscription.plan
    facts = (getattr(subscription, name) for name in SUBSCRIPTION)
    return _entry(gym, *facts, *(getattr(plan, name) for name in PLAN))


def _held(gym: Gym, people: QuerySet[Member]) -> dict[int, Holder]:
    ordered = people.order_by("first_name", "last_name", "pk", "-subscriptions__pk")
    rows: Iterable[Any] = ordered.values_list("pk", "email", "first_name", *COLUMNS)
    found: dict[int, Holder] = {}
    for pk, email, first_name, *facts in rows:
        holder = found.setdefault(pk, Holder(pk, email, first_name))
        if facts[0] is not None:
            holder.entries.append(_entry(gym, *facts))
    return found


def _entry(
    gym: Gym,
    status: str,
    starts_on: Any,
    ends_on: Any,
    cause: str,
    has_24hr_access: bool,
    plan: str,
    plan_gym: int,
) -> Entry:
    is_ours = plan_gym == gym.pk
    return Entry(status, starts_on, ends_on, has_24hr_access, plan=plan, cause=cause, ours=is_ours)
