"""Can Ana get in where two things are true of her at once: the sentence says what the doors really do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection, KisiGrant, Release
from members.words import day
from tests.conftest import House
from tests.factories import PlanFactory, SubscriptionFactory
from tests.integrations.kisi.test_doors import absent, ask, end, granted, says
from tests.town import link

NOW = timezone.now()
STAYS = {
    "held": {"held_since": NOW},
    "kept": {"kept_until": NOW + timedelta(days=3)},
    "until cut-over": {"origin": "adopted"},
}
REST = {
    "held": "The removal is held since ",
    "kept": "An admin kept this access on ",
    "until cut-over": "Core did not create this access, and you have not cut over.",
}
SUSPENDED = "Ana is in the group but suspended in Kisi, so no door opens."
REFUSED = {"trouble": "forbidden", "last_error": "Not allowed"}


@pytest.fixture
def linked(house: House) -> House:
    """Connected, as far as the database knows; nobody may ask Kisi here."""
    link(house.gym, group_id=1, must_read_first=True)
    return house


def word(house: House) -> None:
    Release.objects.create(connection=house.connection, email="ana@example.com", cause="allowed")


class TestARightThatStaysAndOpensNothing:
    @pytest.fixture(params=list(STAYS))
    def why(self, request, linked) -> str:
        """Ana is not entitled, and has a right that stays for this reason."""
        ana = linked.member("Ana")
        end(ana)
        granted(linked, ana, **STAYS[request.param])
        if request.param == "until cut-over":
            KisiConnection.objects.update(sole_source_since=None)
        return request.param

    def test_somebody_suspended_in_kisi_cannot_get_in(self, linked, why):
        KisiGrant.objects.update(suspended=True)
        found = ask(linked, linked.gym.members.get())
        assert found.sentence.startswith(f"{SUSPENDED} {REST[why]}")
        assert found.tag.word == ("Held" if why == "held" else "Suspended")

    @pytest.mark.parametrize(
        ("facts", "shut"),
        [
            ({"status": "group_gone"}, "Kisi has no group 1 any more"),
            ({"doors": []}, "the group 24-hr Access opens no doors"),
        ],
    )
    def test_nobody_gets_in_by_a_group_that_opens_nothing(self, linked, why, facts, shut):
        KisiConnection.objects.update(**facts)
        found = ask(linked, linked.gym.members.get())
        assert found.sentence.startswith(f"Ana can't get in: {shut}. {REST[why]}")
        assert found.tag.word == ("Held" if why == "held" else "No doors")

    def test_else_it_opens_the_doors(self, linked, why):
        assert "can get in" in says(linked, linked.gym.members.get()).replace("still ", "")


class TestARemovalThatWasRefused:
    def test_somebody_suspended_cannot_get_in_by_it(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, suspended=True, **REFUSED)
        end(ana)
        assert says(linked, ana) == (
            f"{SUSPENDED} But Kisi refused the removal, although Open Door is paused. Kisi said: “Not allowed”."
        )

    def test_whom_core_never_saw_with_a_right_only_may_get_in(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, state="uncertain", role_assignment_id=None, **REFUSED)
        end(ana)
        assert says(linked, ana).startswith("Ana may still get in although Open Door is paused: Kisi refused")


class TestWhatCoreItselfFound:
    """It is not put into Kisi's mouth."""

    FOUND = {"trouble": "conflict", "last_error": "2 Kisi people have this address"}

    def test_when_it_gives_access(self, linked):
        ana = linked.member("Ana")
        absent(linked, ana, **self.FOUND)
        assert says(linked, ana) == (
            "Ana should get in, but Core could not give access. Someone has to look in Kisi, which knows this "
            "address twice or under another person. Kisi has 2 people with this address."
        )

    def test_when_it_removes_access(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, **(self.FOUND | {"last_error": "this Kisi person now has another address"}))
        end(ana)
        assert says(linked, ana) == (
            "Ana can still get in although Open Door is paused: Core could not remove the access. "
            "Kisi has another address for this person now."
        )


class TestAHeldRemovalThatWasAllowed:
    """The word stands, and cannot be carried out yet: nothing is held any more."""

    @pytest.fixture
    def allowed(self, linked) -> House:
        ana = linked.member("Ana")
        end(ana)
        granted(linked, ana, held_since=NOW)
        word(linked)
        KisiConnection.objects.update(status="paused")
        return linked

    def test_she_loses_access(self, allowed):
        found = ask(allowed, allowed.gym.members.get())
        assert found.sentence == "Ana loses access once syncing is resumed: Open Door is paused."
        assert found.tag.word == "Waiting"

    def test_a_word_for_tomorrow_is_none_today(self, allowed):
        Release.objects.update(due_on=allowed.today() + timedelta(days=1))
        assert ask(allowed, allowed.gym.members.get()).tag.word == "Held"


