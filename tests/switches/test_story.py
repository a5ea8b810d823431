"""The core story at every Kisi that may turn out to be the real one."""

from __future__ import annotations

import pytest

from integrations.kisi.simulator import Switches
from tests.switches.cases import PAIRS, Case, singles
from tests.switches.conftest import Settle
from tests.switches.story import Story, nothing_happens

NAMES = {"argnames": "case", "ids": lambda case: case.name}
MET: set[str] = set()


class Noted(Switches):
    """Notes every switch that the simulator asks for."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> object:
        MET.add(name)
        return super().__getattribute__(name)


@pytest.fixture
def met(settle: Settle) -> set[str]:
    """The switches that decided anything in the story at the sheet's Kisi, which is told once a process."""
    if not MET:
        house = settle()
        house.world.switches = Noted()
        Story(house).play()
    return MET


def play(settle: Settle, met: set[str], case: Case) -> None:
    """What nothing in the story asks for cannot change it: then only the circumstance is told, if there is one."""
    story = Story(settle(**case.always), case.circumstance or nothing_happens)
    if met & {*case.always}:
        story.play()
    elif case.circumstance:
        story.begin()


def test_the_story_at_the_kisi_of_the_fact_sheet(met):
    assert {"duplicate_user", "default_order", "list_expired_assignments"} <= met
    assert not {"put_works", "members", "half_filter"} & met


@pytest.mark.long
@pytest.mark.parametrize(argvalues=list(singles()), **NAMES)
def test_the_story_under_a_single_alternative(settle, met, case):
    play(settle, met, case)


@pytest.mark.long
@pytest.mark.parametrize(argvalues=PAIRS, **NAMES)
def test_the_story_under_a_worse_pair(settle, met, case):
    play(settle, met, case)
