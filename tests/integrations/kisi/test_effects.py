"""What a change does to the doors, before it is made, and whose word it becomes."""

from __future__ import annotations

import pytest

from integrations.kisi.effects import KisiEffects
from integrations.kisi.models import KisiConnection, Read, Release
from integrations.kisi.sync import deciding
from members.models import Change, Member
from members.slots import Effect, ListMoved
from plans.models import Plan, Subscription
from tests.conftest import House
from tests.factories import GymFactory, PlanFactory, SubscriptionFactory, UserFactory
from tests.stories import read_kisi

effects = KisiEffects()


def untick(house: House):
    def change() -> None:
        plan = Plan.objects.get(pk=house.plan.pk)
        plan.has_24hr_access = False
        plan.save()
        Change.record(house.gym, "change plan", plan_id=plan.pk)

    return change


def forecast(house: House) -> Effect:
    return effects.forecast(house.gym, untick(house))


def emails(lines) -> list[str]:
    return [line.email.partition("@")[0] for line in lines]


@pytest.fixture
def two(connected: House) -> House:
    """Ana and Ben have access, Ben through Day and Night too."""
    connected.member("Ana")
    ben = connected.member("Ben")
    SubscriptionFactory(member=ben, plan=PlanFactory(gym=connected.gym, name="Day and Night"))
    connected.sync()
    return connected


def pause(house: House):
    return lambda: Subscription.objects.filter(member__first_name="Ana").update(status="paused")


def delete(house: House):
    return lambda: Member.objects.filter(first_name="Ana").delete()


def move(house: House):
    return lambda: Member.objects.filter(first_name="Ana").update(email="new@example.com")


class TestAbout:
    """Told which addresses a change can concern, the forecast looks at no others, and says the same."""

    @pytest.mark.parametrize("change", [pause, delete, move])
    @pytest.mark.parametrize("shares", [False, True])
    def test_it_says_the_same(self, two, change, shares):
        if shares:
            Member.objects.filter(first_name="Ben").update(email="ana@example.com")
        about = {"ana@example.com", "new@example.com"}
        whole = effects.forecast(two.gym, change(two))
        assert effects.forecast(two.gym, change(two), about=about) == whole
        assert whole.touches_anybody or shares

    def test_others_are_not_looked_at(self, two):
        assert not effects.forecast(two.gym, pause(two), about={"ben@example.com"}).touches_anybody

    def test_the_word_is_given_for_those(self, two):
        shown = effects.forecast(two.gym, pause(two), about={"ana@example.com"}).fingerprint
        effects.carry_out(two.gym, pause(two), by=None, cause="pause", shown=shown, about={"ana@example.com"})
        assert [word.email for word in Release.objects.all()] == ["ana@example.com"]


class TestForecast:
    def test_it_names_who_loses_and_who_keeps(self, two):
        effect = forecast(two)
        assert (emails(effect.loses), emails(effect.keeps), effect.gains) == (["ana"], ["ben"], ())
        assert effect.keeps[0].reason == "Day and Night"

    def test_nothing_is_kept_of_it(self, two):
        forecast(two)
        two.plan.refresh_from_db()
        assert two.plan.has_24hr_access
        assert not Change.objects.exists()
        assert not Release.objects.exists()
        assert not two.connection.look_again

    def test_it_asks_nothing_of_kisi(self, two):
        two.calls()
        forecast(two)
        assert two.calls() == []

    def test_people_of_another_gym_are_not_in_it(self, two):
        SubscriptionFactory(member__gym=GymFactory(), plan=two.plan)
        assert emails(forecast(two).loses) == ["ana"]

    def test_a_change_that_fails_is_heard(self, two):
        def change() -> None:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            effects.forecast(two.gym, change)

    def test_two_who_share_an_address_are_one_who_loses(self, connected):
        connected.member("Ana", email="home@example.com")
        connected.member("Ben", email="home@example.com")
        assert emails(forecast(connected).loses) == ["home"]

    def test_it_says_whose_subscription_keeps_somebody_in(self, two):
        Member.objects.filter(first_name="Ben").update(email="ana@example.com")
        kept = effects.forecast(two.gym, pause(two)).keeps
        reason = "Ben's Day and Night, who has the same address"
        assert [(line.name, line.reason) for line in kept] == [("Ana", reason)]
        (moved,) = effects.forecast(two.gym, move(two)).keeps
        assert (moved.name, moved.reason) == ("Ben", "Day and Night")

    def test_a_restored_person_who_still_has_the_right_is_promised_no_mail(self, two):
        Subscription.objects.filter(member__email="ana@example.com").update(status="paused")

        def resume() -> None:
            Subscription.objects.filter(member__email="ana@example.com").update(status="active")

        effect = effects.forecast(two.gym, resume)
        assert (effect.gains, emails(effect.stays), effect.notes) == ((), ["ana"], ())

    def test_the_same_list_has_the_same_mark_and_another_another(self, two):
        first = forecast(two).fingerprint
        assert forecast(two).fingerprint == first
        two.member("Zoe")
        assert forecast(two).fingerprint != first

    def test_gains_and_losses_of_the_same_people_are_not_one_list(self, two):
        def nobody() -> None:
            pass

        assert forecast(two).fingerprint != effects.forecast(two.gym, nobody).fingerprint

    @pytest.mark.parametrize("status", ["disconnected", "disconnecting"])
    def test_a_gym_that_left_kisi_has_no_doors_to_speak_of(self, two, status):
        KisiConnection.objects.update(status=status)
        assert forecast(two) == Effect()

    @pytest.mark.parametrize("status", ["paused", "needs_new_key", "in_trouble"])
    def test_a_connection_that_stands_still_is_still_asked_about(self, two, status):
        KisiConnection.objects.update(status=status)
        assert emails(forecast(two).loses) == ["ana"]


