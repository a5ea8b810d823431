"""Move-in step by step: what is done, what is next, and the test with one person at the door (ui.md 4.10)."""

from __future__ import annotations

import re

import pytest

from integrations.kisi.models import AccessEvent, KisiConnection
from tests.conftest import House
from tests.desk import Desk, Page
from tests.factories import MemberFactory

NOT_TESTED = "No test is recorded yet. Try the door with one person first."


@pytest.fixture
def moving(house: House) -> House:
    """Old has access from another platform and no plan in Core; nothing is synced yet."""
    house.member("Old", status="cancelled")
    house.in_kisi("Old")
    house.connect()
    return house


def steps(page: Page) -> list[str]:
    """The tag of each of the four."""
    return re.findall(r"<h3>\d.*?</h3><span class=\"tag \w+\">.*?</svg>([^<]+)</span>", page.html, re.DOTALL)


def leads_to_the_cut_over(desk: Desk) -> bool:
    """Whether the step and the overview offer it; both say the same."""
    offers = {
        'href="/marketplace/kisi/move-in/cut-over/"' in desk.open(name).html
        for name in ("kisi:move-in", "kisi:overview")
    }
    (both,) = offers
    return both


def choose(desk: Desk, name: str) -> Page:
    page = desk.press(desk.open("kisi:move-in"), "Find", q=name)
    return desk.press(page, f"Sync this person now ({name})")


class TestTheSteps:
    def test_first_the_plans_come(self, moving, admin):
        moving.plan.has_24hr_access = False
        moving.plan.save()
        page = admin.open("kisi:move-in")
        assert steps(page) == ["Done", "Next", "Cannot start yet", "Cannot start yet"]
        assert page.says("0 of 1 plan has it", "First turn on 24-hr access on a plan.")
        assert "Find" not in page.buttons
        assert not leads_to_the_cut_over(admin)

    def test_then_the_test_and_who_wants_to_may_cut_over_without(self, moving, admin):
        moving.member("Ana")
        page = admin.open("kisi:move-in")
        assert steps(page) == ["Done", "Done", "Next", "Next"]
        assert page.says("4. Cut over Next", NOT_TESTED)
        assert admin.open("kisi:overview").says(NOT_TESTED)
        assert leads_to_the_cut_over(admin)

    def test_then_the_cut_over(self, moving, admin):
        ana = moving.member("Ana")
        moving.sync()
        admin.post("kisi:move-in-record", member=ana.pk, saw="on")
        page = admin.open("kisi:move-in")
        assert steps(page) == ["Done", "Done", "Done", "Next"]
        assert NOT_TESTED not in page.text + admin.open("kisi:overview").text
        assert leads_to_the_cut_over(admin)

    def test_in_the_end_all_is_done(self, moving, admin):
        ana = moving.member("Ana")
        moving.sync()
        admin.post("kisi:move-in-record", member=ana.pk, saw="on")
        admin.press(admin.open("kisi:cut-over"), "Cut over and remove access for 1 person", sure="on")
        page = admin.open("kisi:move-in")
        assert steps(page) == ["Done", "Done", "Done", "Done"]
        assert page.says("Core is the only source since", "Disconnect the other platform")

    def test_the_other_platform_is_kept_only_until_the_cut_over(self, moving, admin):
        keep = "Keep Glofox (or your other platform) connected"
        assert admin.open("kisi:move-in").says(keep, "1. Connect Kisi Done Connected today ")
        KisiConnection.objects.update(sole_source_since=moving.clock.now())
        page = admin.open("kisi:move-in")
        assert keep not in page.text
        assert page.says("Disconnect the other platform from Kisi if you have not done so yet.")

    def test_while_it_is_paused_nobody_can_be_tested(self, moving, admin):
        KisiConnection.objects.update(status="paused")
        page = admin.open("kisi:move-in")
        assert page.says("Kisi has to be connected and not paused for a test.")
        ana = moving.member("Ana")
        moving.calls()
        admin.post("kisi:move-in-test", member=ana.pk)
        assert moving.calls() == []

    def test_while_it_is_paused_the_test_cannot_start(self, moving, admin):
        moving.member("Ana")
        KisiConnection.objects.update(status="paused")
        assert steps(admin.open("kisi:move-in")) == ["Done", "Done", "Cannot start yet", "Next"]

    @pytest.mark.parametrize(("status", "first"), [("disconnected", "Next"), ("disconnecting", "Done")])
    def test_a_gym_that_leaves_kisi_cannot_cut_over(self, moving, admin, status, first):
        moving.member("Ana")
        shown = admin.open("kisi:cut-over")
        KisiConnection.objects.update(status=status)
        page = admin.open("kisi:move-in")
        assert steps(page) == [first, "Done", "Cannot start yet", "Cannot start yet"]
        assert page.says("While Kisi is not connected Core decides about nobody.")
        assert "would lose access" not in page.text + admin.open("kisi:overview").text
        assert not leads_to_the_cut_over(admin)
        admin.press(shown, "Cut over and remove access for 1 person", sure="on")
        assert moving.connection.in_transition

    def test_a_gym_that_left_is_led_back_and_not_told_that_core_decides(self, moving, admin):
        now = moving.clock.now()
        KisiConnection.objects.update(status="disconnected", sole_source_since=now)
        page = admin.open("kisi:move-in")
        assert page.says("Core became the only source today", "Core decides about nobody", "Reconnect")
        assert "Core is the only source" not in page.text


