"""What ails a connection beside its status, in words: each face with the effect on the doors and what to do."""

from __future__ import annotations

from datetime import datetime

from integrations.kisi.models import KisiConnection
from integrations.kisi.wording import Counts, Face, about, clock, shut, wrongly
from members.slots import Tag
from members.words import people


def held(counts: Counts) -> Face:
    n = counts.held
    return Face(
        Tag("Removals held", "warn"),
        f"{'1 removal is' if n == 1 else f'{n:,} removals are'} waiting for your word",
        f"{_over(n, counts.allowed)} your limit of {counts.allowed} within 24 hours. "
        f"{'This person' if n == 1 else f'These {n:,} people'} can still open the doors. "
        "New access is given as usual.",
        f"Review {'1 removal' if n == 1 else f'{n:,} removals'}",
        "kisi:held",
    )


def _over(n: int, allowed: int | None) -> str:
    """Once some are decided, the rest may be no more than the limit: held they were with the others."""
    if allowed is not None and n > allowed:
        return "That is more than"
    return f"{'It was' if n == 1 else 'They were'} among more than"


def failed(counts: Counts) -> Face:
    return Face(
        Tag("Needs attention", "warn"),
        f"{people(counts.failed)} could not be updated",
        wrongly(counts.wrong),
        "See what to do",
        "kisi:attention",
    )


def incomplete(connection: KisiConnection, reason: str, next_check: datetime | None) -> Face:
    then = f" Next check {clock(connection, next_check)}." if next_check else ""
    return Face(
        Tag("Check incomplete", "warn"),
        "The last check of Kisi was incomplete",
        f"Kisi's list had gaps ({reason}), so Core drew no conclusions and removed nobody. "
        f"Changes made in Core still go through.{then}",
    )


def mostly_managed(counts: Counts) -> Face:
    heading = f"{people(counts.managed)} have a role in Kisi, so Core leaves them alone"
    text = "They are most of your members there, and stay in when they cancel, until somebody takes the role."
    return Face(Tag("Roles in Kisi", "warn"), heading, text)


def no_doors(connection: KisiConnection) -> Face:
    return Face(
        Tag("No doors", "warn"),
        _upper(shut(connection)),
        "Who is in this group gets in nowhere by it. Add doors to the group in Kisi; Core sees that by itself.",
    )


def throttled(counts: Counts, minutes: int) -> Face:
    many = "1 change" if counts.waiting == 1 else f"{counts.waiting:,} changes"
    return Face(
        Tag("Slowed down", "info"),
        "Kisi has asked Core to slow down",
        f"Everything goes through, only later: {many}, {about(minutes)}.",
    )


def stale(connection: KisiConnection, since: datetime) -> Face:
    return Face(
        Tag("Sync stopped", "bad"),
        "Core's own sync is not running",
        f"No sign of life since {clock(connection, since)}. Access stays as it is, and later changes have not "
        "reached Kisi. Tell whoever runs Core.",
        "Open Troubleshooting",
        "kisi:troubleshooting",
    )


SYNCING = Face(Tag("Syncing", "info"))
CONNECTED = Face(Tag("Connected", "ok"))
RESTORED = Face(
    Tag("Restored", "warn"),
    "The database was restored from a backup",
    "Access is given as usual; nobody's is removed until you have looked at a preview and applied it.",
    "Make a preview",
    "kisi:preview",
)
MOVING_IN = Face(
    Tag("Moving in", "info"),
    "Move-in is not finished",
    "Core gives access, but takes away only access it created itself.",
    "Go on with Move-in",
    "kisi:move-in",
)


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