class TestWhoHasNoAccessYet:
    """Entitled, and not let in: on the list of who loses it, and told apart."""

    @pytest.fixture
    def zoe(self, two: House) -> House:
        two.member("Zoe")
        return two

    def test_she_is_told_apart(self, zoe):
        ana, last = forecast(zoe).loses
        assert (ana.has_none, ana.reason) == (False, "")
        assert (last.name, last.has_none, last.reason) == ("Zoe", True, "has no access yet")
        assert forecast(zoe).removals == 1

    @pytest.mark.parametrize(
        ("facts", "has_none"),
        [({"state": "absent", "role_assignment_id": None}, True), ({"state": "granting"}, False)],
    )
    def test_whose_call_is_under_way_may_have_it(self, two, facts, has_none):
        two.connection.grants.filter(email="ana@example.com").update(**facts)
        assert forecast(two).loses[0].has_none is has_none

    def test_only_profiles_that_are_there_go(self, zoe):
        assert forecast(zoe).warning == "1 Kisi profile is deleted, and unlock history may be lost."
        effect = effects.forecast(zoe.gym, lambda: Member.objects.filter(first_name="Zoe").delete())
        assert (effect.removals, effect.warning) == (0, "")

    def test_before_the_cut_over_a_profile_that_was_there_stays(self, two):
        KisiConnection.objects.update(sole_source_since=None)
        two.connection.grants.update(profile_was_there=True)
        assert emails(forecast(two).loses) == ["ana"]
        assert forecast(two).warning == ""
        two.connection.grants.update(profile_was_there=False)
        assert forecast(two).warning == "The Kisi profile is deleted, and unlock history may be lost."


class TestMovingIn:
    """Whom another platform let in keeps that until the cut-over, entitled or not."""

    @pytest.fixture
    def moving(self, house: House) -> House:
        for name in ("Ana", "Ben", "Cleo", "Old"):
            house.in_kisi(name)
            house.member(name, status="cancelled" if name == "Old" else "active")
        house.connect()
        house.sync()
        return house

    def test_one_who_stays_until_the_cut_over_is_named(self, moving):
        for change in (pause, delete, move):
            effect = effects.forecast(moving.gym, change(moving))
            assert effect.loses == ()
            assert "Ana can still get in until you cut over." in effect.notes

    def test_several_are_counted(self, moving):
        assert forecast(moving).notes == ("3 people can still get in until you cut over.",)

    def test_who_can_still_get_in_keeps_that_when_entitled_again(self, moving):
        resume = Subscription.objects.filter(member__first_name="Old").update
        effect = effects.forecast(moving.gym, lambda: resume(status="active"))
        assert (effect.gains, emails(effect.stays), effect.notes) == ((), ["old"], ())
        moving.calls()
        resume(status="active")
        moving.sync()
        assert moving.inside() == ["ana", "ben", "cleo", "old"]
        assert not [call for call in moving.calls() if not call.startswith("GET")]

    def test_so_does_whom_core_looks_at_again(self, moving):
        moving.connection.grants.filter(email="old@example.com").update(state="uncertain")
        resume = Subscription.objects.filter(member__first_name="Old").update
        effect = effects.forecast(moving.gym, lambda: resume(status="active"))
        assert (effect.gains, emails(effect.stays)) == ((), ["old"])

    def test_who_has_no_access_gains_it(self, moving):
        moving.member("New", status="paused")
        moving.sync()
        resume = Subscription.objects.filter(member__first_name="New").update
        effect = effects.forecast(moving.gym, lambda: resume(status="active"))
        assert (emails(effect.gains), effect.stays) == (["new"], ())


