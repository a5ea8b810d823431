"""A preview writes nothing and keeps nothing; everybody has one line, with the group and the reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.access.facts import wish_of
from integrations.kisi import explain
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Preview, PreviewLine, Release
from integrations.kisi.sync import deciding, preview
from members.models import Member
from plans.models import Subscription
from tests.conftest import House
from tests.factories import SubscriptionFactory
from tests.stories import written


def make(house: House) -> Preview:
    asked = preview.ask(house.connection, by=None, now=house.clock.now())
    preview.make(asked.pk, clock=house.clock)
    asked.refresh_from_db()
    return asked


def groups(shown: Preview) -> dict[str, str]:
    """Who stands where, by first name."""
    return {line.email.partition("@")[0] or line.name: line.group for line in shown.lines.all()}


def reason(shown: Preview, who: str) -> str:
    return shown.lines.get(email=f"{who}@example.com").reason


@pytest.fixture
def mixed(house: House) -> House:
    """One of everything that a gym with Core as its only source can have; nothing of it is synced yet."""
    for name in ("Kept", "Gone", "Back", "Renamed", "Swapped"):
        house.member(name)
    house.in_kisi("Cleaner")
    house.connect()
    house.sync()
    world = house.world
    world.remove_right(world.rights_of("back@example.com")[0])
    swapped = world.rights_of("swapped@example.com")[0]
    world.remove_right(swapped)
    world.give(world.person("swapped@example.com"))
    Subscription.objects.filter(member__first_name="Gone").update(status="paused", cause="payment failed")
    Member.objects.filter(first_name="Renamed").update(last_name="Ruiz")
    house.member("New", ends_on=house.today() + timedelta(days=3))
    house.member("There")
    house.in_kisi("There")
    for name in ("Boss", "Chief"):
        world.make_admin(house.in_kisi(name, right=name == "Boss"))
        house.member(name)
    house.member("Mute", email="")
    house.calls()
    written(house)
    return house


class TestMaking:
    def test_everybody_stands_in_one_group(self, mixed):
        assert groups(make(mixed)) == {
            "kept": "unchanged",
            "gone": "lose",
            "back": "put_back",
            "renamed": "rename",
            "swapped": "adopt",
            "cleaner": "only_in_kisi",
            "new": "give",
            "there": "adopt",
            "boss": "managed",
            "chief": "managed",
            "Mute": "conflict",
        }

    def test_each_line_has_its_reason(self, mixed):
        shown = make(mixed)
        on = mixed.today() + timedelta(days=3)
        assert reason(shown, "new").startswith(f"Open Door is active until the end of {on.day} ")
        assert reason(shown, "kept") == "Open Door is active"
        assert reason(shown, "gone") == "Open Door is paused (payment failed)"
        assert reason(shown, "back") == "Open Door is active"
        assert reason(shown, "renamed") == "is called Renamed in Kisi"
        assert reason(shown, "there") == "Open Door is active"
        assert reason(shown, "boss") == reason(shown, "chief") == "has the role administrator"
        assert reason(shown, "cleaner") == "is no member of this gym"
        assert shown.lines.get(email="").reason == "has no email address, and Kisi knows people by email"

    def test_nothing_is_written_at_kisi(self, mixed):
        make(mixed)
        assert written(mixed) == []

    def test_nothing_is_kept_in_the_ledger_or_the_activity(self, mixed):
        rows, events = list(KisiGrant.objects.order_by("pk").values()), AccessEvent.objects.count()
        make(mixed)
        assert list(KisiGrant.objects.order_by("pk").values()) == rows
        assert AccessEvent.objects.count() == events
        assert not Release.objects.exists()

    def test_it_asks_nobody_to_sync(self, mixed):
        before = KisiConnection.objects.values("look_again", "want_read", "lease_until", "fence").get()
        make(mixed)
        assert (
            KisiConnection.objects.values("look_again", "want_read", "lease_until", "fence").get() == before
        )

    def test_a_run_that_holds_the_lease_is_not_in_its_way(self, mixed):
        KisiConnection.objects.update(lease_until=mixed.clock.now() + timedelta(minutes=1), fence=7)
        assert make(mixed).state == "ready"
        assert KisiConnection.objects.get().fence == 7

    def test_while_moving_in_whoever_core_did_not_create_stays(self, house):
        house.member("Old", status="cancelled")
        house.in_kisi("Old")
        house.member("Ana")
        house.connect()
        assert groups(make(house)) == {"old": "cut_over", "ana": "give"}

    def test_an_old_address_says_which_one_took_its_place(self, house):
        """Old has a plan that opens the doors, by the new address; that is no reason against the old one."""
        old, odd = (house.member(name, status="cancelled") for name in ("Old", "Odd"))
        for name in ("Old", "Odd"):
            house.in_kisi(name)
        house.connect()
        house.subscription(old).delete()
        SubscriptionFactory(member=old, plan=house.plan)
        Member.objects.filter(pk=old.pk).update(email="new@example.com")
        Member.objects.filter(pk=odd.pk).update(email="")
        shown = make(house)
        assert groups(shown) == {"old": "cut_over", "odd": "cut_over", "new": "give"}
        assert reason(shown, "old") == "the email is new@example.com now"
        assert reason(shown, "odd") == "there is no email any more"
        assert "no plan" not in explain.group("cut_over", 2)[1]

    def test_an_address_that_somebody_else_has_now_is_told_by_their_plan(self, connected):
        ana = connected.member("Ana")
        connected.sync()
        Member.objects.filter(pk=ana.pk).update(email="new@example.com")
        connected.member("Ben", status="paused", email="ana@example.com")
        assert reason(make(connected), "ana") == "Open Door is paused"

    def test_a_person_who_is_deleted_is_no_member_any_more(self, connected):
        ana = connected.member("Ana")
        connected.sync()
        ana.delete()
        assert reason(make(connected), "ana") == "is no member any more"

    def test_whoever_failed_needs_a_person_with_kisis_words(self, connected):
        connected.world.fault(method="POST", path="/users", status=422, times=0)
        connected.member("Ana")
        connected.sync()
        shown = make(connected)
        assert groups(shown) == {"ana": "conflict"}
        assert "Kisi said: “" in reason(shown, "ana")

    def test_whoever_waits_for_another_try_is_told_apart(self, connected):
        connected.member("Ana")
        connected.sync()
        KisiGrant.objects.update(retry_at=connected.clock.now() + timedelta(hours=1))
        connected.subscription(Member.objects.get()).pause()
        row = KisiGrant.objects.get()
        KisiGrant.objects.update(wish=wish_of(row.email, None))
        assert groups(make(connected)) == {"ana": "waiting"}

    def test_held_removals_are_among_those_who_lose(self, connected):
        members = connected.members(10)
        connected.sync()
        connected.plan.subscriptions.filter(member__in=members[:6]).update(status="cancelled")
        connected.sync()
        shown = make(connected)
        assert shown.lines.filter(group="lose").count() == 6
        assert len(deciding.held(connected.connection)) == 6
        assert reason(shown, "p000") == "Open Door was cancelled; the removal is held"
        deciding.allow(connected.connection, ["p000@example.com"], by=None, now=connected.clock.now())
        assert reason(make(connected), "p000") == "Open Door was cancelled"

    def test_it_tells_the_limit_that_a_sync_would_hold_at(self, connected):
        members = connected.members(10)
        connected.sync()
        connected.plan.subscriptions.filter(member__in=members[:6]).update(status="cancelled")
        shown = make(connected)
        assert (shown.limit, shown.lines.filter(group="lose").count()) == (3, 6)

    def test_two_kisi_people_with_one_address_need_a_person(self, connected):
        connected.member("Ana")
        connected.sync()
        twin = connected.world.add_user("ANA@example.com ", "Ana Again")
        connected.world.give(twin)
        assert groups(make(connected)) == {"ana": "conflict"}

    def test_an_exempt_person_is_left_to_kisi(self, connected):
        ana = connected.member("Ana")
        deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
        shown = make(connected)
        assert (groups(shown), reason(shown, "ana")) == ({"ana": "managed"}, "is left to Kisi by an admin")


class TestWhenKisiCannotBeRead:
    @pytest.mark.parametrize(
        ("status", "failure"), [(401, "KeyRejected"), (403, "KeyTooWeak"), (500, "NoAnswer")]
    )
    def test_it_says_so_and_holds_nothing(self, connected, status, failure):
        connected.world.fault(status=status, times=0)
        shown = make(connected)
        assert (shown.state, shown.failure, shown.lines.count()) == ("failed", failure, 0)
        assert connected.connection.status == "connected"

    def test_a_list_with_gaps_leads_to_nothing(self, connected):
        connected.members(3)
        connected.sync()
        connected.world.fault(method="GET", path="/role_assignments", status=500, times=0)
        shown = make(connected)
        assert (shown.state, shown.lines.count()) == ("failed", 0)


class TestAsking:
    def test_asked_twice_it_is_one(self, connected):
        first = preview.ask(connected.connection, by=None, now=connected.clock.now())
        assert preview.ask(connected.connection, by=None, now=connected.clock.now()) == first

    def test_a_message_that_comes_twice_makes_it_once(self, connected):
        connected.members(2)
        shown = make(connected)
        preview.make(shown.pk, clock=connected.clock)
        assert PreviewLine.objects.count() == 2

    def test_a_lost_message_is_found_after_a_while(self, connected):
        asked = preview.ask(connected.connection, by=None, now=connected.clock.now())
        assert preview.unmade(connected.clock.now()) == []
        connected.clock.forward(seconds=30)
        assert preview.unmade(connected.clock.now()) == [asked.pk]

    def test_one_whose_worker_died_is_made_by_another(self, connected):
        asked = preview.ask(connected.connection, by=None, now=connected.clock.now())
        Preview.objects.update(state="reading", begun_at=connected.clock.now())
        preview.make(asked.pk, clock=connected.clock)
        assert Preview.objects.get().state == "reading"
        connected.clock.forward(minutes=7)
        assert preview.unmade(connected.clock.now()) == [asked.pk]
        preview.make(asked.pk, clock=connected.clock)
        assert Preview.objects.get().state == "ready"

    def test_after_a_day_the_names_are_forgotten(self, connected):
        connected.members(2)
        make(connected)
        connected.clock.forward(hours=25)
        preview.ask(connected.connection, by=None, now=connected.clock.now())
        assert (Preview.objects.count(), PreviewLine.objects.count()) == (1, 0)
