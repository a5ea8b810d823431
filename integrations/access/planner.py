"""What has to change: wanted against the ledger, and against what was observed. Pure; decides, never acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from integrations.access.comparison import absorb
from integrations.access.facts import Change, Kind, Observed, Plan, Row, Sight, Wanted, wish_of


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
        ledger, found = absorb(ledger, observed, wanted)
        unmanaged = found.unmanaged
    draft = _Draft(now, sole_source)
    for email in {**wanted, **ledger}:
        draft.consider(email, wanted.get(email), ledger.get(email))
    return draft.finish(unmanaged)


def plan_farewell(ledger: Mapping[str, Row], *, now: datetime) -> Plan:
    """What a disconnect with removal owes: exactly the people named, and only rights that Core created."""
    mine = [row for row in ledger.values() if row.word and row.origin == "created"]
    named = {row.email: replace(row, moved="") for row in mine}  # wherever their members are to get in next
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
        """No right of ours: give it; or, when it is no longer wanted, take back a profile Core made for it.

        Where such a profile may be and has not shown itself yet, look once more before it is forgotten.
        """
        unseen = Kind.SETTLE if row.missed else Kind.CLOSE
        unused = Kind.REVOKE if row.own_profile else unseen
        self._add(Kind.GRANT if want else unused, email, want, row)

    def _stays(self, want: Wanted, row: Row) -> None:
        """What failed was for something not wanted any more, such as a removal, or is done: no failure now."""
        if row.own_profile and row.name != want.name:
            self._add(Kind.RENAME, row.email, want, row)
        elif (
            (row.member_id, row.until) != (want.member_id, want.until)
            or row.held
            or row.kept_until
            or row.word
            or row.parked
            or row.waits_until is not None
        ):
            self._add(Kind.POINT, row.email, want, row)

    def _goes(self, row: Row) -> None:
        if not self.sole_source and row.origin != "created":
            self.at_cut_over.append(row.email)
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
