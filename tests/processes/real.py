"""The fixtures and the marks of every test with real processes; here and among the faults."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps

from tests.conftest import House, on_sqlite
from tests.integrations.kisi import brokers
from tests.processes import machinery
from tests.processes.machinery import STARTS_WITHIN, Broker, Celery, Process, until
from tests.processes.mailbox import Mailbox
from tests.processes.postgres import Postgres
from tests.processes.web import Web

WHY_NOT = "several processes write at once: needs PostgreSQL"
# Real processes over committed rows.
REAL = [
    pytest.mark.process,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(on_sqlite(), reason=WHY_NOT),
]
Start = Callable[..., Celery]
Serve = Callable[..., Web]


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
def mailbox() -> Iterator[Mailbox]:
    taking = Mailbox()
    yield taking
    taking.close()


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """It runs again in the end, also when the test failed while it was down."""
    found = Postgres.of_the_tests()
    if found is None:
        pytest.skip("the database is not ours to stop")
    yield found
    if not found.is_running:
        found.start()


@pytest.fixture
def gym(broker: Broker, transactional_db: None, connected: House) -> House:
    """Connected, everybody entitled has access, and the beat rows are there."""
    rows = importlib.import_module("integrations.kisi.migrations.0002_beat_rows")
    rows.add_rows(apps, None)
    return connected


@pytest.fixture
def running(gym: House, broker: Broker) -> Iterator[list[Process]]:
    """Whatever was started; all are killed in the end, and a failure shows what each printed last."""
    started: list[Process] = []
    yield started
    gym.world.clear_faults()
    for process in started:
        process.kill()
        print(process.printed[-8000:])


@pytest.fixture
def start(running: list[Process], gym: House, broker: Broker) -> Start:
    """Start a worker (or a beat); with `wait=False` it may not be ready yet."""

    def begin(kind: str = "worker", *, processes: int = 1, wait: bool = True, **environment: Any) -> Celery:
        facts = {"CELERY_BROKER_URL": broker.url, "KISI_API_URL": gym.server.url} | environment
        made = machinery.beat(facts) if kind == "beat" else machinery.worker(processes, facts)
        running.append(made)
        if wait:
            all_ready(made)
        return made

    return begin


@pytest.fixture
def serve(running: list[Process], gym: House, broker: Broker) -> Serve:
    """Start a web server, and sign somebody in there."""

    def begin(**options: Any) -> Web:
        made = Web(gym.plan, **({"CELERY_BROKER_URL": broker.url} | options))
        running.append(made)
        all_ready(made)
        made.sign_in()
        return made

    return begin


def all_ready(*processes: Process) -> None:
    until(lambda: all(each.is_ready for each in processes), within=STARTS_WITHIN, what="processes ready")
