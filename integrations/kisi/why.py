"""Why somebody may get in or not, as the second half of a sentence, and whose subscription says so. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from integrations.access.policy import Decision, Entry, Person, Reason, decide
from integrations.kisi import entries
from integrations.kisi.entries import Holders
from integrations.kisi.models import KisiGrant
from members import words
from members.models import Gym, Member
from plans.models import Subscription

Status = Subscription.Status


def reasons(gym: Gym, rows: Sequence[KisiGrant], today: date) -> dict[str, str]:
    """Why each of these people should not have access on `today`, or that they should again, by address."""
    return reasons_by(entries.of(gym, members_of(rows)), rows, today)


def members_of(rows: Iterable[KisiGrant]) -> list[Member]:
    return [row.member for row in rows if row.member]


def reasons_by(holders: Holders, rows: Sequence[KisiGrant], today: date) -> dict[str, str]:
    """The same of people whose subscriptions are known already."""
    return {row.email: _why_not(holders, row, today) for row in rows}


def _why_not(holders: Holders, row: KisiGrant, today: date) -> str:
    member_id = row.member_id or 0
    if member_id not in holders.by_id:
        return "no longer a member"
    email = holders.by_id[member_id].email
    if email != row.email:
        return moved_to(email)
    decision, whose = judge(holders, member_id, today)
    cancelled = is_cancelled(holders.entries(member_id), decision)
    said = because(decision, cancelled=cancelled, whose=whose)
    return f"entitled again: {said}" if decision.allowed else said


def moved_to(email: str) -> str:
    """Of an address that its member had before."""
    return f"the email is {email} now" if email else "there is no email any more"


def judge(holders: Holders, pk: int, today: date) -> tuple[Decision, str]:
    """What counts for the address, and the first name of whose subscription that is; "" for the member's own."""
    decision = decide(Person(tuple(holders.entries(pk))), today)
    others = holders.sharing(pk)
    if not others or decide(Person(tuple(holders.by_id[pk].entries)), today) == decision:
        return decision, ""
    said = ((other.first_name, decide(Person(tuple(other.entries)), today)) for other in others)
    return decision, next((name for name, theirs in said if theirs == decision), "")


def is_cancelled(theirs: list[Entry], decision: Decision) -> bool:
    """Whether the subscription that decides was cancelled from its last day on."""
    ends = [e for e in theirs if (e.plan, e.ends_on) == (decision.plan, decision.until)]
    return decision.until is not None and any(e.status == Status.PENDING_CANCEL for e in ends)


def goes_on(theirs: Iterable[Entry], decision: Decision) -> Decision | None:
    """What gives access on the day after the last one, where that is known already: a subscription that starts then."""
    if decision.until is None or decision.until == date.max:
        return None
    begun = [replace(e, status=Status.ACTIVE) if e.status == Status.PENDING_ACTIVE else e for e in theirs]
    after = decide(Person(tuple(begun)), decision.until + timedelta(days=1))
    return after if after.allowed else None


def because(decision: Decision, *, cancelled: bool = False, whose: str = "", dated: bool = True) -> str:
    """The reason as the second half of a sentence, without the full stop; `whose` where it is not their own.

    Not `dated` where the first half has named the last day.
    """
    plan = f"{whose}'s {decision.plan}" if whose else decision.plan
    cause = f" ({decision.cause})" if decision.cause else ""
    ends, last = ("is cancelled", "from the end of") if cancelled else ("ends", "on")
    then = f"{last} {day(decision.until)}" if dated else "from then" if cancelled else "then"
    said = {
        Reason.ACTIVE: f"{plan} is active",
        Reason.ENDS: f"{plan} {ends} {then}",
        Reason.STARTS: f"{plan} starts on {day(decision.on)}",
        Reason.PAUSED: f"{plan} is paused{cause}",
        Reason.EXPIRED: f"{plan} expired" + (f" on {day(decision.on)}" if decision.on else "") + cause,
        Reason.CANCELLED: f"{plan} was cancelled"
        + (f" on {day(decision.on)}" if decision.on else "")
        + cause,
        Reason.NO_24HR_ACCESS: f"{plan} has no 24-hr access",
        Reason.NO_SUBSCRIPTION: "there is no subscription",
    }
    return said[decision.reason]


def day(on: date | None) -> str:
    return words.day(on) if on else "a date not set"
