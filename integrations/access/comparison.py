"""A complete list of rights read against the ledger. Nothing here is a removal: absence is only a question."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from integrations.access.facts import Observed, Row, Sight


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


def absorb(
    ledger: Mapping[str, Row], observed: Observed, wanted: Collection[str] = ()
) -> tuple[dict[str, Row], Findings]:
    """The ledger as it will read once the findings are written, for planning and for a preview."""
    found = compare(ledger, observed)
    after = dict(ledger)
    for sight in found.adopt:
        before = after.get(sight.email) or Row(sight.email, "granted", observed.at)
        after[sight.email] = replace(
            before,
            state="granted",
            right_id=sight.right_id,
            origin="adopted",
            parked=False,
            waits_until=None,
            held=before.held or is_asked_about(sight, wanted),
        )
    for sight in found.protected:
        before = after.get(sight.email) or Row(sight.email, "absent", observed.at)
        after[sight.email] = replace(before, state="absent", managed=True)
    for sight in found.repoint:
        after[sight.email] = replace(after[sight.email], right_id=sight.right_id)
    for email in found.missing:
        after[email] = replace(after[email], state="uncertain", waits_until=None)
    return after, found


def is_asked_about(sight: Sight, wanted: Collection[str]) -> bool:
    """A right to take over that is not wanted and that nobody was ever shown: its removal waits for a word."""
    return sight.unshown and sight.email not in wanted


def _by_email(sights: Iterable[Sight]) -> dict[str, list[Sight]]:
    grouped: dict[str, list[Sight]] = {}
    for sight in sights:
        grouped.setdefault(sight.email, []).append(sight)
    return grouped
