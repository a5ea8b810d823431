"""What ails a connection beside its status, in words: each face with the effect on the doors and what to do."""

from __future__ import annotations

from datetime import datetime

from integrations.kisi.models import KisiConnection
from integrations.kisi.wording import Counts, Face, about, clock, later, shut, wrongly
from members.slots import Tag
from members.words import people


def held(connection: KisiConnection, counts: Counts) -> Face:
    n = counts.held
    is_restored = connection.restored_at is not None
    return Face(
        Tag("Removals held", "warn"),
        f"{'1 removal is' if n == 1 else f'{n:,} removals are'} waiting for your word",
        f"{_over(n, counts.allowed, is_restored=is_restored)}. "
        f"{'This person' if n == 1 else f'These {n:,} people'} {still_means(shut(connection), n)}. "
        "New access is given as usual.",
        f"Review {'1 removal' if n == 1 else f'{n:,} removals'}",
        "kisi:held",
    )


def still_means(why_shut: str, n: int) -> str:
    """What a right that is not taken away yet means for the doors of a group, which is `why_shut` or not ("")."""
    if why_shut:
        return f"still {'has' if n == 1 else 'have'} access, but {why_shut}"
    return "can still open the doors"


def _over(n: int, allowed: int | None, *, is_restored: bool) -> str:
    if not is_restored and allowed is not None and n > allowed:
        return f"That is more than your limit of {allowed:,} within 24 hours"
    return why_held(n, allowed, is_restored=is_restored)


def why_held(n: int, allowed: int | None, *, is_restored: bool = False) -> str:
    """Why no more removals than may go by themselves wait for a word, without the full stop.

    The rest of a decided batch, who was kept for 30 days, and whom no list has ever named.
    """
    if is_restored:
        return "The database was restored from a backup, so Core removes nobody without your word"
    among = "It was" if n == 1 else "They were"
    limit = f"your limit of {allowed:,} within 24 hours" if allowed is not None else "your limit"
    them = "it" if n == 1 else "their removal"
    return f"{among} among more than {limit}, or nobody has agreed to {them} yet"


def review(connection: KisiConnection, n: int, counts: Counts) -> str:
    """What the list of held removals begins with: how many of how many, why Core asks, and what holds until then."""
    limit, is_restored = counts.allowed, connection.restored_at is not None
    asks = f"{why_held(n, limit, is_restored=is_restored)}."
    would = f"{n:,} of the {people(counts.have_access)} with access would lose it"
    if not is_restored and limit is not None and n > limit:
        would = f"{would} within 24 hours"
        asks = f"Your limit is {limit:,}, so Core waits for your word."
    these = "this person" if n == 1 else f"these {people(n)}"
    return f"{would}. {asks} Until an admin decides, {these} {still_means(shut(connection), n)}."


def tomorrow(n: int, allowed: int) -> tuple[str, str]:
    """Of ends that the brake would hold tomorrow: how many they are, and which limit they are over, alone or not."""
    lose = f"{people(n)} lose{'s' if n == 1 else ''} access tomorrow"
    if n > allowed:
        return f"{lose}, more than your limit", f"Your limit is {allowed:,} within 24 hours."
    before = "With those who lost it shortly before, that is more than"
    return f"{lose} if you allow it", f"{before} your limit of {allowed:,} within 24 hours."


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
    text = (
        "They are most of your members there. Whoever of them cancels still gets in, "
        "until somebody takes the role away in Kisi."
    )
    return Face(Tag("Roles in Kisi", "warn"), heading, text)


def no_doors(connection: KisiConnection) -> Face:
    return Face(
        Tag("No doors", "warn"),
        _upper(shut(connection)),
        "Nobody gets in by this group. Add doors to it in Kisi; Core notices that by itself.",
    )


def throttled(counts: Counts, minutes: int) -> Face:
    many = "1 change" if counts.waiting == 1 else f"{counts.waiting:,} changes"
    owed = f": {many}, {about(minutes)}" if counts.waiting else ""
    return Face(
        Tag("Slowed down", "info"),
        "Kisi has asked Core to slow down",
        f"Everything goes through, only later{owed}.",
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


def next_check(connection: KisiConnection, *, is_silent: bool) -> str:
    """What the daily and the weekly check wait for; "" where they come at their time, or Core comes back by itself."""
    by_itself = connection.status in (connection.Status.THROTTLED, connection.Status.IN_TROUBLE)
    return "" if by_itself else later(connection, is_silent=is_silent)


SYNCING = Face(Tag("Syncing", "info"))
CONNECTED = Face(Tag("Connected", "ok"))
RESTORED = Face(
    Tag("Restored", "warn"),
    "The database was restored from a backup",
    "Access is given as usual. Until you have applied a preview, only people go whom somebody names.",
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
