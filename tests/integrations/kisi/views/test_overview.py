"""The integration page and the presses on it: sync, pause, rules (ui.md 4.4)."""

from __future__ import annotations

import pytest

from integrations.kisi.models import AccessEvent, KisiConnection, Read, SyncRun
from tests.conftest import House
from tests.desk import Desk, Page

Status = KisiConnection.Status


def stand(house: House, status: str) -> None:
    KisiConnection.objects.update(status=status)


class TestThePage:
    def test_a_gym_without_kisi_is_offered_to_connect(self, house, admin, staff):
        page = admin.open("kisi:overview")
        assert page.says("Kisi is not connected", "Core opens no doors for anybody.", "Connect Kisi")
        page = staff.open("kisi:overview")
        assert page.says("An admin can do this: Alice Adams.")
        assert "Connect Kisi" not in page.buttons

    def test_it_says_what_is_connected(self, connected, admin):
        connected.member("Ana")
        connected.sync()
        page = admin.open("kisi:overview")
        assert page.h1 == "Kisi Connected"
        connection = connected.connection
        assert page.says(
            "1have access",
            f"24-hr Access, ID {connection.group_id}",
            "Front door",
            f"ends in {connection.key_last4}, owner {connection.own_user_name}",
            "Ana got access subscription change",
            "1 got access, 0 lost it, 0 failed",
        )

    def test_staff_read_the_same_without_buttons(self, connected, admin, staff):
        connected.member("Ana")
        connected.sync()
        page = staff.open("kisi:overview")
        assert page.says("1have access", "Ana got access")
        assert [words for words in page.buttons if words != "Sign out"] == []
        for words in ("Update credentials", "Change rules", "Disconnect", "Move-in"):
            assert words not in page.text

    def test_it_never_says_connected_while_anybody_failed(self, connected, admin):
        connected.member("Ana")
        connected.world.fault(method="POST", path="/users", status=422)
        connected.sync()
        page = admin.open("kisi:overview")
        assert page.h1 == "Kisi Needs attention"
        assert page.says("1 person could not be updated")
        assert 'class="tag ok"' not in page.html


class TestThePoll:
    def test_it_gets_the_block_alone(self, connected, admin):
        response = admin.client.get("/marketplace/kisi/", headers={"HX-Request": "true"})
        assert "<html" not in response.content.decode()
        assert "As of" in response.content.decode()
        assert "HX-Request" in response["Vary"]
        assert response["Cache-Control"] == "no-store"
        assert response["X-As-Of"]

    def test_nothing_new_is_nothing_sent(self, connected, admin):
        page = admin.open("kisi:overview")
        address = page.html.partition('hx-get="')[2].partition('"')[0].replace("&amp;", "&")
        response = admin.client.get(address, headers={"HX-Request": "true"})
        assert response.status_code == 204
        assert "HX-Trigger" not in response
        assert response["X-As-Of"]
        connected.member("Ana")
        connected.sync()
        response = admin.client.get(address, headers={"HX-Request": "true"})
        assert response.status_code == 200
        assert "got access" in response.content.decode()

    @pytest.mark.parametrize("status", ["paused", "disconnected"])
    def test_a_page_on_which_nothing_can_change_does_not_poll(self, connected, admin, status):
        stand(connected, status)
        assert "hx-get" not in admin.open("kisi:overview").html

    @pytest.mark.parametrize(("status", "is_named"), [("connected", True), ("disconnected", False)])
    def test_a_next_check_is_named_while_there_will_be_one(self, connected, admin, status, is_named):
        stand(connected, status)
        assert ("Next daily check" in admin.open("kisi:overview").html) is is_named


class TestSyncNow:
    def test_it_asks_for_a_full_look_in_my_name(self, connected, admin):
        page = admin.press(admin.open("kisi:overview"), "Sync now")
        assert page.says("Sync started.")
        connection = connected.connection
        assert (connection.look_again, connection.want_read) == (True, Read.FULL)
        assert (connection.wanted_because, connection.wanted_by) == ("Sync now", admin.user)
        connected.sync()
        run = SyncRun.objects.first()
        assert (run.because, run.by, run.read) == ("Sync now", admin.user, Read.FULL)

    def test_beside_a_run_it_says_so(self, connected, admin):
        SyncRun.objects.create(connection=connected.connection, started_at=connected.clock.now())
        page = admin.press(admin.open("kisi:overview"), "Sync now")
        assert page.says("A sync is already running. It looks again when it is done.")

    def test_a_broken_connection_is_tried_at_once(self, connected, admin):
        connected.member("Ana")
        connected.world.fault(path="/user", status=500, times=0)
        for _ in range(6):
            connected.sync()
            connected.clock.forward(minutes=1)
        assert connected.connection.status == Status.IN_TROUBLE
        connected.world.clear_faults()
        admin.press(admin.open("kisi:overview"), "Sync now")
        connected.sync()
        assert connected.inside() == ["ana"]
        assert connected.connection.status == Status.CONNECTED

    @pytest.mark.parametrize("status", ["paused", "disconnecting", "disconnected"])
    def test_it_is_not_there_when_nothing_may_run(self, connected, admin, status):
        stand(connected, status)
        assert "Sync now" not in admin.open("kisi:overview").buttons
        admin.post("kisi:sync")
        assert not connected.connection.look_again


