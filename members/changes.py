"""What was changed in Core as a sentence: with the member's name apart, or as somebody's act. Pure."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE = "24-hr access"
TURNED = f"{WHOLE} turned "
CHANGED, TO = " changed: ", " to "
# A step of a subscription by its action: what happened to the plan, and what somebody did to it.
STEPS = {
    "start": ("started", "started"),
    "activate": ("started", "started"),
    "pause": ("was paused", "paused"),
    "resume": ("was resumed", "resumed"),
    "schedule cancel": ("is set to cancel", "set the cancel of"),
    "undo cancel": ("goes on: its cancel was undone", "undid the cancel of"),
    "cancel now": ("was cancelled", "cancelled"),
    "expire": ("expired", "ended"),
}
REACHED = {"Active": "started", "Expired": "expired", "Cancelled": "was cancelled"}
LATER = "Starts later"
# By action, of a member: what follows the name.
OF_MEMBER = {"add member": " was added", "change member": "'s details were changed"}
# What may have given or ended access.
GIVES = ("start", "activate", "resume", "undo cancel", "date reached", "change member", "add member")
ENDS = ("pause", "cancel now", "expire", "date reached", "change member")


@dataclass(frozen=True, slots=True)
class Told:
    """`before` and `after` stand around the member's name, `alone` where there is no such member any more."""

    before: str
    after: str
    alone: str


def told(action: str, detail: str) -> Told:
    """Ana Ruiz: All Hours was paused; Ana Ruiz was added; Night Owl changed: price."""
    happened = _happened(action, detail)
    if happened:
        return Told("", f": {happened}", happened)
    alone = detail or action.capitalize()
    if action in OF_MEMBER:
        return Told("", OF_MEMBER[action], alone)
    return Told(f"{alone}: ", "", alone)


def act(action: str, detail: str, by: str) -> str:
    """Ada Admin paused Night Owl; without anybody: Night Owl was paused. "" where it is nothing about doors."""
    if TURNED in detail:
        plan, way = detail.rpartition(CHANGED)[0], detail.rpartition(TURNED)[2]
        return f"{by} turned {way} {WHOLE} on {plan}" if by else f"{plan} had {WHOLE} turned {way}"
    if action in OF_MEMBER:
        done = "added the member" if action == "add member" else "changed the details"
        return f"{by} {done}" if by else ""
    if by and action in STEPS:
        return f"{by} {STEPS[action][1]} {_plan(detail)}"
    return _happened(action, detail)


def _happened(action: str, detail: str) -> str:
    """All Hours was paused"""
    reached = detail.rpartition(TO)[2] if action == "date reached" else ""
    if action == "start" and detail.endswith(LATER):
        return f"{_plan(detail)} was added and starts later"
    words = REACHED.get(reached, "") if reached else STEPS.get(action, ("", ""))[0]
    return f"{_plan(detail)} {words}" if words and _plan(detail) else ""


def _plan(detail: str) -> str:
    """Of “All Hours: Active to Paused”."""
    return detail.rpartition(": ")[0]
