"""`python -m tests.mutants [NAME ...]`: every seeded bug against its tests, one table, exit 1 on a survivor."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.seed import SWITCH, Seed
from tests.mutants.seeds import SEEDS, named

ROOT = Path(__file__).resolve().parents[2]
PYTEST = (sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-p", "tests.mutants.plugin")
ALL_PASSED, SOME_FAILED = 0, 1
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+::\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one bug: `test` is the one that failed, "" when none did; `problem` when nothing is proven."""

    seed: Seed
    test: str
    problem: str
    seconds: float

    @property
    def is_caught(self) -> bool:
        return bool(self.test)

    @property
    def word(self) -> str:
        return "caught" if self.is_caught else "BROKEN" if self.problem else "SURVIVED"


def main(arguments: Sequence[str]) -> int:
    chosen = _options().parse_args(arguments)
    seeds = [named(name) for name in chosen.names] or list(SEEDS)
    if not _clean(seeds):
        return 1
    with ThreadPoolExecutor(chosen.workers) as pool:
        verdicts = []
        for verdict in pool.map(tried, seeds):
            print(line(verdict), flush=True)
            verdicts.append(verdict)
    caught = sum(verdict.is_caught for verdict in verdicts)
    print(f"{caught} of {len(verdicts)} caught")
    return 0 if caught == len(verdicts) else 1


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="so many at once")
    return parser


def _clean(seeds: Iterable[Seed]) -> bool:
    """Without any bug the same tests pass: else a failure would prove nothing."""
    for needs_postgres in (False, True):
        tests = {test for seed in seeds if seed.needs_postgres is needs_postgres for test in seed.caught_by}
        if not tests:
            continue
        status, printed = _run(sorted(tests), needs_postgres=needs_postgres, mutant="")
        print(f"without a bug: {_summary(printed)}", flush=True)
        if status != ALL_PASSED:
            print(printed)
            return False
    return True


def tried(seed: Seed) -> Verdict:
    """Run the seed's tests with its bug in place."""
    before = time.monotonic()
    status, printed = _run(seed.caught_by, needs_postgres=seed.needs_postgres, mutant=seed.name)
    seconds = time.monotonic() - before
    failed = FAILED.search(printed)
    if status == SOME_FAILED and failed:
        return Verdict(seed, failed.group(1), "", seconds)
    return Verdict(seed, "", "" if status == ALL_PASSED else _summary(printed), seconds)


def line(verdict: Verdict) -> str:
    """One row of the table; a bug that nobody caught says what it breaks."""
    by = verdict.test or verdict.problem or f"no test, though {verdict.seed.breaks}"
    return f"{verdict.seed.name:<38} {verdict.word:<8} {verdict.seconds:5.1f} s  {by}"


def _run(tests: Sequence[str], *, needs_postgres: bool, mutant: str) -> tuple[int, str]:
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    environment |= {SWITCH: mutant} if mutant else {}
    environment |= {} if needs_postgres else {"CORE_TEST_DATABASE": "sqlite"}
    done = subprocess.run(
        [*PYTEST, *tests],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout


def _summary(printed: str) -> str:
    """The last line that says something."""
    return next((text for text in reversed(printed.splitlines()) if text.strip()), "nothing was printed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
