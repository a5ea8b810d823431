"""The cards on the Marketplace: one line a vendor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest

from members.slots import Piece


@dataclass(frozen=True, slots=True)
class Entry:
    """`card` renders the vendor's own card for the signed-in person's gym."""

    slug: str
    card: Callable[[HttpRequest], Piece]


entries: list[Entry] = []


def register(entry: Entry) -> None:
    """Add a vendor's card; called by its app when Django is ready."""
    if all(known.slug != entry.slug for known in entries):
        entries.append(entry)
