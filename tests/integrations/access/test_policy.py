"""The table of product.md 1 in literals: each status, each date, each reason."""

from datetime import date, timedelta

import pytest

from integrations.access.policy import Decision, Entry, Person, Reason, best, decide

TODAY = date(2026, 6, 10)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


def entry(status, starts_on=YESTERDAY, ends_on=None, *, has_24hr_access=True, **facts):
    return Entry(status, starts_on, ends_on, has_24hr_access, **facts)


def decided(*entries):
    return decide(Person(entries), TODAY)


@pytest.mark.parametrize(
    ("status", "starts_on", "ends_on", "allowed", "reason"),
    [
        ("active", YESTERDAY, None, True, Reason.ACTIVE),
        ("active", TODAY, None, True, Reason.ACTIVE),
        ("active", TOMORROW, None, False, Reason.STARTS),
        ("active", YESTERDAY, TOMORROW, True, Reason.ENDS),
        ("active", YESTERDAY, TODAY, True, Reason.ENDS),
        ("active", YESTERDAY, YESTERDAY, False, Reason.EXPIRED),
        ("active", TODAY, TODAY, True, Reason.ENDS),
        ("pending_cancel", YESTERDAY, TOMORROW, True, Reason.ENDS),
        ("pending_cancel", YESTERDAY, TODAY, True, Reason.ENDS),
        ("pending_cancel", YESTERDAY, YESTERDAY, False, Reason.CANCELLED),
        ("pending_cancel", TOMORROW, TOMORROW, False, Reason.STARTS),
        ("pending_active", TOMORROW, None, False, Reason.STARTS),
        ("pending_active", YESTERDAY, None, False, Reason.STARTS),
        ("paused", YESTERDAY, None, False, Reason.PAUSED),
        ("paused", YESTERDAY, TOMORROW, False, Reason.PAUSED),
        ("expired", YESTERDAY, TODAY, False, Reason.EXPIRED),
        ("expired", YESTERDAY, None, False, Reason.EXPIRED),
        ("cancelled", YESTERDAY, TODAY, False, Reason.CANCELLED),
        ("cancelled", YESTERDAY, TOMORROW, False, Reason.CANCELLED),
    ],
)
def test_status_and_dates_decide(status, starts_on, ends_on, allowed, reason):
    decision = decided(entry(status, starts_on, ends_on))
    assert (decision.allowed, decision.reason) == (allowed, reason)


@pytest.mark.parametrize(
    "status", ["active", "pending_cancel", "pending_active", "paused", "expired", "cancelled"]
)
def test_a_plan_without_24hr_access_decides_before_any_status(status):
    decision = decided(entry(status, ends_on=TOMORROW, has_24hr_access=False))
    assert (decision.allowed, decision.reason) == (False, Reason.NO_24HR_ACCESS)


def test_a_status_nobody_knows_lets_nobody_in():
    assert not decided(entry("frozen")).allowed


def test_nobody_gets_in_without_a_subscription():
    assert decided() == Decision(False, Reason.NO_SUBSCRIPTION)


def test_another_gyms_subscription_is_not_even_looked_at():
    assert decided(entry("active", ours=False)).reason is Reason.NO_SUBSCRIPTION


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (entry("active"), entry("active", ends_on=TOMORROW)),
        (entry("active", ends_on=TOMORROW), entry("active", ends_on=TODAY)),
        (entry("pending_cancel", ends_on=TODAY), entry("pending_active", TOMORROW)),
        (entry("pending_active", TOMORROW), entry("pending_active", TOMORROW + timedelta(days=1))),
        (entry("pending_active", TOMORROW), entry("paused")),
        (entry("paused"), entry("expired", ends_on=YESTERDAY)),
        (entry("expired", ends_on=TODAY), entry("expired", ends_on=YESTERDAY)),
        (entry("expired", ends_on=YESTERDAY), entry("cancelled", ends_on=TODAY)),
        (entry("cancelled", ends_on=YESTERDAY), entry("active", has_24hr_access=False)),
    ],
)
def test_of_several_subscriptions_the_one_that_says_more_is_shown(better, worse):
    for pair in ((better, worse), (worse, better)):
        assert decided(*pair) == decided(better)


def test_the_reason_names_the_plan_and_the_cause():
    decision = decided(entry("paused", plan="Open Door", cause="payment failed"))
    assert (decision.plan, decision.cause) == ("Open Door", "payment failed")


def test_until_is_the_last_day_of_access_and_of_nothing_else():
    assert decided(entry("active", ends_on=TOMORROW)).until == TOMORROW
    assert decided(entry("active")).until is None
    assert decided(entry("expired", ends_on=YESTERDAY)).until is None
    assert decided(entry("expired", ends_on=YESTERDAY)).on == YESTERDAY


def test_people_who_share_an_address_have_the_best_of_their_decisions():
    yes, no = decided(entry("active")), decided(entry("paused"))
    assert best([no, yes]) == best([yes, no]) == yes
    assert best([]).reason is Reason.NO_SUBSCRIPTION