class TestWhileTheGymLeavesKisi:
    @pytest.fixture
    def leaving(self, linked) -> House:
        KisiConnection.objects.update(status="disconnecting")
        return linked

    @pytest.mark.parametrize("status", ["active", "paused"])
    def test_who_is_named_loses_access_whatever_is_bought(self, leaving, status):
        ana = leaving.member("Ana", status=status)
        granted(leaving, ana)
        word(leaving)
        assert says(leaving, ana) == (
            "Ana loses access as soon as Kisi confirms it: Kisi is being disconnected."
        )

    @pytest.mark.parametrize("status", ["active", "paused"])
    def test_whom_core_let_in_by_taking_over_keeps_it(self, leaving, status):
        ana = leaving.member("Ana", status=status)
        granted(leaving, ana, origin="adopted")
        assert says(leaving, ana) == (
            "Ana keeps the access: Kisi is being disconnected, and Core removes only what it gave."
        )

    def test_nobody_is_told_that_access_is_on_its_way(self, leaving):
        ana = leaving.member("Ana")
        assert says(leaving, ana) == (
            "Ana can't get in: Kisi is being disconnected, and Core gives nobody access any more."
        )
        assert ask(leaving, ana).tag.word == "Can't get in"

    def test_a_refused_removal_says_so(self, leaving):
        ana = leaving.member("Ana")
        granted(leaving, ana, **REFUSED)
        word(leaving)
        assert says(leaving, ana) == (
            "Ana can still get in although Kisi is being disconnected: Kisi refused the removal. "
            "Kisi said: “Not allowed”."
        )


class TestOnTheWay:
    def test_who_waits_to_be_tried_again_is_told_so(self, linked):
        ana = linked.member("Ana")
        absent(linked, ana, trouble="unclear", retry_at=NOW + timedelta(minutes=30), intent_at=NOW)
        again = "The last try did not go through; Core tries again by itself."
        assert says(linked, ana) == f"Ana gets in as soon as Kisi confirms it: Open Door is active. {again}"
        granted_facts = {"state": "granted", "role_assignment_id": 1, "origin": "created"}
        KisiGrant.objects.update(**granted_facts)
        end(ana)
        assert (
            says(linked, ana) == f"Ana loses access as soon as Kisi confirms it: Open Door is paused. {again}"
        )

    def test_what_was_sent_for_an_access_that_is_lost_since_is_not_told(self, linked):
        ana = linked.member("Ana")
        absent(linked, ana, intent_at=NOW - timedelta(days=90), confirmed_at=NOW - timedelta(days=89))
        assert says(linked, ana) == "Ana gets in as soon as Kisi confirms it: Open Door is active."


class TestAnAddressOfSeveral:
    def test_three_are_told_as_three(self, linked):
        ana, *_ = (linked.member(name, email="home@example.com") for name in ("Ana", "Ben", "Cem"))
        assert ask(linked, ana).notes == (
            "Ana, Ben and Cem share home@example.com: for Kisi they are one person, "
            "so the subscription of any of them opens the doors.",
        )

    @pytest.mark.parametrize("status", ["disconnecting", "disconnected"])
    def test_no_subscription_opens_the_doors_of_a_gym_that_leaves(self, linked, status):
        ana, _ = (linked.member(name, email="home@example.com") for name in ("Ana", "Ben"))
        KisiConnection.objects.update(status=status)
        assert ask(linked, ana).notes == (
            "Ana and Ben share home@example.com: for Kisi they are one person.",
        )

    def test_whom_kisi_manages_gets_in_by_no_subscription(self, linked):
        ana, _ = (linked.member(name, email="home@example.com") for name in ("Ana", "Ben"))
        absent(linked, ana, exempt=True)
        assert ask(linked, ana).notes == (
            "Ana and Ben share home@example.com: for Kisi they are one person.",
        )


class TestAnEndThatIsNone:
    """Something else gives access from the next day on: she can get in after it, too."""

    @pytest.mark.parametrize(
        ("days", "ends"),
        [(1, False), (0, False), (-3, False), (2, True)],
        ids=["next day", "same", "before", "gap"],
    )
    def test_only_a_gap_is_an_end(self, linked, days, ends):
        last = linked.today() + timedelta(days=6)
        ana = linked.member("Ana", status="pending_cancel", ends_on=last)
        plan = PlanFactory(gym=linked.gym, name="Night Owl")
        facts = {"status": "pending_active", "starts_on": last + timedelta(days=days)}
        SubscriptionFactory(member=ana, plan=plan, **facts)
        granted(linked, ana)
        until = f"Ana can get in until the end of {day(last)}: Open Door is cancelled from then."
        on = f"Open Door is cancelled from the end of {day(last)}, and Night Owl goes on from there."
        assert says(linked, ana) == (until if ends else f"Ana can get in: {on}")

    def test_the_same_plan_again_is_not_named_twice(self, linked):
        last = linked.today()
        ana = linked.member("Ana", ends_on=last)
        granted(linked, ana)
        facts = {"status": "pending_active", "starts_on": last + timedelta(days=1)}
        SubscriptionFactory(member=ana, plan=linked.plan, **facts)
        assert says(linked, ana) == (
            f"Ana can get in: Open Door ends on {day(last)}, and its next subscription goes on from there."
        )
