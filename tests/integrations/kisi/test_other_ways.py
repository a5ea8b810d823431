"""Whom Core gives no access and Kisi may let in all the same: the page and the list say so, and never “can't”."""

from __future__ import annotations

import pytest

from integrations.kisi import access_filter, chain
from integrations.kisi.doors import gather_facts
from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import connecting, deciding, looking
from integrations.vault import Secret
from members.models import Member
from tests.conftest import House
from tests.stories import answer_for, read_kisi, second_gym, sentence

ANA = "ana@example.com"
OTHER_WAY = "Core gives Ana no access, but a Kisi team or another group may. Look in Kisi."
PLAIN = "Ana can't get in: Open Door is paused."
MANAGED = "Managed in Kisi, not by Core: Ana "


def listed(house: House, value: str) -> list[str]:
    members = Member.objects.of_gym(house.gym)
    found = access_filter.narrow(members, value, house.connection, house.today())
    return [member.first_name for member in found]


def pause(house: House, member: Member) -> None:
    house.subscription(member).pause()
    house.sync()
    assert not house.connection.grants.open().exists()


def another_group(house: House) -> None:
    house.world.give(ANA, house.world.add_group("Yoga", []))


def a_team(house: House) -> None:
    house.world.add_team("Coaches", [ANA])


class TestManaged:
    """Core let Ana in, then Kisi made more of her, then she cancelled."""

    @pytest.mark.parametrize("read_before", [True, False])
    def test_the_page_says_her_role(self, connected, ana, read_before):
        connected.world.make_admin(ANA)
        if read_before:
            read_kisi(connected, Read.FULL)
        pause(connected, ana)
        assert connected.inside() == ["ana"]
        assert sentence(connected, ana) == f"{MANAGED}has the role administrator."
        assert answer_for(connected, ana).tag.word == "In Kisi"

    def test_the_list_shows_her_as_in_kisi_alone(self, connected, ana):
        connected.world.make_admin(ANA)
        pause(connected, ana)
        states = {state for state in access_filter.STATES if listed(connected, state)}
        assert states == {"kisi"}

    def test_the_owner_and_the_keys_own_user_too(self, connected, ana):
        connected.world.organization.owner_id = connected.world.user_by_email(ANA).id
        read_kisi(connected, Read.FULL)
        pause(connected, ana)
        assert sentence(connected, ana) == f"{MANAGED}is the organization's owner."

    def test_the_five_lines_do_not_say_that_core_did_not_give_it(self, connected, ana):
        connected.world.make_admin(ANA)
        pause(connected, ana)
        looking.look(connected.connection, ANA, clock=connected.clock)
        facts = gather_facts(connected.gym, [ana], connected.today())[ana.pk]
        shown = chain.of_member(facts, connected.clock.now())
        said = {link.question: (link.tag.word, link.text) for link in shown.links}
        assert said["In the group"] == (
            "Yes",
            "Managed in Kisi: Ana has the role administrator. Core never touches that.",
        )

    def test_a_look_at_her_takes_it_back_once_the_role_is_gone(self, connected, ana):
        role = connected.world.make_admin(ANA)
        pause(connected, ana)
        connected.world.remove_right(role)
        (right,) = connected.world.rights_of(ANA)
        connected.world.remove_right(right)
        looking.look(connected.connection, ANA, clock=connected.clock)
        assert sentence(connected, ana) == PLAIN

    def test_the_next_removal_has_the_last_word(self, connected, ana):
        role = connected.world.make_admin(ANA)
        pause(connected, ana)
        connected.world.remove_right(role)
        connected.subscription(ana).resume(today=connected.today())
        connected.sync()
        pause(connected, ana)
        assert sentence(connected, ana) == PLAIN
        assert listed(connected, "out") == ["Ana"]


