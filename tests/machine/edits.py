"""Everything that people and programs do to members, plans and subscriptions in Core."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db import transaction

from members.models import Member
from plans.models import Plan, Subscription
from tests.machine import rulebook
from tests.machine.scene import ADDRESSES, ADMIN, DAY, OWNER, Scene

Act = Callable[[], object]
EVERY_ADDRESS = (*ADDRESSES, OWNER, ADMIN)


def nothing() -> None:
    """There is nobody to whom this could be done."""


def add(scene: Scene, where: int, plan: int) -> Act:
    """Somebody new: with an address nobody has, or one that somebody has, had, or has only in Kisi."""
    email = EVERY_ADDRESS[where % len(EVERY_ADDRESS)]
    return lambda: scene.join(email, plan=plan % 3)


def add_a_newcomer(scene: Scene, where: int) -> Act:
    """Somebody whose address neither Core nor Kisi knows."""
    taken = {member.email for member in scene.members()}
    free = [
        email for email in EVERY_ADDRESS if email not in taken and scene.world.user_by_email(email) is None
    ]
    email = _pick(free, where)
    return nothing if email is None else lambda: scene.join(email)


def add_subscription(scene: Scene, who: int, plan: int) -> Act:
    member = _pick(scene.members(), who)
    if member is None:
        return nothing
    return lambda: Subscription.start(member, scene.plans[plan % 3], today=scene.today())


def pending_start(scene: Scene, who: int, days: int) -> Act:
    member = _pick(scene.members(), who)
    if member is None:
        return nothing
    starts_on = scene.today() + timedelta(days=days)
    return lambda: Subscription.start(member, scene.plans[0], today=scene.today(), starts_on=starts_on)


def cancel(scene: Scene, who: int) -> Act:
    row = _pick(_that_can(scene, "cancel_now"), who)
    return nothing if row is None else lambda: row.cancel_now(today=scene.today())


def pause(scene: Scene, who: int) -> Act:
    row = _pick(_that_can(scene, "pause"), who)
    return nothing if row is None else row.pause


def resume(scene: Scene, who: int) -> Act:
    row = _pick(_that_can(scene, "resume"), who)
    if row is None or (row.ends_on and row.ends_on < scene.today()):
        return nothing
    return lambda: row.resume(today=scene.today())


def pending_cancel(scene: Scene, who: int, days: int) -> Act:
    today = scene.today()
    on = today + timedelta(days=days)
    rows = [row for row in _that_can(scene, "schedule_cancel") if row.starts_on <= on]
    row = _pick([row for row in rows if row.ends_on is None or on <= row.ends_on], who)
    return nothing if row is None else lambda: row.schedule_cancel(on=on, today=today)


def undo_cancel(scene: Scene, who: int) -> Act:
    row = _pick(_that_can(scene, "undo_cancel"), who)
    return nothing if row is None else row.undo_cancel


def delete(scene: Scene, who: int) -> Act:
    member = _pick(scene.members(), who)
    return nothing if member is None else lambda: Member.objects.get(pk=member.pk).delete()


def change_email(scene: Scene, who: int, where: int) -> Act:
    member = _pick(scene.members(), who)
    if member is None:
        return nothing
    return lambda: _save_address(member, EVERY_ADDRESS[where % len(EVERY_ADDRESS)])


def swap_emails(scene: Scene, who: int, other: int, *, at_once: bool) -> Act:
    """Two people's addresses change places, in one transaction or through a third address."""
    one, two = _pick(scene.members(), who), _pick(scene.members(), other)
    if one is None or two is None or one == two:
        return nothing

    first, second = one.email, two.email

    def swap() -> None:
        _save_address(one, second)
        _save_address(two, first)

    def swap_at_once() -> None:
        with transaction.atomic():
            swap()

    return swap_at_once if at_once else swap


def flip_plan(scene: Scene, plan: int) -> Act:
    def flip() -> None:
        row = Plan.objects.get(pk=scene.plans[plan % 3].pk)
        row.has_24hr_access = not row.has_24hr_access
        row.save()

    return flip


def bulk_update(scene: Scene, first: int, count: int, status: str) -> Act:
    """Raw SQL, an import, a shell: many rows, no signal, no trace in `changed_at`."""
    rows = list(Subscription.objects.filter(member__gym=scene.gym).order_by("pk"))
    chosen = [rows[(first + step) % len(rows)].pk for step in range(min(count, len(rows)))]
    return lambda: Subscription.objects.filter(pk__in=chosen).update(status=status)


def bulk_dates(scene: Scene, who: int, days: int) -> Act:
    """The same for a last day."""
    rows = list(Subscription.objects.filter(member__gym=scene.gym).order_by("pk"))
    row = _pick(rows, who)
    if row is None:
        return nothing
    ends_on = scene.today() + DAY * days
    return lambda: Subscription.objects.filter(pk=row.pk).update(ends_on=ends_on)


def who_can_get_in(scene: Scene, who: int) -> Member | None:
    wanted = rulebook.entitled(scene.gym, scene.now())
    return _pick([member for member in scene.members() if member.email in wanted], who)


def pause_all(scene: Scene, member: Member | None) -> Act:
    """Every subscription that this person could get in by."""
    return _each(scene, member, "pause", lambda row: row.pause())


def resume_all(scene: Scene, member: Member | None) -> Act:
    return _each(scene, member, "resume", lambda row: row.resume(today=scene.today()))


def _each(scene: Scene, member: Member | None, action: str, do: Callable[[Subscription], object]) -> Act:
    rows = [row for row in _that_can(scene, action) if row.member == member]
    rows = [row for row in rows if row.ends_on is None or row.ends_on >= scene.today()]

    def act() -> None:
        for row in rows:
            do(row)

    return act if rows else nothing


def _pick(rows: Iterable[Any], who: int) -> Any:
    found = list(rows)
    return found[who % len(found)] if found else None


def _that_can(scene: Scene, action: str) -> list[Subscription]:
    rows = Subscription.objects.filter(member__gym=scene.gym).select_related("plan", "member").order_by("pk")
    return [row for row in rows if not row.why_not(action)]


def _save_address(member: Member, email: str) -> None:
    member.email = email
    member.save(update_fields=["email", "changed_at"])
