"""Held removals to allow or keep, and those of tomorrow (ui.md 4.9)."""

from __future__ import annotations

import pytest
from django.core import mail

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Release
from integrations.kisi.sync import restoring, switching
from plans.models import Subscription
from tests.conftest import House


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
            "Until an admin decides, these 4 people can still open the doors.",
            "P000",
            "Open Door is paused (payment failed)",
            "Removing access also deletes the Kisi profile, and unlock history may be lost.",
        )

    def test_nobody_is_said_to_open_doors_that_the_group_has_not(self, four_held, admin):
        KisiConnection.objects.update(doors=[])
        shut = "still have access, but the group 24-hr Access opens no doors."
        assert admin.open("kisi:held").says(f"Until an admin decides, these 4 people {shut}")
        assert admin.open("kisi:attention").says(f"Until an admin decides, 4 people {shut}")

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

    def test_of_two_words_about_one_person_the_later_counts(self, four_held, admin):
        chosen = ["p000@example.com"]
        stale = admin.open("kisi:held")
        admin.press(admin.open("kisi:held"), "Remove access for selected people", email=chosen)
        page = admin.press(stale, "Keep access for selected people", email=chosen)
        assert page.says("1 person keeps their access.")
        four_held.sync()
        assert "p000" in four_held.inside()
        assert not Release.objects.exists()

    def test_whose_removal_has_begun_is_not_kept_and_that_is_said(self, four_held, admin):
        chosen = ["p000@example.com"]
        stale = admin.open("kisi:held")
        KisiGrant.objects.filter(email__in=chosen).update(state="revoking")
        page = admin.press(stale, "Keep access for selected people", email=chosen)
        assert page.says("1 person is not held any more and was left out.")

    def test_while_paused_it_says_when_the_access_goes(self, four_held, admin):
        page = admin.open("kisi:held")
        switching.pause(four_held.connection, by=admin.user, now=four_held.clock.now())
        page = admin.press(page, "Remove access for all 4")
        assert page.says("Access of 4 people is removed once syncing is resumed.")

    def test_the_rest_of_a_decided_batch_is_not_called_more_than_the_limit(self, four_held, admin):
        chosen = ["p000@example.com", "p001@example.com"]
        admin.press(admin.open("kisi:held"), "Keep access for selected people", email=chosen)
        assert admin.open("kisi:held").says(
            "2 of the 10 people with access would lose it. They were among more than your limit of 3 "
            "within 24 hours, or nobody has agreed to their removal yet. Until an admin decides,"
        )
        page = admin.open("kisi:overview")
        assert page.says(
            "2 removals are waiting", "They were among more than your limit of 3 within 24 hours, or nobody"
        )
        admin.press(admin.open("kisi:held"), "Keep access for selected people", email=["p002@example.com"])
        assert admin.open("kisi:overview").says("It was among more than your limit of 3 within 24 hours, or")

    def test_the_rest_is_mailed_without_a_limit_that_it_is_over(self, four_held, admin):
        chosen = ["p000@example.com", "p001@example.com"]
        admin.press(admin.open("kisi:held"), "Keep access for selected people", email=chosen)
        mail.outbox.clear()
        four_held.clock.forward(hours=25)
        four_held.sync()
        [told] = [one.body for one in mail.outbox if "removals of door access" in one.subject]
        assert "2 of 10 people with access would lose it. They were among more than your limit of 3" in told
        assert "your limit is" not in told

    def test_where_nobody_has_to_be_asked_any_more_no_limit_is_named(self, connected, admin):
        people = connected.members(4)
        connected.sync()
        Subscription.objects.filter(member__in=people[:3]).update(status="paused")
        connected.sync()
        chosen = ["p000@example.com", "p001@example.com"]
        admin.press(admin.open("kisi:held"), "Remove access for selected people", email=chosen)
        connected.sync()
        page = admin.open("kisi:held")
        assert page.says("It was among more than your limit, or nobody has agreed to it yet.")
        assert admin.open("kisi:overview").says(
            "It was among more than your limit, or nobody has agreed to it yet."
        )

    def test_after_a_backup_it_is_said_that_this_is_why(self, connected, admin):
        people = connected.members(10)
        connected.sync()
        restoring.restored(connected.connection, now=connected.clock.now())
        Subscription.objects.filter(member=people[0]).update(status="paused")
        connected.sync()
        words = "The database was restored from a backup, so Core removes nobody without your word."
        page = admin.open("kisi:held")
        assert page.says("1 of the 10 people with access would lose it.", words)
        assert "limit" not in page.text
        assert words in mail.outbox[-1].body

    def test_who_is_entitled_again_while_nothing_is_written_is_marked(self, four_held, admin):
        switching.pause(four_held.connection, by=admin.user, now=four_held.clock.now())
        Subscription.objects.filter(member__email="p000@example.com").update(status="active")
        assert admin.open("kisi:held").says("entitled again: Open Door is active")

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

    def test_few_ends_are_told_as_over_the_limit_only_together_with_those_before(self, connected, admin):
        people = connected.members(10)
        connected.sync()
        Subscription.objects.filter(member__in=people[:2]).update(status="cancelled")
        connected.sync()
        ends = Subscription.objects.filter(member__in=people[2:4])
        ends.update(status="pending_cancel", ends_on=connected.today())
        connected.sync()
        limit = "With those who lost it shortly before, that is more than your limit of 3 within 24 hours. {} these"
        for name, then in (("kisi:attention", "Allow"), ("kisi:held", "If")):
            page = admin.open(name)
            assert page.says("2 people lose access tomorrow if you allow it", limit.format(then))
        assert admin.open("dashboard").says("2 people lose access tomorrow if you allow it")
        told = mail.outbox[-1]
        assert told.subject == "Harbor Gym: 2 people lose door access tomorrow if you allow it"
        assert "With those who lost it shortly before, that is more than your limit of 3" in told.body

    @pytest.mark.parametrize("status", ["paused", "disconnecting", "disconnected"])
    def test_nobody_is_said_to_lose_access_tomorrow_where_nothing_goes_by_itself(
        self, connected, admin, ending, status
    ):
        page = admin.open("kisi:held")
        KisiConnection.objects.update(status=status)
        for name in ("kisi:attention", "kisi:held", "dashboard"):
            assert "lose access tomorrow" not in admin.open(name).text
        page = admin.press(page, "Allow 6 removals for tomorrow")
        assert page.says("Nobody on that list waits for your word any more.")
        assert not Release.objects.exists()

    def test_after_a_backup_no_limit_of_none_is_told(self, connected, admin, ending):
        KisiConnection.objects.update(restored_at=connected.clock.now())
        assert "limit is 0" not in admin.open("kisi:attention").text

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
        assert page.says("All 10 have one cause", "Open Door has no 24-hr access now.")
