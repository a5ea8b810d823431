"""Every event and every run is a sentence, whose names come from the person table alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.kisi import timeline
from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection
from integrations.kisi.timeline import ERASED, Line, lines, run_words
from members.models import Member
from tests.factories import GymFactory, MemberFactory, UserFactory
from tests.integrations.kisi.diary import Diary

pytestmark = pytest.mark.django_db


@pytest.fixture
def diary(db) -> Diary:
    return Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=1))


def told() -> list[Line]:
    return lines(AccessEvent.objects.all())


def test_every_kind_has_its_words():
    assert set(AccessEvent.Kind.values) <= set(timeline.WORDS)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("granted", "Ana Ruiz got access"),
        ("revoked", "Ana Ruiz lost access"),
        ("adopted", "Ana Ruiz's access was taken over"),
        ("repaired", "Ana Ruiz's access was put back"),
        ("held", "The removal of Ana Ruiz is held"),
        ("refused", "Ana Ruiz could not be updated"),
        ("managed", "Ana Ruiz is managed in Kisi (owns the API key)"),
    ],
)
def test_a_kind_in_words(diary, kind, sentence):
    diary.event(kind, "Ana Ruiz", cause="owns the API key")
    assert [line.what for line in told()] == [sentence]


def test_how_long_a_removal_was_held_is_told_with_what_ended_it(diary):
    diary.event("allowed", "Ana Ruiz", held_for=timedelta(days=2, hours=3))
    assert [line.what for line in told()] == ["The held removal of Ana Ruiz was allowed, held for 2 days"]


def test_the_name_alone_is_the_link(diary):
    member = MemberFactory(gym=diary.connection.gym)
    diary.event("held", "of", member_id=member.pk)
    [line] = told()
    assert (line.before, line.who, line.after) == ("The removal of ", "of", " is held")
    assert line.member_id == member.pk


def test_a_member_who_is_gone_is_no_link(diary):
    member = MemberFactory(gym=diary.connection.gym)
    diary.event("granted", "Ana Ruiz", member_id=member.pk)
    Member.objects.all().delete()
    assert told()[0].member_id is None


def test_a_member_of_another_gym_is_no_link(diary):
    diary.event("granted", "Ana Ruiz", member_id=MemberFactory().pk)
    assert told()[0].member_id is None


def test_an_erased_person_has_no_name_anywhere(diary):
    diary.event("revoked", "Ana Ruiz")
    AccessPerson.objects.update(name="", email="")
    [line] = told()
    assert line.what == f"{ERASED} lost access"
    assert line.who == line.email == ""


def test_no_name_is_told_by_the_address_and_a_shared_one_by_both(diary):
    diary.person("Ana Ruiz", "ana@one.example")
    diary.person("Ana Ruiz", "ana@two.example")
    nameless = AccessPerson.objects.create(gym_id=diary.connection.gym_id, email="x@example.com")
    for person in AccessPerson.objects.order_by("pk"):
        diary.event("granted", hours=person.pk, person_id=person.pk)
    assert nameless.email == told()[0].who
    assert [line.who for line in told()[1:]] == ["Ana Ruiz (ana@two.example)", "Ana Ruiz (ana@one.example)"]


def test_a_cause_in_the_sentence_is_not_told_twice(diary):
    diary.event("setting", cause="cut-over", by_id=UserFactory(first_name="Alice", last_name="Adams").pk)
    [line] = told()
    assert (line.what, line.caused_by) == ("Setting changed: cut-over", "Alice Adams")
    diary.event("status", cause="Paused", hours=1)
    assert told()[0].caused_by == ""


@pytest.mark.parametrize("cause", ["{who}", "{cause}", "100 %"])
def test_what_looks_like_a_place_for_words_is_a_cause_like_any(diary, cause):
    diary.event("status", cause=cause)
    assert told()[0].what == f"Connection: {cause}"


def test_who_pressed_is_called_as_everywhere(diary):
    for user in (UserFactory(first_name="Bo"), UserFactory(email="bo@gym.example"), UserFactory(email="")):
        diary.event("kept", "Ana", by_id=user.pk, hours=user.pk)
    assert [line.caused_by for line in told()][1:] == ["bo@gym.example", "Bo"]
    assert told()[0].caused_by.startswith("user")


def test_many_lines_are_one_question(diary, django_assert_num_queries):
    for number in range(20):
        diary.event("granted", f"P{number}", hours=number)
    with django_assert_num_queries(1):
        assert len(told()) == 20


class TestRuns:
    @pytest.mark.parametrize(
        ("facts", "sentence"),
        [
            ({"read_so_far": 14, "granted": 1, "revoked": 1}, "Daily check: 14 people, 2 changes"),
            ({"read_so_far": 14}, "Daily check: 14 people, nothing changed"),
            ({"done": 1, "adopted": 1}, "Daily check: 1 person, 1 change"),
            ({"done": 3, "failed": 2, "held": 4}, "Daily check: 3 people, nothing changed, 2 failed, 4 held"),
            ({"because": ""}, "Sync: nothing changed"),
            ({"state": "running", "total": 9, "done": 2}, "Daily check: running, 2 of 9 people"),
            ({"state": "running"}, "Daily check: running"),
            (
                {"state": "stopped", "reason": "Paused"},
                "Daily check: nothing changed, stopped (Paused)",
            ),
            (
                {"state": "incomplete", "reason": "page 2 was empty", "read_so_far": 5},
                "Daily check: 5 people, nothing changed, incomplete (page 2 was empty)",
            ),
        ],
    )
    def test_a_run_in_one_sentence(self, diary, facts, sentence):
        assert run_words(diary.run(**facts)) == sentence
