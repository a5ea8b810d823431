"""A Kisi that cannot be reached, is too slow, or sends us elsewhere: nothing is concluded, the key goes nowhere."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from integrations.access.errors import NoAnswer
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.simulator import Kind
from integrations.kisi.transport import Timeouts
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import CHECK, at_work, beat, client, is_settled, taken
from tests.faults.table import fault
from tests.integrations.kisi.hostile import Hostile

Status, State = KisiConnection.Status, KisiGrant.State
READ, TOTAL = 10, 20


# 18


@contextmanager
def nobody_accepts() -> Iterator[str]:
    """An address whose queue is full: connecting takes for ever."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            yield f"http://127.0.0.1:{address[1]}"
        finally:
            for one in waiting:
                one.close()


@contextmanager
def no_name() -> Iterator[str]:
    """A host that no name server knows (RFC 6761)."""
    yield "http://kisi.invalid"


@fault(18, "Connect timeout; DNS failure", expected="in trouble, nothing applied")
@pytest.mark.parametrize("elsewhere", [nobody_accepts, no_name], ids=["connect timeout", "DNS failure"])
def test_a_kisi_that_cannot_be_reached_is_in_trouble_and_nothing_is_applied(
    connected: House, saw: Saw, settings: Any, elsewhere: Any
) -> None:
    members = at_work(connected, 5)
    connected.member("Ana")
    connected.subscription(members[0]).pause()
    before, began = connected.clock.now(), time.monotonic()
    with elsewhere() as settings.KISI_API_URL:
        connected.sync()
        beat(connected, minutes=5, done=lambda: connected.connection.status == Status.IN_TROUBLE)
    waited, real = (connected.clock.now() - before).total_seconds(), time.monotonic() - began
    assert connected.connection.status == Status.IN_TROUBLE
    assert connected.calls() == []
    assert connected.connection.grants.filter(state=State.GRANTED).count() == 5
    settings.KISI_API_URL = connected.server.url
    beat(connected, minutes=20, done=lambda: is_settled(connected))
    assert is_settled(connected)
    saw("in trouble, nothing applied, then all done", f"{waited:.0f} s to the state, {real:.0f} of them real")


# 19


@fault(19, "Read timeout on GET", expected="tried again")
def test_a_read_that_is_never_answered_is_tried_again(connected: House, saw: Saw) -> None:
    silent = connected.world.fault(kind=Kind.PASS, hold=True, **CHECK)
    connected.member("Ana")
    before = time.monotonic()
    connected.sync()
    took = time.monotonic() - before
    silent.let_go()
    tries = connected.calls().count("GET /user")
    assert connected.inside() == ["ana"]
    assert tries == 2
    assert READ <= took < READ + 5
    saw("given up and asked once more", f"{tries} tries, {took:.1f} s")


# 23


@fault(23, "Slow drip body", expected="cut at the call's total time", first=True)
def test_a_body_that_drips_is_cut_when_the_time_of_the_call_is_used_up(connected: House, saw: Saw) -> None:
    connected.world.fault(kind=Kind.DRIP, pause=0.05, times=0, **CHECK)
    kisi = client(connected, timeouts=Timeouts(read=0.4, total=0.5))
    before = time.monotonic()
    with pytest.raises(NoAnswer):
        kisi.me()
    took = (time.monotonic() - before) / kisi.calls
    assert kisi.calls == 3
    assert 0.45 < took < 0.8
    saw("each try cut, though a byte came in time every time", f"{took:.2f} s a call where 0.5 are allowed")


@fault(23, "Slow drip body, 1 B/s", expected="cut at 20 s")
def test_a_body_of_a_byte_a_second_is_cut_at_twenty_seconds(connected: House, saw: Saw) -> None:
    connected.world.fault(kind=Kind.DRIP, pause=1.0, **CHECK)
    connected.member("Ana")
    before = time.monotonic()
    connected.sync()
    took = time.monotonic() - before
    assert connected.inside() == ["ana"]
    assert TOTAL <= took < TOTAL + 3
    saw("cut, asked once more, Ana is in", f"{took:.1f} s, the rest of the run included")


# 32


@fault(32, "302 to another host", expected="not followed, the key is not sent")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(connected: House, saw: Saw, status: int) -> None:
    members = at_work(connected, 3)
    elsewhere = Hostile(lambda sock: None, None)
    there = {"Location": f"{elsewhere.url}/user"}
    connected.world.fault(path=".*", status=status, headers=there, times=0)
    connected.member("Ana")
    connected.subscription(members[0]).pause()
    connected.sync()
    beat(connected, minutes=5)
    elsewhere.close()
    asked, leaks = len(connected.calls()), len(elsewhere.requests)
    assert connected.connection.status == Status.IN_TROUBLE
    assert asked > 0
    assert leaks == 0
    assert taken(connected) == 0
    saw(f"{status}: in trouble, nobody followed it", f"{leaks} key leaks in {asked} redirects")


@fault(32, "302 to another host, in answer to a write", expected="not followed, the key is not sent")
def test_a_redirect_of_a_write_is_not_followed_either(connected: House, saw: Saw) -> None:
    elsewhere = Hostile(lambda sock: None, None)
    headers = {"Location": f"{elsewhere.url}/users"}
    connected.world.fault(method="POST", status=302, headers=headers, times=4)
    connected.member("Ana")
    connected.sync()
    beat(connected, minutes=60, done=lambda: is_settled(connected))
    elsewhere.close()
    assert connected.inside() == ["ana"]
    leaks = len(elsewhere.requests)
    assert leaks == 0
    saw("looked at, sent again, Ana is in", f"{leaks} key leaks")
