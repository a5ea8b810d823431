"""Everybody has one line, it says what the plan does, and its digest changes when its facts do: for every world."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.access import planner
from integrations.access.facts import WITHOUT_CALL, Observed, Plan, Row, Sight, Wanted, wish_of
from integrations.kisi.models import PreviewLine
from integrations.kisi.sync.lines import Line, lines

many = settings(derandomize=True, database=None, deadline=None, max_examples=300)
Group = PreviewLine.Group
NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
seldom = st.sampled_from([False] * 7 + [True])
PEOPLE = [f"{name}@example.com" for name in ("ana", "ben", "cleo", "dan")]


@st.composite
def rows(draw: st.DrawFn, email: str) -> Row:
    state = draw(st.sampled_from(["absent", "granting", "granted", "granted", "revoking", "uncertain"]))
    granted = state in ("granted", "revoking", "uncertain")
    flags = {name: draw(seldom) for name in ("parked", "exempt", "managed", "held")}
    flags["own_profile"] = draw(st.booleans())
    return Row(
        email=email,
        state=state,
        changed_at=NOW,
        name=draw(st.sampled_from(["Ana", "Ben"])),
        member_id=draw(st.sampled_from([1, 2])),
        right_id=draw(st.sampled_from([1, 2])) if granted else None,
        origin=draw(st.sampled_from(["created", "adopted"])) if granted else "",
        wish=draw(st.sampled_from(["", wish_of(email, None), wish_of(email, wanted(email))])),
        waits_until=draw(st.none() | st.none() | st.just(NOW + timedelta(hours=1))),
        kept_until=draw(st.none() | st.none() | st.sampled_from([NOW - timedelta(1), NOW + timedelta(1)])),
        moved=draw(st.sampled_from(["", "", "waiting", "confirmed"])),
        word=draw(st.sampled_from(["", "", "cut-over"])),
        **flags,
    )


def wanted(email: str) -> Wanted:
    return Wanted(email, "Ana", 1, None, NOW)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Wanted], dict[str, Row], Observed, bool]:
    want = {email: wanted(email) for email in PEOPLE if draw(st.booleans())}
    ledger = {email: draw(rows(email)) for email in PEOPLE if draw(st.booleans())}
    sights = tuple(
        Sight(email, "Ana", right, user)
        for email in PEOPLE
        for right, user in draw(st.sampled_from([[], [(1, 7)], [(1, 7)], [(2, 7)], [(1, 7), (2, 8)]]))
    )
    known = frozenset(want) | {email for email in ledger if draw(st.booleans())}
    staff = {7: "owns the API key"} if draw(st.integers(0, 5)) == 0 else {}
    return want, ledger, Observed(sights, known, NOW, staff), draw(st.booleans())


def told(world: tuple[dict[str, Wanted], dict[str, Row], Observed, bool]) -> tuple[Plan, list[Line]]:
    want, ledger, observed, sole = world
    plan = planner.plan(want, ledger, observed, now=NOW, sole_source=sole)
    return plan, lines(want, ledger, observed, plan, roles={})


@many
@given(worlds())
def test_everybody_has_one_line_at_most(world):
    emails = [line.person.email for line in told(world)[1]]
    assert len(emails) == len(set(emails))


@many
@given(worlds())
def test_what_the_plan_does_at_kisi_stands_among_the_acts_or_needs_a_person(world):
    plan, found = told(world)
    groups = {line.person.email: line.group for line in found}
    for change in plan.changes:
        if change.kind not in WITHOUT_CALL:
            group = groups[change.email]
            assert group in PreviewLine.ACTS or group in (Group.CONFLICT, Group.MANAGED)


@many
@given(worlds())
def test_nobody_is_among_the_acts_for_whom_nothing_is_to_do(world):
    plan, found = told(world)
    busy = {change.email for change in plan.changes if change.kind not in WITHOUT_CALL} | set(plan.held)
    for line in found:
        if line.group in PreviewLine.ACTS and line.group != Group.ADOPT:
            assert line.person.email in busy


@many
@given(worlds())
def test_whoever_loses_access_is_not_wanted_and_whoever_gets_it_is(world):
    for line in told(world)[1]:
        if line.group == Group.LOSE:
            assert line.person.want is None
        if line.group in (Group.GIVE, Group.PUT_BACK, Group.ADOPT, Group.RENAME, Group.UNCHANGED):
            assert line.person.want is not None


@many
@given(worlds())
def test_the_wanted_are_all_told_of(world):
    emails = {line.person.email for line in told(world)[1]}
    assert set(world[0]) <= emails


@many
@given(worlds())
def test_only_strangers_are_only_in_kisi(world):
    want, ledger, observed, _ = world
    for line in told(world)[1]:
        if line.group == Group.ONLY_IN_KISI:
            assert line.person.email not in {*want, *ledger, *observed.known}


@many
@given(worlds())
def test_the_same_facts_make_the_same_digest(world):
    first, again = told(world)[1], told(world)[1]
    assert [line.digest for line in first] == [line.digest for line in again]


def granted(**facts: object) -> Row:
    return Row("ana@example.com", "granted", NOW, "Ana", 1, None, 1, "created", wish="", **facts)  # type: ignore[arg-type]


def digest(want: Wanted | None, row: Row | None, *sights: Sight) -> str:
    ledger = {row.email: row} if row else {}
    wants = {want.email: want} if want else {}
    observed = Observed(sights, frozenset({"ana@example.com"}), NOW)
    plan = planner.plan(wants, ledger, observed, now=NOW, sole_source=True)
    (line,) = lines(wants, ledger, observed, plan, roles={})
    return line.digest


ANA, SEEN = wanted("ana@example.com"), Sight("ana@example.com", "Ana", 1, 7)


@pytest.mark.parametrize(
    "moved",
    [
        (None, granted(), SEEN),
        (replace(ANA, name="Anna"), granted(), SEEN),
        (replace(ANA, member_id=2), granted(), SEEN),
        (replace(ANA, until=NOW.date()), granted(), SEEN),
        (ANA, None, SEEN),
        (ANA, granted(exempt=True), SEEN),
        (ANA, replace(granted(), state="uncertain"), SEEN),
        (ANA, replace(granted(), right_id=2), SEEN),
        (ANA, replace(granted(), origin="adopted"), SEEN),
        (ANA, granted()),
        (ANA, granted(), replace(SEEN, right_id=2)),
        (ANA, granted(), replace(SEEN, user_id=8)),
    ],
)
def test_a_fact_that_moves_changes_the_digest(moved):
    assert digest(*moved) != digest(ANA, granted(), SEEN)


@pytest.mark.parametrize(
    "same",
    [
        (replace(ANA, changed_at=NOW - timedelta(hours=1)), granted(), SEEN),
        (ANA, replace(granted(), changed_at=NOW - timedelta(hours=1)), SEEN),
        (ANA, replace(granted(), waits_until=NOW), SEEN),
        (ANA, granted(), replace(SEEN, name="Somebody")),
    ],
)
def test_when_something_was_looked_at_or_tried_is_no_such_fact(same):
    assert digest(*same) == digest(ANA, granted(), SEEN)
