"""Disconnecting both ways, stopping half-way, and coming back (ui.md 4.4)."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiConnection
from tests.conftest import House
from tests.desk import Desk

Status = KisiConnection.Status


class TestDisconnect:
    @pytest.fixture
    def three(self, connected: House) -> House:
        """Ana and Ben have access by Core, Cem had it in Kisi before."""
        for name in ("Ana", "Ben", "Cem"):
            connected.member(name)
        connected.in_kisi("Cem")
        connected.sync()
        return connected

    def test_nothing_is_chosen_beforehand(self, three, admin):
        page = admin.open("kisi:disconnect")
        assert page.h1 == "Disconnect Kisi?"
        assert page.says("Leave everybody's access as it is (3 people)")
        assert page.says("First remove the access Core gave (2 people)", "Ana", "Ben")
        page = admin.press(page, "Disconnect Kisi")
        assert page.says("Choose what happens to the access")
        assert three.connection.status == Status.CONNECTED

    def test_it_says_whose_profiles_go(self, three, admin):
        assert admin.open("kisi:disconnect").says("Removing access also deletes the Kisi profiles, and")
        KisiConnection.objects.update(sole_source_since=None)
        assert admin.open("kisi:disconnect").says("also deletes the Kisi profiles Core made, and")

    def test_everybody_keeps_the_access_they_had(self, three, admin):
        three.calls()
        page = admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="leave")
        assert page.says("Kisi is disconnected. Everybody kept the access they had.")
        assert page.says("3 people kept the access they had; Core no longer changes it.", "by Alice Adams")
        three.sync()
        assert three.inside() == ["ana", "ben", "cem"]
        assert three.calls() == []

    def test_first_what_core_gave_goes_and_only_that(self, three, admin):
        page = admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="remove")
        assert page.says("Removing the access of 2 people, then Kisi is disconnected.", "Stop, keep the rest")
        assert three.connection.status == Status.DISCONNECTING
        three.sync()
        assert three.inside() == ["cem"]
        assert three.connection.status == Status.DISCONNECTED

    def test_who_keeps_it_either_way_is_named(self, three, admin):
        page = admin.open("kisi:disconnect")
        assert page.says("1 person keeps access either way: Core did not give it Cem")

    def test_whom_core_only_asks_about_still_has_access(self, three, admin):
        for member in three.gym.members.all():
            admin.post("kisi:sync-member", member.pk)
        page = admin.open("kisi:disconnect")
        assert page.says("Leave everybody's access as it is (3 people)")
        assert page.says("1 person keeps access either way: Core did not give it Cem")

    def test_a_list_that_moved_is_shown_again_and_nobody_is_removed(self, three, admin):
        page = admin.open("kisi:disconnect")
        three.member("Dan")
        three.sync()
        page = admin.press(page, "Disconnect Kisi", access="remove")
        assert page.says("The list changed while you were reading: 1 more, 0 fewer. Check it again.")
        assert page.says("New on it: Dan.", "3 people whose access Core gave")
        assert three.connection.status == Status.CONNECTED
        admin.press(page, "Disconnect Kisi", access="remove")
        three.sync()
        assert three.inside() == ["cem"]

    def test_a_list_that_moved_stops_nobody_who_leaves_all_as_it_is(self, three, admin):
        page = admin.open("kisi:disconnect")
        three.member("Dan")
        three.sync()
        admin.press(page, "Disconnect Kisi", access="leave")
        assert three.connection.status == Status.DISCONNECTED

    def test_the_list_can_be_taken_away_and_disconnects_nobody(self, three, admin):
        answer = admin.post("kisi:disconnect", list="csv")
        names = [line.split(",")[0] for line in answer.html.lstrip("\ufeff").splitlines()]
        assert names == ["Name", "Ana", "Ben"]
        assert three.connection.status == Status.CONNECTED

    def test_stop_keeps_the_rest(self, three, admin):
        admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="remove")
        page = admin.press(admin.open("kisi:overview"), "Stop, keep the rest")
        assert page.h1 == "Kisi Disconnected"
        three.sync()
        assert three.inside() == ["ana", "ben", "cem"]

    def test_a_second_press_lands_on_the_page(self, three, admin):
        page = admin.open("kisi:disconnect")
        admin.press(page, "Disconnect Kisi", access="leave")
        assert admin.press(page, "Disconnect Kisi", access="remove").path == "/marketplace/kisi/"
        assert three.connection.status == Status.DISCONNECTED


class TestReconnect:
    @pytest.fixture
    def left(self, connected: House, admin: Desk) -> House:
        connected.member("Ana")
        connected.sync()
        admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="leave")
        return connected

    def test_it_asks_for_the_key_alone(self, left, admin):
        page = admin.open("kisi:reconnect")
        assert page.h1 == "Reconnect Kisi to 24-hr Access"
        assert page.says("Nobody is removed before Core has read the whole group once.", "Use another group")
        names = {name for form in page.forms for name, _ in form.fields}
        assert names == {"csrfmiddlewaretoken", "api_key"}

    def test_the_marketplace_offers_it(self, left, admin):
        assert admin.open("marketplace").says("Disconnected", "Reconnect")

    def test_the_right_key_connects_again_and_the_ledger_stays(self, left, admin):
        row = left.grant("ana").pk
        page = admin.press(admin.open("kisi:reconnect"), "Reconnect", api_key=left.world.api_key)
        assert page.says("Kisi is connected again.")
        left.sync()
        assert left.grant("ana").pk == row
        assert left.connection.status == Status.CONNECTED

    def test_nobody_is_removed_before_the_whole_group_was_read(self, left, admin):
        left.subscription(left.gym.members.get()).pause()
        admin.press(admin.open("kisi:reconnect"), "Reconnect", api_key=left.world.api_key)
        left.world.fault(path="/role_assignments", status=500, times=0)
        left.sync()
        assert left.inside() == ["ana"]

    @pytest.mark.parametrize("key", ["", "wrong-key-0123456789"])
    def test_a_failed_key_changes_nothing(self, left, admin, key):
        before = KisiConnection.objects.values().get()
        page = admin.press(admin.open("kisi:reconnect"), "Reconnect", api_key=key)
        assert page.says("Kisi does not accept this API key." if key else "Enter the API key")
        assert KisiConnection.objects.values().get() == before

    def test_a_group_that_went_meanwhile_is_said(self, left, admin):
        left.world.delete_group(left.world.group)
        page = admin.press(admin.open("kisi:reconnect"), "Reconnect", api_key=left.world.api_key)
        assert page.says("This key sees no group")
        assert left.connection.status == Status.DISCONNECTED

    def test_another_group_goes_through_the_three_steps(self, left, admin):
        group = left.world.add_group("Second floor", [left.world.add_door("Upstairs")])
        admin.press(admin.open("kisi:connect"), "Agree and Continue")
        page = admin.open("kisi:connect-credentials")
        page = admin.press(page, "Connect", group_id=group.id, api_key=left.world.api_key)
        assert page.h1 == "Kisi is connected"
        left.sync()
        assert left.world.in_group(group) == ["ana@example.com"]

    def test_a_second_press_lands_on_the_page(self, left, admin):
        page = admin.open("kisi:reconnect")
        admin.press(page, "Reconnect", api_key=left.world.api_key)
        assert admin.press(page, "Reconnect", api_key=left.world.api_key).path == "/marketplace/kisi/"

    def test_a_busy_kisi_names_no_button_that_is_not_there(self, left, admin):
        left.world.fault(path="/user", status=429, times=0)
        page = admin.press(admin.open("kisi:reconnect"), "Reconnect", api_key=left.world.api_key)
        assert page.says("Kisi is busy with other requests for this key. Wait a minute, then try again.")
        assert "press Connect" not in page.text
