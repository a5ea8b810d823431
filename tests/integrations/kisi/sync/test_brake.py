"""sync.md 7: removals without a word above the allowance are held, all of them; a word lets exactly its people go."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction

from integrations.kisi.effects import KisiEffects
from integrations.kisi.models import KisiConnection, Read, Release
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import deciding
from members.slots import ListMoved
from tests.factories import StaffFactory
from tests.stories import answer_for, events, meanwhile, read_kisi, written


def inside(house, count):
    """So many members with access, the brake's day behind them."""
    members = house.members(count)
    house.sync()
    house.calls()
    return members


def end(house, members):
    """In bulk, as a billing job would do it: nobody's word."""
    house.plan.subscriptions.filter(member__in=members).update(status="cancelled")
    house.sync()


def held(house):
    return [row.email.partition("@")[0] for row in deciding.held(house.connection)]


# The numbers


@pytest.mark.parametrize(
    ("n", "may_go"), [(1, 1), (2, 2), (3, 1), (4, 2), (10, 3), (30, 3), pytest.param(100, 10)]
)
def test_as_many_as_the_allowance_go_and_one_more_holds_them_all(connected, n, may_go):
    members = inside(connected, n)
    end(connected, members[: may_go + 1])
    assert len(connected.inside()) == (0 if n <= 2 else n)
    assert len(held(connected)) == (0 if n <= 2 else may_go + 1)


@pytest.mark.parametrize(("n", "may_go"), [(3, 1), (4, 2), (10, 3), (30, 3)])
def test_the_allowance_itself_goes_without_a_word(connected, n, may_go):
    members = inside(connected, n)
    end(connected, members[:may_go])
    assert len(connected.inside()) == n - may_go
    assert held(connected) == []


def test_a_gym_sets_its_own_share(connected):
    members = inside(connected, 20)
    KisiConnection.objects.update(brake_share=25)
    end(connected, members[:5])
    assert len(connected.inside()) == 15


# What counts


def test_whoever_went_without_a_word_in_the_last_day_counts(connected):
    members = inside(connected, 10)
    end(connected, members[:2])
    end(connected, members[2:4])
    assert len(connected.inside()) == 8
    assert len(held(connected)) == 2


def test_after_a_day_the_allowance_is_there_again(connected):
    members = inside(connected, 10)
    end(connected, members[:3])
    connected.clock.forward(hours=24, minutes=1)
    end(connected, members[3:6])
    assert len(connected.inside()) == 4


def test_many_small_batches_within_a_day_are_one_batch(connected):
    members = inside(connected, 10)
    for member in members:
        end(connected, [member])
        connected.clock.forward(minutes=30)
    assert len(connected.inside()) == 7


def test_the_whole_batch_is_judged_and_not_a_slice_of_it(connected):
    """Every answer takes nine seconds: a slice has room for one or two removals."""
    members = inside(connected, 10)
    connected.world.fault(times=0, kind=Kind.PASS, run=lambda: connected.clock.forward(seconds=9))
    end(connected, members[:6])
    assert len(connected.inside()) == 10


def test_a_removal_that_was_begun_and_got_no_answer_counts(connected):
    """Three calls were lost and may have taken effect: a fourth removal does not pass beside them."""
    members = inside(connected, 10)
    connected.world.fault(method="DELETE", path="/role_assignments.*", kind=Kind.LOST, times=3)
    connected.world.fault(method="GET", path=r"/users/\d+", status=500, times=0)
    end(connected, members[:3])
    assert len(connected.inside()) == 10
    end(connected, members[3:4])
    connected.clock.forward(minutes=1)
    connected.sync()
    assert "p003" in connected.inside()
    assert "p003" in held(connected)


def test_an_address_change_is_not_counted(connected):
    members = inside(connected, 10)
    for member in members[:6]:
        member.email = f"new-{member.email}"
        member.save()
    end(connected, members[6:9])
    assert held(connected) == []
    assert len(connected.inside()) == 7


def test_the_swap_of_two_addresses_in_two_saves_makes_no_removal(connected):
    ana, ben = inside(connected, 2)
    ana.email, ben.email = ben.email, ana.email
    ana.save()
    ben.save()
    connected.sync()
    assert {call.split()[0] for call in written(connected)} == {"PATCH"}