class TestPause:
    def test_it_acts_at_once_and_nothing_goes_out(self, connected, admin):
        page = admin.press(admin.open("kisi:overview"), "Pause")
        assert page.says("Syncing is paused. Nobody's access changes until you resume.")
        assert page.h1 == "Kisi Paused"
        assert page.says(
            "by Alice Adams", "who cancels keeps it, who joins does not get it. No change waits."
        )
        assert "Pause or disconnect" not in page.text
        connected.member("Ana")
        connected.sync()
        assert connected.calls() == []
        assert admin.open("kisi:overview").says("1 change waits.")

    def test_resume_sends_what_waited(self, connected, admin):
        admin.press(admin.open("kisi:overview"), "Pause")
        connected.member("Ana")
        page = admin.press(admin.open("kisi:overview"), "Resume")
        assert page.says("Syncing goes on. What waited is being sent.")
        connected.sync()
        assert connected.inside() == ["ana"]

    def test_a_second_press_lands_on_the_page_and_changes_nothing(self, connected, admin):
        page = admin.open("kisi:overview")
        admin.press(page, "Pause")
        since = connected.connection.status_since
        assert admin.press(page, "Pause").status == 200
        assert connected.connection.status_since == since
        page = admin.open("kisi:overview")
        admin.press(page, "Resume")
        assert admin.press(page, "Resume").status == 200
        assert AccessEvent.objects.filter(kind="status", cause="Connected").count() == 2

    def test_both_are_kept_with_who_did_it(self, connected, admin):
        admin.press(admin.open("kisi:overview"), "Pause")
        event = AccessEvent.objects.filter(kind="status").first()
        assert (event.cause, event.by_id) == ("Paused", admin.user.pk)
        assert admin.open("kisi:activity").says("Connection: Paused", "Alice Adams")


class TestRules:
    def save(self, desk: Desk, **changed: object) -> Page:
        return desk.press(desk.open("kisi:rules"), "Save rules", **changed)

    def test_they_are_saved_and_shown(self, connected, admin):
        said = "When access starts, Kisi emails"
        everybody = f"{said} everybody, and an invitation to whoever is new to Kisi"
        assert admin.open("kisi:overview").says(everybody)
        page = self.save(admin, brake_share="25", keep_profiles="on", send_mails=None)
        assert page.says("Rules saved.", "25 % of people", "the Kisi profile stays")
        assert page.says(f"{said} only an invitation, to whoever is new to Kisi")
        connection = connected.connection
        assert (connection.brake_share, connection.keep_profiles, connection.send_mails) == (25, True, False)

    @pytest.mark.parametrize("share", ["0", "51", "-1", "", "many", "1e3"])
    def test_the_share_is_one_to_fifty(self, connected, admin, share):
        page = self.save(admin, brake_share=share)
        assert page.says("There is a problem", "Enter a number from 1 to 50")
        assert connected.connection.brake_share == 10

    def test_who_changed_them_is_kept(self, connected, admin):
        self.save(admin, brake_share="25")
        event = AccessEvent.objects.filter(kind="setting").first()
        assert (event.by_id, "25 %" in event.cause) == (admin.user.pk, True)
        assert admin.open("kisi:activity").says("Setting changed:", "Alice Adams")

    def test_nothing_else_of_the_connection_is_written(self, connected, admin):
        page = admin.open("kisi:rules")
        stand(connected, Status.PAUSED)
        admin.press(page, "Save rules", brake_share="20")
        assert connected.connection.status == Status.PAUSED


def test_after_a_pause_with_a_dead_key_the_page_is_green_for_no_moment(connected, admin):
    connected.world.revoke_key()
    connected.clock.forward(minutes=20)
    connected.sync()
    admin.press(admin.open("kisi:overview"), "Pause")
    assert admin.press(admin.open("kisi:overview"), "Resume").h1 == "Kisi Syncing"
    connected.sync()
    assert admin.open("kisi:overview").h1 == "Kisi Needs new key"
