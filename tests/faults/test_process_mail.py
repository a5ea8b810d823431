"""The mail server is down or silent when somebody has to be told: the pages say it, the mail is sent later."""

from __future__ import annotations

import pytest

from integrations.kisi.models import Alert, KisiConnection
from integrations.kisi.sync.clock import database_now
from tests.conftest import House
from tests.desk import Desk
from tests.factories import StaffFactory
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.processes.gyms import LOOK, SWEEP, every_second
from tests.processes.machinery import until
from tests.processes.mailbox import Mailbox
from tests.processes.proxy import Proxy
from tests.processes.real import REAL, Start, all_ready

pytestmark = REAL
TOLD = "enter a new Kisi API key"


@fault(63, "Alert mail server down", expected="alert retried, UI banner anyway")
@pytest.mark.parametrize("way", ["refused", "silent"])
def test_an_alert_that_no_mail_server_took_is_sent_when_there_is_one(
    gym: House, mailbox: Mailbox, start: Start, saw: Saw, way: str
) -> None:
    """The five minutes until the next try are moved away in the database."""
    every_second(LOOK, SWEEP)
    desk = Desk(StaffFactory(gym=gym.gym))
    proxy = Proxy(("127.0.0.1", mailbox.port))
    proxy.down() if way == "refused" else proxy.blackhole()
    crew = start(EMAIL_URL=f"smtp://{proxy.address}", wait=False), start("beat", wait=False)
    all_ready(*crew)
    gym.world.revoke_key()
    gym.member("Ana")
    tried = until(lambda: "was not sent" in crew[0].printed, within=60, what="a try to mail")
    assert desk.open("/marketplace/kisi/").says("Needs new key")
    assert mailbox.subjects() == []
    proxy.up() if way == "refused" else proxy.heal()
    Alert.objects.update(busy_until=database_now())
    took = until(lambda: mailbox.subjects(), within=60, what="the mail")
    sweeps = crew[0].finished(SWEEP)
    until(lambda: crew[0].finished(SWEEP) >= sweeps + 3, within=60, what="more sweeps")
    proxy.close()
    assert mailbox.subjects() == [TOLD]
    assert KisiConnection.objects.get().status == "needs_new_key"
    lost = 1 - mailbox.subjects().count(TOLD)
    saw(
        "the page said it at once; mailed once when the server was back",
        f"{way}: lost alerts {lost}, first try failed after {tried:.1f} s, mailed {took:.1f} s after the next was due",
    )
