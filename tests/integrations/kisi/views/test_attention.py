"""Failures by cause with their Retry, and held removals to allow or keep (ui.md 4.9)."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.utils import timezone

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Read, Release
from plans.models import Subscription
from tests.conftest import House
from tests.stories import read_kisi

REFUSES = {"method": "POST", "path": "/users", "status": 422}


class TestCauses:
    def test_nothing_is_said_to_need_attention_when_nothing_does(self, connected, admin):
        page = admin.open("kisi:attention")
        assert page.says("Nothing needs attention", "everyone's last attempt went through.")

    def test_refused_details_are_the_gyms_to_correct(self, connected, admin):
        connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        page = admin.open("kisi:attention")
        assert page.says(
            "1 person: Kisi refuses their details",
            "1 person cannot open the doors though they should.",
            "You: correct the member. Core then tries by itself.",
            "Ana",
            "Kisi said: “",
        )

    @pytest.mark.parametrize(
        ("facts", "heading"),
        [
            ({"state": "absent", "trouble": "refused"}, "54 people: Kisi refuses their details"),
            ({"state": "uncertain", "trouble": "unclear"}, "54 people: Kisi did not answer clearly"),
            ({"state": "granted", "held_since": timezone.now()}, "54 removals are held"),
            ({"state": "granted", "suspended": True}, "54 people are suspended in Kisi"),
            ({"state": "absent", "managed": "has the role administrator"}, "54 people are managed in Kisi"),
        ],
    )
    def test_of_more_than_fifty_all_are_found_in_the_members_list(self, connected, admin, facts, heading):
        status = "paused" if "held_since" in facts else "active"
        for number in range(54):
            member = connected.member(f"P{number}", status=status)
            KisiGrant.objects.create(
                connection=connected.connection, email=member.email, name=member.name, member=member, **facts
            )
        page = admin.open("kisi:attention")
        assert page.says(heading, "And 4 more. See all 54 in Members")
        [link] = re.findall(r'<a href="([^"]*)">See all 54', page.html)
        assert admin.open(unescape(link)).says("54 members")

    def test_everybody_without_an_address_is_found_there_too(self, connected, admin):
        for number in range(52):
            connected.member(f"P{number}", email="")
        connected.member("Paused", email="", status="paused")
        [link] = re.findall(r'<a href="([^"]*)">See all 52', admin.open("kisi:attention").html)
        assert admin.open(unescape(link)).says("52 members")

    def test_a_person_the_key_may_not_change_is_an_owners_to_allow(self, connected, admin):
        ana = connected.member("Ana")
        connected.sync()
        connected.subscription(ana).pause()
        connected.world.fault(method="DELETE", path=".*", status=403, times=1)
        connected.sync()
        page = admin.open("kisi:attention")
        assert page.says(
            "1 person: Kisi does not let this key change them",
            "1 person can still open the doors though they should not.",
            "An owner, in Kisi.",
        )

    @pytest.mark.parametrize(
        ("status", "meaning"),
        [
            (403, "1 person can open the doors, but their details in Kisi are not the newest."),
            (422, "1 person can open the doors, but their details in Kisi are not the newest."),
            (500, "1 person had access when Kisi last answered clearly, and Core looks again."),
        ],
    )
    def test_a_name_that_kisi_does_not_take_shuts_nobody_out(self, connected, admin, status, meaning):
        ana = connected.member("Ana")
        connected.sync()
        method = "*" if status == 500 else "PATCH"  # else a look finds out how it stands
        connected.world.fault(method=method, path="/users/.*", status=status, times=0)
        ana.last_name = "Ruiz"
        ana.save()
        connected.sync()
        for name in ("kisi:attention", "kisi:overview"):
            page = admin.open(name)
            assert page.says(meaning)
            assert "though they should" not in page.text

    def test_people_without_an_address_are_the_gyms_to_complete(self, connected, admin):
        connected.member("Ana", email="")
        page = admin.open("kisi:attention")
        assert page.says("1 person has no email address", "Ana")
        assert page.says("Needs attention (1)")

    def test_retry_tries_everybody_of_that_cause(self, connected, admin):
        connected.members(2)
        connected.world.fault(**(REFUSES | {"times": 2}))
        connected.sync()
        page = admin.press(admin.open("kisi:attention"), "Retry 2 people")
        assert page.says("Retrying 2 people.")
        connected.sync()
        assert connected.inside() == ["p000", "p001"]
        assert admin.open("kisi:attention").says("Nothing needs attention")

    @pytest.mark.parametrize(
        ("page", "said"),
        [
            ("kisi:attention", "1 person: Kisi refuses their details"),
            ("kisi:overview", "1 person could not be updated"),
            ("dashboard", "1 person: Kisi refuses their details"),
        ],
    )
    def test_a_retry_paints_nothing_green_before_it_is_tried(self, connected, admin, page, said):
        connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        admin.press(admin.open("kisi:attention"), "Retry 1 person")
        shown = admin.open(page)
        assert shown.says(said)
        assert 'class="tag ok"' not in shown.html
        connected.sync()
        assert 'class="tag ok"' in admin.open("kisi:overview").html

    def test_a_retry_that_is_refused_again_is_parked_again(self, connected, admin):
        connected.member("Ana")
        connected.world.fault(**(REFUSES | {"times": 2}))
        connected.sync()
        admin.press(admin.open("kisi:attention"), "Retry 1 person")
        connected.sync()
        row = connected.grant("ana")
        assert (row.trouble, row.failures, row.retry_at) == ("refused", 1, None)
        connected.calls()
        connected.sync()
        assert not [call for call in connected.calls() if call.startswith("POST")]

    def test_whoever_is_left_to_kisi_has_not_failed(self, connected, admin):
        ana = connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        admin.post("kisi:exempt-member", ana.pk, exempt="1")
        assert admin.open("kisi:attention").says("Nothing needs attention")

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            ("paused", "1 person is tried again once syncing is resumed."),
            ("needs_new_key", "1 person is tried again once there is a new key."),
        ],
    )
    def test_a_retry_says_when_it_cannot_be_now(self, connected, admin, status, said):
        connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        KisiConnection.objects.update(status=status)
        assert admin.press(admin.open("kisi:attention"), "Retry 1 person").says(said)

    @pytest.mark.parametrize("status", ["disconnected", "disconnecting"])
    def test_a_gym_that_leaves_kisi_tries_nobody_again(self, connected, admin, status):
        connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        KisiConnection.objects.update(status=status)
        page = admin.open("kisi:attention")
        assert page.says("1 person: Kisi refuses their details")
        assert not [words for words in page.buttons if words.startswith("Retry")]
        admin.post("kisi:retry", trouble="refused")
        assert connected.grant("ana").retry_at is None

    def test_a_retry_leaves_other_causes_alone(self, connected, admin):
        connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        admin.post("kisi:retry", trouble="forbidden")
        assert connected.grant("ana").trouble == "refused"

    @pytest.mark.parametrize("trouble", ["", "everything", "refused' or 1=1"])
    def test_a_cause_that_is_none_retries_nobody(self, connected, admin, trouble):
        assert admin.post("kisi:retry", trouble=trouble).path == "/marketplace/kisi/attention/"
        assert not connected.connection.look_again

    def test_staff_read_it_and_cannot_retry(self, connected, admin, staff):
        connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        page = staff.open("kisi:attention")
        assert page.says("Kisi refuses their details")
        assert not [words for words in page.buttons if words.startswith("Retry")]


@pytest.fixture
def four_held(connected: House) -> House:
    """Ten have access; four of them were paused by somebody who confirmed no list."""
    people = connected.members(10)
    connected.sync()
    for member in people[:4]:
        Subscription.objects.filter(member=member).update(status="paused", cause="payment failed")
    connected.sync()
    return connected


class TestHeld:
    def test_the_page_says_how_many_of_how_many_and_the_limit(self, four_held, admin):
        assert len(four_held.inside()) == 10
        page = admin.open("kisi:held")
        assert page.h1 == "Review 4 held removals"
        assert page.says(
            "4 of the 10 people with access would lose it within 24 hours. "
            "Your limit is 3, so Core waits for your word.",
            "Until then these 4 people can still open the doors.",
            "P000",
            "Open Door is paused (payment failed)",
            "Removing access also deletes the Kisi profile, and unlock history may be lost.",
        )

    def test_every_page_says_that_they_wait(self, four_held, admin, staff):
        for desk in (admin, staff):
            page = desk.open("kisi:overview")
            assert page.h1 == "Kisi Removals held"
            assert page.says("4 removals are waiting for your word", "your limit of 3 within 24 hours")
        assert "Review 4 removals" in admin.open("kisi:overview").text
        assert "Review 4 removals" not in staff.open("kisi:overview").text

    def test_new_access_is_given_as_usual(self, four_held):
        four_held.member("Ana")
        four_held.sync()
        assert "ana" in four_held.inside()

    def test_allow_removes_those_selected(self, four_held, admin):
        chosen = ["p000@example.com", "p001@example.com"]
        page = admin.press(admin.open("kisi:held"), "Remove access for selected people", email=chosen)
        assert page.says("Access of 2 people is being removed.")
        words = Release.objects.filter(email__in=chosen)
        assert {(word.by, word.cause) for word in words} == {(admin.user, "held removal allowed")}
        four_held.sync()
        assert set(chosen) & {f"{name}@example.com" for name in four_held.inside()} == set()
        assert {"p002", "p003"} <= set(four_held.inside())

    def test_allow_all_removes_all_that_were_shown(self, four_held, admin):
        page = admin.press(admin.open("kisi:held"), "Remove access for all 4")
        assert page.says("Access of 4 people is being removed.")
        four_held.sync()
        assert len(four_held.inside()) == 6
        assert admin.open("kisi:held").says("Nothing is held")

    def test_somebody_held_after_the_page_was_read_is_not_let_go_with_it(self, four_held, admin):
        page = admin.open("kisi:held")
        Subscription.objects.filter(member__email="p009@example.com").update(status="paused")
        four_held.sync()
        admin.press(page, "Remove access for all 4")
        assert not Release.objects.filter(email="p009@example.com").exists()
        assert Release.objects.count() == 4

    def test_who_is_entitled_again_is_left_out(self, four_held, admin):
        page = admin.open("kisi:held")
        Subscription.objects.filter(member__email="p000@example.com").update(status="active")
        page = admin.press(page, "Remove access for all 4")
        assert page.says("Access of 3 people is being removed. 1 person is entitled again and was left out.")
        four_held.sync()
        assert "p000" in four_held.inside()

    def test_keep_leaves_them_their_access_for_thirty_days(self, four_held, admin):
        chosen = ["p000@example.com"]
        page = admin.press(admin.open("kisi:held"), "Keep access for selected people", email=chosen)
        assert page.says("1 person keeps their access.")
        four_held.sync()
        assert four_held.grant("p000").kept_by == admin.user
        assert admin.open("kisi:held").h1 == "Review 3 held removals"
        four_held.clock.forward(days=31)
        four_held.sync()
        assert four_held.grant("p000").held_since is not None or "p000" not in four_held.inside()

    @pytest.mark.parametrize(
        "button", ["Remove access for selected people", "Keep access for selected people"]
    )
    def test_nobody_selected_is_said(self, four_held, admin, button):
        page = admin.press(admin.open("kisi:held"), button)
        assert page.says("There is a problem", "Select at least one person")
        assert not Release.objects.exists()

    @pytest.mark.parametrize(
        ("button", "said"),
        [
            ("Remove access for selected people", "Access of 1 person is being removed."),
            ("Keep access for selected people", "1 person keeps their access."),
        ],
    )
    def test_who_is_not_held_any_more_is_left_out_and_that_is_said(self, four_held, admin, button, said):
        page = admin.open("kisi:held")
        admin.press(page, "Keep access for selected people", email=["p000@example.com"])
        page = admin.press(page, button, email=["p000@example.com", "p001@example.com"])
        assert page.says(f"{said} 1 person is not held any more and was left out.")

    def test_only_those_held_can_be_let_go(self, four_held, admin):
        admin.post("kisi:held", allow="1", email=["p009@example.com"])
        admin.post("kisi:held", all="1", people=str(four_held.grant("p009").pk))
        four_held.sync()
        assert not Release.objects.exists()
        assert len(four_held.inside()) == 10

    def test_staff_are_told_whom_to_ask(self, four_held, admin, staff):
        page = staff.open("kisi:held")
        assert (page.status, "Ask Alice Adams." in page.text) == (403, True)
        assert staff.open("kisi:attention").says("4 removals are held", "An admin, in Core")

    def test_a_decision_is_kept_with_who_made_it(self, four_held, admin):
        admin.press(admin.open("kisi:held"), "Remove access for all 4")
        events = AccessEvent.objects.filter(kind="allowed")
        assert {event.by_id for event in events} == {admin.user.pk}
        assert events.count() == 4


class TestTheDayBefore:
    @pytest.fixture
    def ending(self, connected):
        """Six of ten people have their last day today."""
        members = connected.members(10)
        connected.sync()
        ends = connected.plan.subscriptions.filter(member__in=members[:6])
        ends.update(status="pending_cancel", ends_on=connected.today())
        return members

    def test_ends_over_the_limit_are_named_and_allowed_ahead(self, connected, admin, ending):
        page = admin.open("kisi:attention")
        assert page.says(
            "6 people lose access tomorrow, more than your limit", "Your limit is 3 within 24 hours."
        )
        page = admin.open("kisi:held")
        assert page.says("6 people lose access tomorrow", "P000", "they take effect tomorrow")
        page = admin.press(page, "Allow 6 removals for tomorrow")
        assert page.says("6 people lose access tomorrow, without another question.")
        assert Release.objects.filter(due_on__isnull=False).count() == 6
        assert "lose access tomorrow" not in admin.open("kisi:attention").text

    def test_who_is_entitled_tomorrow_is_not_among_them_though_something_failed(
        self, connected, admin, ending
    ):
        connected.connection.grants.filter(email="p009@example.com").update(
            trouble="refused", last_error="no"
        )
        page = admin.open("kisi:held")
        assert page.says("6 people lose access tomorrow", "P005")
        assert "P009" not in page.text

    def test_only_those_who_were_shown_are_allowed(self, connected, admin, ending):
        page = admin.open("kisi:held")
        connected.plan.subscriptions.filter(member=ending[6]).update(
            status="pending_cancel", ends_on=connected.today()
        )
        admin.press(page, "Allow 6 removals for tomorrow")
        assert not Release.objects.filter(email="p006@example.com").exists()


class TestMainCause:
    def test_a_plan_that_lost_its_24_hr_access_is_named_as_the_cause(self, connected, admin):
        connected.members(10)
        connected.sync()
        type(connected.plan).objects.filter(pk=connected.plan.pk).update(has_24hr_access=False)
        connected.sync()
        page = admin.open("kisi:held")
        assert page.says("10 of the 10 have one cause", "Open Door has no 24-hr access now.")


class TestGoodToKnow:
    def test_shared_addresses_and_managed_people_are_told_and_not_counted(self, connected, admin):
        connected.member("Ana", email="both@example.com")
        connected.member("Ben", email="both@example.com")
        connected.world.make_admin(connected.in_kisi("Cleo", right=False))
        connected.member("Cleo")
        connected.sync()
        page = admin.open("kisi:attention")
        assert page.says("Nothing needs attention", "1 address is shared", "1 person is managed in Kisi")
        assert "Needs attention (" not in page.text

    def test_people_kept_by_an_admin_and_suspended_in_kisi_are_told(self, connected, admin):
        members = connected.members(10)
        connected.sync()
        connected.plan.subscriptions.filter(member__in=members[:6]).update(status="cancelled")
        connected.world.suspend("p009@example.com")
        connected.connection.grants.filter(email="p009@example.com").update(state="uncertain")
        connected.sync()
        page = admin.open("kisi:held")
        admin.press(page, "Keep access for selected people", email="p000@example.com")
        page = admin.open("kisi:attention")
        assert page.says("1 person kept by an admin", "1 person is suspended in Kisi")

    def test_another_program_that_writes_to_the_group_needs_attention(self, connected, admin):
        connected.member("Ana")
        connected.sync()
        for _ in range(3):
            connected.world.remove_right(connected.world.rights_of("ana@example.com")[0])
            read_kisi(connected, Read.FULL)
        page = admin.open("kisi:attention")
        assert page.says("Something else changes 1 person in Kisi", "Ana", "3 times", "switch it off")
