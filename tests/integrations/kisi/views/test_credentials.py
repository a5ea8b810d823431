"""New credentials, tried before they replace the old ones; another group is asked about first (ui.md 4.4)."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiConnection
from integrations.kisi.simulator.rows import Group
from integrations.kisi.sync import deciding
from integrations.vault import Secret
from tests.conftest import House
from tests.desk import Desk, Page
from tests.factories import GymFactory


def another_group(house: House, name: str = "Second floor") -> Group:
    return house.world.add_group(name, [house.world.add_door("Upstairs")])


class TestCredentials:
    def try_(self, desk: Desk, **changed: object) -> Page:
        return desk.press(desk.open("kisi:credentials"), "Try and save", **changed)

    def test_the_page_knows_the_group_and_not_the_key(self, connected, admin):
        page = admin.open("kisi:credentials")
        connection = connected.connection
        assert page.says(f"The present key ends in {connection.key_last4}, owner {connection.own_user_name}")
        fields = [field for form in page.forms for field in form.fields]
        assert ("group_id", str(connection.group_id)) in fields
        assert ("api_key", "") in fields

    def test_a_new_key_of_the_same_organization_replaces_the_old(self, connected, admin):
        fresh = connected.world.add_key(connected.world.owner)
        page = self.try_(admin, api_key=fresh)
        assert page.says("New key saved.")
        assert fresh not in page.html
        assert connected.connection.api_key() == Secret(fresh)
        assert connected.connection.key_last4 == fresh[-4:]

    def test_a_dead_key_is_mended_and_what_waited_goes_out(self, connected, admin):
        connected.member("Ana")
        connected.member("Ben")
        connected.world.revoke_key()
        connected.sync()
        page = admin.open("kisi:overview")
        assert page.says("Kisi no longer accepts the API key", "2 changes wait")
        assert "Enter a new key" in page.text
        page = self.try_(admin, api_key=connected.world.add_key(connected.world.owner))
        assert page.says("New key saved. 2 waiting changes are being sent.")
        connected.sync()
        assert connected.inside() == ["ana", "ben"]

    def test_a_key_that_failed_changes_nothing(self, connected, admin):
        before = KisiConnection.objects.values().get()
        page = self.try_(admin, api_key="wrong-key-0123456789")
        assert page.says("Kisi does not accept this API key. Make a new one in Kisi and paste all of it.")
        assert "wrong-key-0123456789" not in page.html
        assert KisiConnection.objects.values().get() == before

    def test_a_key_of_another_organization_is_named(self, connected, admin):
        other = connected.world.add_organization("Summit", owner=("Zoe", "zoe@example.com"))
        before = KisiConnection.objects.values().get()
        page = self.try_(admin, api_key=other.api_key)
        mine = connected.connection.organization_name
        assert page.says(
            f"This key belongs to Summit. The connection was made with {mine}. "
            f"Use a key of {mine}, or disconnect first."
        )
        assert KisiConnection.objects.values().get() == before

    def test_kisi_not_answering_changes_nothing(self, connected, admin):
        before = KisiConnection.objects.values().get()
        connected.world.fault(path="/user", status=503, times=0)
        page = self.try_(admin, api_key=connected.world.api_key)
        assert page.says("Kisi did not answer as expected.", "Enter the key again")
        assert KisiConnection.objects.values().get() == before

    def test_another_gyms_group_is_refused(self, connected, admin):
        group = another_group(connected)
        KisiConnection.objects.create(gym=GymFactory(), group_id=group.id)
        page = self.try_(admin, api_key=connected.world.api_key, group_id=group.id)
        page = admin.press(page, f"Use group {group.id}", api_key=connected.world.api_key)
        assert page.says("This group is already connected in Core.")
        assert connected.connection.group_id == connected.world.group_id

    @pytest.mark.parametrize("status", ["disconnected"])
    def test_who_left_kisi_has_none_to_update(self, connected, admin, status):
        KisiConnection.objects.update(status=status)
        assert admin.open("kisi:credentials").path == "/marketplace/kisi/"


class TestAnotherGroup:
    @pytest.fixture
    def moved(self, connected: House, admin: Desk) -> Group:
        """Two people have access, and the gym has moved to another group."""
        connected.members(2)
        connected.sync()
        group = another_group(connected)
        page = admin.open("kisi:credentials")
        page = admin.press(page, "Try and save", group_id=group.id, api_key=connected.world.api_key)
        admin.press(page, f"Use group {group.id}", api_key=connected.world.api_key)
        connected.sync()
        return group

    def test_it_is_asked_first_and_nothing_is_tried(self, connected, admin):
        connected.members(2)
        connected.sync()
        group = another_group(connected)
        connected.calls()
        page = admin.open("kisi:credentials")
        page = admin.press(page, "Try and save", group_id=group.id, api_key=connected.world.api_key)
        assert page.h1 == f"Use group {group.id}?"
        assert page.says("2 people get access there.", "Who gets access in group", "P000", "P001")
        assert page.says("2 people stay behind in 24-hr Access", "Who stays behind in 24-hr Access")
        assert connected.calls() == []
        assert connected.connection.group_id == connected.world.group_id
        assert connected.world.api_key not in page.html

    def test_who_is_not_cores_to_decide_gets_none_there(self, connected, admin):
        ana, ben = connected.members(2)
        connected.sync()
        admin.post("kisi:exempt-member", ben.pk, exempt="1")
        page = admin.open("kisi:credentials")
        page = admin.press(
            page, "Try and save", group_id=another_group(connected).id, api_key=connected.world.api_key
        )
        assert page.says("1 person gets access there.", "1 person gets no access there P001 (left to Kisi)")
        assert page.says("1 person stays behind in 24-hr Access and keeps its doors until you remove them.")

    def test_of_a_group_that_kisi_has_not_any_more_nobody_is_said_to_keep_the_doors(self, connected, admin):
        connected.members(2)
        connected.sync()
        group, key = another_group(connected), connected.world.api_key
        KisiConnection.objects.update(status="group_gone")
        page = admin.press(admin.open("kisi:credentials"), "Try and save", group_id=group.id, api_key=key)
        gone = f"Kisi has no group {connected.world.group_id} any more."
        assert page.says(f"2 people stay behind in 24-hr Access and are listed until you remove them. {gone}")
        for words in ("keep its doors", "keeps its doors", "Nobody loses access"):
            assert words not in page.text
        admin.press(page, f"Use group {group.id}", api_key=key)
        assert admin.open("kisi:overview").says(
            "Left behind: 2 people As Kisi last confirmed it, they have access"
        )

    def test_a_list_that_moved_is_shown_again_and_nothing_is_tried(self, connected, admin):
        _, ben = connected.members(2)
        connected.sync()
        group, key = another_group(connected), connected.world.api_key
        page = admin.press(admin.open("kisi:credentials"), "Try and save", group_id=group.id, api_key=key)
        connected.member("Ana")
        connected.subscription(ben).pause()
        page = admin.press(page, f"Use group {group.id}", api_key=key)
        assert page.says("1 more, 1 fewer. Check it again. New on it: Ana. No longer on it: P001.")
        assert connected.connection.group_id == connected.world.group_id
        admin.press(page, f"Use group {group.id}", api_key=key)
        assert connected.connection.group_id == group.id

    def test_everybody_gets_access_there_and_is_left_behind_here(self, connected, moved, admin):
        emails = ["p000@example.com", "p001@example.com"]
        assert connected.world.in_group(moved) == emails
        assert connected.world.in_group() == emails
        assert admin.open("kisi:overview").says("Left behind: 2 people", "P000", "Remove them")

    def test_a_new_key_for_it_mails_nobody(self, connected, moved):
        told = [(mail.trigger, mail.recipient) for mail in connected.world.outbox]
        assert len(told) == len(set(told)) > 0

    def test_the_page_says_which_group_is_in_use_now(self, connected, admin):
        group, key = another_group(connected), connected.world.api_key
        page = admin.press(admin.open("kisi:credentials"), "Try and save", group_id=group.id, api_key=key)
        page = admin.press(page, f"Use group {group.id}", api_key=key)
        assert page.says(
            f"Core uses the group Second floor, ID {group.id}, from now on. Access is being given there."
        )
        assert "New key saved" not in page.text

    def test_whom_an_admin_keeps_is_named_among_those_who_get_no_access_there(self, connected, admin):
        ana, ben, _ = connected.members(3)
        connected.sync()
        for member in (ana, ben):
            connected.subscription(member).pause()
        now = connected.clock.now()
        connected.connection.grants.filter(member__in=[ana, ben]).update(held_since=now)
        deciding.keep(connected.connection, [ana.email], by=admin.user, now=now)
        group, key = another_group(connected), connected.world.api_key
        page = admin.press(admin.open("kisi:credentials"), "Try and save", group_id=group.id, api_key=key)
        assert page.says(
            "1 person gets access there.",
            "2 people get no access there P000 (Open Door is paused, kept by Alice Adams) P001 (Open Door",
            "what they have in 24-hr Access stays until somebody removes it.",
        )
        admin.press(page, f"Use group {group.id}", api_key=key)
        connected.sync()
        left = admin.open("kisi:left-behind")
        assert left.says("P000 (kept by Alice Adams)", "P001", "P002")

    def test_where_everybody_gets_access_nobody_is_named_as_without(self, connected, admin):
        connected.members(2)
        connected.sync()
        group, key = another_group(connected), connected.world.api_key
        page = admin.press(admin.open("kisi:credentials"), "Try and save", group_id=group.id, api_key=key)
        assert "no access there" not in page.text


class TestWhilePaused:
    """Whoever pauses ends it again: new credentials do not."""

    @pytest.fixture
    def paused(self, connected: House, admin: Desk) -> House:
        connected.member("Ana")
        connected.sync()
        admin.press(admin.open("kisi:overview"), "Pause")
        connected.member("Ben")
        return connected

    def test_a_new_key_is_kept_for_the_time_after(self, paused, admin):
        fresh = paused.world.add_key(paused.world.owner)
        page = admin.open("kisi:credentials")
        assert page.says("Syncing stays paused until you resume it.")
        page = admin.press(page, "Try and save", api_key=fresh)
        assert page.says(
            "New key saved. Syncing stays paused. 1 waiting change is sent once syncing is resumed."
        )
        assert page.h1 == "Kisi Paused"
        assert paused.connection.api_key() == Secret(fresh)
        paused.sync()
        assert paused.inside() == ["ana"]

    def test_resume_sends_with_it_what_waited(self, paused, admin):
        fresh = paused.world.add_key(paused.world.owner)
        admin.press(admin.open("kisi:credentials"), "Try and save", api_key=fresh)
        admin.press(admin.open("kisi:overview"), "Resume")
        paused.sync()
        assert paused.inside() == ["ana", "ben"]

    def test_another_group_is_used_and_emptied_once_it_goes_on(self, paused, admin):
        group, key = another_group(paused), paused.world.api_key
        page = admin.press(admin.open("kisi:credentials"), "Try and save", group_id=group.id, api_key=key)
        page = admin.press(page, f"Use group {group.id}", api_key=key)
        assert page.says("from now on. Access is given there once syncing is resumed.")
        page = admin.press(admin.open("kisi:left-behind"), "Remove the access of 1 person")
        assert page.says("Access of 1 person in the former group is removed once syncing is resumed.")
        paused.sync()
        assert (paused.world.in_group(group), paused.inside()) == ([], ["ana"])
        admin.press(admin.open("kisi:overview"), "Resume")
        paused.sync()
        assert paused.world.in_group(group) == ["ana@example.com", "ben@example.com"]
        assert paused.inside() == []
