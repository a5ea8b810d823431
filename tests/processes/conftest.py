"""A gym at a simulated Kisi that is served from here, and the real processes around it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from tests.conftest import House, on_sqlite
from tests.integrations.kisi import brokers
from tests.processes.machinery import BEAT, WORKER, Broker, Celery, until

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here runs real processes over committed rows."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.process)
            item.add_marker(pytest.mark.django_db(transaction=True))
            if on_sqlite():
                item.add_marker(pytest.mark.skip(reason="several processes write at once: needs PostgreSQL"))


@pytest.fixture
def broker() -> Iterator[Broker]:
    """What this process publishes goes there too."""
    running = Broker()
    try:
        with brokers.broker(running.url):
            yield running
    finally:
        running.remove()


@pytest.fixture
def gym(broker: Broker, transactional_db: None, connected: House) -> House:
    """Connected, everybody entitled has access, and the beat rows are there."""
    rows = importlib.import_module("integrations.kisi.migrations.0002_beat_rows")
    rows.add_rows(apps, None)
    return connected


@pytest.fixture
def start(gym: House, broker: Broker) -> Iterator[Callable[..., Celery]]:
    """Start a worker (or a beat); all are killed in the end."""
    running: list[Celery] = []

    def begin(kind: str = "worker", *, processes: int = 1, **environment: Any) -> Celery:
        facts = {"CELERY_BROKER_URL": broker.url, "KISI_API_URL": gym.server.url} | environment
        arguments, ready = (
            (BEAT, "beat: Starting") if kind == "beat" else ((*WORKER, "-c", str(processes)), "ready.")
        )
        made = Celery(*arguments, **facts)
        running.append(made)
        until(lambda: ready in made.printed, within=30, what=f"a {kind} that is ready")
        return made

    yield begin
    gym.world.clear_faults()
    for process in running:
        process.kill()
