"""What has to change: wanted against the ledger, and against what was observed. Pure; decides, never acts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
    address: "" no, "waiting" the new right is not confirmed yet, "confirmed" it is."""

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
    known: bool = True


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
    """A right that counts as access, as a complete list showed it."""

    email: str
    name: str
    right_id: int
    user_id: int


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


@dataclass(frozen=True, slots=True)
class Findings:
    """What a list says about the ledger: rights to take over, rows confirmed, rows not seen, strangers."""

    adopt: tuple[Sight, ...] = ()
    confirmed: tuple[str, ...] = ()
    repoint: tuple[Sight, ...] = ()
    missing: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    protected: tuple[Sight, ...] = ()
    unmanaged: tuple[Sight, ...] = ()


def wish_of(email: str, wanted: Wanted | None) -> str:
    """The digest of what an attempt is for: a wait or a park holds only as long as it stays the same."""
    text = f"in|{email}|{wanted.name}" if wanted else f"out|{email}"
    return sha256(text.encode()).hexdigest()


def compare(ledger: Mapping[str, Row], observed: Observed) -> Findings:
    """Read a complete list against the ledger; nothing here is a removal, and absence is only a question."""
    sights = _by_email(observed.sights)
    found: dict[str, list[Sight]] = {
        name: [] for name in ("adopt", "confirmed", "repoint", "protected", "unmanaged")
    }
    for email, seen in sights.items():
        found[_finding(seen, ledger.get(email), observed)].append(seen[0])
    return Findings(
        adopt=tuple(found["adopt"]),
        confirmed=tuple(sight.email for sight in found["confirmed"]),
        repoint=tuple(found["repoint"]),
        missing=tuple(
            email for email, row in ledger.items() if row.state == "granted" and email not in sights
        ),
        doubled=tuple(email for email, seen in sights.items() if len(seen) > 1),
        protected=tuple(found["protected"]),
        unmanaged=tuple(found["unmanaged"]),
    )


def _finding(seen: list[Sight], row: Row | None, observed: Observed) -> str:
    """What one address in the list means; a row that is not settled yet is left as it is."""
    if any(sight.user_id in observed.staff for sight in seen):
        return "protected"
    if row is None:
        return "adopt" if seen[0].email in observed.known else "unmanaged"
    if row.state == "absent" and not row.managed:
        return "adopt"
    if row.state != "granted" or row.right_id in {sight.right_id for sight in seen}:
        return "confirmed"
    return "repoint"


def absorb(ledger: Mapping[str, Row], observed: Observed) -> tuple[dict[str, Row], Findings]:
    """The ledger as it will read once the findings are written, for planning and for a preview."""
    found = compare(ledger, observed)
    after = dict(ledger)
    for sight in found.adopt:
        before = after.get(sight.email) or Row(sight.email, "granted", observed.at)
        after[sight.email] = replace(
            before, state="granted", right_id=sight.right_id, origin="adopted", parked=False, waits_until=None
        )
    for sight in found.protected:
        before = after.get(sight.email) or Row(sight.email, "absent", observed.at)
        after[sight.email] = replace(before, state="absent", managed=True)
    for sight in found.repoint:
        after[sight.email] = replace(after[sight.email], right_id=sight.right_id)
    for email in found.missing:
        after[email] = replace(after[email], state="uncertain", waits_until=None)
    return after, found


def plan(
    wanted: Mapping[str, Wanted],
    ledger: Mapping[str, Row],
    observed: Observed | None = None,
    *,
    now: datetime,
    sole_source: bool,
) -> Plan:
    """Everything that is owed now, in the order it should be done.

    `sole_source` is false during move-in: then only rights that Core created are removed.
    """
    unmanaged: tuple[Sight, ...] = ()
    if observed is not None:
        ledger, found = absorb(ledger, observed)
        unmanaged = found.unmanaged
    draft = _Draft(now, sole_source)
    for email in {**wanted, **ledger}:
        draft.consider(email, wanted.get(email), ledger.get(email))
    return draft.finish(unmanaged)


def plan_farewell(ledger: Mapping[str, Row], *, now: datetime) -> Plan:
    """What a disconnect with removal owes: exactly the people named, and only rights that Core created."""
    named = {email: row for email, row in ledger.items() if row.word and row.origin == "created"}
    return plan({}, named, now=now, sole_source=True)


