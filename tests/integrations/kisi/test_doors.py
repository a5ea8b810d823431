"""Can Ana get in, and why: every case of the member's page has its sentence (ui.md 4.7)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from integrations.kisi import doors
from integrations.kisi.doors import Answer
from integrations.kisi.models import KisiConnection, KisiGrant
from members.models import Gym, Member
from members.words import day
from plans.models import Subscription
from tests.conftest import House
from tests.factories import PlanFactory, SubscriptionFactory, UserFactory
from tests.town import link

SAID = "Email is not valid"
PAYER = {"cause": "payment failed"}


def ask(house: House, member: Member) -> Answer:
    return doors.answer(doors.gather_facts(house.gym, [member], house.today())[member.pk])


def says(house: House, member: Member) -> str:
    return ask(house, member).sentence


def granted(house: House, member: Member, **facts: object) -> KisiGrant:
    """As if Kisi had confirmed it."""
    known = {"state": "granted", "origin": "created", "role_assignment_id": member.pk, "name": member.name}
    connection = KisiConnection.objects.get(gym=house.gym)
    return KisiGrant.objects.create(
        connection=connection, email=member.email, member=member, **(known | facts)
    )


def absent(house: House, member: Member, **facts: object) -> KisiGrant:
    known = {"state": "absent", "origin": "", "role_assignment_id": None}
    return granted(house, member, **(known | facts))


def end(member: Member, status: str = "paused", **facts: object) -> None:
    Subscription.objects.filter(member=member).update(status=status, **facts)


@pytest.fixture
def linked(house: House) -> House:
    """Connected, as far as the database knows; nobody may ask Kisi here."""
    house.gym.timezone = "America/Los_Angeles"
    house.gym.save()
    link(house.gym, group_id=1, must_read_first=True)
    return house


@pytest.fixture
def soon(linked: House) -> date:
    return linked.today() + timedelta(days=6)


class TestShould:
    def test_active(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana)
        assert says(linked, ana) == "Ana can get in: Open Door is active."
        assert ask(linked, ana).tag.word == "Can get in"

    def test_with_an_end(self, linked, soon):
        ana = linked.member("Ana", ends_on=soon)
        granted(linked, ana)
        assert says(linked, ana) == f"Ana can get in until the end of {day(soon)}: Open Door ends then."

    def test_pending_cancel(self, linked, soon):
        ana = linked.member("Ana", status="pending_cancel", ends_on=soon)
        granted(linked, ana)
        expected = f"Ana can get in until the end of {day(soon)}: Open Door is cancelled from then."
        assert says(linked, ana) == expected

    @pytest.mark.parametrize(
        ("status", "said"),
        [("active", "Open Door ends on {}"), ("pending_cancel", "Open Door is cancelled from the end of {}")],
    )
    def test_an_end_has_its_date_where_no_sentence_names_it(self, linked, soon, status, said):
        """In the list, under Core's rule, and while she waits."""
        ana = linked.member("Ana", status=status, ends_on=soon)
        waits = f"Ana gets in as soon as Kisi confirms it: {said.format(day(soon))}."
        assert says(linked, ana) == waits
        granted(linked, ana)
        assert ask(linked, ana).short == said.format(day(soon))

    def test_the_last_day_still_counts(self, linked):
        ana = linked.member("Ana", ends_on=linked.today())
        granted(linked, ana)
        assert says(linked, ana).startswith(f"Ana can get in until the end of {day(linked.today())}")

    def test_waiting(self, linked):
        ana = linked.member("Ana")
        assert says(linked, ana) == "Ana gets in as soon as Kisi confirms it: Open Door is active."
        assert ask(linked, ana).tag.word == "Waiting"

    def test_sent_and_not_answered_yet(self, linked):
        ana = linked.member("Ana")
        absent(linked, ana, intent_at=timezone.now())
        local = timezone.now().astimezone(linked.gym.zone)
        assert f"Open Door is active. Sent today {local:%H:}" in says(linked, ana)

    def test_no_email(self, linked):
        ana = linked.member("Ana", email="")
        expected = "Ana can't get in: Kisi knows people by email, and Core has none for Ana."
        assert says(linked, ana) == expected
        assert ask(linked, ana).tag.tone == "bad"

    def test_while_paused_no_button_is_named_that_is_not_there(self, linked):
        ana = linked.member("Ana")
        absent(linked, ana, trouble="forbidden", last_error=SAID)
        KisiConnection.objects.update(status="paused")
        assert "; then resume syncing and press Sync now. Kisi said" in says(linked, ana)

    @pytest.mark.parametrize(
        ("trouble", "todo"),
        [
            ("refused", "Correct the member's details; Core then tries by itself."),
            ("forbidden", "An owner has to allow it in Kisi; then press Sync now."),
            (
                "conflict",
                "Someone has to look in Kisi, which knows this address twice or under another person.",
            ),
        ],
    )
    def test_refused(self, linked, trouble, todo):
        ana = linked.member("Ana")
        absent(linked, ana, trouble=trouble, last_error=SAID)
        expected = f"Ana should get in, but Kisi refused. {todo} Kisi said: “{SAID}”."
        assert says(linked, ana) == expected
        assert ask(linked, ana).tag.word == "Failed"

    @pytest.mark.parametrize(
        ("status", "heading"),
        [
            ("needs_new_key", "Kisi no longer accepts the API key"),
            ("wrong_organization", "this key belongs to another organization"),
            ("key_too_weak", "the key's owner may not change people in Kisi"),
            ("group_gone", "Kisi has no group 1 any more"),
            ("in_trouble", "Kisi has not answered since"),
            ("paused", "syncing is paused"),
        ],
    )
    def test_blocked(self, linked, status, heading):
        ana = linked.member("Ana")
        KisiConnection.objects.update(status=status)
        assert says(linked, ana).startswith(f"Ana should get in, but {heading}")

    @pytest.mark.parametrize(
        ("facts", "heading"),
        [
            ({"status": "group_gone"}, "Kisi has no group 1 any more"),
            ({"doors": []}, "the group 24-hr Access opens no doors"),
            ({"doors": [], "group_name": ""}, "the group opens no doors"),
        ],
    )
    def test_a_right_in_a_group_that_opens_nothing(self, linked, facts, heading):
        ana = linked.member("Ana")
        granted(linked, ana)
        KisiConnection.objects.update(**facts)
        found = ask(linked, ana)
        assert (found.tag.word, found.tag.tone) == ("No doors", "warn")
        assert found.sentence == f"Ana should get in, but {heading}."
        assert found.short == heading

    @pytest.mark.parametrize("status", ["needs_new_key", "key_too_weak", "in_trouble", "paused"])
    def test_a_right_that_kisi_confirmed_opens_doors_whatever_ails_the_key(self, linked, status):
        ana = linked.member("Ana")
        granted(linked, ana)
        KisiConnection.objects.update(status=status)
        assert says(linked, ana) == "Ana can get in: Open Door is active."

    def test_suspended_in_kisi(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, suspended=True)
        assert says(linked, ana) == (
            "Ana is in the group but suspended in Kisi, so no door opens. Only someone in Kisi can lift that."
        )


