"""Many people change at once: a plan is flipped, an import goes wrong, a policy says nobody. The brake decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection as database

from integrations.kisi import alerts
from integrations.kisi.models import KisiGrant, Release
from integrations.kisi.sync import deciding, runs
from members.slots import carry_out_change, forecast_change
from plans.models import Plan
from tests.conftest import House
from tests.factories import StaffFactory
from tests.faults.conftest import Saw
from tests.faults.stage import at_work, beat, end, fresh_calls, on_moved_time, taken
from tests.faults.table import fault
from tests.integrations.kisi import brokers

State = KisiGrant.State


# 46


@pytest.fixture
def messages() -> Iterator[Any]:
    """The broker that saves publish to."""
    with brokers.real() as app:
        yield app


def flip(house: House, *, is_on: bool) -> None:
    plan = Plan.objects.get(pk=house.plan.pk)
    plan.has_24hr_access = is_on
    plan.save()


@fault(46, "Plan flag flipped in 10 s, no word", expected="back to start: 0 calls; wake-ups <= 5", first=True)
@pytest.mark.django_db(transaction=True)
def test_a_plan_flipped_forth_and_back_costs_nothing(connected: House, saw: Saw, messages: Any) -> None:
    flipped(connected, saw, messages, people=60)


@fault(
    46, "Plan flag flipped in 10 s, 3,000 people, no word", expected="back to start: 0 calls; wake-ups <= 5"
)
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
def test_a_plan_of_three_thousand_flipped_forth_and_back_costs_nothing(
    connected: House, saw: Saw, messages: Any
) -> None:
    flipped(connected, saw, messages, people=3000)


def flipped(house: House, saw: Saw, messages: Any, *, people: int) -> None:
    """Five saves within ten seconds, the last as it was; a worker looks after two of them."""
    at_work(house, people)
    brokers.delivered(messages)
    house.calls()
    for number, is_on in enumerate((False, True, False, True, True)):
        flip(house, is_on=is_on)
        house.clock.forward(seconds=2)
        if number == 2:
            house.sync()
    house.sync()
    wake_ups = len(brokers.delivered(messages))
    calls = len(house.calls())
    assert calls == 0
    assert wake_ups <= 5
    assert deciding.held(house.connection) == []
    assert house.connection.grants.filter(state=State.GRANTED).count() == people
    saw(f"{people:,} people as before", f"{calls} calls, {wake_ups} wake-ups")


# 47


@fault(47, "Plan flip for good, with a word", expected="all go at pace", first=True)
def test_everybody_on_a_list_that_was_confirmed_goes(connected: House, saw: Saw, settings: Any) -> None:
    settings.KISI_CALLS_PER_SECOND = 4
    with_a_word(connected, saw, people=40)


@fault(47, "Plan flip for good, 1,000 people, with a word", expected="all go at pace")
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(1200)
def test_a_thousand_on_a_list_that_was_confirmed_go_at_pace(
    connected: House, saw: Saw, settings: Any
) -> None:
    settings.KISI_CALLS_PER_SECOND = 4
    with_a_word(connected, saw, people=1000)


def with_a_word(house: House, saw: Saw, *, people: int) -> None:
    on_moved_time(house)
    at_work(house, people)
    confirm_untick(house)
    fresh_calls(house)
    before = house.clock.now()
    while house.sync() is runs.Outcome.MORE:
        continue
    took = (house.clock.now() - before).total_seconds()
    calls = fresh_calls(house)
    assert house.inside() == []
    assert deciding.held(house.connection) == []
    assert not Release.objects.exists()
    gone = KisiGrant.objects.filter(closed_how=KisiGrant.Closed.REMOVED)
    without = gone.filter(worded=False).count()
    assert gone.count() == people
    assert without == 0
    rate = len(calls) / took
    assert rate <= 4.1
    saw(
        f"{people:,} gone in {took / 60:.0f} min of moved time",
        f"{without} without a word, {rate:.1f} calls/s",
    )


def confirm_untick(house: House) -> None:
    """As the page does it: the forecast is shown, and confirmed as shown."""

    def untick() -> None:
        Plan.objects.filter(pk=house.plan.pk).update(has_24hr_access=False)

    shown = forecast_change(house.gym, untick)
    carry_out_change(house.gym, untick, by=None, cause="24-hr access off", shown=shown.fingerprint)


@fault(47, "Plan flip for good, without a word", expected="all are held", first=True)
def test_nobody_goes_when_the_flip_has_no_word(connected: House, saw: Saw) -> None:
    without_a_word(connected, saw, people=60)


@fault(47, "Plan flip for good, 3,000 people, without a word", expected="all are held")
@pytest.mark.timeout(900)
def test_none_of_three_thousand_goes_when_the_flip_has_no_word(connected: House, saw: Saw) -> None:
    without_a_word(connected, saw, people=3000)


def without_a_word(house: House, saw: Saw, *, people: int) -> None:
    at_work(house, people)
    Plan.objects.filter(pk=house.plan.pk).update(has_24hr_access=False)
    house.sync()
    beat(house, minutes=30)
    removals = taken(house)
    assert removals == 0
    assert len(house.inside()) == people
    assert len(deciding.held(house.connection)) == people
    saw(f"{people:,} held", f"{removals} removals without a word")


# 48, 49


def nobody_is_entitled(house: House) -> None:
    """What a broken policy or migration does: every subscription begins in a hundred years."""
    with database.cursor() as cursor:
        cursor.execute("UPDATE plans_subscription SET starts_on = '2126-01-01'")


@fault(48, "Policy bug: all “not entitled”", expected="all held, one mail, nobody removed", first=True)
def test_a_policy_that_lets_nobody_in_removes_nobody_and_mails_once(connected: House, saw: Saw) -> None:
    people = 80
    at_work(connected, people)
    StaffFactory(gym=connected.gym, user__email="ada@example.com")
    nobody_is_entitled(connected)
    started = connected.clock.now()
    mailed: list[float] = []

    def is_mailed() -> bool:
        alerts.tell(connected.connection.pk, connected.clock.now())
        if mail.outbox and not mailed:
            mailed.append((connected.clock.now() - started).total_seconds())
        return False

    beat(connected, minutes=60, done=is_mailed)
    removals, mails = taken(connected), [one.subject for one in mail.outbox]
    assert removals == 0
    assert len(deciding.held(connected.connection)) == people
    assert len(mails) == 1
    assert f"{people} removals" in mails[0]
    saw(f"all {people} held, “{mails[0]}”", f"{removals} removed, {mailed[0]:.0f} s to the mail")


@fault(
    49, "All leave and return in one night by a bad import", expected="held; wanted again clears all; 0 calls"
)
def test_a_bad_import_that_is_put_right_costs_no_call(connected: House, saw: Saw) -> None:
    members = at_work(connected, 200)
    fresh_calls(connected)
    end(connected, members)
    connected.sync()
    held = len(deciding.held(connected.connection))
    connected.clock.forward(minutes=8)
    end(connected, members, status="active")
    connected.sync()
    calls = len(fresh_calls(connected))
    assert held == 200
    assert deciding.held(connected.connection) == []
    assert calls == 0
    beat(connected, minutes=60)
    assert all(call.method == "GET" for call in fresh_calls(connected))
    assert len(connected.inside()) == 200
    saw(f"{held} held, all clear again", f"{calls} calls")


# 50


@fault(50, "New member, and one cancel, during 47's drain", expected="ahead of the bulk")
@pytest.mark.timeout(600)
def test_somebody_who_joins_during_a_drain_does_not_queue_behind_it(
    connected: House, saw: Saw, settings: Any
) -> None:
    """At Kisi's pace, slice by slice as a worker does it; what is saved wakes nobody, the next plan sees it."""
    settings.KISI_CALLS_PER_SECOND = 4
    other = Plan.objects.create(gym=connected.gym, name="Other", has_24hr_access=True)
    leaver = connected.member("Leaver", plan=other)
    connected.sync()
    at_work(connected, 400)
    confirm_untick(connected)
    connection_id = connected.connection.pk
    for _ in range(2):
        assert runs.run(connection_id, clock=connected.clock) is runs.Outcome.MORE
    left = len(connected.inside())
    connected.member("Joiner", plan=other)
    connected.subscription(leaver).pause()
    saved = connected.clock.now()
    while "joiner" not in connected.inside() or "leaver" in connected.inside():
        assert runs.run(connection_id, clock=connected.clock) is runs.Outcome.MORE
    still, rows = len(connected.inside()), connected.connection.grants
    joined = (rows.get(email="joiner@example.com").confirmed_at - saved).total_seconds()
    gone = (rows.get(email="leaver@example.com").closed_at - saved).total_seconds()
    assert still > left / 2
    assert max(joined, gone) <= 10
    saw(f"done with {still} of the bulk still to go", f"in after {joined:.1f} s, out after {gone:.1f} s")
