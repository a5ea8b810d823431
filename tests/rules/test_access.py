"""product.md 1, the table: who can open the doors, by the status and the dates of a subscription."""

from datetime import timedelta

import pytest

from integrations.kisi.models import KisiGrant
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory
from tests.stories import answer_for, sentence

DAY = timedelta(days=1)


# active: yes, from `starts_on`, to the end of `ends_on` where it has one


def test_an_active_member_can_get_in(connected):
    ana = connected.member("Ana Ruiz")
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.world.can_unlock("ana@example.com")
    assert sentence(connected, ana) == "Ana can get in: Open Door is active."


def test_an_active_member_can_get_in_from_the_first_day_and_not_before(connected):
    connected.member("Ana", starts_on=connected.today() + DAY)
    connected.sync()
    assert connected.inside() == []
    connected.clock.forward(days=1)
    connected.sync()
    assert connected.inside() == ["ana"]


def test_an_active_member_can_get_in_to_the_end_of_the_last_day_and_not_after(connected):
    connected.member("Ana", ends_on=connected.today())
    connected.sync()
    assert connected.inside() == ["ana"]
    connected.clock.forward(days=1)
    connected.sync()
    assert connected.inside() == []


# pending cancel: yes, to the end of its last day, whatever a status job has or has not done


def test_a_member_whose_cancel_is_pending_can_get_in_and_the_page_says_until_when(connected):
    ana = connected.member("Ana", status="pending_cancel", ends_on=connected.today() + DAY)
    connected.sync()
    assert connected.inside() == ["ana"]
    day = connected.today() + DAY
    assert f"until the end of {day.day} {day:%b %Y}" in sentence(connected, ana)


def test_a_pending_cancel_ends_after_its_last_day_though_no_status_job_has_run(connected):
    """The policy looks at the date itself: the status may lag."""
    ana = connected.member("Ana", status="pending_cancel", ends_on=connected.today())
    connected.sync()
    connected.clock.forward(days=1)
    assert not answer_for(connected, ana).decision.allowed
    connected.sync()
    assert connected.inside() == []


# pending active: no, until it is active


def test_a_member_whose_start_is_pending_cannot_get_in_until_it_is_active(connected):
    day = connected.today() + DAY
    ana = connected.member("Ana", status="pending_active", starts_on=day)
    connected.sync()
    assert connected.inside() == []
    assert f"starts on {day.day} {day:%b %Y}" in sentence(connected, ana)
    connected.clock.forward(days=1)
    connected.sync()
    assert connected.inside() == ["ana"]


# paused, expired, cancelled: no


@pytest.mark.parametrize(
    ("status", "words"),
    [("paused", "is paused"), ("expired", "expired"), ("cancelled", "was cancelled")],
)
def test_a_member_whose_subscription_is_paused_expired_or_cancelled_cannot_get_in(connected, status, words):
    ana = connected.member("Ana", status=status)
    connected.sync()
    assert connected.inside() == []
    assert connected.world.user_by_email("ana@example.com") is None
    assert sentence(connected, ana) == f"Ana can't get in: Open Door {words}."


@pytest.mark.parametrize("status", ["paused", "expired", "cancelled"])
def test_whoever_had_access_loses_it_when_the_subscription_is_paused_expires_or_is_cancelled(
    connected, status
):
    ana = connected.member("Ana")
    connected.sync()
    subscription = connected.subscription(ana)
    subscription.status = status
    subscription.save()
    connected.sync()
    assert connected.inside() == []


def test_the_page_says_why_a_subscription_is_paused(connected):
    ana = connected.member("Ana")
    connected.subscription(ana).pause(cause="payment failed")
    assert sentence(connected, ana) == "Ana can't get in: Open Door is paused (payment failed)."


def test_a_resumed_member_can_get_in_again(connected):
    ana = connected.member("Ana", status="paused")
    connected.sync()
    connected.subscription(ana).resume(today=connected.today())
    connected.sync()
    assert connected.inside() == ["ana"]


# any, on a plan without 24-hr access: no


@pytest.mark.parametrize(
    "status", ["active", "pending_cancel", "pending_active", "paused", "expired", "cancelled"]
)
def test_a_plan_without_24hr_access_lets_nobody_in_whatever_the_status(connected, status):
    off_peak = PlanFactory(gym=connected.gym, name="Off Peak", has_24hr_access=False)
    ana = connected.member("Ana", status=status, plan=off_peak, ends_on=connected.today() + DAY)
    connected.sync()
    assert connected.inside() == []
    assert sentence(connected, ana) == "Ana can't get in: Off Peak has no 24-hr access."


