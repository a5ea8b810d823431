"""The machine itself: anything in any order, and neither harm nor anything left undone."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import connections
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from integrations.kisi import wake
from integrations.kisi.simulator import World, serve
from tests.conftest import on_sqlite
from tests.machine.clock import START, VirtualClock
from tests.machine.figures import Figures
from tests.machine.machine import Machine
from tests.machine.scene import Scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(0)]
STEPS = 30
ON_SQLITE, ON_POSTGRES = 25, 50
MORE = "CORE_MACHINE_EXAMPLES"


@pytest.fixture
def scene(settings: Any) -> Iterator[Scene]:
    settings.KISI_CALLS_PER_SECOND = 4
    importlib.import_module("integrations.kisi.migrations.0002_beat_rows").add_rows(apps, None)
    world = World.small()
    connections["default"].inc_thread_sharing()
    with serve(world) as server, time_machine.travel(START, tick=False) as traveller:
        settings.KISI_API_URL = server.url
        yield Scene(world, VirtualClock(traveller))
    connections["default"].dec_thread_sharing()
    wake.breaker.__init__()  # type: ignore[misc]


def search(scene: Scene, examples: int) -> Figures:
    """The same examples on every commit; as many others as one likes when the environment asks for more.

    A find is made shorter only when others are asked for: that takes minutes, and every commit waits.
    """
    figures = Figures()
    asked = os.environ.get(MORE)
    how = settings(
        max_examples=int(asked or examples),
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=not asked,
        phases=[Phase.generate, Phase.shrink] if asked else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=bool(asked),
    )
    run_state_machine_as_test(lambda: Machine(scene, figures), settings=how)
    return figures


@pytest.mark.skipif(not on_sqlite(), reason="this is the pass on SQLite")
def test_in_memory_nothing_that_happens_does_harm_or_is_left_undone(scene: Scene) -> None:
    report(search(scene, ON_SQLITE))


@pytest.mark.long
@pytest.mark.skipif(on_sqlite(), reason="this is the pass on PostgreSQL")
def test_on_postgres_nothing_that_happens_does_harm_or_is_left_undone(scene: Scene) -> None:
    report(search(scene, ON_POSTGRES))


def report(figures: Figures) -> None:
    print(f"\n{figures}\n{dict(figures.happened.most_common())}")
    assert not figures.under_the_floor()
