"""The broker goes away: a save stays quick, nothing is lost, and everything goes on when it is back."""

from __future__ import annotations

import time

from integrations.kisi import tasks, wake
from tests.conftest import House
from tests.processes.machinery import Broker, Celery, until
from tests.processes.proxy import Proxy


def test_saves_while_the_broker_is_down_are_quick_and_done_once_it_is_back(
    gym: House, broker: Broker, start, record_property
):
    worker: Celery = start()
    gym.member("Ana Ruiz")
    until(lambda: gym.inside() == ["ana"], within=10)
    broker.stop()
    took = []
    for name in ("Ben", "Cleo", "Dan"):
        before = time.monotonic()
        gym.member(name)
        took.append(time.monotonic() - before)
    record_property("seconds_of_each_save", " ".join(f"{seconds:.3f}" for seconds in took))
    assert max(took) < 1.0
    assert gym.inside() == ["ana"]
    broker.start()
    the_breaker_closes()
    tasks.sweep()
    came_back = until(lambda: len(gym.inside()) == 4, within=30, what="all four in the group")
    record_property("seconds_until_done", f"{came_back:.2f}")
    assert worker.is_running


def test_messages_that_a_broker_lost_are_sent_again_by_the_look(gym: House, broker: Broker, start):
    gym.member("Ana Ruiz")
    broker.stop()
    broker.start()
    start()
    the_breaker_closes()
    tasks.look()
    until(lambda: gym.inside() == ["ana"], within=15)


def test_a_worker_whose_connection_was_forgotten_finds_its_way_back(
    gym: House, broker: Broker, start, record_property
):
    """A firewall or a failover drops the connection and tells nobody: no error, no byte, for ever."""
    proxy = Proxy(broker.path)
    worker: Celery = start(CELERY_BROKER_URL=proxy.url)
    gym.member("Ana Ruiz")
    until(lambda: gym.inside() == ["ana"] and worker.finished("kisi.sync") == 2, within=10)
    assert proxy.forget() >= 1
    gym.member("Ben")
    came_back = until(lambda: gym.inside() == ["ana", "ben"] or ask_again(), within=60, what="the worker")
    record_property("seconds_until_back", f"{came_back:.1f}")
    assert worker.is_running
    proxy.close()


def ask_again() -> None:
    """What beat does: the first message went into the dead connection."""
    time.sleep(0.5)
    tasks.look()


def the_breaker_closes() -> None:
    """Its 30 seconds, without waiting for them."""
    wake.breaker.__init__()  # type: ignore[misc]