class TestOtherWay:
    """Core took its own right and left the profile, because somebody else gave Ana more."""

    @pytest.mark.parametrize("way", [another_group, a_team])
    def test_the_page_says_that_kisi_may_let_her_in(self, connected, ana, way):
        way(connected)
        pause(connected, ana)
        assert connected.world.user_by_email(ANA) is not None
        assert sentence(connected, ana) == OTHER_WAY
        assert answer_for(connected, ana).tag.word == "In Kisi"

    @pytest.mark.parametrize("way", [another_group, a_team])
    def test_the_list_has_a_cause_for_it(self, connected, ana, way):
        way(connected)
        pause(connected, ana)
        assert listed(connected, "other-way") == listed(connected, "kisi") == ["Ana"]
        assert listed(connected, "out") == []

    def test_the_right_of_another_gym_of_the_organization_is_one(self, connected, ana):
        annex, _ = second_gym(connected)
        annex.member("Ana")
        annex.sync()
        pause(connected, ana)
        assert sentence(connected, ana) == OTHER_WAY

    def test_it_is_over_when_the_other_gym_removes_the_profile(self, connected, ana):
        annex, _ = second_gym(connected)
        visitor = annex.member("Ana")
        annex.sync()
        pause(connected, ana)
        pause(annex, visitor)
        assert connected.world.user_by_email(ANA) is None
        assert sentence(connected, ana) == PLAIN
        assert answer_for(annex, visitor).tag.word == "Can't get in"

    def test_a_right_that_has_ended_is_none(self, connected, ana):
        group, ended = connected.world.add_group("Yoga", []), connected.clock.now()
        connected.world.give(ANA, group, valid_until=ended)
        pause(connected, ana)
        assert sentence(connected, ana) == PLAIN

    def test_a_profile_that_the_gym_keeps_is_none(self, connected, ana):
        KisiConnection.objects.update(keep_profiles=True)
        pause(connected, ana)
        assert connected.world.user_by_email(ANA) is not None
        assert sentence(connected, ana) == PLAIN

    def test_a_removal_whose_answer_was_lost_knows_it_too(self, connected, ana):
        another_group(connected)
        connected.world.fault(method="DELETE", path=r"/role_assignments.*", kind=Kind.LOST, after_effect=True)
        connected.subscription(ana).pause()
        connected.sync()
        connected.clock.forward(minutes=10)
        connected.sync()
        assert not connected.connection.grants.open().exists()
        assert sentence(connected, ana) == OTHER_WAY

    def test_whoever_is_let_in_again_can_get_in(self, connected, ana):
        another_group(connected)
        pause(connected, ana)
        connected.subscription(ana).resume(today=connected.today())
        connected.sync()
        assert sentence(connected, ana) == "Ana can get in: Open Door is active."
        assert listed(connected, "other-way") == []

    @pytest.mark.parametrize("way", [another_group, a_team])
    def test_a_look_finds_that_it_is_over(self, connected, ana, way):
        way(connected)
        pause(connected, ana)
        world = connected.world
        for right in world.rights_of(ANA):
            world.remove_right(right)
        world.store.team_memberships.rows.clear()
        looking.look(connected.connection, ANA, clock=connected.clock)
        assert sentence(connected, ana) == PLAIN

    @pytest.mark.parametrize("way", [another_group, a_team])
    def test_a_look_finds_that_it_has_begun(self, connected, ana, way):
        KisiConnection.objects.update(keep_profiles=True)
        pause(connected, ana)
        way(connected)
        looking.look(connected.connection, ANA, clock=connected.clock)
        assert sentence(connected, ana) == OTHER_WAY

    def test_a_look_finds_that_nobody_is_there_any_more(self, connected, ana):
        another_group(connected)
        pause(connected, ana)
        connected.world.delete_user(ANA)
        looking.look(connected.connection, ANA, clock=connected.clock)
        assert sentence(connected, ana) == PLAIN

    def test_a_look_that_got_no_answer_changes_nothing(self, connected, ana):
        another_group(connected)
        pause(connected, ana)
        connected.world.fault(method="GET", status=500, times=0)
        looking.look(connected.connection, ANA, clock=connected.clock)
        assert sentence(connected, ana) == OTHER_WAY

    def test_a_look_at_somebody_with_access_changes_nothing(self, connected, ana):
        another_group(connected)
        before = KisiGrant.objects.values().get()
        looking.look(connected.connection, ANA, clock=connected.clock)
        assert KisiGrant.objects.values().get() == before


class TestLeftBehind:
    """The gym changed its group: who was held, and is in the old one, gets in there."""

    @pytest.fixture
    def moved(self, connected: House, ana: Member) -> House:
        KisiGrant.objects.update(held_since=connected.clock.now())
        connected.subscription(ana).pause()
        other = connected.world.add_group("New group", [])
        key = Secret(connected.world.api_key)
        connecting.update_credentials(connected.connection, key=key, group_id=other.id, clock=connected.clock)
        connected.sync()
        return connected

    def test_the_page_says_that_another_group_may_let_her_in(self, moved, ana):
        assert sentence(moved, ana) == OTHER_WAY

    def test_until_she_is_removed_there(self, moved, ana):
        named = moved.connection.grants.values_list("pk", flat=True)
        deciding.remove_left_behind(moved.connection, named, by=None, now=moved.clock.now())
        moved.sync()
        assert moved.world.rights_of(ANA) == []
        assert sentence(moved, ana) == PLAIN