@dataclass(slots=True)
class _Draft:
    now: datetime
    sole_source: bool
    changes: list[Change] = field(default_factory=list)
    at_cut_over: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    managed: list[str] = field(default_factory=list)
    in_flight: list[str] = field(default_factory=list)

    def consider(self, email: str, want: Wanted | None, row: Row | None) -> None:
        if row is not None and row.exempt:
            return
        if row is None:
            self._add(Kind.GRANT, email, want)
            return
        if want is None and self._is_in_flight(row):
            self.in_flight.append(email)
        if self._waits(row, want):
            self.waiting.append(email)
        elif row.state in ("granting", "revoking", "uncertain"):
            self._add(Kind.SETTLE, email, want, row)
        elif row.managed:
            self._managed(email, want, row)
        elif row.state == "absent":
            self._absent(email, want, row)
        elif want:
            self._stays(want, row)
        else:
            self._goes(row)

    def _waits(self, row: Row, want: Wanted | None) -> bool:
        if row.wish != wish_of(row.email, want):
            return False
        return row.parked or bool(row.waits_until and row.waits_until > self.now)

    def _is_in_flight(self, row: Row) -> bool:
        """A removal without a word that was begun and is not confirmed: it counts against the allowance."""
        unsettled = row.state in ("granting", "revoking", "uncertain")
        waits = row.state == "granted" and not row.held and self._waits(row, None)
        return (unsettled or waits) and not row.word and not row.moved

    def _managed(self, email: str, want: Wanted | None, row: Row) -> None:
        if want:
            self.managed.append(email)
        else:
            self._add(Kind.CLOSE, email, None, row)

    def _absent(self, email: str, want: Wanted | None, row: Row) -> None:
        """No right of ours: give it; or, when it is no longer wanted, take back a profile Core made for it."""
        unused = Kind.REVOKE if row.own_profile else Kind.CLOSE
        self._add(Kind.GRANT if want else unused, email, want, row)

    def _stays(self, want: Wanted, row: Row) -> None:
        if row.own_profile and row.name != want.name:
            self._add(Kind.RENAME, row.email, want, row)
        elif (
            (row.member_id, row.until) != (want.member_id, want.until)
            or row.held
            or row.kept_until
            or row.word
        ):
            self._add(Kind.POINT, row.email, want, row)

    def _goes(self, row: Row) -> None:
        if not self.sole_source and row.origin != "created":
            self.at_cut_over.append(row.email)
            if not row.known:
                self._add(Kind.CLOSE, row.email, None, row)
        elif row.moved:
            self._moves(row)
        elif row.word:
            self._add(Kind.REVOKE, row.email, None, row, braked=True)
        elif row.kept_until:
            self._kept(row)
        elif row.held:
            self.held.append(row.email)
        else:
            self._add(Kind.REVOKE, row.email, None, row, braked=True)

    def _moves(self, row: Row) -> None:
        if row.moved == "confirmed":
            self._add(Kind.REVOKE, row.email, None, row)
        else:
            self.waiting.append(row.email)

    def _kept(self, row: Row) -> None:
        if row.kept_until and row.kept_until <= self.now:
            self._add(Kind.HOLD_AGAIN, row.email, None, row)

    def _add(
        self, kind: Kind, email: str, want: Wanted | None, row: Row | None = None, *, braked: bool = False
    ) -> None:
        at = want.changed_at if want else (row.changed_at if row else self.now)
        word = row.word if row else ""
        self.changes.append(Change(kind, email, at, want, word, braked))

    def finish(self, unmanaged: tuple[Sight, ...]) -> Plan:
        return Plan(
            tuple(sorted(self.changes, key=_urgency)),
            tuple(self.at_cut_over),
            tuple(self.held),
            tuple(self.waiting),
            tuple(self.managed),
            tuple(self.in_flight),
            unmanaged,
        )


def _urgency(change: Change) -> tuple[bool, bool, float, bool]:
    """Unsettled rows first, unwanted people before wanted; then the newest change, removals first."""
    settle = change.kind is Kind.SETTLE
    removal = change.wanted is None
    return not settle, settle and not removal, -change.at.timestamp(), not removal


def _by_email(sights: Iterable[Sight]) -> dict[str, list[Sight]]:
    grouped: dict[str, list[Sight]] = {}
    for sight in sights:
        grouped.setdefault(sight.email, []).append(sight)
    return grouped
