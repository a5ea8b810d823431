"""A web server that dies between the commit of a save and the wake-up after it."""

from __future__ import annotations

import pytest
import requests

from plans.models import Subscription
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.processes.gyms import SWEEP, every_second
from tests.processes.machinery import Broker, until
from tests.processes.real import REAL, Serve, Start
from tests.processes.web import DYING

pytestmark = REAL


@fault(5, "Web process killed between COMMIT and on_commit", expected="the sweep does it", first=True)
def test_a_save_whose_wake_up_died_with_the_web_server_is_found_by_the_sweep(
    gym: House, broker: Broker, start: Start, serve: Serve, saw: Saw
) -> None:
    every_second(SWEEP)
    ana = gym.member("Ana", status="")
    gym.sync()
    broker.empty()
    web = serve(application=DYING)
    with pytest.raises(requests.ConnectionError):
        web.sell(ana)
    assert Subscription.objects.filter(member=ana).exists()
    assert not gym.connection.look_again
    assert broker.waiting() == 0
    start()
    start("beat", wait=False)
    took = until(lambda: gym.inside() == ["ana"], within=60, what="the sweep to find it")
    until(lambda: web.get("/").status_code == 200, within=30, what="a new web process")
    saw(
        "committed, nobody woken, found by the sweep",
        f"{took:.1f} s after beat was started, with a sweep each second (300 s in production)",
    )