def test_the_swap_of_two_addresses_in_one_save_makes_no_removal(connected):
    ana, ben = inside(connected, 2)
    ana.email, ben.email = ben.email, ana.email
    with transaction.atomic():
        ana.save()
        ben.save()
    connected.sync()
    assert {call.split()[0] for call in written(connected)} == {"PATCH"}


# Held


@pytest.fixture
def six_held(connected):
    members = inside(connected, 10)
    end(connected, members[:6])
    assert len(held(connected)) == 6
    connected.calls()
    return members


def test_a_held_batch_stops_no_grant(connected, six_held):
    connected.member("Ana")
    connected.sync()
    assert "ana" in connected.inside()
    assert len(connected.inside()) == 11


def test_held_people_are_listed_one_mail_is_sent_and_the_activity_tells(connected):
    admin = StaffFactory(gym=connected.gym)
    members = inside(connected, 10)
    end(connected, members[:6])
    connected.sync()
    connected.clock.forward(hours=5)
    connected.sync()
    assert [message.to for message in mail.outbox] == [[admin.user.email]]
    assert "6 removals" in mail.outbox[0].subject
    assert events(connected, "held") == 6
    assert answer_for(connected, members[0]).tag.word == "Held"


def test_a_held_removal_waits_for_a_word_however_long(connected, six_held):
    for _ in range(3):
        connected.clock.forward(days=3)
        connected.sync()
        read_kisi(connected, Read.FULL)
    assert len(connected.inside()) == 10
    assert written(connected) == []


def test_a_single_later_cancel_still_passes(connected, six_held):
    end(connected, six_held[6:7])
    assert connected.inside() == [
        *(f"p{number:03d}" for number in range(6)),
        *(f"p{number:03d}" for number in range(7, 10)),
    ]


def test_held_people_never_turn_into_a_batch_of_their_own(connected, six_held):
    end(connected, six_held[6:9])
    assert len(held(connected)) == 6
    assert len(connected.inside()) == 7


def test_being_wanted_again_ends_the_hold(connected, six_held):
    connected.plan.subscriptions.filter(member=six_held[0]).update(status="active")
    connected.sync()
    assert "p000" not in held(connected)
    assert "p000" in connected.inside()


# Allow, Keep


def allow(house, *names):
    emails = [f"{name}@example.com" for name in names]
    return deciding.allow(house.connection, emails, by=None, now=house.clock.now())


def keep(house, *names):
    emails = [f"{name}@example.com" for name in names]
    return deciding.keep(house.connection, emails, by=None, now=house.clock.now())


def test_allow_lets_exactly_the_named_go(connected, six_held):
    assert allow(connected, "p000", "p001", "p002", "p003") == (4, 0)
    connected.sync()
    assert held(connected) == ["p004", "p005"]
    assert len(connected.inside()) == 6
    assert not Release.objects.exists()


def test_allow_leaves_out_whoever_is_entitled_again(connected, six_held):
    connected.plan.subscriptions.filter(member=six_held[0]).update(status="active")
    assert allow(connected, "p000", "p001") == (1, 1)
    connected.sync()
    assert "p000" in connected.inside()
    assert "p001" not in connected.inside()


def test_allow_for_somebody_entitled_again_a_moment_later_is_void(connected, six_held):
    """And stays void: a later end of the subscription needs a word of its own."""
    allow(connected, "p000")
    connected.plan.subscriptions.filter(member=six_held[0]).update(status="active")
    connected.sync()
    assert "p000" in connected.inside()
    assert not Release.objects.exists()


def test_allow_for_somebody_who_is_not_held_gives_no_word(connected, six_held):
    assert allow(connected, "p009") == (0, 0)
    assert not Release.objects.exists()


def test_removals_with_a_word_do_not_count_later(connected, six_held):
    allow(connected, "p000", "p001", "p002", "p003", "p004", "p005")
    connected.sync()
    end(connected, six_held[6:8])
    assert len(connected.inside()) == 2


def test_a_word_lasts_seven_days(connected, six_held):
    """Kisi could not be reached for a week: the list that was confirmed is an old one."""
    allow(connected, "p000")
    connected.clock.forward(days=7, minutes=1)
    connected.sync()
    assert "p000" in connected.inside()
    assert "p000" in held(connected)


