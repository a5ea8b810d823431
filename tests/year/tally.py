"""Minutes wrongly in and wrongly out, kept apart by whose doing they are. Plain arithmetic on what was watched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.year.watch import Doing

MINUTE = timedelta(minutes=1)
AFTERWARDS = timedelta(hours=1)
DAY = timedelta(hours=24)
DECIDED = ("held", "kept", "parked", "by hand")  # waits for a person, or for the week's full read


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody was in or out against the rules for a while. `why` is what stood in the way, "" for nothing."""

    email: str
    is_in: bool
    since: datetime
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """When something was broken that is not Core: Kisi, the key, our own broker."""

    name: str
    since: datetime
    until: datetime


@dataclass(slots=True)
class Tally:
    """Wanted and inside, as they change; every stretch in which they differ is kept."""

    people: set[str]
    wanted: set[str] = field(default_factory=set)
    inside: set[str] = field(default_factory=set)
    stays: list[Stay] = field(default_factory=list)
    lockouts: list[str] = field(default_factory=list)
    given: int = 0
    taken: int = 0
    _why: dict[str, str] = field(default_factory=dict)
    _since: dict[str, datetime] = field(default_factory=dict)

    def begin(self) -> None:
        """Count from here on; what was before was only to get there."""
        self.stays.clear()
        self.given = self.taken = 0

    def want(self, wanted: set[str], now: datetime) -> None:
        """From now on these should get in."""
        for email in wanted ^ self.wanted:
            self._close(email, now)
            self._why.pop(email, None)
        fresh = wanted - self.wanted
        self.wanted = set(wanted)
        for email in fresh - self.inside:
            self._why[email] = "first access"

    def see(self, doing: Doing) -> None:
        """Somebody came into the group at Kisi, or went."""
        if doing.email not in self.people:
            return
        self._close(doing.email, doing.at)
        is_wanted = doing.email in self.wanted
        if not doing.by_hand:
            self._count(doing, is_wanted)
        (self.inside.add if doing.came else self.inside.discard)(doing.email)
        self._why.pop(doing.email, None)
        if doing.by_hand and doing.came != is_wanted:
            self._why[doing.email] = "by hand"

    def _count(self, doing: Doing, is_wanted: bool) -> None:
        if doing.came and is_wanted:
            self.given += 1
        if not doing.came and not is_wanted:
            self.taken += 1
        if not doing.came and is_wanted:
            self.lockouts.append(f"{doing.email} at {doing.at:%Y-%m-%d %H:%M:%S}")
        if doing.came and not is_wanted:
            self._why[doing.email] = "let in"

    def explain(self, emails: Iterable[str], why: str, now: datetime) -> None:
        """From now on this is why these are in or out against the rules; it ends with the next change."""
        for email in set(emails):
            if self._why.get(email, "") != why:
                self._close(email, now)
                self._why[email] = why

    def no_longer(self, why: str, now: datetime) -> None:
        """Nobody is in or out for this reason any more."""
        for email in [email for email, reason in self._why.items() if reason == why]:
            self._close(email, now)
            self._why.pop(email)

    def wrong(self) -> set[str]:
        """Whoever is in or out against the rules now."""
        return (self.wanted ^ self.inside) & self.people

    def unexplained(self) -> set[str]:
        """Those of them for whom nobody's decision and nobody's hand is the reason."""
        return {email for email in self.wrong() if self._why.get(email, "") not in DECIDED}

    def overdue(self) -> set[str]:
        """Those of them whom a week's full read and an admin's morning should have put right."""
        return {email for email in self.wrong() if self._why.get(email, "") not in ("held", "kept")}

    def forget(self, email: str) -> None:
        """Somebody whom Core has to leave alone from now on counts no more."""
        self.people.discard(email)

    def end(self, now: datetime) -> None:
        for email in self.wrong():
            self._close(email, now)

    def _close(self, email: str, now: datetime) -> None:
        """A stretch ends here; when it was a wrong one it is kept."""
        since = self._since.get(email, now)
        self._since[email] = now
        is_in = email in self.inside
        if is_in != (email in self.wanted) and since < now and email in self.people:
            self.stays.append(Stay(email, is_in, since, now, self._why.get(email, "")))


def minutes(length: timedelta) -> float:
    return length / MINUTE


def apart(stay: Stay, troubles: Iterable[Trouble]) -> dict[str, timedelta]:
    """The stay cut into "down" (something else was broken), "after" (the hour from there) and "ours"."""
    parts: dict[str, timedelta] = defaultdict(timedelta)
    cuts = {stay.since, stay.until}
    for trouble in troubles:
        cuts |= {
            moment
            for moment in (trouble.since, trouble.until, trouble.until + AFTERWARDS)
            if stay.since < moment < stay.until
        }
    ordered = sorted(cuts)
    for since, until in zip(ordered, ordered[1:], strict=False):
        parts[_part(since, troubles)] += until - since
    return parts


def _part(at: datetime, troubles: Iterable[Trouble]) -> str:
    if any(trouble.since <= at < trouble.until for trouble in troubles):
        return "down"
    if any(trouble.until <= at < trouble.until + AFTERWARDS for trouble in troubles):
        return "after"
    return "ours"


def convergences(troubles: Iterable[Trouble], stays: Sequence[Stay]) -> list[timedelta]:
    """For each stretch of troubles: how long after its end the last person it kept waiting was as they should be."""
    return sorted(_convergence(until, stays) for until in _ends(troubles))


def _ends(troubles: Iterable[Trouble]) -> list[datetime]:
    """When each stretch was over; one that begins within the hour after another goes on with it."""
    ends: list[datetime] = []
    for trouble in sorted(troubles, key=lambda trouble: trouble.since):
        if ends and trouble.since <= ends[-1] + AFTERWARDS:
            ends[-1] = max(ends[-1], trouble.until)
        else:
            ends.append(trouble.until)
    return ends


def _convergence(until: datetime, stays: Iterable[Stay]) -> timedelta:
    kept_waiting = [
        stay.until for stay in stays if stay.since <= until < stay.until and stay.why not in DECIDED
    ]
    return max(kept_waiting, default=until) - until