class TestShouldNot:
    @pytest.mark.parametrize(
        ("status", "facts", "words"),
        [
            ("paused", {}, "Open Door is paused"),
            ("paused", PAYER, "Open Door is paused (payment failed)"),
            ("expired", {"ends_on": date(2026, 3, 4)}, "Open Door expired on 4 Mar 2026"),
            ("expired", {}, "Open Door expired"),
            ("cancelled", {"ends_on": date(2026, 3, 4)}, "Open Door was cancelled on 4 Mar 2026"),
        ],
    )
    def test_ended(self, linked, status, facts, words):
        ana = linked.member("Ana", status=status, **facts)
        assert says(linked, ana) == f"Ana can't get in: {words}."
        assert ask(linked, ana).tag.word == "Can't get in"

    def test_a_last_day_that_is_past_whatever_a_job_has_done(self, linked):
        ana = linked.member("Ana", status="pending_cancel", ends_on=date(2026, 3, 4))
        assert says(linked, ana) == "Ana can't get in: Open Door was cancelled on 4 Mar 2026."

    def test_starts_later(self, linked, soon):
        ana = linked.member("Ana", status="pending_active", starts_on=soon)
        assert says(linked, ana) == f"Ana can't get in yet: Open Door starts on {day(soon)}."

    def test_a_plan_without_24_hr_access(self, linked):
        ana = linked.member("Ana", plan=PlanFactory(gym=linked.gym, name="Day Pass", has_24hr_access=False))
        assert says(linked, ana) == "Ana can't get in: Day Pass has no 24-hr access."

    def test_no_subscription(self, linked):
        assert says(linked, linked.member("Ana", status="")) == "Ana can't get in: there is no subscription."

    def test_a_plan_of_another_gym_does_not_count(self, linked):
        ana = linked.member("Ana", status="")
        SubscriptionFactory(member=ana, plan=PlanFactory())
        assert says(linked, ana) == "Ana can't get in: there is no subscription."

    def test_waiting_for_the_removal(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana)
        end(ana)
        assert says(linked, ana) == "Ana loses access as soon as Kisi confirms it: Open Door is paused."

    def test_the_removal_was_refused(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, trouble="forbidden", last_error=SAID)
        end(ana)
        assert says(linked, ana) == (
            f"Ana can still get in although Open Door is paused: Kisi refused the removal. Kisi said: “{SAID}”."
        )

    def test_held(self, linked):
        ana = linked.member("Ana")
        end(ana)
        granted(linked, ana, held_since=datetime(2025, 10, 3, 2, 30, tzinfo=UTC))
        assert says(linked, ana) == (
            "Ana can still get in: the removal is held since 2 Oct 2025, 19:30 because Open Door is paused."
        )
        assert ask(linked, ana).tag.word == "Held"
        assert ask(linked, ana).short == "Open Door is paused"

    def test_kept(self, linked):
        ana = linked.member("Ana")
        end(ana)
        alice = UserFactory(first_name="Alice", last_name="Adams")
        kept_at = datetime(2026, 11, 3, 2, 30, tzinfo=UTC)
        granted(linked, ana, kept_until=kept_at + KisiGrant.KEPT_FOR, kept_by=alice)
        assert says(linked, ana) == (
            "Ana can get in: Alice Adams kept this access on 2 Nov 2026 although Open Door is paused."
        )

    def test_not_cut_over(self, linked):
        ana = linked.member("Ana")
        end(ana)
        granted(linked, ana, origin="adopted")
        KisiConnection.objects.update(sole_source_since=None)
        assert says(linked, ana) == (
            "Ana can still get in: Core did not create this access, and you have not cut over."
        )


