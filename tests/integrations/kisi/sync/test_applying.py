"""Applied, a preview is carried out line by line as it was shown; what moved is skipped, nothing else is done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Preview, Release, SyncRun
from integrations.kisi.sync import applying, deciding, preview, runs, switching
from members.models import Member
from plans.models import Subscription
from tests.conftest import House
from tests.factories import StaffFactory
from tests.stories import written


def make(house: House) -> Preview:
    asked = preview.ask(house.connection, by=None, now=house.clock.now())
    preview.make(asked.pk, clock=house.clock)
    asked.refresh_from_db()
    assert asked.state == "ready", asked.failure
    return asked


def ask(house: House, shown: Preview, by: object = None) -> bool:
    return applying.ask(shown, by=by, now=house.clock.now())


def slice_of(house: House) -> runs.Outcome:
    """One turn of a worker: while a preview is applied it does nothing else."""
    return runs.run(house.connection.pk, clock=house.clock)


def apply(house: House, shown: Preview, by: object = None) -> dict[str, str]:
    """Carry it out, without the ordinary sync that follows; what became of each line, by first name."""
    assert ask(house, shown, by)
    while Preview.objects.filter(pk=shown.pk, state="applying").exists():
        slice_of(house)
    return outcomes(shown)


def outcomes(shown: Preview) -> dict[str, str]:
    return {line.email.partition("@")[0]: line.outcome for line in shown.lines.all() if line.outcome}


def cancel(house: House, members: list[Member]) -> None:
    """In bulk, as a billing job would do it: nobody's word."""
    house.plan.subscriptions.filter(member__in=members).update(status="cancelled")


@pytest.fixture
def drifted(connected: House) -> House:
    """Ana is new, Ben was taken out by hand, Cem has another's right, Dina paused, Elif renamed, Finn is there."""
    for name in ("Ben", "Cem", "Dina", "Elif"):
        connected.member(name)
    connected.sync()
    world = connected.world
    world.remove_right(world.rights_of("ben@example.com")[0])
    world.remove_right(world.rights_of("cem@example.com")[0])
    world.give(world.person("cem@example.com"))
    Subscription.objects.filter(member__first_name="Dina").update(status="paused")
    Member.objects.filter(first_name="Elif").update(last_name="Ruiz")
    connected.member("Ana")
    connected.member("Finn")
    connected.in_kisi("Finn")
    written(connected)
    return connected


class TestExactlyThis:
    def test_every_line_is_done_and_said_so(self, drifted):
        shown = make(drifted)
        assert apply(drifted, shown) == dict.fromkeys(("ana", "ben", "cem", "dina", "elif", "finn"), "done")
        assert drifted.inside() == ["ana", "ben", "cem", "elif", "finn"]
        assert drifted.world.person("elif@example.com").name == "Elif Ruiz"
        assert (Preview.objects.get().state, drifted.connection.status) == ("applied", "connected")

    def test_afterwards_there_is_nothing_to_do(self, drifted):
        apply(drifted, make(drifted))
        assert set(make(drifted).lines.values_list("group", flat=True)) == {"unchanged"}

    def test_what_was_not_in_it_is_not_done_by_it(self, drifted):
        shown = make(drifted)
        drifted.member("Late")
        late_out = drifted.grant("elif")
        Subscription.objects.filter(member_id=late_out.member_id).update(status="cancelled")
        apply(drifted, shown)
        assert "late" not in drifted.inside()
        assert "elif" in drifted.inside()

    def test_the_ordinary_sync_that_follows_does_the_rest(self, drifted):
        shown = make(drifted)
        drifted.member("Late")
        ask(drifted, shown)
        drifted.sync()
        assert "late" in drifted.inside()

    def test_people_only_in_kisi_keep_what_they_have(self, drifted):
        drifted.in_kisi("Cleaner")
        apply(drifted, make(drifted))
        assert "cleaner" in drifted.inside()

    def test_it_is_one_run_with_its_cause_and_whose_word_it_was(self, drifted):
        alice = StaffFactory(gym=drifted.gym).user
        apply(drifted, make(drifted), by=alice)
        run = SyncRun.objects.get(because="preview applied")
        assert (run.state, run.by, run.granted, run.revoked) == ("finished", alice, 2, 1)
        event = AccessEvent.objects.get(kind="setting", cause="preview applied")
        assert event.by_id == alice.pk

    def test_a_run_that_an_import_left_open_is_not_taken_for_it(self, drifted):
        shown = make(drifted)
        other = SyncRun.objects.create(
            connection=drifted.connection, because="first sync", started_at=drifted.clock.now()
        )
        apply(drifted, shown)
        other.refresh_from_db()
        assert (other.state, other.done) == ("running", 0)


