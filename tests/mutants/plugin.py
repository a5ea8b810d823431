"""A pytest plugin that loads one module with one bug in it, when CORE_MUTANT names a seed. Loaded by `-p`, first."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

import pytest

from tests.mutants.seed import SWITCH, Seed, WrongSeed, path_of, require_not_loaded
from tests.mutants.seeds import named


class Loader(SourceFileLoader):
    """Compiles the module's text with the bug in it, and neither reads nor leaves any bytecode."""

    def __init__(self, seed: Seed) -> None:
        super().__init__(seed.module, str(path_of(seed.module)))
        self._seed = seed

    def get_code(self, fullname: str) -> CodeType:
        text = self._seed.put_into(self._seed.source())
        return compile(text, self.path, "exec", dont_inherit=True)


class Finder(MetaPathFinder):
    """Finds exactly one module, before anybody else is asked; `used` once it was loaded."""

    def __init__(self, seed: Seed) -> None:
        require_not_loaded(seed.module)
        seed.put_into(seed.source())
        self._seed = seed
        self.used = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._seed.module:
            return None
        self.used = True
        loader = Loader(self._seed)
        is_package = path_of(fullname).name == "__init__.py"
        folders = [str(path_of(fullname).parent)] if is_package else None
        return spec_from_file_location(
            fullname, loader.path, loader=loader, submodule_search_locations=folders
        )


def install(name: str) -> Finder:
    """Put the named bug in, from here on; raises WrongSeed."""
    finder = Finder(named(name))
    sys.meta_path.insert(0, finder)
    return finder


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A selection that never loads the module has tried nothing: that is no survivor, it is a wrong seed."""
    if _finder and not _finder.used:
        raise WrongSeed(f"{os.environ[SWITCH]}: no test of its selection loads the module")


_finder = install(os.environ[SWITCH]) if os.environ.get(SWITCH) else None