class TestNotCores:
    @pytest.mark.parametrize(
        "role", ["is the organization's owner", "owns the API key", "has the role administrator"]
    )
    @pytest.mark.parametrize("status", ["active", "paused"])
    def test_protected(self, linked, role, status):
        ana = linked.member("Ana", status=status)
        absent(linked, ana, managed=role)
        assert says(linked, ana) == f"Managed in Kisi, not by Core: Ana {role}."

    def test_protected_before_the_access_ended(self, linked):
        ana = linked.member("Ana", status="paused")
        absent(linked, ana, managed="has the role administrator", state="closed", closed_how="released")
        assert says(linked, ana) == "Managed in Kisi, not by Core: Ana has the role administrator."
        assert ask(linked, ana).tag.word == "In Kisi"

    def test_another_way_in(self, linked):
        ana = linked.member("Ana", status="paused")
        absent(linked, ana, other_way=True, state="closed", closed_how="removed")
        assert says(linked, ana) == (
            "Core gives Ana no access, but a Kisi team or another group may. Look in Kisi."
        )
        assert ask(linked, ana).tag.word == "In Kisi"

    def test_only_the_last_word_counts(self, linked):
        ana = linked.member("Ana", status="paused")
        absent(linked, ana, other_way=True, state="closed", closed_how="removed")
        absent(linked, ana, state="closed", closed_how="removed")
        assert says(linked, ana) == "Ana can't get in: Open Door is paused."

    def test_exempt(self, linked):
        ana = linked.member("Ana")
        alice = UserFactory(first_name="Alice", last_name="Adams")
        at = datetime(2026, 11, 3, 2, 30, tzinfo=UTC)
        granted(linked, ana, exempt=True, exempt_by=alice, exempt_at=at)
        assert says(linked, ana) == "Managed in Kisi, not by Core: Alice Adams decided so on 2 Nov 2026."


class TestSharedAddress:
    def test_both_pages_say_so_and_either_subscription_opens(self, linked):
        ana = linked.member("Ana", email="home@example.com")
        ben = linked.member("Ben", email="HOME@example.com", status="paused")
        granted(linked, ana)
        for member, names, plan in (
            (ana, "Ana and Ben", "Open Door"),
            (ben, "Ben and Ana", "Ana's Open Door"),
        ):
            found = ask(linked, member)
            assert f"can get in: {plan} is active." in found.sentence
            assert found.short == f"{plan} is active"
            assert found.notes == (
                f"{names} share home@example.com: for Kisi they are one person, "
                "so either subscription opens the doors.",
            )

    def test_who_has_the_same_right_of_their_own_needs_nobody_elses(self, linked):
        ana, ben = (linked.member(name, email="home@example.com") for name in ("Ana", "Ben"))
        granted(linked, ana)
        assert [ask(linked, member).short for member in (ana, ben)] == ["Open Door is active"] * 2

    def test_the_same_address_at_another_gym_is_nobody_here(self, linked):
        ana = linked.member("Ana", status="paused")
        SubscriptionFactory(member__email=ana.email, member__gym=Gym.objects.create(name="B", slug="b"))
        assert ask(linked, ana).notes == ()
        assert says(linked, ana) == "Ana can't get in: Open Door is paused."

    def test_people_without_an_address_share_none(self, linked):
        ana, ben = linked.member("Ana", email=""), linked.member("Ben", email="", status="paused")
        assert ask(linked, ana).notes == ()
        assert says(linked, ben) == "Ben can't get in: Open Door is paused."


@pytest.mark.parametrize(("begun", "tag"), [(-1, "Can get in"), (1, "Waiting")])
def test_only_who_is_looked_at_again_still_gets_in_and_not_who_is_in_the_middle_of_a_call(linked, begun, tag):
    ana, now = linked.member("Ana"), timezone.now()
    granted(linked, ana, state="uncertain", confirmed_at=now, intent_at=now + timedelta(minutes=begun))
    assert ask(linked, ana).tag.word == tag


def test_several_subscriptions_say_the_one_that_counts(linked):
    ana = linked.member("Ana", status="paused")
    SubscriptionFactory(member=ana, plan=PlanFactory(gym=linked.gym, name="Day and Night"))
    granted(linked, ana)
    assert says(linked, ana) == "Ana can get in: Day and Night is active."


def test_a_page_of_members_costs_as_many_queries_as_one(linked, django_assert_num_queries):
    people = linked.members(30)
    for member in people:
        granted(linked, member)
    with django_assert_num_queries(3):
        doors.gather_facts(linked.gym, people, linked.today())
