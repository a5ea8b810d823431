"""The broker goes away: nothing is lost, and everything goes on when it is back."""

from __future__ import annotations

import time

from integrations.kisi import tasks
from tests.conftest import House
from tests.processes.gyms import is_settled, the_breaker_closes, written
from tests.processes.machinery import Broker, Celery, until
from tests.processes.proxy import Proxy
from tests.processes.real import REAL

pytestmark = REAL


def test_messages_that_a_broker_lost_are_sent_again_by_the_look(gym: House, broker: Broker, start):
    gym.member("Ana Ruiz")
    broker.stop()
    broker.start()
    start()
    the_breaker_closes()
    tasks.look()
    until(lambda: gym.inside() == ["ana"], within=15)


def test_work_that_was_begun_goes_on_without_the_broker(gym: House, broker: Broker, start):
    """Ended in the middle, it would leave a call without its answer, and the lease until that runs out."""
    gym.members(12)
    start()
    until(lambda: len(gym.inside()) >= 2, within=15, what="the work is under way")
    broker.stop()
    assert len(gym.inside()) < 12, "the broker went away too late"
    until(lambda: len(gym.inside()) == 12 and is_settled(gym), within=20, what="all of them inside")
    assert written(gym, "POST", "/role_assignments") == 12


def test_a_worker_whose_connection_was_forgotten_finds_its_way_back(
    gym: House, broker: Broker, start, record_property
):
    """A firewall or a failover drops the connection and tells nobody: no error, no byte, for ever."""
    proxy = Proxy(broker.path)
    worker: Celery = start(CELERY_BROKER_URL=f"redis://{proxy.address}/0")
    gym.member("Ana Ruiz")
    until(lambda: gym.inside() == ["ana"] and worker.is_done_with("kisi.sync"), within=10)
    assert proxy.forget() >= 1
    gym.member("Ben")
    came_back = until(lambda: gym.inside() == ["ana", "ben"] or ask_again(), within=60, what="the worker")
    record_property("seconds_until_back", f"{came_back:.1f}")
    assert worker.is_running
    proxy.close()


def test_a_worker_whose_connection_was_forgotten_while_it_worked_finds_its_way_back(
    gym: House, broker: Broker, start
):
    """Its acknowledgement gets no answer: that message is not in work any more, and others are taken."""
    proxy = Proxy(broker.path)
    worker: Celery = start(CELERY_BROKER_URL=f"redis://{proxy.address}/0")
    gym.members(12)
    until(lambda: len(gym.inside()) >= 2, within=15, what="the work is under way")
    assert proxy.forget() >= 1
    assert len(gym.inside()) < 12, "the connection was forgotten too late"
    until(lambda: "Couldn't ack" in worker.printed, within=30, what="an acknowledgement without an answer")
    gym.member("Ben")
    until(lambda: "ben" in gym.inside() or ask_again(), within=60, what="the worker")
    proxy.close()


def ask_again() -> None:
    """What beat does: the first message went into the dead connection."""
    time.sleep(0.5)
    tasks.look()
