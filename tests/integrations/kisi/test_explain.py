"""Words for whatever a look at Kisi may find: none is missing, and each fault says what it means and what to do."""

from __future__ import annotations

import pytest

from integrations.access import errors
from integrations.kisi import explain, remedies
from integrations.kisi.models import Preview, PreviewLine
from integrations.kisi.sync import brief, checkup, session
from integrations.kisi.sync.checkup import Found
from integrations.vault import VaultError

NOT_ABOUT_A_READ = {"PersonError", "Forbidden", "Gone", "AlreadyExists", "Refused", "DoorError", "StopRun"}


@pytest.mark.parametrize("group", PreviewLine.Group)
def test_every_group_reads_for_one_and_for_many(group):
    one, hint = explain.group(group, 1)
    many, _ = explain.group(group, 1204)
    assert one.startswith("1 person ")
    assert many.startswith("1,204 people ")
    assert one.removeprefix("1 person ") != many or hint


@pytest.mark.parametrize("outcome", [outcome for outcome in PreviewLine.Outcome if outcome])
def test_every_outcome_has_its_heading(outcome):
    assert explain.outcome(outcome, 1)[0].startswith("1 person ")


@pytest.mark.parametrize("state", Preview.GOING_ON)
def test_every_state_that_goes_on_says_how_far_it_is(state):
    assert explain.progress(state, 1, 3, 250)


def test_every_error_of_a_read_is_told_apart_or_is_no_answer():
    known = {name for name, kind in vars(errors).items() if isinstance(kind, type)} - NOT_ABOUT_A_READ
    known |= {session.Later.__name__, brief.OutOfTime.__name__, VaultError.__name__, "InTrouble"}
    told = {name: explain.failure(name) for name in known if name[0].isupper() and name not in ("Exception",)}
    unclear = {name for name, trouble in told.items() if trouble == explain.failure("")}
    assert unclear == {"NoAnswer", "InTrouble"}


@pytest.mark.parametrize("name", sorted(explain._FAILURES))
def test_a_preview_that_failed_says_that_nothing_was_changed_and_what_to_do(name):
    trouble = explain.failure(name)
    assert trouble.heading
    assert bool(trouble.button) == bool(trouble.action)
    assert trouble.text


class TestRemedies:
    def test_every_check_has_its_question_and_no_question_is_without_check(self, connected):
        from_core = {"schedule", "worker", "mail", "shared", "confirmed", "others"}
        assert set(remedies.CHECKS) == {*checkup.AT_KISI, *from_core}

    @pytest.mark.parametrize("state", ["ok", "bad", "unknown", "not yet"])
    def test_whatever_was_found_there_is_a_sentence(self, connected, state):
        connection = connected.connection
        found = {name: {"state": state, "facts": Found(state).facts} for name in remedies.CHECKS}
        for answer in remedies.answers(connection, found):
            assert answer.text.endswith((".", "?")), answer
            assert answer.tag.word in ("OK", "Problem", "Could not check", "Not checked yet")
            assert bool(answer.button) == bool(answer.action)