class TestTheWord:
    def test_more_removals_than_the_limit_go_because_they_were_named(self, connected):
        members = connected.members(10)
        connected.sync()
        cancel(connected, members[:6])
        alice = StaffFactory(gym=connected.gym).user
        assert set(apply(connected, make(connected), by=alice).values()) == {"done"}
        assert len(connected.inside()) == 4

    def test_held_removals_are_among_them(self, connected):
        members = connected.members(10)
        connected.sync()
        cancel(connected, members[:6])
        connected.sync()
        assert len(deciding.held(connected.connection)) == 6
        apply(connected, make(connected))
        assert len(connected.inside()) == 4
        assert AccessEvent.objects.filter(kind="allowed", cause="preview applied").count() == 6

    def test_that_they_were_held_meanwhile_moves_nothing(self, connected):
        members = connected.members(10)
        connected.sync()
        cancel(connected, members[:6])
        shown = make(connected)
        connected.sync()
        assert set(apply(connected, shown).values()) == {"done"}

    def test_a_line_that_moved_is_nobodys_word(self, connected):
        ana, *_ = connected.members(3)
        connected.sync()
        cancel(connected, [ana])
        shown = make(connected)
        connected.subscription(ana).__class__.objects.filter(member=ana).update(status="active")
        assert apply(connected, shown) == {"p000": "moved"}
        assert not Release.objects.exists()
        assert len(connected.inside()) == 3


class TestWhatMovedIsSkipped:
    def test_in_core_since(self, drifted):
        shown = make(drifted)
        Subscription.objects.filter(member__first_name="Ana").update(status="paused")
        Subscription.objects.filter(member__first_name="Dina").update(status="active")
        Member.objects.filter(first_name="Elif").update(last_name="Berg")
        found = apply(drifted, shown)
        assert {who for who, outcome in found.items() if outcome == "moved"} == {"ana", "dina", "elif"}
        assert drifted.inside() == ["ben", "cem", "dina", "elif", "finn"]
        assert drifted.world.person("elif@example.com").name == "Elif"

    def test_in_kisi_since(self, drifted):
        shown = make(drifted)
        drifted.world.give(drifted.world.person("ben@example.com"))
        drifted.world.remove_right(drifted.world.rights_of("finn@example.com")[0])
        found = apply(drifted, shown)
        assert {who for who, outcome in found.items() if outcome == "moved"} == {"ben", "finn"}

    def test_it_is_told_what_they_are_now(self, drifted):
        shown = make(drifted)
        Subscription.objects.filter(member__first_name="Dina").update(status="active")
        Member.objects.filter(first_name="Ana").delete()
        apply(drifted, shown)
        notes = {line.name: line.note for line in shown.lines.filter(outcome="moved")}
        assert notes == {"Dina": "now unchanged", "Ana": "now in neither Core nor Kisi"}

    def test_a_person_who_turns_out_to_be_staff_in_kisi_is_not_touched(self, connected):
        connected.member("Ana")
        shown = make(connected)
        place = next(iter(connected.world.store.places))
        connected.world.give_place(connected.in_kisi("Ana", right=False), place)
        assert apply(connected, shown) == {"ana": "moved"}
        assert connected.inside() == []

    def test_what_changes_while_it_is_applied_is_left_too(self, connected):
        """Ana is paused while Ben, who comes first, is being added."""
        connected.member("Ana")
        connected.member("Ben")
        shown = make(connected)
        ask(connected, shown)
        first, *_ = shown.lines.filter(group="give")
        connected.world.fault(
            method="POST", path="/role_assignments", status=429, times=1, headers={"Retry-After": "30"}
        )
        slice_of(connected)
        Subscription.objects.filter(member__first_name="Ana").update(status="paused")
        connected.clock.forward(minutes=1)
        slice_of(connected)
        assert outcomes(shown)["ana"] == "moved"
        assert connected.inside() == ["ben"]
        assert first.email


