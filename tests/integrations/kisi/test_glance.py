"""How a connection shows itself: every state has its word, the gravest wins, and green is never a hope (ui.md 4.4)."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple
from datetime import datetime, timedelta
from itertools import product

import pytest
from django.utils import timezone

from integrations.kisi import glance, numbers, wording
from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.wording import Wrong
from tests.conftest import House
from tests.town import link

Status = KisiConnection.Status


@pytest.fixture
def linked(house: House) -> House:
    """Connected and quiet, with a worker and beat that live; nobody asks Kisi here."""
    now = timezone.now()
    link(house.gym, organization_name="Harbor", sole_source_since=now)
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=now)
    return house


def row(house: House, name: str = "Ana", **facts: object) -> KisiGrant:
    known = {
        "state": "granted",
        "origin": "created",
        "role_assignment_id": 1,
        "email": f"{name.lower()}@example.com",
    }
    return KisiGrant.objects.create(connection=house.connection, name=name, **(known | facts))


def run(house: House, state: str = "finished", **facts: object) -> SyncRun:
    known = {"started_at": timezone.now(), "finished_at": timezone.now()}
    return SyncRun.objects.create(connection=house.connection, state=state, **(known | facts))


def look(house: House, now: datetime | None = None) -> glance.Glance:
    """The whole look; in every one of these states the short one shows the same tag, heading and troubles."""
    now = now or timezone.now()
    seen, short = glance.look(house.connection, now), glance.tag_of(house.connection, now)
    assert (short.face.tag, short.silent_since) == (seen.face.tag, seen.silent_since)
    assert short.face.heading == seen.face.heading
    assert (short.counts.failed, short.counts.held) == (seen.counts.failed, seen.counts.held)
    return seen


def stand(house: House, status: str, **facts: object) -> None:
    KisiConnection.objects.update(status=status, **facts)


def silence() -> None:
    """Neither beat nor a worker has been heard for too long."""
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))


def told(house: House) -> list[str]:
    """The word of the tag, then of what is said beside it."""
    seen = look(house)
    return [face.tag.word for face in (seen.face, *seen.also)]


STANDING = {
    Status.DISCONNECTING: ("Disconnecting", "info", "Removing access", ""),
    Status.DISCONNECTED: ("Disconnected", "idle", "Kisi is disconnected", "kisi:reconnect"),
    Status.PAUSED: ("Paused", "idle", "Syncing is paused", "kisi:resume"),
    Status.NEEDS_NEW_KEY: (
        "Needs new key",
        "bad",
        "Kisi no longer accepts the API key",
        "kisi:credentials",
    ),
    Status.WRONG_ORGANIZATION: (
        "Wrong organization",
        "bad",
        "This key belongs to another organization",
        "kisi:credentials",
    ),
    Status.KEY_TOO_WEAK: (
        "Key too weak",
        "bad",
        "The key's owner may not change people in Kisi",
        "kisi:credentials",
    ),
    Status.GROUP_GONE: ("Group not found", "bad", "Kisi has no group 7 any more", "kisi:credentials"),
    Status.IN_TROUBLE: ("Kisi not answering", "warn", "Kisi has not answered since", ""),
    Status.THROTTLED: ("Slowed down", "info", "Kisi has asked Core to slow down", ""),
}


@pytest.mark.parametrize("status", [status for status in Status if status != Status.CONNECTED])
def test_each_status_has_its_word_and_its_one_button(linked, status):
    stand(linked, status)
    word, tone, heading, action = STANDING[status]
    face = look(linked).face
    assert (face.tag.word, face.tag.tone, face.action) == (word, tone, action)
    assert face.heading.startswith(heading)


def test_quiet_and_whole_it_is_connected(linked):
    run(linked, read=Read.FULL)
    face = look(linked).face
    assert (face.tag.word, face.tag.tone, face.heading) == ("Connected", "ok", "")


class TestNotGreen:
    """Nothing of this may leave the page green."""

    def not_green(self, house: House, word: str) -> wording.Face:
        seen = look(house)
        assert seen.face.tag.word == word
        assert "ok" not in {face.tag.tone for face in (seen.face, *seen.also)}
        return seen.face

    def test_somebodys_last_attempt_failed(self, linked):
        linked.member("Ana")
        row(linked, state="absent", role_assignment_id=None, trouble="refused", origin="")
        face = self.not_green(linked, "Needs attention")
        assert face.heading == "1 person could not be updated"
        assert face.text == "1 person cannot open the doors though they should."

    def test_a_removal_that_failed_counts_on_the_other_side(self, linked):
        row(linked, trouble="forbidden")
        face = self.not_green(linked, "Needs attention")
        assert face.text == "1 person can still open the doors though they should not."

    def test_a_name_that_failed_keeps_nobody_out(self, linked):
        linked.member("Ana")
        row(linked, trouble="forbidden")
        face = self.not_green(linked, "Needs attention")
        assert face.heading == "1 person could not be updated"
        assert face.text == "1 person can open the doors, but their details in Kisi are not the newest."

    def test_a_name_whose_answer_was_lost_keeps_nobody_out(self, linked):
        linked.member("Ana")
        row(linked, state="uncertain", trouble="unclear")
        face = self.not_green(linked, "Needs attention")
        assert face.text == "1 person had access when Kisi last answered clearly, and Core looks again."

    def test_who_is_suspended_in_kisi_too_cannot_open_them(self, linked):
        linked.member("Ana")
        row(linked, trouble="forbidden", suspended=True)
        face = self.not_green(linked, "Needs attention")
        assert face.text == "1 person cannot open the doors though they should."

    @pytest.mark.parametrize("state", ["granted", "uncertain"])
    def test_who_is_suspended_in_kisi_is_not_said_to_get_in_after_a_removal_failed(self, linked, state):
        row(linked, state=state, trouble="forbidden", suspended=True)
        face = self.not_green(linked, "Needs attention")
        assert face.text == (
            "1 person cannot open the doors, as it should be, but may still have a Kisi profile."
        )

    def test_a_profile_that_stays_lets_nobody_in(self, linked):
        row(linked, state="absent", role_assignment_id=None, origin="", trouble="forbidden")
        face = self.not_green(linked, "Needs attention")
        assert face.text == (
            "1 person cannot open the doors, as it should be, but may still have a Kisi profile."
        )

    def test_everybody_who_failed_is_on_one_side(self, linked):
        for number, (state, right) in enumerate(product(KisiGrant.State.values, [None, 1])):
            for status in ("active", "paused"):
                name = f"P{number}{status}"
                linked.member(name, status=status)
                row(linked, name, state=state, role_assignment_id=right, trouble="unclear")
        linked.member("Nameless", email="")
        counts = look(linked).counts
        told = Counter(
            one.side
            for one in numbers.sided(linked.connection.grants.open(), linked.connection, timezone.now())
        )
        assert counts.failed == sum(astuple(counts.wrong)) == 2 * 10 + 1
        assert counts.wrong == Wrong(**told | {"shut_out": told["shut_out"] + 1})

    def test_somebody_entitled_has_no_address(self, linked):
        linked.member("Ana", email="")
        face = self.not_green(linked, "Needs attention")
        assert face.text == "1 person cannot open the doors though they should."

    def test_removals_are_held(self, linked):
        row(linked, held_since=timezone.now())
        row(linked, "Ben", held_since=timezone.now())
        face = self.not_green(linked, "Removals held")
        assert face.heading == "2 removals are waiting for your word"

    def test_the_last_read_was_incomplete(self, linked):
        run(linked, "incomplete", read=Read.FULL, reason="a page was short")
        face = self.not_green(linked, "Check incomplete")
        assert "Kisi's list had gaps (a page was short)" in face.text

    def test_an_incomplete_read_is_forgotten_after_a_whole_one(self, linked):
        run(linked, "incomplete", read=Read.FULL, started_at=timezone.now() - timedelta(hours=1))
        run(linked, read=Read.RECENT)
        assert look(linked).face.tag.word == "Connected"

    def test_a_look_at_the_ledger_alone_does_not_make_it_whole(self, linked):
        run(linked, "incomplete", read=Read.FULL, started_at=timezone.now() - timedelta(hours=1))
        run(linked, read=Read.LEDGER)
        self.not_green(linked, "Check incomplete")

    @pytest.mark.parametrize("name", ["beat", "worker"])
    def test_beat_or_the_worker_is_silent(self, linked, name):
        Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=16))
        face = self.not_green(linked, "Sync stopped")
        assert face.heading == "Core's own sync is not running"

    def test_the_group_opens_no_doors(self, linked):
        KisiConnection.objects.update(doors=[])
        assert look(linked).face.tag.tone == "warn"

    def test_most_members_have_a_role_that_core_never_touches(self, linked):
        for name in ("Ana", "Ben", "Cleo"):
            row(linked, name, state="absent", role_assignment_id=None, managed="has the role basic")
        row(linked, "Dan")
        row(linked, "Eve")
        face = self.not_green(linked, "Roles in Kisi")
        assert face.heading == "3 people have a role in Kisi, so Core leaves them alone"

    def test_move_in_is_not_finished(self, linked):
        KisiConnection.objects.update(sole_source_since=None)
        face = self.not_green(linked, "Moving in")
        assert face.action == "kisi:move-in"

    def test_a_run_lives(self, linked):
        run(linked, "running", total=4, done=1, finished_at=None)
        self.not_green(linked, "Syncing")

    @pytest.mark.parametrize(
        "facts", [{"must_read_first": True}, {"look_again": True, "want_read": Read.RECENT}]
    )
    def test_a_read_of_kisi_is_to_come_first(self, linked, facts):
        """So it is after a resume, a new key or a reconnect: what Kisi holds now is not known yet."""
        run(linked, read=Read.FULL)
        KisiConnection.objects.update(**facts)
        self.not_green(linked, "Syncing")

    @pytest.mark.parametrize("state", ["running", "finished"])
    def test_under_a_dead_worker_nothing_is_said_to_sync(self, linked, state):
        run(linked, state, finished_at=None)
        KisiConnection.objects.update(look_again=True, want_read=Read.FULL)
        silence()
        assert told(linked) == ["Sync stopped"]


@pytest.mark.parametrize(("managed", "others"), [(2, 0), (3, 3)])
def test_a_few_people_with_roles_are_the_gyms_staff_and_no_trouble(linked, managed, others):
    for number in range(managed):
        row(linked, f"Staff{number}", state="absent", role_assignment_id=None, managed="has the role manager")
    for number in range(others):
        row(linked, f"P{number}")
    assert "Roles in Kisi" not in {face.tag.word for face in (look(linked).face, *look(linked).also)}


class TestTheGravestWins:
    def test_a_dead_key_stands_before_everything_else(self, linked):
        stand(linked, Status.NEEDS_NEW_KEY)
        row(linked, trouble="refused", held_since=timezone.now())
        run(linked, "incomplete", read=Read.FULL)
        seen = look(linked)
        assert seen.face.tag.word == "Needs new key"
        assert [face.tag.word for face in seen.also] == [
            "Check incomplete",
            "Removals held",
            "Needs attention",
        ]

    def test_a_paused_gym_says_nothing_else(self, linked):
        stand(linked, Status.PAUSED)
        row(linked, trouble="refused")
        assert look(linked).also == ()

    def test_a_dead_worker_stands_before_a_kisi_that_does_not_answer(self, linked):
        """ "You need to do nothing" would be wrong: nobody tries again."""
        stand(linked, Status.IN_TROUBLE)
        silence()
        assert told(linked) == ["Sync stopped", "Kisi not answering"]

    @pytest.mark.parametrize("status", [Status.DISCONNECTING, Status.PAUSED, Status.NEEDS_NEW_KEY])
    def test_a_dead_worker_is_said_beside_what_somebody_decided(self, linked, status):
        stand(linked, status)
        silence()
        assert told(linked) == [STANDING[status][0], "Sync stopped"]

    def test_what_is_said_beside_it_changes_the_block_too(self, linked):
        stand(linked, Status.DISCONNECTING)
        before = look(linked).fingerprint
        silence()
        assert look(linked).fingerprint != before

    def test_who_left_kisi_needs_no_worker(self, linked):
        stand(linked, Status.DISCONNECTED)
        silence()
        assert told(linked) == ["Disconnected"]


class TestCounts:
    def test_what_waits_is_what_is_owed(self, linked):
        linked.member("Ana")
        row(linked, "Ben")
        counts = look(linked).counts
        assert (counts.have_access, counts.waiting, counts.failed, counts.held) == (1, 2, 0, 0)
        assert (counts.gives, counts.takes) == (True, True)

    def test_a_dead_key_says_how_many_changes_wait(self, linked):
        stand(linked, Status.NEEDS_NEW_KEY)
        linked.members(3)
        assert "3 changes wait since" in look(linked).face.text

    def test_a_try_whose_time_has_come_is_named_by_no_time(self, linked):
        stand(linked, Status.IN_TROUBLE)
        KisiConnection.objects.update(retry_at=timezone.now() - timedelta(minutes=2))
        assert "Core tries again in a moment." in look(linked).face.text

    def test_one_change_waits(self, linked):
        stand(linked, Status.PAUSED)
        linked.member("Ana")
        assert look(linked).face.text.endswith("1 change waits.")

    def test_the_limit_is_the_brakes(self, linked):
        for number in range(10):
            row(linked, f"P{number}", role_assignment_id=number + 1)
        assert look(linked).counts.allowed == 3


class TestProgress:
    def test_it_counts_people_and_estimates(self, linked, settings):
        settings.KISI_CALLS_PER_SECOND = 4
        run(linked, "running", total=400, done=100, finished_at=None)
        seen = look(linked)
        assert (seen.percent, seen.minutes) == (25, 3)

    def test_a_disconnect_with_removal_says_how_far_it_is(self, linked):
        stand(linked, Status.DISCONNECTING)
        run(linked, "running", total=4, done=1, finished_at=None)
        assert look(linked).act == "Removing access"


class TestFingerprint:
    def test_nothing_new_has_the_same(self, linked):
        assert look(linked).fingerprint == look(linked, timezone.now() + timedelta(seconds=9)).fingerprint

    @pytest.mark.parametrize("what", ["person", "run", "progress", "status"])
    def test_anything_shown_that_changes_changes_it(self, linked, what):
        going = run(linked, "running", total=4, done=1, finished_at=None) if what == "progress" else None
        before = look(linked).fingerprint
        if what == "person":
            linked.member("Ana")
        elif what == "run":
            run(linked)
        elif going:
            SyncRun.objects.filter(pk=going.pk).update(done=2)
        else:
            stand(linked, Status.PAUSED)
        assert look(linked).fingerprint != before


def test_the_time_is_the_gyms(linked):
    linked.gym.timezone = "Asia/Kathmandu"
    linked.gym.save()
    assert look(linked, datetime.fromisoformat("2026-11-24T12:00:00+00:00")).as_of == "17:45:00"


@pytest.mark.parametrize("count", [0, 10, 200])
def test_a_look_costs_as_many_queries_however_many_people(linked, django_assert_num_queries, count):
    for number in range(count):
        row(linked, f"P{number}", role_assignment_id=number + 1)
    connection = linked.connection
    with django_assert_num_queries(4):
        glance.look(connection, timezone.now())


def test_the_tag_alone_costs_two_queries(linked, django_assert_num_queries):
    connection = linked.connection
    with django_assert_num_queries(2):
        assert glance.tag_of(connection, timezone.now()).face.tag.word == "Connected"


def test_what_failed_changes_mean_is_said_of_each_side_that_somebody_is_on():
    assert wording.wrongly(Wrong(shut_out=2, let_in=1)) == (
        "2 people cannot open the doors though they should; 1 person can still open the doors though they should not."
    )
