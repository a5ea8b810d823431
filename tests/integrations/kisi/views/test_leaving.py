"""A disconnect that is to remove access first and cannot: said while it lasts and at its end (ui.md 4.4)."""

from __future__ import annotations

import re

import pytest

from integrations.kisi.models import KisiConnection
from integrations.vault import Secret
from tests.conftest import House
from tests.desk import Desk

Status = KisiConnection.Status
DEAD_KEY = {"path": ".*", "status": 401, "times": 0}
REFUSED = {"method": "DELETE", "path": "/role_assignments.*", "status": 403, "times": 0}


@pytest.fixture
def three(connected: House) -> House:
    """Ana and Ben have access by Core, Cem had it in Kisi before."""
    for name in ("Ana", "Ben", "Cem"):
        connected.member(name)
    connected.in_kisi("Cem")
    connected.sync()
    return connected


def leave(house: House, admin: Desk) -> None:
    admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="remove")
    house.sync()


class TestADeadKey:
    @pytest.fixture
    def stuck(self, three: House, admin: Desk, mailoutbox) -> House:
        three.world.fault(**DEAD_KEY)
        leave(three, admin)
        return three

    @pytest.mark.parametrize("name", ["kisi:overview", "dashboard"])
    def test_it_is_said_with_what_to_do(self, stuck, admin, name):
        page = admin.open(name)
        assert page.says(
            "Access is not being removed: Kisi does not accept the API key",
            "2 people whose access was to be removed can still open the doors.",
            "Enter a new key",
        )
        assert re.search(r"Core tries again (today|tomorrow) \d\d:\d\d\.", page.text)

    def test_stop_is_offered_beside_it(self, stuck, admin):
        assert "Stop, keep the rest" in admin.open("kisi:overview").buttons

    def test_the_admins_are_told_once_by_mail(self, stuck, mailoutbox):
        stuck.clock.forward(minutes=16)
        stuck.sync()
        assert [mail.subject for mail in mailoutbox] == ["Harbor Gym: access is not being removed from Kisi"]
        assert "2 people whose access was to be removed can still open the doors." in mailoutbox[0].body

    def test_a_new_key_goes_on_with_the_disconnect(self, stuck, admin):
        page = admin.open("kisi:credentials")
        assert {name for form in page.forms for name, _ in form.fields} == {"csrfmiddlewaretoken", "api_key"}
        stuck.world.clear_faults()
        admin.press(page, "Try and save", api_key=stuck.world.api_key)
        assert stuck.connection.status == Status.DISCONNECTING
        stuck.sync()
        assert stuck.connection.status == Status.DISCONNECTED
        assert stuck.inside() == ["cem"]

    def test_a_key_that_cannot_be_opened_is_said_too(self, three, admin):
        three.connection.set_key(Secret("x" * 32))
        KisiConnection.objects.update(sealed_key="garbage")
        leave(three, admin)
        assert admin.open("kisi:overview").says(
            "Access is not being removed: the stored key cannot be opened"
        )


class TestRefused:
    @pytest.fixture
    def left(self, three: House, admin: Desk, mailoutbox) -> House:
        """Kisi lets Ana go and keeps Ben."""
        right = three.grant("ben").role_assignment_id
        three.world.fault(**(REFUSED | {"path": f"/role_assignments/{right}"}))
        leave(three, admin)
        return three

    def test_who_could_not_be_removed_is_said_at_the_end(self, left, admin):
        page = admin.open("kisi:overview")
        assert left.inside() == ["ben", "cem"]
        assert page.says(
            "Kisi is disconnected",
            "Core removed the access of 1 person; 1 person could not be removed and still can open the doors.",
            "1 person kept the access they had",
        )

    def test_they_are_named_in_needs_attention(self, left, admin):
        page = admin.open("kisi:attention")
        assert page.says("1 person could not be removed", "Ben", "until somebody removes them in Kisi")
        assert "details in Kisi are not the newest" not in page.text
        assert "Cem" not in page.text
        page = admin.open("dashboard")
        assert page.says("1 person could not be removed")
        assert "does not let this key change" not in page.text

    def test_the_admins_are_told_by_mail(self, left, mailoutbox):
        assert [mail.subject for mail in mailoutbox] == [
            "Harbor Gym: 1 person could not be removed from Kisi"
        ]
        assert "Ben" in mailoutbox[0].body

    def test_who_was_unclear_before_is_not_among_those_who_kept_it(self, three, admin):
        ana = three.grant("ana")
        three.world.store.users.rows[ana.kisi_user_id].email = "another@example.com"
        admin.post("kisi:sync-member", ana.member_id)
        three.sync()
        leave(three, admin)
        assert admin.open("kisi:overview").says(
            "Core removed the access of 1 person; 1 person could not be removed and still can open the doors.",
            "1 person kept the access they had",
        )

    def test_a_disconnect_that_went_through_says_how_many(self, three, admin):
        leave(three, admin)
        page = admin.open("kisi:overview")
        assert page.says("Core removed the access of 2 people.", "1 person kept the access they had")
        assert page.says("Connection: Disconnected Alice Adams")

    def test_where_nobody_kept_it_no_number_is_said(self, connected, admin):
        connected.member("Ana")
        connected.sync()
        leave(connected, admin)
        page = admin.open("kisi:overview")
        assert page.says("Core removed the access of 1 person. Core no longer changes anybody's access.")
        assert admin.open("kisi:attention").says("Kisi is disconnected")


