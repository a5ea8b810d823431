"""A member's page with Kisi behind it: the reason, the presses, and what is asked before access ends."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Release
from members.models import Member
from tests.conftest import House
from tests.desk import Desk, Page
from tests.factories import PlanFactory, SubscriptionFactory


@pytest.fixture
def ana(connected: House) -> Member:
    """She has access."""
    member = connected.member("Ana Ruiz")
    connected.sync()
    assert connected.inside() == ["ana"]
    return member


def act(desk: Desk, member: Member, action: str, **query: object) -> Page:
    row = member.subscriptions.order_by("pk").first()
    return desk.open("subscriptions:act", member.pk, row.pk, action)


class TestThePage:
    def test_it_says_whether_she_can_get_in_and_why(self, connected, ana, staff):
        page = staff.open("members:detail", ana.pk)
        assert page.h1 == "Ana Ruiz"
        assert page.says("Can get in", "Ana can get in: Open Door is active.", "Ana Ruiz got access")

    def test_what_kisi_last_said_and_the_next_try_are_there(self, connected, staff):
        connected.world.fault(method="POST", path="/users", status=422, times=0)
        member = connected.member("Ana")
        connected.sync()
        page = staff.open("members:detail", member.pk)
        assert page.says("Failed", "Ana should get in, but Kisi refused.", "Kisi said: “", "Kisi last said")

    def test_who_has_no_access_sees_the_rule_and_when_core_looks_again_too(self, connected, ana, staff):
        looks = re.compile(
            r"Core's rule Open Door is (\w+) (Kisi last said No access any more, .*)?Next look .*:"
        )
        assert looks.search(staff.open("members:detail", ana.pk).text)[1] == "active"
        connected.subscription(ana).pause()
        connected.sync()
        found = looks.search(staff.open("members:detail", ana.pk).text)
        assert found[1] == "paused"
        assert found[2].startswith("Kisi last said No access any more, today")
        never = staff.open("members:detail", connected.member("Ben", status="paused").pk)
        assert "Kisi last said" not in never.text
        assert looks.search(never.text)

    def test_who_may_have_another_way_in_is_not_said_to_have_no_access(self, connected, ana, staff):
        connected.subscription(ana).pause()
        connected.sync()
        KisiGrant.objects.update(other_way=True)
        page = staff.open("members:detail", ana.pk)
        assert page.says(
            "but a Kisi team or another group may", "Kisi last said Not in the group any more, today"
        )

    @pytest.mark.parametrize("facts", [{"status": "paused"}, {"status": "disconnected"}])
    def test_no_look_is_promised_while_nothing_runs(self, connected, ana, staff, facts):
        KisiConnection.objects.update(**facts)
        assert "Next look" not in staff.open("members:detail", ana.pk).text

    def test_a_held_removal_leads_an_admin_to_the_review(self, connected, ana, admin, staff):
        connected.subscription(ana).pause()
        KisiGrant.objects.update(held_since=timezone.now())
        page = admin.open("members:detail", ana.pk)
        assert 'href="/marketplace/kisi/attention/held/"' in page.html
        assert page.says("Review the held removals")
        page = staff.open("members:detail", ana.pk)
        assert 'href="/marketplace/kisi/attention/held/"' not in page.html
        assert page.says("An admin can decide this: Alice Adams.")
        assert staff.open("members:list").says("Held Open Door is paused")

    def test_who_kept_the_access_when_the_gym_left_kisi(self, connected, ana, staff):
        KisiConnection.objects.update(status="disconnected", status_since=timezone.now())
        page = staff.open("members:detail", ana.pk)
        assert page.says("Ana kept the access: Kisi was disconnected on ", "Kisi last confirmed this today")
        connected.member("Ben")
        page = staff.open("members:list", access="left")
        assert page.says("1 member", "Kept kept when Kisi was disconnected")
        assert "Ben" not in page.text

    @pytest.mark.parametrize(
        ("facts", "confirmed"),
        [
            ({}, "Kisi confirmed this today"),
            ({"kept_until": timezone.now()}, "Kisi confirmed this today"),
            ({"suspended": True}, "Kisi last confirmed the access today"),
            ({"held_since": timezone.now()}, "Kisi last confirmed the access today"),
        ],
    )
    def test_kisi_is_said_to_confirm_only_what_it_confirmed(self, connected, ana, staff, facts, confirmed):
        if "suspended" not in facts and facts:
            connected.subscription(ana).pause()
        KisiGrant.objects.update(**facts)
        assert staff.open("members:detail", ana.pk).says(confirmed)

    def test_what_stays_while_the_gym_leaves_kisi_is_nothing_that_kisi_confirmed(self, connected, ana, staff):
        KisiConnection.objects.update(status="disconnecting")
        page = staff.open("members:detail", ana.pk)
        assert page.says("Ana keeps the access", "Kisi last confirmed the access today")

    def test_without_an_address_it_offers_to_add_one(self, connected, staff):
        page = staff.open("members:detail", connected.member("Ana", email="").pk)
        assert page.says("Kisi knows people by email, and Core has none for Ana.", "Add an email")
        assert not [words for words in page.buttons if words.startswith("Sync now")]

    def test_the_list_shows_a_tag_and_a_short_reason(self, connected, ana, staff):
        connected.member("Ben", status="paused")
        page = staff.open("members:list")
        assert page.says("Can get in Open Door is active", "Can't get in Open Door is paused")


class TestLeftToKisi:
    def test_core_then_neither_gives_nor_removes(self, connected, ana, admin):
        page = admin.open("members:detail", ana.pk)
        page = admin.press(page, "Leave this person's door access to Kisi")
        assert page.says(
            "Ana's door access is left to Kisi.", "Managed in Kisi, not by Core: Alice Adams decided"
        )
        connected.subscription(ana).pause()
        connected.calls()
        connected.sync()
        assert connected.inside() == ["ana"]
        assert [call for call in connected.calls() if not call.startswith("GET")] == []

    def test_it_is_told_of_a_changed_address_before_the_word_goes_along(self, connected, ana, admin):
        admin.press(admin.open("members:detail", ana.pk), "Leave this person's door access to Kisi")
        KisiConnection.objects.update(status="paused")
        Member.objects.update(email="new@example.com")
        page = admin.open("members:detail", ana.pk)
        assert page.says("Managed in Kisi, not by Core: Alice Adams decided", "Let Core decide again")
        assert page.says("Then the subscriptions decide about the access again.")
        Member.objects.update(email="")
        page = admin.open("members:detail", ana.pk)
        assert page.says("Core has none for Ana.", "The door access of ana@example.com is left to Kisi")

    def test_it_is_kept_with_who_decided(self, connected, ana, admin):
        admin.press(admin.open("members:detail", ana.pk), "Leave this person's door access to Kisi")
        event = AccessEvent.objects.get(kind="exempted")
        assert (event.by_id, event.member_id) == (admin.user.pk, ana.pk)
        row = KisiGrant.objects.get()
        assert (row.exempt, row.exempt_by) == (True, admin.user)

    def test_taken_back_core_decides_again(self, connected, ana, admin):
        admin.press(admin.open("members:detail", ana.pk), "Leave this person's door access to Kisi")
        connected.subscription(ana).pause()
        page = admin.press(admin.open("members:detail", ana.pk), "Let Core decide again")
        assert page.says("Core decides about Ana's door access again.")
        connected.sync()
        assert connected.inside() == []

    def test_staff_may_not(self, connected, ana, staff):
        page = staff.open("members:detail", ana.pk)
        assert "Leave this person's door access to Kisi" not in page.buttons
        assert staff.post("kisi:exempt-member", ana.pk, exempt="1").status == 403


class TestActionsThatEndAccess:
    def test_a_pause_asks_first_and_changes_nothing(self, connected, ana, staff):
        page = act(staff, ana, "pause")
        assert page.h1 == "Pause Open Door for Ana?"
        assert page.says(
            "Ana loses access within seconds.", "The Kisi profile is deleted, and unlock history may be lost."
        )
        assert connected.subscription(ana).status == "active"

    def test_confirmed_it_is_the_word_and_she_is_out(self, connected, ana, staff):
        page = staff.press(act(staff, ana, "pause"), "Pause and remove access", cause="payment failed")
        assert page.says("Open Door is paused. Ana is losing access.")
        assert Release.objects.get().by == staff.user
        connected.sync()
        assert connected.inside() == []
        page = staff.open("members:detail", ana.pk)
        assert page.says("Ana can't get in: Open Door is paused (payment failed).", "Ana Ruiz lost access")

    def test_who_has_no_access_yet_is_told_of_no_removal(self, connected, staff):
        connected.world.fault(method="POST", path="/users", status=422, times=0)
        ben = connected.member("Ben")
        connected.sync()
        page = act(staff, ben, "pause")
        assert page.says("Ben has no access yet, and gets none.")
        assert "profile" not in page.text
        assert "This is your word" not in page.text
        assert staff.press(page, "Pause").says("Open Door is paused. Ben has no access yet, and gets none.")
        assert staff.open("members:delete", ben.pk).says("Delete Ben")

    def test_who_keeps_access_until_the_cut_over_is_told_so_after_the_press(self, connected, ana, staff):
        KisiConnection.objects.update(sole_source_since=None)
        KisiGrant.objects.update(origin="adopted")
        page = staff.press(act(staff, ana, "pause"), "Pause")
        assert page.says("Open Door is paused. Ana Ruiz can still get in until you cut over.")

    def test_a_press_that_was_not_asked_is_asked(self, connected, ana, staff):
        row = connected.subscription(ana)
        page = staff.post("subscriptions:act", ana.pk, row.pk, "cancel-now")
        assert page.h1 == "Cancel Open Door for Ana now?"
        assert connected.subscription(ana).status == "active"

    def test_one_of_two_says_through_what_she_keeps_it(self, connected, ana, staff):
        SubscriptionFactory(member=ana, plan=PlanFactory(gym=connected.gym, name="Day and Night"))
        page = act(staff, ana, "pause")
        assert page.says("Ana keeps access through Day and Night.")
        page = staff.press(page, "Pause")
        assert page.says("Open Door is paused. Ana keeps access through Day and Night.")
        assert not Release.objects.exists()
        connected.sync()
        assert connected.inside() == ["ana"]

    def test_a_cancel_for_later_ends_nothing_now(self, connected, ana, staff):
        page = act(staff, ana, "schedule-cancel")
        page = staff.press(page, "Schedule cancel", on=connected.today().isoformat())
        assert page.says("Open Door is cancelled from the end of")
        assert page.says("Ana can get in until the end of", "Open Door is cancelled from then.")
        assert not Release.objects.exists()

    def test_a_resume_gives_it_back(self, connected, ana, staff):
        staff.press(act(staff, ana, "pause"), "Pause and remove access")
        connected.sync()
        page = staff.press(act(staff, ana, "resume"), "Resume")
        assert page.says("Open Door is active again. Ana is getting access.")
        connected.sync()
        assert connected.inside() == ["ana"]

    def test_another_who_shares_the_address_keeps_it_open(self, connected, ana, staff):
        connected.member("Ben", email="ana@example.com")
        page = act(staff, ana, "pause")
        assert page.says("Ana keeps access through Ben's Open Door, who has the same address.")
        staff.press(page, "Pause")
        connected.sync()
        assert connected.inside() == ["ana"]

    def test_whoever_has_the_same_address_is_named_with_her(self, connected, ana, staff):
        connected.member("Ben", email="ana@example.com", status="paused")
        said = "Ben has the same address, so the same door access."
        assert act(staff, ana, "pause").says("Ana loses access within seconds.", said)
        assert staff.open("members:delete", ana.pk).says("Access is removed in Kisi too.", said)

    def test_a_gym_that_left_kisi_is_asked_nothing(self, connected, ana, staff):
        KisiConnection.objects.update(status="disconnected")
        page = act(staff, ana, "pause")
        assert staff.press(page, "Pause").says("Open Door is paused.")


class TestDetails:
    def test_a_new_address_gets_access_before_the_old_goes(self, connected, ana, staff):
        page = staff.open("members:edit", ana.pk)
        page = staff.press(page, "Save details", email="ana.ruiz@example.com")
        words = "Saved. ana.ruiz@example.com gets access first, then ana@example.com is removed from Kisi."
        assert page.says(words)
        connected.sync()
        assert connected.inside() == ["ana.ruiz"]

    def test_an_address_whose_profile_is_kept_is_not_said_to_be_removed(self, connected, ana, staff):
        KisiConnection.objects.update(keep_profiles=True)
        page = staff.press(staff.open("members:edit", ana.pk), "Save details", email="new@example.com")
        assert page.says("Saved. new@example.com gets access first, then ana@example.com loses access.")
        connected.sync()
        assert connected.world.user_by_email("ana@example.com") is not None

    def test_no_address_any_more_ends_access_and_is_asked(self, connected, ana, staff):
        page = staff.press(staff.open("members:edit", ana.pk), "Save details", email="")
        assert page.h1 == "Remove the email of Ana Ruiz?"
        ana.refresh_from_db()
        assert ana.email == "ana@example.com"
        staff.press(page, "Save and remove access")
        connected.sync()
        assert connected.inside() == []

    @pytest.mark.parametrize(
        ("after", "said"),
        [
            ("new@example.com", "ana@example.com can still get in until Kisi has confirmed new@example.com."),
            ("", "ana@example.com loses access once syncing is resumed: there is no email any more."),
        ],
    )
    def test_an_address_that_still_opens_the_doors_is_told(self, connected, ana, staff, after, said):
        KisiConnection.objects.update(status="paused")
        page = staff.press(staff.open("members:edit", ana.pk), "Save details", email=after)
        page = page if after else staff.press(page, "Save and remove access")
        assert page.says(said)
        KisiConnection.objects.update(status="connected")
        connected.sync()
        assert "ana@example.com can" not in staff.open("members:detail", ana.pk).text

    def test_a_held_removal_under_a_former_address_is_told(self, connected, ana, staff):
        Member.objects.filter(pk=ana.pk).update(email="")
        KisiGrant.objects.update(held_since=timezone.now())
        page = staff.open("members:detail", ana.pk)
        assert page.says(
            "Core has none for Ana.", "ana@example.com can still get in: the removal is held since"
        )

    def test_an_address_that_somebody_else_has_now_is_theirs(self, connected, ana, staff):
        Member.objects.filter(pk=ana.pk).update(email="new@example.com")
        connected.member("Ben", email="ana@example.com", status="paused")
        assert "ana@example.com can" not in staff.open("members:detail", ana.pk).text

    def test_a_new_address_of_somebody_without_access_removes_nothing(self, connected, staff):
        ben = connected.member("Ben")
        page = staff.press(staff.open("members:edit", ben.pk), "Save details", email="new@example.com")
        assert page.says("Saved. new@example.com is getting access.")
        page = staff.press(staff.open("members:edit", ben.pk), "Save details", email="")
        assert page.says("Saved.", "Core has none for Ben.")

    def test_another_case_is_the_same_person(self, connected, ana, staff):
        page = staff.press(staff.open("members:edit", ana.pk), "Save details", email=" ANA@Example.com ")
        assert page.says("Saved.")
        connected.calls()
        connected.sync()
        assert [call for call in connected.calls() if not call.startswith("GET")] == []

    def test_deleting_her_ends_access_and_is_asked(self, connected, ana, staff):
        page = staff.open("members:delete", ana.pk)
        assert page.says("This cannot be undone.", "Access is removed in Kisi too.")
        page = staff.press(page, "Delete Ana Ruiz and remove access")
        assert page.says("Ana Ruiz is deleted. Access is being removed in Kisi too.")
        connected.sync()
        assert connected.inside() == []
        assert connected.world.user_by_email("ana@example.com") is None