def test_keep_leaves_them_in_and_names_who_kept_them(connected, six_held, django_user_model):
    ada = django_user_model.objects.create_user("ada")
    deciding.keep(connected.connection, ["p000@example.com"], by=ada, now=connected.clock.now())
    connected.sync()
    assert "p000" not in held(connected)
    assert "p000" in connected.inside()
    assert connected.grant("p000").kept_by == ada
    assert answer_for(connected, six_held[0]).tag.word == "Kept"


def test_kept_people_are_asked_about_again_after_thirty_days(connected, six_held):
    keep(connected, "p000")
    connected.clock.forward(days=29)
    connected.sync()
    assert "p000" not in held(connected)
    connected.clock.forward(days=1, minutes=1)
    connected.sync()
    assert "p000" in held(connected)
    assert "p000" in connected.inside()


def test_somebody_kept_who_comes_back_and_leaves_again_is_no_longer_kept(connected, six_held):
    keep(connected, "p000")
    connected.plan.subscriptions.filter(member=six_held[0]).update(status="active")
    connected.sync()
    end(connected, six_held[:1])
    assert "p000" not in connected.inside()


def test_a_decision_to_keep_between_plan_and_removal_is_heard(connected):
    members = inside(connected, 10)
    end(connected, members[:6])
    allow(connected, "p000")

    @meanwhile
    def think_again():
        Release.objects.all().delete()

    connected.world.fault(method="GET", path="/user", kind=Kind.PASS, run=think_again)
    connected.sync()
    assert "p000" in connected.inside()


# A forecast's word


def carry_out(house, change, *, shown=""):
    effects = KisiEffects()
    shown = shown or effects.forecast(house.gym, change).fingerprint
    return effects.carry_out(house.gym, change, by=None, cause="24-hr access off", shown=shown)


def untick(house):
    def change():
        type(house.plan).objects.filter(pk=house.plan.pk).update(has_24hr_access=False)

    return change


def test_the_people_of_a_confirmed_forecast_pass_the_brake(connected):
    inside(connected, 10)
    effect = carry_out(connected, untick(connected))
    assert len(effect.loses) == 10
    connected.sync()
    assert connected.inside() == []
    assert held(connected) == []
    assert not Release.objects.exists()


def test_a_list_that_changed_since_it_was_shown_is_shown_again_and_changes_nothing(connected):
    members = inside(connected, 10)
    shown = KisiEffects().forecast(connected.gym, untick(connected)).fingerprint
    connected.plan.subscriptions.filter(member=members[0]).update(status="cancelled")
    with pytest.raises(ListMoved):
        carry_out(connected, untick(connected), shown=shown)
    assert not Release.objects.exists()
    connected.plan.refresh_from_db()
    assert connected.plan.has_24hr_access


def test_a_word_and_its_change_are_saved_together_or_not_at_all(connected):
    inside(connected, 4)

    def change_and_fail():
        untick(connected)()
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        KisiEffects().carry_out(connected.gym, change_and_fail, by=None, cause="x", shown="")
    connected.plan.refresh_from_db()
    assert connected.plan.has_24hr_access
    assert not Release.objects.exists()


def test_a_word_for_one_does_not_let_another_go(connected):
    """One ends by a confirmed form, and in the same minute a job ends six."""
    members = inside(connected, 10)
    one = connected.subscription(members[9])
    carry_out(connected, lambda: one.cancel_now(today=connected.today()))
    end(connected, members[:6])
    assert "p009" not in connected.inside()
    assert len(held(connected)) == 6


def test_removals_that_a_forecast_released_do_not_count_against_the_day(connected):
    members = inside(connected, 10)
    for member in members[:5]:
        subscription = connected.subscription(member)
        carry_out(connected, lambda one=subscription: one.cancel_now(today=connected.today()))
        connected.sync()
    end(connected, members[5:7])
    assert len(connected.inside()) == 3


def test_an_incomplete_list_makes_no_batch_to_hold(connected):
    inside(connected, 10)
    connected.world.fault(method="GET", path="/role_assignments", query="group_id", kind=Kind.EMPTY, times=0)
    read_kisi(connected, Read.FULL)
    assert held(connected) == []
    assert connected.clock.added < timedelta(hours=1)
