"""What a seeded bug is, and how it is put into a module's text. Knows no seed and no test run."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

SWITCH = "CORE_MUTANT"


class WrongSeed(Exception):
    """The bug cannot be put in as its seed says; the message names the seed and why."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One bug: `old` stands exactly once in `module` and becomes `new`; `caught_by` are pytest's arguments."""

    name: str
    module: str
    old: str
    new: str
    breaks: str
    caught_by: tuple[str, ...]
    needs_postgres: bool = False

    def put_into(self, source: str) -> str:
        """The module's text with the bug in it; raises WrongSeed."""
        found = source.count(self.old)
        if found != 1:
            raise WrongSeed(f"{self.name}: the old text stands {found} times in {self.module}, not once")
        return source.replace(self.old, self.new)

    def source(self) -> str:
        """The module's text as it stands in the tree."""
        return path_of(self.module).read_text()


def path_of(module: str) -> Path:
    """The file of a module that need not be imported for that; raises WrongSeed."""
    path = Path(__file__).resolve().parents[2].joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    raise WrongSeed(f"there is no module {module}")


def require_not_loaded(module: str) -> None:
    """Raises WrongSeed when the module runs already, without its bug."""
    if module in sys.modules:
        raise WrongSeed(f"{module} was imported before its bug could be put in")
