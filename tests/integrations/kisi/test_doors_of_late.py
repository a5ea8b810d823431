"""Can Ana get in while Core checks, and after the gym left Kisi."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from integrations.kisi import doors
from integrations.kisi.models import KisiConnection, KisiGrant, Look
from integrations.kisi.sync import switching
from members.models import Member
from tests.conftest import House
from tests.integrations.kisi.test_doors import ask, granted, says

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def linked(house: House) -> House:
    """Connected, as far as the database knows; nobody may ask Kisi here."""
    facts = {"group_name": "24-hr Access", "doors": ["Front door"], "sole_source_since": timezone.now()}
    KisiConnection.objects.create(gym=house.gym, group_id=1, **facts)
    return house


def told(house: House, member: Member, **facts: object) -> str:
    """The tag when somebody has just asked Kisi, which said so."""
    known = doors.gather_facts(house.gym, [member], house.today())[member.pk]
    seen = Look(**({"at": NOW + timedelta(minutes=1)} | facts))
    return doors.answer(replace(known, seen=seen)).tag.word


class TestWhileCoreChecks:
    def test_a_check_that_was_asked_for_takes_no_access_away(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, state="uncertain", confirmed_at=timezone.now())
        assert says(linked, ana) == "Ana can get in: Open Door is active."
        assert (ask(linked, ana).tag.word, ask(linked, ana).tag.tone) == ("Can get in", "info")
        assert ask(linked, ana).notes == ("Core is checking Kisi now.",)
        KisiConnection.objects.update(status="paused")
        assert ask(linked, ana).notes == ()

    @pytest.mark.parametrize(
        "facts",
        [
            {"role_assignment_id": None},
            {"confirmed_at": None},
            {"intent_at": NOW + timedelta(minutes=1)},
            {"trouble": "unclear"},
            {"missed_at": NOW},
        ],
    )
    def test_what_was_begun_or_failed_since_is_no_access(self, linked, facts):
        ana = linked.member("Ana")
        granted(linked, ana, **({"state": "uncertain", "confirmed_at": NOW, "intent_at": NOW} | facts))
        assert ask(linked, ana).tag.word == "Waiting"

    @pytest.mark.parametrize(
        ("said", "word"),
        [
            ({"is_in_group": True}, "Can get in"),
            ({"is_in_group": True, "is_suspended": True}, "Suspended"),
            ({"is_in_group": False}, "Waiting"),
            ({"is_in_group": False, "failure": "OutOfTime"}, "Can get in"),
            ({"is_in_group": False, "at": NOW - timedelta(minutes=1)}, "Can get in"),
        ],
    )
    def test_what_kisi_just_said_counts(self, linked, said, word):
        ana = linked.member("Ana")
        granted(linked, ana, state="uncertain", confirmed_at=NOW)
        assert told(linked, ana, **said) == word

    def test_who_was_taken_out_since_is_not_in(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, confirmed_at=NOW)
        assert told(linked, ana, is_in_group=False) == "Waiting"
        assert told(linked, ana, is_in_group=False, at=NOW) == "Can get in"

    def test_a_suspension_that_was_lifted_since(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, suspended=True, confirmed_at=NOW)
        assert told(linked, ana, is_in_group=True) == "Can get in"

    def test_a_lost_removal_of_somebody_wanted_again_is_told_by_who_asks(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana, state="uncertain", trouble="unclear", confirmed_at=NOW, intent_at=NOW)
        assert ask(linked, ana).tag.word == "Waiting"
        assert told(linked, ana, is_in_group=True) == "Can get in"
        KisiGrant.objects.update(intent_at=NOW + timedelta(minutes=2))
        assert told(linked, ana, is_in_group=True) == "Waiting"


class TestNoKisi:
    def test_she_could(self, house):
        ana = house.member("Ana")
        assert says(house, ana) == (
            "Kisi is not connected, so Core opens no doors. "
            "By the subscriptions Ana could get in: Open Door is active."
        )

    def test_she_could_not(self, house):
        ana = house.member("Ana", status="paused")
        assert says(house, ana).endswith("By the subscriptions Ana could not get in: Open Door is paused.")

    def test_a_disconnected_gym_has_none_either(self, linked):
        ana = linked.member("Ana")
        granted(linked, ana)
        ben = linked.member("Ben")
        at = datetime(2026, 11, 24, 20, tzinfo=UTC)
        switching.disconnect(KisiConnection.objects.get(), by=None, now=at)
        assert says(linked, ben).startswith("Kisi is not connected")
        assert says(linked, ana) == (
            "Ana kept the access: Kisi was disconnected on 24 Nov 2026, and Core no longer changes it."
        )
        assert ask(linked, ana).tag.word == "Kept"

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"suspended": True}, "Ana was suspended in Kisi, so no door opened"),
            ({"state": "revoking"}, "Ana may have kept the access"),
            ({"state": "absent"}, "Kisi is not connected, so Core opens no doors."),
        ],
    )
    def test_what_core_knew_when_the_gym_left(self, linked, facts, words):
        ana = linked.member("Ana")
        granted(linked, ana, **facts)
        switching.disconnect(KisiConnection.objects.get(), by=None, now=timezone.now())
        assert says(linked, ana).startswith(words)
