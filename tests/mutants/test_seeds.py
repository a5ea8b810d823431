"""The seeded bugs still fit the code: cheap, so that a change of the code shows here and not at night."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from dataclasses import replace
from importlib.util import module_from_spec
from pathlib import Path

import pytest

from tests.mutants.plugin import Finder
from tests.mutants.seed import SWITCH, Seed, WrongSeed
from tests.mutants.seeds import SEEDS, named

ROOT = Path(__file__).resolve().parents[2]
SMALL = Seed("small", "integrations.apps", "import annotations", "import division", "nothing", ("tests",))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_the_old_text_stands_once_and_the_new_one_is_code(seed):
    mutated = seed.put_into(seed.source())
    assert mutated != seed.source()
    ast.parse(mutated)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_the_tests_that_should_catch_it_exist(seed):
    for test in seed.caught_by:
        path, *names = test.split("::")
        assert (ROOT / path).exists()
        assert not names or f"def {names[-1]}(" in (ROOT / path).read_text()


def test_no_two_bugs_have_one_name_and_there_are_enough():
    names = Counter(seed.name for seed in SEEDS)
    assert max(names.values()) == 1
    assert len(names) >= 24


def test_a_text_that_stands_twice_or_nowhere_is_refused():
    with pytest.raises(WrongSeed, match="2 times"):
        replace(SMALL, old="a").put_into("a a")
    with pytest.raises(WrongSeed, match="0 times"):
        replace(SMALL, old="a").put_into("b")


def test_a_module_that_runs_already_is_refused():
    with pytest.raises(WrongSeed, match="imported before"):
        Finder(replace(SMALL, module=__name__))


def test_a_name_that_nobody_has_is_refused():
    with pytest.raises(WrongSeed, match="no mutant is called nobody"):
        named("nobody")


def test_a_module_is_loaded_with_its_bug_in_place(monkeypatch):
    """Of a module that no test imports."""
    victim, old = "tests.mutants.__main__", "ALL_PASSED, SOME_FAILED = 0, 1"
    finder = Finder(replace(SMALL, module=victim, old=old, new="ALL_PASSED, SOME_FAILED = 1, 0"))
    spec = finder.find_spec(victim, None)
    assert finder.find_spec("tests.mutants.seed", None) is None
    loaded = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, victim, loaded)
    spec.loader.exec_module(loaded)
    assert (loaded.ALL_PASSED, loaded.SOME_FAILED) == (1, 0)
    assert finder.used


def test_only_the_tests_know_the_switch():
    folders = ("config", "members", "plans", "integrations")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    assert not [path for path in sources if SWITCH in path.read_text()]
