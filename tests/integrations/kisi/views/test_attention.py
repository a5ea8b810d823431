"""Failures by cause with their Retry, and what is good to know (ui.md 4.9)."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from integrations.kisi import numbers
from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Read, Release
from integrations.kisi.sync import switching
from plans.models import Subscription
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

    @pytest.mark.parametrize(
        ("status", "who"),
        [
            ("connected", "Who acts: Nobody: Core looks at Kisi again by itself."),
            ("paused", "Who acts: Nobody: Core looks at Kisi again once syncing is resumed."),
            ("needs_new_key", "Who acts: Nobody: Core looks at Kisi again once there is a new key."),
            ("disconnected", "Who acts: Nobody: Kisi is disconnected, so nothing is tried."),
        ],
    )
    def test_a_next_try_is_told_only_where_there_is_one(self, connected, admin, status, who):
        connected.member("Ana")
        connected.sync()
        facts = {
            "state": "uncertain",
            "trouble": "unclear",
            "retry_at": timezone.now() + timedelta(minutes=7),
        }
        KisiGrant.objects.update(**facts)
        KisiConnection.objects.update(status=status)
        page = admin.open("kisi:attention")
        assert page.says(who, "1 person had access when Kisi last answered clearly")
        assert ("next try" in page.text) == (status == "connected")
        assert ("Core looks again" in page.text) == (status != "disconnected")
        face = {"paused": "Syncing is paused", "needs_new_key": "Kisi no longer accepts the API key"}
        assert page.says(face.get(status, ""))

    def test_a_gym_that_left_kisi_is_asked_about_nobody(self, connected, admin):
        people = connected.members(10)
        connected.sync()
        Subscription.objects.filter(member__in=people[:4]).update(status="paused")
        connected.sync()
        stale = admin.open("kisi:held")
        switching.disconnect(connected.connection, by=admin.user, now=timezone.now())
        for name in ("kisi:attention", "kisi:overview", "dashboard"):
            page = admin.open(name)
            assert "until an admin decides" not in page.text
            assert "4 removals" not in page.text
            assert "4held" not in page.text
        assert admin.open("kisi:held").says("Nothing is held")
        for button in ("Remove access for all 4", "Remove access for selected people"):
            page = admin.press(stale, button, email=["p000@example.com"])
            assert page.says("Nobody's access is being removed.")
        assert not Release.objects.exists()

    def test_whoever_lost_their_address_may_still_be_inside(self, connected, admin):
        people = connected.members(10)
        connected.sync()
        for member in people[:4]:
            member.email = ""
            member.save()
        connected.sync()
        connected.member("Never", email="")
        page = admin.open("kisi:attention")
        assert page.says(
            "Until an admin decides, 4 people can still open the doors.",
            "5 people have no email address",
            "They are entitled, and Core cannot give them access: Kisi knows people by email.",
        )
        found = numbers.of(connected.connection, timezone.now()).counts
        assert (found.failed, found.wrong.shut_out, found.wrong.outdated) == (5, 1, 4)

    def test_a_sync_that_stopped_is_told_once(self, connected, admin):
        connected.member("Ana", email="")
        KisiConnection.objects.update(status="in_trouble")
        Heartbeat.objects.update_or_create(
            name="worker", defaults={"at": timezone.now() - timedelta(hours=1)}
        )
        page = admin.open("kisi:attention")
        assert page.text.count("Core's own sync is not running") == 1

    def test_since_when_is_told_of_everybody(self, connected, admin):
        people = connected.members(10)
        connected.sync()
        Subscription.objects.filter(member__in=people[:4]).update(status="paused")
        connected.member("Ana")
        connected.world.fault(**REFUSES)
        connected.sync()
        page = admin.open("kisi:attention")
        assert len(re.findall(r"P00\d held since today \d\d:\d\d", page.text)) == 4
        assert re.search(r"Ana Kisi said: “[^”]*” · last tried today \d\d:\d\d", page.text)

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
        assert page.says("Kisi refuses their details", "An admin can try them again: Alice Adams.")
        assert not [words for words in page.buttons if words.startswith("Retry")]


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