def test_unticking_24hr_access_takes_the_doors_from_its_members_and_ticking_it_gives_them_back(connected):
    connected.member("Ana")
    connected.sync()
    connected.plan.has_24hr_access = False
    connected.plan.save()
    connected.sync()
    assert connected.inside() == []
    connected.plan.has_24hr_access = True
    connected.plan.save()
    connected.sync()
    assert connected.inside() == ["ana"]


def test_archiving_a_plan_leaves_running_access_alone(connected):
    connected.member("Ana")
    connected.sync()
    connected.calls()
    connected.plan.archive()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.calls() == []


# today is the gym's


def test_the_last_day_ends_at_midnight_on_the_gyms_own_wall(connected):
    """Kiritimati is 14 hours ahead of UTC, Pago Pago 11 behind: one of them always has another date."""
    connected.gym.timezone = "Pacific/Kiritimati"
    connected.gym.save()
    here = (connected.clock.now() + timedelta(hours=14)).date()
    connected.member("Ana", ends_on=here)
    connected.member("Ben", ends_on=here - DAY)
    connected.sync()
    assert connected.inside() == ["ana"]
    connected.gym.timezone = "Pacific/Pago_Pago"
    connected.gym.save()
    connected.member("Cleo", ends_on=(connected.clock.now() - timedelta(hours=11)).date())
    connected.sync()
    assert connected.inside() == ["ana", "cleo"]


# several subscriptions


def test_access_if_any_one_of_several_subscriptions_gives_it(connected):
    ana = connected.member("Ana", status="cancelled")
    SubscriptionFactory(member=ana, plan=connected.plan, status="active")
    SubscriptionFactory(member=ana, plan=PlanFactory(gym=connected.gym, has_24hr_access=False))
    connected.sync()
    assert connected.inside() == ["ana"]


def test_losing_one_of_two_subscriptions_changes_nothing(connected):
    ana = connected.member("Ana")
    other = SubscriptionFactory(member=ana, plan=PlanFactory(gym=connected.gym, has_24hr_access=True))
    connected.sync()
    connected.calls()
    other.cancel_now(today=connected.today())
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.calls() == []


def test_a_subscription_to_another_gyms_plan_never_counts(connected):
    elsewhere = PlanFactory(gym=GymFactory(), has_24hr_access=True)
    connected.member("Ana", plan=elsewhere)
    connected.sync()
    assert connected.inside() == []


def test_a_member_of_another_gym_never_counts(connected):
    other = GymFactory()
    ana = MemberFactory(gym=other, first_name="Ana")
    SubscriptionFactory(member=ana, plan=PlanFactory(gym=other))
    SubscriptionFactory(member=ana, plan=connected.plan)
    connected.sync()
    assert connected.inside() == []


# an address is a person


def test_an_address_is_one_person_however_it_is_written_on_either_side(house):
    """NFC, trimmed, lower-cased: the composed and the decomposed é are one letter."""
    user = house.world.add_user("rene\u0301@example.com", "René")
    house.world.give(user)
    house.member("René", email=" REN\u00c9@Example.com ")
    house.connect()
    house.sync()
    assert house.world.writes() == []
    assert house.connection.grants.get().state == KisiGrant.State.GRANTED


def test_two_members_with_one_address_are_one_kisi_person_with_access_if_either_is_entitled(connected):
    ana = connected.member("Ana", email="home@example.com")
    ben = connected.member("Ben", email="Home@example.com", status="paused")
    connected.sync()
    assert connected.inside() == ["home"]
    connected.subscription(ben).resume(today=connected.today())
    connected.subscription(ana).pause()
    connected.calls()
    connected.sync()
    assert connected.inside() == ["home"]
    connected.subscription(ben).pause()
    connected.sync()
    assert connected.inside() == []


def test_both_pages_say_that_the_address_is_shared(connected):
    ana = connected.member("Ana", email="home@example.com")
    ben = connected.member("Ben", email="home@example.com", status="paused")
    assert answer_for(connected, ana).notes[0].startswith("Ana and Ben share home@example.com")
    assert answer_for(connected, ben).notes[0].startswith("Ben and Ana share home@example.com")


def test_an_entitled_member_without_an_address_is_not_granted_and_needs_attention(connected):
    ana = connected.member("Ana", email="")
    connected.sync()
    assert connected.inside() == []
    assert connected.calls() == []
    assert answer_for(connected, ana).tag.word == "Failed"
    assert "has none for Ana" in sentence(connected, ana)


def test_two_members_without_an_address_are_not_one_person(connected):
    ana, ben = connected.member("Ana", email=""), connected.member("Ben", email="", status="paused")
    assert answer_for(connected, ana).notes == answer_for(connected, ben).notes == ()
    assert not answer_for(connected, ben).decision.allowed
