"""Celery apps for tests: Core's own settings at a real, a closed or a silent broker."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty

from celery import Celery

from config import celery, embedded
from integrations.kisi import wake

QUEUE = "core"


@contextmanager
def broker(url: str) -> Iterator[Celery]:
    """For the time being, what is published goes to this broker; the breaker begins and ends closed.

    Celery asks the environment for the address each time, before its settings.
    """
    before = os.environ["CELERY_BROKER_URL"]
    app = Celery("elsewhere", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    os.environ["CELERY_BROKER_URL"] = url
    app.set_current()
    wake.breaker.__init__()  # type: ignore[misc]
    try:
        yield app
    finally:
        os.environ["CELERY_BROKER_URL"] = before
        celery.app.set_current()
        app.close()
        wake.breaker.__init__()  # type: ignore[misc]


@contextmanager
def real() -> Iterator[Celery]:
    """The tests' Valkey, in a numbered database of this test process that is empty."""
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 15
    with broker(f"{os.environ['CELERY_BROKER_URL']}?virtual_host={number}") as app:
        app.control.purge()
        yield app


@contextmanager
def closed() -> Iterator[Celery]:
    """Nobody listens: connecting is refused."""
    with broker(f"redis://127.0.0.1:{embedded.free_port()}/0") as app:
        yield app


@contextmanager
def silent() -> Iterator[Celery]:
    """Connecting works, and then nothing ever comes back."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        with broker(f"redis://127.0.0.1:{listening.getsockname()[1]}/0") as app:
            yield app


def delivered(app: Celery) -> list[tuple[str, list[object]]]:
    """Take every message off the queue, as a worker would: task name and arguments."""
    found = []
    with app.connection_for_read() as connection, connection.SimpleQueue(QUEUE) as queue:
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return found
            found.append((message.headers["task"], message.payload[0]))
            message.ack()