class TestCarryOut:
    def carry_out(self, house: House, shown: str, **facts) -> Effect:
        return effects.carry_out(
            house.gym, untick(house), by=facts.get("by"), cause="box turned off", shown=shown
        )

    def test_the_change_and_the_words_are_kept_together(self, two):
        user = UserFactory()
        self.carry_out(two, forecast(two).fingerprint, by=user)
        assert not Plan.objects.get(pk=two.plan.pk).has_24hr_access
        word = Release.objects.get()
        assert (word.email, word.by, word.cause) == ("ana@example.com", user, "box turned off")

    def test_a_list_that_moved_changes_nothing(self, two):
        shown = forecast(two).fingerprint
        two.member("Zoe")
        with pytest.raises(ListMoved) as moved:
            self.carry_out(two, shown)
        assert emails(moved.value.effect.loses) == ["ana", "zoe"]
        assert Plan.objects.get(pk=two.plan.pk).has_24hr_access
        assert not Release.objects.exists()
        assert not Change.objects.exists()

    def test_who_lost_access_already_needs_no_new_look(self, two):
        shown = forecast(two).fingerprint
        Member.objects.filter(email="ana@example.com").delete()
        assert not self.carry_out(two, shown).touches_anybody

    def test_a_word_is_given_only_where_there_is_something_to_remove(self, two):
        two.member("Zoe")  # entitled, and nothing is known of her in Kisi
        self.carry_out(two, forecast(two).fingerprint)
        assert [word.email for word in Release.objects.all()] == ["ana@example.com"]

    def test_who_gains_needs_no_word(self, connected):
        connected.plan.has_24hr_access = False
        connected.plan.save()
        connected.member("Ana")

        def tick() -> None:
            Plan.objects.update(has_24hr_access=True)

        shown = effects.forecast(connected.gym, tick).fingerprint
        effects.carry_out(connected.gym, tick, by=None, cause="box turned on", shown=shown)
        assert not Release.objects.exists()

    def test_a_gym_without_kisi_makes_the_change_at_once(self, house):
        house.member("Ana")
        self.carry_out(house, "")
        assert not Plan.objects.get(pk=house.plan.pk).has_24hr_access


class TestManagedInKisi:
    @pytest.fixture
    def cleo(self, connected: House) -> House:
        """Ana and Cleo are on the plan; Cleo is an administrator in Kisi."""
        connected.world.make_admin(connected.in_kisi("Cleo", right=False))
        for name in ("Ana", "Cleo"):
            connected.member(name)
        connected.sync()
        assert connected.grant("cleo").managed
        return connected

    def test_who_is_managed_loses_nothing_and_that_is_said(self, cleo):
        effect = forecast(cleo)
        assert emails(effect.loses) == ["ana"]
        said = "1 person is managed in Kisi: Core neither gives nor removes their access."
        assert said in effect.notes

    def test_nor_gains_when_the_box_is_ticked_again(self, cleo):
        untick(cleo)()
        cleo.sync()
        again = effects.forecast(cleo.gym, lambda: Plan.objects.update(has_24hr_access=True))
        assert emails(again.gains) == ["ana"]
        Plan.objects.update(has_24hr_access=True)
        cleo.sync()
        assert cleo.inside() == ["ana"]


def test_who_is_left_to_kisi_gains_nothing_by_another_address(connected):
    ana = connected.member("Ana")
    connected.sync()
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    assert not effects.forecast(connected.gym, move(connected)).touches_anybody


def test_an_address_that_somebody_else_has_too_is_left_to_nobody(connected):
    """Ana was left to Kisi; where she shares Ben's address now, Core gives what either is entitled to."""
    ana = connected.member("Ana")
    connected.member("Ben", status="paused", email="new@example.com")
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    assert emails(effects.forecast(connected.gym, move(connected)).gains) == ["new"]
    move(connected)()
    connected.sync()
    assert connected.inside() == ["new"]


def test_who_had_a_role_in_kisi_once_gains_like_anybody_else(connected):
    ana = connected.member("Ana")
    connected.members(4)
    connected.sync()
    role = connected.world.make_admin("ana@example.com")
    connected.subscription(ana).pause()
    connected.sync()
    connected.world.remove_right(role)
    read_kisi(connected, Read.FULL)
    assert "ana" not in connected.inside()
    resume = Subscription.objects.filter(member=ana).update
    assert emails(effects.forecast(connected.gym, lambda: resume(status="active")).gains) == ["ana"]
    resume(status="active")
    connected.sync()
    assert "ana" in connected.inside()
