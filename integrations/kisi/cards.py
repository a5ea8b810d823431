"""How one cause of trouble looks on the page that lists them: its heading, who acts, and whom it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    member_id: int | None = None
    said: str = ""
    next_try: datetime | None = None
    tried_at: datetime | None = None
    held_since: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One cause. `trouble` is what Retry tries again, "" for nothing; `review` opens the held list; `listed` finds
    the people in the members list.
    """

    heading: str
    meaning: str
    who: str
    people: tuple[Person, ...]
    trouble: str = ""
    review: str = ""
    is_calm: bool = False
    listed: str = ""

    @property
    def shown(self) -> tuple[Person, ...]:
        return self.people[:SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.people) - SHOWN, 0)
