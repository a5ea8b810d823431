"""The core story at every Kisi that may turn out to be the real one."""

from __future__ import annotations

import pytest

from tests.switches.cases import PAIRS, Case, singles
from tests.switches.story import Story

NAMES = {"argnames": "case", "ids": lambda case: case.name}


def play(settle, case: Case) -> None:
    story = Story(settle(**case.always))
    if case.circumstance:
        story.circumstance = case.circumstance
    story.play()


def test_the_story_at_the_kisi_of_the_fact_sheet(settle):
    Story(settle()).play()


@pytest.mark.parametrize(argvalues=list(singles()), **NAMES)
def test_the_story_under_a_single_alternative(settle, case):
    play(settle, case)


@pytest.mark.parametrize(argvalues=PAIRS, **NAMES)
def test_the_story_under_a_worse_pair(settle, case):
    play(settle, case)
