"""No uncertain fact is forgotten: every switch has alternatives, and every alternative has its story."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from integrations.kisi import simulator
from integrations.kisi.simulator import Switches
from integrations.kisi.simulator.switches import alternatives
from integrations.kisi.simulator.troubles import TROUBLES
from tests.switches.cases import PAIRS, SPECIAL, singles

NOTE = (Path(simulator.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("name", [switch.name for switch in fields(Switches)])
def test_every_switch_has_an_alternative_that_is_not_its_default(name):
    values = alternatives()[name]
    assert values, f"name the other values of {name} that are worth trying"
    assert getattr(Switches(), name) not in values
    assert [getattr(Switches().changed(**{name: value}), name) for value in values] == list(values)


def test_every_alternative_has_a_story_of_its_own():
    names = Counter(case.name for case in singles())
    wanted = {f"{name}={value}" for name, values in alternatives().items() for value in values}
    assert set(names) == wanted
    assert set(names.values()) == {1}


def test_every_pair_is_two_or_more_turned_switches_or_a_switch_and_a_circumstance():
    for case in PAIRS:
        Switches().changed(**case.always)
        assert len(case.always) + (case.circumstance is not None) >= 2 or case.circumstance


def test_no_circumstance_waits_for_a_switch_that_is_none():
    assert set(SPECIAL) <= set(alternatives())


@pytest.mark.parametrize("name", [*alternatives(), *TROUBLES])
def test_the_simulators_note_explains_it(name):
    assert f"`{name}`" in NOTE