class TestFailures:
    def test_whoever_kisi_refuses_is_named_with_its_words(self, drifted):
        shown = make(drifted)
        drifted.world.fault(method="POST", path="/users", status=422, times=0)
        found = apply(drifted, shown)
        assert found["ana"] == "failed"
        assert set(found.values()) == {"done", "failed"}
        assert shown.lines.get(name="Ana").note

    def test_a_list_with_gaps_applies_nothing(self, drifted):
        shown = make(drifted)
        drifted.world.fault(method="GET", path="/role_assignments", status=500, times=0)
        inside = drifted.inside()
        ask(drifted, shown)
        slice_of(drifted)
        shown.refresh_from_db()
        assert shown.state != "applied"
        assert outcomes(shown) == {}
        assert drifted.inside() == inside

    def test_a_dead_key_applies_nothing_and_waits_for_a_new_one(self, drifted):
        shown = make(drifted)
        drifted.world.fault(status=401, times=0)
        ask(drifted, shown)
        slice_of(drifted)
        shown.refresh_from_db()
        assert (shown.state, drifted.connection.status) == ("applying", "needs_new_key")
        drifted.world.clear_faults()
        drifted.clock.forward(minutes=16)
        slice_of(drifted)
        assert set(outcomes(shown).values()) == {"done"}

    def test_after_an_hour_without_kisi_it_is_not_done_any_more(self, drifted):
        shown = make(drifted)
        drifted.world.fault(status=401, times=0)
        ask(drifted, shown)
        slice_of(drifted)
        drifted.world.clear_faults()
        drifted.clock.forward(minutes=61)
        slice_of(drifted)
        assert set(outcomes(shown).values()) == {"moved"}
        assert "finn" not in {row.email.partition("@")[0] for row in KisiGrant.objects.open()}

    def test_what_a_slice_has_no_time_for_the_next_one_does(self, connected, settings):
        settings.KISI_CALLS_PER_SECOND = 4
        connected.members(60)
        shown = make(connected)
        ask(connected, shown)
        slice_of(connected)
        assert shown.lines.filter(outcome="").exists()
        assert KisiConnection.objects.get().look_again
        while Preview.objects.get().state == "applying":
            slice_of(connected)
        assert set(outcomes(shown).values()) == {"done"}
        assert len(connected.inside()) == 60


class TestWhenItMayBeApplied:
    def test_not_after_an_hour(self, drifted):
        shown = make(drifted)
        drifted.clock.forward(minutes=61)
        assert not ask(drifted, shown)

    def test_once(self, drifted):
        shown = make(drifted)
        assert ask(drifted, shown)
        assert not ask(drifted, shown)
        slice_of(drifted)
        assert not ask(drifted, shown)

    def test_not_one_that_failed(self, drifted):
        drifted.world.fault(status=500, times=0)
        asked = preview.ask(drifted.connection, by=None, now=drifted.clock.now())
        preview.make(asked.pk, clock=drifted.clock)
        assert not ask(drifted, asked)

    def test_a_disconnect_ends_it(self, drifted):
        shown = make(drifted)
        ask(drifted, shown)
        switching.remove_and_disconnect(
            drifted.connection, ["dina@example.com"], by=None, now=drifted.clock.now()
        )
        drifted.sync()
        assert "ana" not in drifted.inside()
        assert outcomes(shown) == {}

    def test_a_pause_stops_it_and_resume_goes_on(self, drifted):
        shown = make(drifted)
        ask(drifted, shown)
        switching.pause(drifted.connection, by=None, now=drifted.clock.now())
        slice_of(drifted)
        assert outcomes(shown) == {}
        switching.resume(drifted.connection, by=None, now=drifted.clock.now())
        slice_of(drifted)
        assert set(outcomes(shown).values()) == {"done"}


def test_ends_that_are_known_ahead_are_not_in_it(connected):
    connected.member("Ana", status="pending_cancel", ends_on=connected.today() + timedelta(days=1))
    connected.sync()
    assert make(connected).lines.get().group == "unchanged"
