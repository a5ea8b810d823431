"""What the activity finds, in which order, folded into runs or single (ui.md 4.8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.kisi import history
from integrations.kisi.history import KINDS, PER_PAGE, RUNS, WHAT, Search
from integrations.kisi.models import AccessEvent, KisiConnection, SyncRun
from members.models import Change
from tests.factories import GymFactory, UserFactory
from tests.integrations.kisi.diary import NOON, Diary

pytestmark = pytest.mark.django_db


@pytest.fixture
def diary(db) -> Diary:
    return Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=1))


def found(diary: Diary, **asked) -> list[str]:
    return [line.what for line in history.page(diary.connection, Search(**asked), 1).lines]


def whole(diary: Diary, **asked) -> list[str]:
    return [line.what for line in history.everything(diary.connection, Search(**asked))]


@pytest.fixture
def day(diary) -> Diary:
    """Noon: paused. An hour later a run that gives Ana and Bo access and fails for Cem. Then Dina is kept."""
    diary.event("status", cause="Paused")
    run = diary.run(hours=1, read_so_far=3, granted=2, failed=1)
    diary.event("granted", "Ana", hours=1.01, run_id=run.pk)
    diary.event("granted", "Bo", hours=1.02, run_id=run.pk)
    diary.event("refused", "Cem", hours=1.01, run_id=run.pk, kisi_said="Email is invalid")
    diary.event("kept", "Dina", hours=2)
    return diary


RUN = "Daily check: 3 people, 2 changes, 1 failed"


class TestFolding:
    def test_a_run_is_one_row_for_its_events(self, day):
        assert found(day) == ["Dina's access was kept", RUN, "Connection: Paused"]

    def test_it_tells_the_first_of_them_what_failed_before_the_rest(self, day):
        [line] = history.page(day.connection, Search(what=RUNS), 1).lines
        assert [one.what for one in line.some] == ["Cem could not be updated", "Bo got access"]
        assert line.has_more
        assert line.said == "Email is invalid"

    def test_its_own_page_has_them_all(self, day):
        part = history.page_of_run(day.connection, SyncRun.objects.get(), 1)
        told = [line.what for line in part.lines]
        assert told == ["Bo got access", "Cem could not be updated", "Ana got access"]

    def test_single_events_are_asked_for_by_kind_or_by_name(self, day):
        assert found(day, what="given") == ["Bo got access", "Ana got access"]
        assert found(day, words="ana") == ["Ana got access"]

    def test_an_event_whose_run_is_pruned_stands_alone(self, day):
        SyncRun.objects.all().delete()
        assert len(found(day)) == 5

    def test_a_run_of_another_connection_hides_nothing_here(self, day):
        other = Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=2)).run()
        AccessEvent.objects.create(gym_id=1, connection_id=day.connection.pk, kind="granted", run_id=other.pk)
        assert len(found(day)) == 4


class TestKinds:
    def test_every_choice_finds_its_kinds(self, diary):
        for number, kind in enumerate(AccessEvent.Kind.values):
            diary.event(kind, "Ana", hours=number)
        for what, _ in WHAT:
            kinds = {line.kind for line in history.page(diary.connection, Search(what=what), 1).lines}
            assert kinds == set(KINDS.get(what, ())) & set(AccessEvent.Kind.values), what

    def test_runs_alone(self, day):
        assert found(day, what=RUNS) == [RUN]


class TestWords:
    @pytest.mark.parametrize("words", ["ANA", "ana@example", "an ex"])
    def test_names_and_addresses(self, day, words):
        assert found(day, words=words) == ["Ana got access"]

    def test_causes_and_what_kisi_said(self, day):
        assert found(day, words="invalid") == ["Cem could not be updated"]
        assert found(day, words="paused") == ["Connection: Paused"]
        assert found(day, words="daily") == [RUN]

    def test_every_word_counts(self, day):
        assert found(day, words="ana invalid") == []

    @pytest.mark.parametrize("words", ["%", "_", "'", "\\"])
    def test_signs_of_the_database_are_only_signs(self, day, words):
        assert found(day, words=words) == []

    def test_runs_that_concerned_somebody(self, day):
        day.run("weekly check", hours=5)
        assert found(day, words="cem", what=RUNS) == [RUN]
        assert found(day, words="dina", what=RUNS) == []

    def test_the_same_address_at_another_gym_is_nobody_here(self, day):
        other = Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=2))
        other.event("granted", "Ana")
        assert found(day, words="ana") == ["Ana got access"]
        assert found(other, words="ana") == ["Ana got access"]


class TestActors:
    """Who pressed, or changed in Core what an event followed from."""

    @pytest.fixture
    def ada(self, db) -> object:
        return UserFactory(first_name="Ada", last_name="Admin", email="office@example.com")

    def paused(self, diary: Diary, by: object, *, hours: float = 0, member_id: int = 7) -> Change:
        gym, at = diary.connection.gym, NOON + timedelta(hours=hours)
        change = Change.record(gym, "pause", detail="Open Door paused", by=by, member_id=member_id)
        Change.objects.filter(pk=change.pk).update(at=at)
        return change

    @pytest.mark.parametrize("words", ["ada", "ADMIN", "ada admin", "office@example.com", "ada dina"])
    def test_whoever_pressed_is_found_by_name_and_address(self, diary, ada, words):
        diary.event("kept", "Dina", by_id=ada.pk)
        diary.event("kept", "Cem")
        assert found(diary, words=words) == ["Dina's access was kept"]
        assert found(diary, words=words, what="held") == ["Dina's access was kept"]
        assert whole(diary, words=words) == ["Dina's access was kept"]

    def test_whoever_changed_something_in_core_is_found_by_what_followed(self, diary, ada):
        self.paused(diary, ada)
        for member_id, who in ((7, "Dina"), (8, "Cem")):
            diary.event("revoked", who, hours=1, member_id=member_id, cause="subscription change")
        assert found(diary, words="ada") == ["Dina lost access"]

    def test_only_the_last_change_before_it_counts(self, diary, ada):
        self.paused(diary, ada)
        self.paused(diary, UserFactory(first_name="Bob"), hours=0.5)
        diary.event("revoked", "Dina", hours=1, member_id=7, cause="subscription change")
        assert found(diary, words="ada") == []
        assert found(diary, words="bob") == ["Dina lost access"]

    def test_what_a_run_was_asked_for_by_is_found_with_the_run(self, diary, ada):
        diary.run("Sync now", by=ada, granted=1)
        diary.run("Sync now", hours=1)
        assert found(diary, words="ada") == ["Sync now: 1 change"]
        assert found(diary, words="ada", what=RUNS) == ["Sync now: 1 change"]

    def test_what_they_did_at_another_gym_is_not_here(self, diary, ada):
        other = Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=2))
        other.event("kept", "Eve", by_id=ada.pk)
        self.paused(other, ada)
        other.event("revoked", "Eve", hours=1, member_id=7, cause="subscription change")
        diary.event("revoked", "Dina", hours=1, member_id=7, cause="subscription change")
        assert found(diary, words="ada") == []

    @pytest.mark.parametrize("count", [1, 300])
    def test_it_takes_as_many_questions_for_many(self, diary, ada, count, django_assert_num_queries):
        for number in range(count):
            diary.event("kept", f"P{number}", by_id=ada.pk)
        self.paused(diary, ada)
        diary.event("revoked", "Dina", hours=1, member_id=7, cause="subscription change")
        with django_assert_num_queries(3):
            assert found(diary, words="ada admin")[0] == "Dina lost access"


class TestTimes:
    def at(self, hours: float):
        return NOON + timedelta(hours=hours)

    def test_from_counts_and_to_does_not(self, diary):
        for number in range(4):
            diary.event("status", cause=f"event {number}", hours=number)
        told = found(diary, since=self.at(1), until=self.at(3))
        assert told == ["Connection: event 2", "Connection: event 1"]

    def test_a_run_counts_while_it_was_under_way(self, diary):
        diary.run("early", hours=0, lasts=2)
        diary.run("late", hours=8)
        diary.run("running", hours=9, finished_at=None, state="running")
        assert found(diary, since=self.at(1), until=self.at(3)) == ["Early: nothing changed"]
        assert found(diary, since=self.at(20)) == ["Running: running"]


class TestPages:
    def test_newer_and_older(self, diary):
        diary.many(2 * PER_PAGE + 7)
        parts = [history.page(diary.connection, Search(), number) for number in (1, 2, 3)]
        assert [(len(part.lines), part.number, part.has_older) for part in parts] == [
            (50, 1, True),
            (50, 2, True),
            (7, 3, False),
        ]
        ids = [line.event_id for part in parts for line in part.lines]
        assert ids == sorted(set(ids), reverse=True)

    @pytest.mark.parametrize("number", [4, 900_000, 9_999_999])
    def test_past_the_end_is_the_last(self, diary, number):
        diary.many(107)
        part = history.page(diary.connection, Search(), number)
        assert (part.number, len(part.lines), part.has_older) == (3, 7, False)

    def test_events_and_runs_of_one_instant_keep_their_order(self, diary):
        for number in range(60):
            diary.event("status", cause=str(number))
            diary.run(f"run {number}")
        marks = [
            (line.is_run, line.run_id or line.event_id)
            for number in (1, 2, 3)
            for line in history.page(diary.connection, Search(), number).lines
        ]
        assert marks == sorted(set(marks), reverse=True)
        assert len(marks) == 120


class TestEverything:
    def test_runs_stand_beside_their_events(self, day):
        assert whole(day) == [
            "Dina's access was kept",
            "Bo got access",
            "Cem could not be updated",
            "Ana got access",
            RUN,
            "Connection: Paused",
        ]

    def test_it_is_what_the_search_finds(self, day):
        assert whole(day, what="given") == found(day, what="given")
        assert whole(day, what=RUNS) == [RUN]

    def test_more_than_one_batch_comes_whole_and_in_order(self, diary):
        diary.many(1203, runs=4)
        ids = [line.event_id for line in history.everything(diary.connection, Search()) if line.event_id]
        assert ids == sorted(set(ids), reverse=True)
        assert len(ids) == 1203

    def test_a_batch_costs_two_questions(self, diary, django_assert_max_num_queries):
        diary.many(1000, runs=4)
        with django_assert_max_num_queries(1 + 3 * 2):
            assert len(whole(diary)) == 1004


def test_a_page_costs_the_same_with_ten_thousand(diary, django_assert_num_queries):
    for count in (100, 10_000):
        diary.many(count, runs=20)
        with django_assert_num_queries(3):
            assert len(history.page(diary.connection, Search(), 1).lines) == PER_PAGE
        with django_assert_num_queries(2):
            assert history.page(diary.connection, Search(words="person 7", what="given"), 1).lines