class TestChoosing:
    def test_a_search_finds_by_name_and_address(self, moving, admin):
        moving.member("Ana Ruiz")
        moving.member("Ben")
        assert admin.open("kisi:move-in", q="ruiz ana").says("Ana Ruiz", "ana@example.com")
        assert admin.open("kisi:move-in", q="ben@ex").says("Ben")
        assert admin.open("kisi:move-in", q="nobody").says("Nobody matches “nobody”.")

    def test_whoever_is_not_entitled_cannot_be_chosen(self, moving, admin):
        page = admin.open("kisi:move-in", q="old")
        assert page.says("Old", "no active plan with 24-hr access")
        assert not [words for words in page.buttons if words.startswith("Sync this person")]

    def test_ten_are_shown_and_that_there_are_more(self, moving, admin):
        moving.members(12)
        page = admin.open("kisi:move-in", q="p0")
        assert len([words for words in page.buttons if words.startswith("Sync this person")]) == 10
        assert page.says("More members match.")

    def test_a_member_of_another_gym_is_not_found(self, moving, admin):
        other = MemberFactory(first_name="Ana")
        assert "Ana" not in admin.open("kisi:move-in", q="ana").text.replace("“ana”", "")
        assert "Ana" not in admin.open("kisi:move-in", member=other.pk).text
        assert admin.post("kisi:move-in-test", member=other.pk).status == 404
        assert admin.post("kisi:move-in-record", member=other.pk, saw="on").status == 404


class TestTheTest:
    def test_one_press_and_the_five_lines_are_there(self, moving, admin):
        moving.member("Ana")
        page = choose(admin, "Ana")
        assert page.says(
            "Kisi was asked about Ana.", "Testing with Ana", "Core is adding Ana.", "Core is at work."
        )
        assert "Record the test" not in page.buttons
        moving.sync()
        page = admin.open(page.path)
        assert page.says("Now let Ana open the door", "I saw the door open for Ana")
        assert "Record the test" in page.buttons

    def test_recorded_it_is_kept_with_who_saw_it_and_when(self, moving, admin):
        ana = moving.member("Ana")
        page = choose(admin, "Ana")
        moving.sync()
        page = admin.press(admin.open(page.path), "Record the test", saw="on")
        assert page.says("The test with Ana is recorded.", "Alice Adams saw the door open for Ana, today ")
        connection = moving.connection
        assert (connection.tested_by, connection.tested_member) == (admin.user, ana)
        event = AccessEvent.objects.get(cause="the door opened in a test")
        assert (event.by_id, event.member_id) == (admin.user.pk, ana.pk)

    def test_with_somebody_whom_core_leaves_to_kisi_it_cannot_be_done(self, moving, admin):
        """The owner of the gym is the first whom many would try."""
        moving.world.make_admin(moving.in_kisi("Ana", right=False))
        moving.member("Ana")
        page = choose(admin, "Ana")
        moving.sync()
        page = admin.open(page.path)
        assert page.says("Core leaves Ana to Kisi, so a test with Ana tells nothing of Core.")
        assert "Record the test" not in page.buttons

    def test_without_the_tick_nothing_is_recorded(self, moving, admin):
        moving.member("Ana")
        page = choose(admin, "Ana")
        moving.sync()
        page = admin.press(admin.open(page.path), "Record the test")
        assert page.title.startswith("Error: ")
        assert page.says("There is a problem", "Tick the box once you have seen the door open")
        assert moving.connection.tested_at is None

    def test_before_core_has_confirmed_it_nothing_is_recorded(self, moving, admin):
        """Another platform may have opened the door."""
        ana = moving.member("Ana")
        page = admin.post("kisi:move-in-record", member=ana.pk, saw="on")
        assert page.says("Core has not confirmed Ana's access yet.")
        assert moving.connection.tested_at is None

    def test_once_the_member_is_gone_the_record_stays(self, moving, admin):
        ana = moving.member("Ana")
        moving.sync()
        admin.post("kisi:move-in-record", member=ana.pk, saw="on")
        ana.delete()
        assert admin.open("kisi:move-in").says("Alice Adams saw the door open for a member who has left")

    def test_staff_may_not(self, moving, staff):
        ana = moving.member("Ana")
        moving.sync()
        for name in ("kisi:move-in-test", "kisi:move-in-record"):
            assert staff.post(name, member=ana.pk, saw="on").status == 403
        assert moving.connection.tested_at is None

    @pytest.mark.parametrize("posted", ["", "x", "99999999999999999999"])
    def test_nobody_chosen_is_not_found(self, moving, admin, posted):
        assert admin.post("kisi:move-in-test", member=posted).status == 404


@pytest.mark.parametrize("count", [10, 200])
def test_it_asks_the_database_the_same_few_questions(moving, admin, count, django_assert_max_num_queries):
    moving.members(count)
    admin.open("kisi:move-in", q="p0")
    with django_assert_max_num_queries(15):
        admin.open("kisi:move-in", q="p0")


class TestBeforeKisiIsConnected:
    """A gym that comes from another platform finds the four steps before the first one is done."""

    def test_the_four_steps_begin_with_connecting(self, house, admin):
        page = admin.open("kisi:move-in")
        assert page.says(
            "1. Connect Kisi Next", "2. Turn on 24-hr access on your plans Done", "1 of 1 plan has it"
        )
        assert page.says("3. Test with one person Cannot start yet", "4. Cut over Cannot start yet")

    def test_the_page_of_a_gym_without_kisi_leads_there(self, house, admin, staff):
        page = admin.open("kisi:overview")
        assert page.says("Coming from Glofox or another platform?")
        assert 'href="/marketplace/kisi/move-in/"' in page.html
        assert "Coming from" not in staff.open("kisi:overview").text
