"""Every seeded bug, by area."""

from __future__ import annotations

from tests.mutants import granting, reading, removing, working
from tests.mutants.seed import Seed, WrongSeed

SEEDS: tuple[Seed, ...] = (*reading.SEEDS, *removing.SEEDS, *granting.SEEDS, *working.SEEDS)


def named(name: str) -> Seed:
    """Raises WrongSeed when no bug is called so."""
    found = next((seed for seed in SEEDS if seed.name == name), None)
    if found is None:
        raise WrongSeed(f"no mutant is called {name}")
    return found
