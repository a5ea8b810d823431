"""The plain data of the pure core: what is wanted, what the ledger says, what was seen, what is to change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256


class Kind(StrEnum):
    SETTLE = "settle"
    GRANT = "grant"
    REVOKE = "revoke"
    RENAME = "rename"
    POINT = "point"
    CLOSE = "close"
    HOLD_AGAIN = "hold_again"


WITHOUT_CALL = frozenset({Kind.POINT, Kind.CLOSE, Kind.HOLD_AGAIN})


@dataclass(frozen=True, slots=True)
class Wanted:
    """An address that should have access: whose it is, what to send, when that person last changed."""

    email: str
    name: str
    member_id: int
    until: date | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """An open ledger row as the planner sees it. `moved` says whether its member is entitled under another
    address: "" no, "waiting" the new right is not confirmed yet, "confirmed" it is. `missed`: a profile that
    Core may have made was looked for and not found, once. `failed` and `asked_about` are for counting alone: the
    last attempt failed; Core only looks again at somebody who has access."""

    email: str
    state: str
    changed_at: datetime
    name: str = ""
    member_id: int | None = None
    until: date | None = None
    right_id: int | None = None
    origin: str = ""
    own_profile: bool = False
    wish: str = ""
    waits_until: datetime | None = None
    parked: bool = False
    held: bool = False
    kept_until: datetime | None = None
    exempt: bool = False
    managed: bool = False
    moved: str = ""
    word: str = ""
    missed: bool = False
    failed: bool = False
    asked_about: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to do for one address. `word` names the confirmation that lets it pass the brake."""

    kind: Kind
    email: str
    at: datetime
    wanted: Wanted | None = None
    word: str = ""
    braked: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """A right that counts as access, as a complete list showed it.

    `unshown`: it was there before Core became the only source, and no list that anybody saw had this person.
    """

    email: str
    name: str
    right_id: int
    user_id: int
    unshown: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """A complete list of rights, every address that Core's gym knows, and who is never touched (id to role)."""

    sights: tuple[Sight, ...]
    known: frozenset[str]
    at: datetime
    staff: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    changes: tuple[Change, ...] = ()
    at_cut_over: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    managed: tuple[str, ...] = ()
    in_flight: tuple[str, ...] = ()
    unmanaged: tuple[Sight, ...] = ()

    @property
    def owed(self) -> tuple[Change, ...]:
        """The removals that need either the allowance or a word."""
        return tuple(change for change in self.changes if change.braked and not change.word)

    def without(self, emails: Collection[str]) -> Plan:
        return replace(self, changes=tuple(c for c in self.changes if not (c.braked and c.email in emails)))


def wish_of(email: str, wanted: Wanted | None) -> str:
    """The digest of what an attempt is for: a wait or a park holds only as long as it stays the same."""
    text = f"in|{email}|{wanted.name}" if wanted else f"out|{email}"
    return sha256(text.encode()).hexdigest()
