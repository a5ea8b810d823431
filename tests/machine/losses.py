"""Who lost access at Kisi by which call of Core, and whether it was one too many without a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils import timezone

from integrations.kisi.simulator import Assignment, World
from tests.machine import rulebook

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Removal:
    """A call that may take access away, and what was so when it arrived. `is_free`: the brake does not count it."""

    what: str
    at: datetime
    is_free: bool
    allowed: float


@dataclass
class Losses:
    """Compares who is inside before and after each call that may remove somebody: an answer may lie, this cannot."""

    world: World
    count: int = 0
    expected: Removal | None = None
    _inside: set[str] = field(default_factory=set)
    _gone: dict[str, datetime] = field(default_factory=dict)

    def rights(self) -> dict[str, list[Assignment]]:
        return rulebook.inside(self.world, timezone.now())

    def look(self) -> None:
        """After edits by hand in Kisi: from here on, changes in the group are ours."""
        self._inside = set(self.rights())

    def judge(self) -> Iterator[str]:
        """What was wrong with the last removal, if there was one."""
        before, self._inside = self._inside, set(self.rights())
        removal, self.expected = self.expected, None
        for email in self._inside:
            self._gone.pop(email, None)
        for email in sorted(before - self._inside):
            self.count += 1
            yield from self._judge_one(email, removal)

    def _judge_one(self, email: str, removal: Removal | None) -> Iterator[str]:
        if removal is None:
            yield f"{email} lost access and nobody asked for it"
        elif not removal.is_free:
            self._gone[email] = removal.at
            gone = self.gone_lately(removal.at)
            if len(gone) > removal.allowed:
                words = f"gone without a word within a day, {removal.allowed:g} allowed"
                yield f"{removal.what}: {len(gone)} {words}"

    def gone_lately(self, now: datetime) -> set[str]:
        """Who lost access without a word within a day and is not back."""
        return {email for email, at in self._gone.items() if at > now - DAY}
