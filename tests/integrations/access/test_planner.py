"""The planner's table in literals: one address, what is wanted, what the ledger says, what has to change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from integrations.access import comparison, planner
from integrations.access.facts import Kind, Observed, Row, Sight, Wanted, wish_of

NOW = datetime(2026, 6, 10, 12, 0, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
ANA, BEN, CLEO = "ana@example.com", "ben@example.com", "cleo@example.com"
WANTED = Wanted(ANA, "Ana", 1, None, NOW)
GRANTED = Row(ANA, "granted", NOW, name="Ana", member_id=1, right_id=7, origin="created", own_profile=True)
ABSENT = Row(ANA, "absent", NOW)


def planned(want, row, *, sole_source=True):
    wanted = {ANA: want} if want else {}
    ledger = {ANA: row} if row else {}
    return planner.plan(wanted, ledger, now=NOW, sole_source=sole_source)


def kinds(want, row, **options):
    return [change.kind for change in planned(want, row, **options).changes]


@pytest.mark.parametrize(
    ("want", "row", "kind"),
    [
        (WANTED, None, Kind.GRANT),
        (WANTED, ABSENT, Kind.GRANT),
        (WANTED, GRANTED, None),
        (WANTED, replace(GRANTED, state="granting"), Kind.SETTLE),
        (WANTED, replace(GRANTED, state="revoking"), Kind.SETTLE),
        (WANTED, replace(GRANTED, state="uncertain"), Kind.SETTLE),
        (WANTED, replace(GRANTED, name="Anna"), Kind.RENAME),
        (WANTED, replace(GRANTED, name="Anna", own_profile=False), None),
        (WANTED, replace(GRANTED, member_id=2), Kind.POINT),
        (WANTED, replace(GRANTED, until=date(2026, 7, 1)), Kind.POINT),
        (WANTED, replace(GRANTED, held=True), Kind.POINT),
        (WANTED, replace(GRANTED, kept_until=LATER), Kind.POINT),
        (WANTED, replace(GRANTED, word="forecast"), Kind.POINT),
        (WANTED, replace(GRANTED, parked=True, wish=wish_of(ANA, None)), Kind.POINT),
        (WANTED, replace(GRANTED, waits_until=LATER, wish=wish_of(ANA, None)), Kind.POINT),
        (WANTED, replace(GRANTED, parked=True, wish=wish_of(ANA, WANTED)), None),
        (WANTED, replace(GRANTED, exempt=True, state="absent"), None),
        (WANTED, replace(ABSENT, managed=True), None),
        (None, GRANTED, Kind.REVOKE),
        (None, replace(GRANTED, origin="adopted"), Kind.REVOKE),
        (None, replace(GRANTED, member_id=None), Kind.REVOKE),
        (None, replace(GRANTED, state="revoking"), Kind.SETTLE),
        (None, replace(GRANTED, state="granting", right_id=None), Kind.SETTLE),
        (None, replace(GRANTED, state="uncertain"), Kind.SETTLE),
        (None, replace(GRANTED, held=True), None),
        (None, replace(GRANTED, held=True, word="allowed"), Kind.REVOKE),
        (None, replace(GRANTED, kept_until=LATER), None),
        (None, replace(GRANTED, kept_until=EARLIER), Kind.HOLD_AGAIN),
        (None, replace(GRANTED, kept_until=LATER, word="forecast"), Kind.REVOKE),
        (None, replace(GRANTED, moved="waiting"), None),
        (None, replace(GRANTED, moved="confirmed"), Kind.REVOKE),
        (None, replace(GRANTED, exempt=True), None),
        (None, ABSENT, Kind.CLOSE),
        (None, replace(ABSENT, own_profile=True), Kind.REVOKE),
        (None, replace(ABSENT, managed=True), Kind.CLOSE),
    ],
)
def test_what_is_owed_for_one_address(want, row, kind):
    assert kinds(want, row) == ([kind] if kind else [])


def test_before_the_cut_over_only_rights_core_created_are_removed():
    assert kinds(None, GRANTED, sole_source=False) == [Kind.REVOKE]
    plan = planned(None, replace(GRANTED, origin="adopted"), sole_source=False)
    assert (plan.changes, plan.at_cut_over) == ((), (ANA,))


@pytest.mark.parametrize("since", [{"member_id": None}, {"moved": "waiting"}, {"moved": "confirmed"}])
def test_before_the_cut_over_whoever_was_deleted_or_moved_stays_and_is_named_like_anybody_else(since):
    plan = planned(None, replace(GRANTED, origin="adopted", **since), sole_source=False)
    assert (plan.changes, plan.at_cut_over, plan.waiting) == ((), (ANA,), ())


# Waits and parks


@pytest.mark.parametrize("waits", [{"waits_until": LATER}, {"parked": True}])
def test_a_wait_holds_for_its_own_wish_only(waits):
    grant, removal = wish_of(ANA, WANTED), wish_of(ANA, None)
    assert kinds(WANTED, replace(ABSENT, wish=grant, **waits)) == []
    assert kinds(None, replace(ABSENT, wish=grant, **waits)) == [Kind.CLOSE]
    assert kinds(WANTED, replace(ABSENT, wish=removal, **waits)) == [Kind.GRANT]
    renamed = replace(WANTED, name="Ana Ruiz")
    assert kinds(renamed, replace(ABSENT, wish=grant, **waits)) == [Kind.GRANT]


def test_a_wait_that_is_over_holds_nothing():
    row = replace(ABSENT, wish=wish_of(ANA, WANTED), waits_until=NOW)
    assert kinds(WANTED, row) == [Kind.GRANT]


def test_whoever_waits_is_named_as_waiting():
    plan = planned(WANTED, replace(ABSENT, wish=wish_of(ANA, WANTED), waits_until=LATER))
    assert plan.waiting == (ANA,)


# The brake's numbers


@pytest.mark.parametrize(
    ("row", "owed"),
    [
        (GRANTED, 1),
        (replace(GRANTED, word="forecast"), 0),
        (replace(GRANTED, held=True), 0),
        (replace(GRANTED, kept_until=LATER), 0),
        (replace(GRANTED, moved="confirmed"), 0),
        (replace(ABSENT, own_profile=True), 0),
    ],
)
def test_what_is_owed_without_a_word_needs_the_allowance(row, owed):
    assert len(planned(None, row).owed) == owed


@pytest.mark.parametrize(
    ("row", "in_flight"),
    [
        (replace(GRANTED, state="revoking"), 1),
        (replace(GRANTED, state="uncertain"), 1),
        (replace(GRANTED, state="revoking", word="forecast"), 0),
        (replace(GRANTED, state="revoking", moved="confirmed"), 0),
        (replace(GRANTED, wish=wish_of(ANA, None), waits_until=LATER), 1),
        (GRANTED, 0),
    ],
)
def test_a_removal_that_was_begun_counts_until_it_is_certain(row, in_flight):
    assert len(planned(None, row).in_flight) == in_flight


def test_a_held_batch_leaves_grants_in_the_plan():
    plan = planner.plan(
        {BEN: replace(WANTED, email=BEN)},
        {ANA: GRANTED, CLEO: replace(GRANTED, email=CLEO)},
        now=NOW,
        sole_source=True,
    )
    assert [change.email for change in plan.without({ANA, CLEO}).changes] == [BEN]


# Order


def at(email, minutes, state="granted"):
    return replace(GRANTED, email=email, state=state, changed_at=NOW - timedelta(minutes=minutes))


def order(wanted, *rows):
    plan = planner.plan(
        {want.email: want for want in wanted}, {row.email: row for row in rows}, now=NOW, sole_source=True
    )
    return [change.email for change in plan.changes]


def test_the_newest_change_goes_first():
    assert order([], at(ANA, 9), at(BEN, 1), at(CLEO, 5)) == [BEN, CLEO, ANA]


def test_at_equal_times_a_removal_goes_before_a_grant():
    assert order([replace(WANTED, email=BEN)], at(ANA, 0)) == [ANA, BEN]
    assert order([replace(WANTED, email=ANA)], at(BEN, 0)) == [BEN, ANA]


def test_the_unclear_go_before_everything_and_unwanted_people_first():
    rows = [at(ANA, 0), at(BEN, 60, "uncertain"), at(CLEO, 90, "revoking")]
    assert order([replace(WANTED, email=BEN)], *rows) == [CLEO, BEN, ANA]


# A disconnect with removal


def test_a_farewell_removes_exactly_the_named_whose_right_core_created():
    ledger = {
        ANA: replace(GRANTED, word="disconnect"),
        BEN: replace(GRANTED, email=BEN),
        CLEO: replace(GRANTED, email=CLEO, origin="adopted", word="disconnect"),
    }
    plan = planner.plan_farewell(ledger, now=NOW)
    assert [(change.kind, change.email) for change in plan.changes] == [(Kind.REVOKE, ANA)]


# A list against the ledger


def seen(*sights, known=(ANA,), staff=None):
    return Observed(sights, frozenset(known), NOW, staff or {})


SIGHT = Sight(ANA, "Ana", 7, 40)


@pytest.mark.parametrize(
    ("ledger", "observed", "finding"),
    [
        ({}, seen(SIGHT), "adopt"),
        ({}, seen(SIGHT, known=()), "unmanaged"),
        ({ANA: GRANTED}, seen(SIGHT), "confirmed"),
        ({ANA: GRANTED}, seen(replace(SIGHT, right_id=8)), "repoint"),
        ({ANA: GRANTED}, seen(replace(SIGHT, right_id=8), SIGHT), "confirmed"),
        ({ANA: GRANTED}, seen(), "missing"),
        ({ANA: replace(GRANTED, state="granting")}, seen(SIGHT), "confirmed"),
        ({ANA: ABSENT}, seen(SIGHT), "adopt"),
        ({ANA: replace(ABSENT, managed=True)}, seen(SIGHT), "confirmed"),
        ({}, seen(SIGHT, staff={40: "owner"}), "protected"),
        ({ANA: GRANTED}, seen(SIGHT, staff={40: "owner"}), "protected"),
        ({ANA: ABSENT}, seen(), None),
    ],
)
def test_what_a_complete_list_says_of_one_address(ledger, observed, finding):
    found = comparison.compare(ledger, observed)
    named = ("adopt", "confirmed", "repoint", "missing", "protected", "unmanaged")
    assert [name for name in named if getattr(found, name)] == ([finding] if finding else [])


def test_whoever_is_not_in_the_list_is_asked_for_singly_and_never_removed_by_it():
    plan = planner.plan({}, {ANA: GRANTED}, seen(), now=NOW, sole_source=True)
    assert [change.kind for change in plan.changes] == [Kind.SETTLE]


def test_two_rights_of_one_address_are_told():
    assert comparison.compare({ANA: GRANTED}, seen(SIGHT, replace(SIGHT, right_id=8))).doubled == (ANA,)
