"""A plan told person by person: in which group each stands, and a digest of the facts it rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from integrations.access.facts import Change, Kind, Observed, Plan, Row, Sight, Wanted
from integrations.kisi.models import PreviewLine

Group = PreviewLine.Group


@dataclass(frozen=True, slots=True)
class Person:
    """One address with everything that is known of it; `change` is what the plan does first."""

    email: str
    want: Wanted | None
    row: Row | None
    sights: tuple[Sight, ...]
    change: Change | None
    roles: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        shown = self.sights[0].name if self.sights else ""
        return (self.want.name if self.want else "") or (self.row.name if self.row else "") or shown

    @property
    def member_id(self) -> int | None:
        return self.want.member_id if self.want else self.row.member_id if self.row else None

    @property
    def is_unseen(self) -> bool:
        """Core gave or took over a right that the list does not show any more."""
        return self.row is not None and self.row.state == "granted" and not self.sights

    @property
    def is_new_to_core(self) -> bool:
        return bool(self.sights) and (self.row is None or self.row.state == "absent")

    @property
    def holds_another_right(self) -> bool:
        """Somebody gave the access by hand: it counts, and is not the one Core knew."""
        row = self.row
        shown = {sight.right_id for sight in self.sights}
        return row is not None and row.state == "granted" and bool(shown) and row.right_id not in shown


@dataclass(frozen=True, slots=True)
class Line:
    group: Group
    person: Person
    digest: str


def lines(
    wanted: Mapping[str, Wanted],
    ledger: Mapping[str, Row],
    observed: Observed,
    plan: Plan,
    *,
    roles: Mapping[str, str],
) -> list[Line]:
    """Everybody whom Core or Kisi's group knows, one line each.

    `ledger` is as it stands, `plan` was made for it with `observed`; `roles` tells by address who is never
    touched though not in the group. Whoever is in neither has no line.
    """
    sorter = _Sorter(observed, plan)
    found = []
    for person in _people(wanted, ledger, observed, plan, roles):
        group = sorter.group(person)
        if group is not None:
            found.append(Line(group, person, _digest(group, person)))
    return found


def _people(
    wanted: Mapping[str, Wanted],
    ledger: Mapping[str, Row],
    observed: Observed,
    plan: Plan,
    roles: Mapping[str, str],
) -> Iterable[Person]:
    sights: dict[str, list[Sight]] = {}
    for sight in observed.sights:
        sights.setdefault(sight.email, []).append(sight)
    changes = {change.email: change for change in reversed(plan.changes)}
    for email in {**wanted, **ledger, **sights}:
        seen = tuple(sorted(sights.get(email, ()), key=lambda sight: sight.right_id))
        held = [observed.staff[sight.user_id] for sight in seen if sight.user_id in observed.staff]
        held += [roles[email]] if email in roles else []
        change = changes.get(email)
        yield Person(email, wanted.get(email), ledger.get(email), seen, change, tuple(held))


class _Sorter:
    """The first thing that is true of a person decides; the order is the planner's own."""

    def __init__(self, observed: Observed, plan: Plan) -> None:
        self.known = observed.known
        self.held, self.waiting = frozenset(plan.held), frozenset(plan.waiting)
        self.at_cut_over, self.managed = frozenset(plan.at_cut_over), frozenset(plan.managed)

    def group(self, person: Person) -> Group | None:
        return self._left_alone(person) or self._acts(person)

    def _left_alone(self, person: Person) -> Group | None:
        row, email = person.row, person.email
        if person.roles or email in self.managed or (row and row.exempt):
            return Group.MANAGED
        if row is None and person.want is None and email not in self.known:
            return Group.ONLY_IN_KISI
        if len({sight.user_id for sight in person.sights}) > 1 or (row and self._is_parked(row)):
            return Group.CONFLICT
        if email in self.waiting:
            return Group.WAITING
        if email in self.at_cut_over:
            return Group.CUT_OVER
        if row and row.kept_until and (person.change is None or person.change.kind is Kind.HOLD_AGAIN):
            return Group.KEPT
        return None

    def _is_parked(self, row: Row) -> bool:
        return row.parked and row.email in self.waiting

    def _acts(self, person: Person) -> Group | None:
        if person.email in self.held:
            return Group.LOSE
        kind = person.change.kind if person.change else None
        if kind is Kind.REVOKE:
            return Group.LOSE
        if kind is Kind.GRANT:
            return Group.GIVE
        if kind is Kind.SETTLE:
            return Group.PUT_BACK if person.want and person.is_unseen else Group.CHECK
        if person.want and (person.is_new_to_core or person.holds_another_right):
            return Group.ADOPT
        if kind is Kind.RENAME:
            return Group.RENAME
        return Group.UNCHANGED if person.want else None


def _digest(group: Group, person: Person) -> str:
    """Changes when anything changes that the line rests on.

    Times of looks and tries are not among it, nor that a removal was held meanwhile.
    """
    facts = (
        str(group),
        _of_want(person.want),
        _of_row(person.row),
        [(sight.right_id, sight.user_id) for sight in person.sights],
        person.roles,
    )
    return sha256(repr(facts).encode()).hexdigest()


def _of_want(want: Wanted | None) -> tuple[object, ...]:
    return (want.name, want.member_id, want.until) if want else ()


def _of_row(row: Row | None) -> tuple[object, ...]:
    if row is None:
        return ()
    is_kept = row.kept_until is not None
    state = (row.state, row.right_id, row.origin, row.name, row.own_profile)
    return (*state, is_kept, row.exempt, row.managed, row.moved, row.parked)
