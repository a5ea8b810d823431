"""Sync now on a member's page: Core goes to work, and Kisi is asked; the answer stands in five lines."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection, KisiGrant, Look
from integrations.kisi.sync import deciding
from members.models import Member
from tests.conftest import House
from tests.desk import Desk, Page

LINES = ["Entitled in Core", "Found in Kisi", "In the group", "Not suspended in Kisi", "Group opens doors"]


@pytest.fixture
def ana(connected: House) -> Member:
    """She has access."""
    member = connected.member("Ana Ruiz")
    connected.sync()
    assert connected.inside() == ["ana"]
    return member


def press(desk: Desk, member: Member) -> Page:
    return desk.press(desk.open("members:detail", member.pk), f"Sync now for {member.name}")


def lines(page: Page) -> dict[str, str]:
    """The word before each of the five: Yes, No or Waiting."""
    listed = page.html.partition('<ol class="checks">')[2].partition("</ol>")[0]
    found = re.findall(r"</svg>([^<]+)</span><span><b>([^<(]+)", listed)
    return {question.strip(): word for word, question in found}


def crosses(page: Page) -> list[str]:
    """Which of the five stand in red."""
    listed = page.html.partition('<ol class="checks">')[2].partition("</ol>")[0]
    found = re.findall(r'<li><span class="tag (\w+)">.*?<b>([^<(]+)', listed)
    return [question.strip() for tone, question in found if tone == "bad"]


def words(*said: str) -> dict[str, str]:
    return dict(zip(LINES, said, strict=True))


class TestThePress:
    def test_staff_too_may_look_at_one_person(self, connected, ana, staff):
        page = press(staff, ana)
        assert page.says("Kisi was asked about Ana.", "Kisi was asked today ")
        connected.calls()
        connected.sync()
        assert any(call.startswith("GET /users") for call in connected.calls())

    def test_it_puts_back_what_was_taken_by_hand(self, connected, ana, staff):
        connected.world.delete_user("ana@example.com")
        page = press(staff, ana)
        assert lines(page) == words("Yes", "Waiting", "Waiting", "Waiting", "Yes")
        connected.sync()
        assert connected.inside() == ["ana"]
        assert lines(staff.open("members:detail", ana.pk)) == words("Yes", "Yes", "Yes", "Yes", "Yes")

    def test_who_failed_counts_as_failed_until_core_has_tried(self, connected, staff):
        connected.world.fault(method="POST", path="/users", status=422)
        member = connected.member("Ben")
        connected.sync()
        press(staff, member)
        assert connected.grant("ben").trouble == "refused"
        assert staff.open("kisi:overview").says("Needs attention", "1 person could not be updated")
        connected.sync()
        assert staff.open("kisi:attention").says("Nothing needs attention")

    def test_it_tries_a_refused_person_again(self, connected, staff):
        connected.world.fault(method="POST", path="/users", status=422)
        member = connected.member("Ana")
        connected.sync()
        press(staff, member)
        connected.sync()
        assert connected.inside() == ["ana"]

    @pytest.mark.parametrize("status", ["paused", "disconnecting", "disconnected"])
    def test_it_is_not_there_and_promises_nothing_when_nothing_may_run(self, connected, ana, staff, status):
        KisiConnection.objects.update(status=status)
        page = staff.open("members:detail", ana.pk)
        assert "Sync now for Ana Ruiz" not in page.buttons
        connected.calls()
        page = staff.post("kisi:sync-member", ana.pk)
        assert "Kisi was asked" not in page.text
        assert not connected.connection.look_again
        assert connected.calls() == []

    def test_whoever_has_no_address_cannot_be_asked_about(self, connected, staff):
        mute = connected.member("Mute", email="")
        connected.calls()
        staff.post("kisi:sync-member", mute.pk)
        assert connected.calls() == []

    def test_nothing_is_written_by_the_press_itself(self, connected, ana, staff):
        connected.calls()
        press(staff, ana)
        assert [call for call in connected.calls() if not call.startswith("GET")] == []


class TestTheFiveLines:
    def test_before_anybody_asked_there_are_none(self, connected, ana, staff):
        assert lines(staff.open("members:detail", ana.pk)) == {}

    def test_all_in_order(self, connected, ana, staff):
        page = press(staff, ana)
        assert lines(page) == words("Yes", "Yes", "Yes", "Yes", "Yes")
        assert page.says("Open Door is active.", "Group opens doors (Front door)")

    def test_not_entitled_and_not_there(self, connected, staff):
        member = connected.member("Ben", status="paused", cause="moved away")
        page = press(staff, member)
        assert lines(page) == words("No", "No", "No", "Not known", "Yes")
        assert crosses(page) == ["Entitled in Core"]
        assert page.says("Open Door is paused (moved away).", "As it should be.")

    def test_entitled_and_on_the_way(self, connected, staff):
        member = connected.member("Ben")
        page = press(staff, member)
        assert lines(page) == words("Yes", "Waiting", "Waiting", "Waiting", "Yes")
        assert page.says("Core is adding Ben.", "Core is at work.")

    def test_not_entitled_any_more_and_still_there(self, connected, ana, staff):
        connected.subscription(ana).pause()
        page = press(staff, ana)
        assert lines(page) == words("No", "Yes", "Waiting", "Yes", "Yes")
        assert page.says("Core is removing the access.")
        connected.sync()
        page = staff.open("members:detail", ana.pk)
        assert lines(page) == words("No", "No", "No", "Not known", "Yes")
        assert page.says("Core has removed the access since.")
        assert crosses(page) == ["Entitled in Core"]

    def test_suspended_in_kisi(self, connected, ana, staff):
        connected.world.suspend("ana@example.com")
        page = press(staff, ana)
        assert lines(page) == words("Yes", "Yes", "Yes", "No", "Yes")
        assert page.says("Only someone in Kisi can lift that.")

    def test_a_group_without_doors(self, connected, ana, staff):
        connected.world.store.group_locks.rows.clear()
        page = press(staff, ana)
        assert lines(page) == words("Yes", "Yes", "Yes", "Yes", "No")
        assert page.says("This group opens no doors yet. Add doors to it in Kisi.")

    def test_refused_with_kisis_words(self, connected, staff):
        connected.world.fault(method="POST", path="/users", status=422, times=0)
        member = connected.member("Ana")
        connected.sync()
        press(staff, member)
        connected.sync()
        page = staff.open("members:detail", member.pk)
        assert lines(page)["In the group"] == "No"
        assert page.says("Kisi refused: “")

    def test_held_kept_or_left_to_kisi_is_no_work_for_core(self, connected, ana, staff):
        connected.subscription(ana).pause()
        press(staff, ana)
        KisiGrant.objects.update(state="granted", held_since=timezone.now())
        page = staff.open("members:detail", ana.pk)
        assert lines(page)["In the group"] == "Yes"
        assert page.says("The removal is held until an admin decides.")
        deciding.leave_to_kisi(connected.connection, ana, by=None, now=timezone.now())
        assert staff.open("members:detail", ana.pk).says("Left to Kisi by an admin.")

    @pytest.mark.parametrize(
        ("status", "next_step"),
        [(401, "An admin has to enter a new key."), (500, "Core goes on by itself.")],
    )
    def test_no_answer_is_a_clock_and_no_cross_and_says_who_acts(
        self, connected, ana, staff, status, next_step
    ):
        connected.world.fault(status=status, times=0)
        page = press(staff, ana)
        assert lines(page) == words("Yes", "Waiting", "Waiting", "Waiting", "Yes")
        assert page.text.count(next_step) == 4
        assert ("Core goes on by itself." in page.text) is (status == 500)

    def test_a_group_that_is_gone_opens_no_doors(self, connected, ana, staff):
        connected.world.store.groups.rows.clear()
        page = press(staff, ana)
        assert lines(page)["Group opens doors"] == "No"
        assert page.says("An admin has to update the credentials.")

    def test_what_a_dead_key_did_not_tell_goes_with_the_key(self, connected, ana, staff):
        connected.world.fault(status=401, times=2)
        assert lines(press(staff, ana)) != {}
        connected.sync()
        assert lines(staff.open("members:detail", ana.pk)) == {}

    def test_what_another_key_told_is_not_shown_any_more(self, connected, ana, staff):
        assert lines(press(staff, ana)) != {}
        KisiConnection.objects.update(key_set_at=timezone.now())
        assert lines(staff.open("members:detail", ana.pk)) == {}

    def test_an_answer_older_than_the_last_change_here_says_so(self, connected, ana, staff):
        page = press(staff, ana)
        assert "before the last change here" not in page.text
        connected.subscription(ana).pause()
        page = staff.open("members:detail", ana.pk)
        assert re.search(r"Kisi was asked today [\d:]+, before the last change here", page.text)

    def test_after_ten_minutes_the_answer_is_old_and_gone(self, connected, ana, staff):
        press(staff, ana)
        Look.objects.update(at=timezone.now() - Look.SHOWN_FOR)
        assert lines(staff.open("members:detail", ana.pk)) == {}

    def test_under_a_yes_there_is_what_to_try(self, connected, ana, staff):
        assert staff.open("members:detail", ana.pk).says(
            "The door still does not open?", "sign in to the Kisi app"
        )
        ben = connected.member("Ben", status="paused")
        assert "The door still does not open?" not in staff.open("members:detail", ben.pk).text


class TestWithScripts:
    def ask(self, desk: Desk, member: Member, method: str = "get", **query: str) -> object:
        path = f"/marketplace/kisi/members/{member.pk}/sync/"
        return getattr(desk.client, method)(path, query, headers={"HX-Request": "true"})

    def test_the_press_is_answered_with_the_panel_alone(self, connected, ana, staff):
        response = self.ask(staff, ana, "post")
        html = response.content.decode()
        assert html.startswith('<section class="card" id="door-access"')
        assert "HX-Trigger" not in response
        connected.sync()
        assert "All five are in order" in self.ask(staff, ana)["HX-Trigger"]

    def test_it_is_polled_until_the_ledger_too_is_settled(self, connected, ana, staff):
        html = self.ask(staff, ana, "post").content.decode()
        assert html.count(">Yes</span>") == 5
        assert 'hx-trigger="every' in html
        connected.sync()
        assert 'hx-trigger="every' not in self.ask(staff, ana).content.decode()

    def test_nobody_polls_for_what_waits_for_another_try_or_for_somebody(self, connected, ana, staff):
        self.ask(staff, ana, "post")
        for facts in ({"retry_at": timezone.now() + timedelta(hours=1)}, {"trouble": "conflict"}):
            KisiGrant.objects.update(**({"retry_at": None, "trouble": ""} | facts))
            assert 'hx-trigger="every' not in self.ask(staff, ana).content.decode()
        KisiGrant.objects.update(retry_at=timezone.now())
        assert 'hx-trigger="every' in self.ask(staff, ana).content.decode()
        KisiConnection.objects.update(status="needs_new_key", look_again=False)
        assert 'hx-trigger="every' not in self.ask(staff, ana).content.decode()

    def test_a_press_in_a_fault_is_followed_until_core_has_tried(self, connected, ana, staff):
        KisiConnection.objects.update(status="in_trouble")
        assert 'hx-trigger="every' in self.ask(staff, ana, "post").content.decode()
        assert 'hx-trigger="every' in self.ask(staff, ana).content.decode()
        connected.sync()
        html = self.ask(staff, ana).content.decode()
        assert 'hx-trigger="every' not in html
        assert "Can get in" in html

    def test_it_is_polled_while_core_is_at_work_and_no_longer(self, connected, staff):
        member = connected.member("Ana")
        assert "hx-trigger" in self.ask(staff, member, "post").content.decode()
        connected.sync()
        html = self.ask(staff, member).content.decode()
        assert 'hx-trigger="every' not in html
        assert "Can get in" in html

    def test_a_poll_with_nothing_new_has_no_content(self, connected, staff):
        member = connected.member("Ana")
        html = self.ask(staff, member, "post").content.decode()
        mark = re.findall(r"seen=(\w+)", html)[0]
        assert self.ask(staff, member, seen=mark).status_code == 204
        connected.sync()
        assert self.ask(staff, member, seen=mark).status_code == 200

    def test_opened_without_scripts_it_is_the_members_page(self, connected, ana, staff):
        assert staff.open("kisi:sync-member", ana.pk).path == f"/members/{ana.pk}/"
