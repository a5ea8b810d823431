"""The rules once more, in a few plain lines of their own: who may get in, who is never touched, how many may go.

Shares no code with `integrations.access` or the queries of the sync: it is what they are measured against.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from integrations.kisi.simulator import Assignment, User, World
from members.models import Gym, Member
from plans.models import Subscription


def entitled(gym: Gym, now: datetime) -> dict[str, str]:
    """Address to the name that stands for it: who may open the doors today."""
    today = now.astimezone(ZoneInfo(gym.timezone)).date()
    rows = (
        Subscription.objects.select_related("plan", "member").filter(member__gym=gym).order_by("-member_id")
    )
    return {
        row.member.email: row.member.name
        for row in rows
        if row.member.email
        and row.plan.has_24hr_access
        and row.status in ("active", "pending_cancel")
        and row.starts_on <= today
        and (row.ends_on is None or today <= row.ends_on)
    }


def addresses(gym: Gym) -> set[str]:
    return set(Member.objects.filter(gym=gym).exclude(email="").values_list("email", flat=True))


def inside(world: World, now: datetime) -> dict[str, list[Assignment]]:
    """Address to the rights that open the group's doors now, one's own and plain."""
    found: dict[str, list[Assignment]] = {}
    for right in world.store.assignments:
        if _opens(world, right) and right.valid_at(now):
            found.setdefault(world.store.users.rows[right.assignee_id].email, []).append(right)
    return found


def _opens(world: World, right: Assignment) -> bool:
    told = (right.assignee_type, right.applies_to_type, right.applies_to_id, right.role_id)
    return told == ("User", "Group", world.group_id, "group_basic")


def is_protected(world: World, user: User, key_owner_id: int) -> bool:
    """The owner, the key's own user, and whoever is more than a plain member of groups."""
    if user.id in (world.organization.owner_id, key_owner_id):
        return True
    held = world.store.held_by(user)
    return any((right.applies_to_type, right.role_id) != ("Group", "group_basic") for right in held)


def protected(world: World, key_owner_id: int) -> set[str]:
    return {user.email for user in world.store.users if is_protected(world, user, key_owner_id)}


def has_more(world: World, user: User) -> bool:
    """Whether the person has rights elsewhere or belongs to a team: then the profile stays."""
    elsewhere = any(not _opens(world, right) for right in world.store.held_by(user))
    return elsewhere or bool(world.store.teams_of(user))


def may_go(n: int, share: int) -> float:
    """How many of `n` people may lose access within a day without anybody's word."""
    if n < 3:
        return float("inf")
    tenth, half = int(n * share / 100), n // 2
    return min(half, max(tenth, 3))


def orphans(world: World) -> Iterator[User]:
    """Profiles that Core made and that hold nothing at all."""
    for user in world.store.users:
        if user.metadata.get("made_by") == "core" and not world.store.held_by(user):
            yield user
