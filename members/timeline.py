"""What happened to one member, out of what Core keeps and what others tell: newest first, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

from members import slots
from members.gyms import name_of
from members.models import Change, Member

PER_PAGE = 20
LAST = 100  # what lies further back is in the activity


@dataclass(frozen=True, slots=True)
class Part:
    """One page of it; the first is the newest."""

    entries: list[slots.TimelineEntry]
    number: int = 1
    has_older: bool = False


def part(member: Member, number: int) -> Part:
    """The page with this number, in as many questions as there are sources, however far back it is.

    Each source gives its newest; together they are enough, because what is older in one of them cannot be newer
    than what was left out of it.
    """
    number = min(max(number, 1), LAST)
    end = PER_PAGE * number
    entries = _changes(member, end + 1)
    for tell in slots.member_events:
        entries += tell(member, end + 1)
    entries.sort(key=lambda entry: entry.at, reverse=True)
    has_older = len(entries) > end and number < LAST
    return Part(entries[end - PER_PAGE : end], number, has_older)


def _changes(member: Member, most: int) -> list[slots.TimelineEntry]:
    rows = Change.objects.filter(gym=member.gym, member_id=member.pk).select_related("by")[:most]
    return [slots.TimelineEntry(row.at, row.text, name_of(row.by), row.cause) for row in rows]
