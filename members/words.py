"""How counts, dates and times read, in words and in a gym's own zone. Pure: the present is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta


def counted(count: int, one: str, many: str) -> str:
    """1 member, 2 members, 1,204 members"""
    return f"1 {one}" if count == 1 else f"{count:,} {many}"


def people(count: int) -> str:
    """1 person, 2 people, 1,204 people"""
    return counted(count, "person", "people")


def some(names: Sequence[str], most: int = 5) -> str:
    """Ana, Ben and 3 more; names that are not known ("") only count."""
    shown = [name for name in names if name][:most]
    left = len(names) - len(shown)
    if left:
        return f"{', '.join(shown)} and {left:,} more" if shown else f"{left:,}"
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def day(of: date) -> str:
    """30 Nov 2026"""
    return f"{of.day} {of:%b %Y}"


def lasting(span: timedelta) -> str:
    """How long something lasted, in its largest whole unit: less than a minute, 5 minutes, 3 hours, 2 days."""
    for seconds, one, many in ((86_400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes")):
        if span.total_seconds() >= seconds:
            return counted(int(span.total_seconds() // seconds), one, many)
    return "less than a minute"


def moment(local: datetime, today: date) -> str:
    """A time on the gym's wall: today 14:05, yesterday 14:05, Mon 23 Nov, 14:05, 3 Oct 2025, 09:12."""
    clock, on = f"{local:%H:%M}", local.date()
    near = {today - timedelta(days=1): "yesterday", today: "today", today + timedelta(days=1): "tomorrow"}
    if on in near:
        return f"{near[on]} {clock}"
    if on.year == today.year:
        return dated(local)
    return f"{day(on)}, {clock}"


def exact(local: datetime, zone: str) -> str:
    """The same to the second, with its zone: Mon 23 Nov 2026, 14:05:09, Europe/Stockholm."""
    return f"{local:%a} {day(local.date())}, {local:%H:%M:%S}, {zone}"


def dated(local: datetime) -> str:
    """A time for what is read on another day, such as a mail: Mon 23 Nov, 14:05."""
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"