def test_after_another_connection_only_what_was_done_then_is_said(three, admin):
    leave(three, admin)
    admin.press(admin.open("kisi:reconnect"), "Reconnect", api_key=three.world.api_key)
    three.sync()
    admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="leave")
    page = admin.open("kisi:overview")
    assert page.says("3 people kept the access they had")
    assert "Core removed" not in page.text


def test_somebody_who_is_tried_again_later_keeps_the_disconnect_open(three, admin):
    three.world.fault(method="GET", path="/role_assignments", query="user_id=", kind="empty", times=0)
    leave(three, admin)
    assert three.connection.status == Status.DISCONNECTING
    three.world.clear_faults()
    three.clock.forward(minutes=31)
    three.sync()
    assert (three.connection.status, three.inside()) == (Status.DISCONNECTED, ["cem"])


def test_who_could_not_be_removed_so_far_is_said_while_it_goes_on(three, admin):
    three.world.fault(method="DELETE", path="/role_assignments.*", status=409, times=0)
    leave(three, admin)
    page = admin.open("kisi:overview")
    assert page.says("Removing access Only access that Core gave is removed.")
    assert page.says("2 people could not be updated so far: see Needs attention.", "Stop, keep the rest")
    attention = admin.open("kisi:attention")
    assert attention.says("2 people can still open the doors though they should not.")
    assert "details in Kisi" not in attention.text


class TestNothingIsTried:
    """Neither a gym that left Kisi nor one that paused has changes that are on their way."""

    def test_who_left_kisi_has_nothing_waiting(self, three, admin):
        three.member("Dan")
        admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="leave")
        assert admin.open("kisi:overview").says("0waiting")
        dashboard = admin.open("dashboard")
        assert "wait" not in dashboard.text
        assert dashboard.says("3 people had access when Kisi was disconnected", "Who had access")
        assert "Who can get in now" not in dashboard.text

    def test_attention_says_that_nothing_is_tried(self, three, admin):
        admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="leave")
        page = admin.open("kisi:attention")
        assert page.says("Kisi is disconnected", "3 people kept the access they had", "Reconnect")
        assert page.says("Nothing is tried for anybody until Kisi is connected again.")
        assert "Nothing needs attention" not in page.text
        assert "#tick" not in page.html.partition("<main")[2].partition("</main>")[0]

    def test_who_has_no_address_needs_nobody_any_more(self, three, admin):
        three.member("Yara", email="")
        assert admin.open("kisi:attention").says("1 person has no email address")
        admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="leave")
        assert admin.open("kisi:overview").says("0failed")
        assert "no email address" not in admin.open("kisi:attention").text
        assert "no email address" not in admin.open("dashboard").text

    def test_attention_says_that_syncing_is_paused(self, three, admin, staff):
        admin.press(admin.open("kisi:overview"), "Pause")
        page = admin.open("kisi:attention")
        assert page.says("Syncing is paused", "nothing is tried until it is resumed")
        assert "went through" not in page.text
        assert "Nothing needs attention" not in admin.open("dashboard").text

    def test_it_says_so_above_what_failed_before_too(self, connected, admin):
        connected.member("Eve")
        connected.world.fault(method="POST", path="/users", status=422)
        connected.sync()
        admin.press(admin.open("kisi:overview"), "Pause")
        assert admin.open("kisi:attention").says("Syncing is paused", "1 person: Kisi refuses their details")


class TestNothingIsDecided:
    """Nobody's word is waited for by a gym that has left Kisi: its page asks for none."""

    def left(self, house: House, admin: Desk) -> None:
        admin.press(admin.open("kisi:disconnect"), "Disconnect Kisi", access="leave")
        house.sync()

    def test_about_held_removals(self, connected, admin):
        members = connected.members(6)
        connected.sync()
        connected.plan.subscriptions.filter(member__in=members[:5]).update(status="cancelled")
        connected.sync()
        assert admin.open("kisi:overview").says("Held removals: 5 people", "Until an admin decides")
        self.left(connected, admin)
        page = admin.open("kisi:overview")
        for words in ("Held removals", "an admin decides", "Remove or keep"):
            assert words not in page.text

    def test_about_the_cut_over(self, house, admin):
        house.in_kisi("Zed")
        house.member("Zed", status="paused")
        house.connect()
        assert admin.open("kisi:overview").says("At cut-over 1 person would lose access")
        self.left(house, admin)
        page = admin.open("kisi:overview")
        assert "would lose access" not in page.text
        assert "Cut over" not in page.text
