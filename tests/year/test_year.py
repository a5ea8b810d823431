"""A simulated year: a thousand people, month ends, seasons, and something broken every week (`make year`)."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
import time_machine

from integrations.kisi.simulator import World, serve
from tests.factories import GymFactory
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.year import figures
from tests.year.engine import Clock
from tests.year.tally import minutes
from tests.year.year import Year

BEGINS = datetime(2027, 1, 3, 9, 0, tzinfo=UTC)  # a Sunday
DAYS = int(os.environ.get("CORE_YEAR_DAYS", "365"))
PEOPLE = int(os.environ.get("CORE_YEAR_PEOPLE", "1000"))
SEED = int(os.environ.get("CORE_YEAR_SEED", "1"))


@fault(62, "Simulated year, random faults weekly", expected="all invariants")
@pytest.mark.timeout(3600)
@pytest.mark.django_db(transaction=True)
def test_a_year_locks_nobody_out_and_loses_nothing(settings: Any, saw: Saw) -> None:
    settings.KISI_CALLS_PER_SECOND = 4.0
    before = time.process_time()
    with time_machine.travel(BEGINS, tick=False) as traveller:
        clock = Clock(traveller)
        world = World.small(now=clock.now, retry_after="seconds")
        with serve(world) as server:
            settings.KISI_API_URL = server.url
            year = Year(clock, world, Random(SEED), PEOPLE)
            year.open(GymFactory(timezone="Europe/Berlin"))
            year.run(DAYS)
    taken = time.process_time() - before
    print("\n" + "\n".join(figures.lines(year, seconds=taken, days=DAYS)))
    wrong = {name: found for name, found in figures.zeros(year).items() if found}
    assert not wrong, wrong
    assert figures.longest(year, "ours", is_in=True) <= timedelta(minutes=10)
    assert figures.longest(year, "ours", is_in=False) <= timedelta(minutes=10)
    saw(
        f"{DAYS} days, {PEOPLE:,} people, {len(year.troubles.all)} troubles",
        "; ".join([f"{name}: 0" for name in figures.zeros(year)] + [_longest(year)]),
    )


def _longest(year: Year) -> str:
    longest = [minutes(figures.longest(year, "ours", is_in=is_in)) for is_in in (True, False)]
    return f"from our side at most {longest[0]:.1f} min wrongly in, {longest[1]:.1f} min wrongly out"
