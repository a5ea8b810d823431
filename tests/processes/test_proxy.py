"""The proxy that stands before a broker or a database does to the bytes what its verbs say."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Iterator

import pytest

from tests.processes.machinery import seconds
from tests.processes.proxy import Proxy


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while part := self.request.recv(1024):
                self.request.sendall(part)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Before a server that says everything back."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        made = Proxy(("127.0.0.1", server.server_address[1]))
        yield made
        made.close()
        server.shutdown()


def call(proxy: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=2)


def echoed(line: socket.socket, said: bytes = b"hello") -> bytes:
    line.sendall(said)
    heard = b""
    while len(heard) < len(said):
        heard += line.recv(1024)
    return heard


def test_it_passes_everything_on_both_ways(proxy):
    with call(proxy) as line:
        assert echoed(line, b"x" * 100_000) == b"x" * 100_000
    assert proxy.accepted == 1


def test_down_cuts_off_and_refuses_until_it_is_up_again(proxy):
    with call(proxy) as line:
        assert echoed(line) == b"hello"
        proxy.down()
        with pytest.raises(ConnectionError):
            line.sendall(b"more") or line.recv(1) or line.sendall(b"more")
    with pytest.raises(ConnectionRefusedError):
        call(proxy)
    proxy.up()
    with call(proxy) as line:
        assert echoed(line) == b"hello"


def test_a_blackhole_accepts_and_says_nothing(proxy):
    with call(proxy) as before:
        echoed(before)
        proxy.blackhole()
        for line in (before, call(proxy)):
            line.settimeout(0.2)
            line.sendall(b"hello")
            with pytest.raises(TimeoutError):
                line.recv(1)
    proxy.heal()
    with call(proxy) as line:
        assert echoed(line) == b"hello"


def test_forgotten_connections_hear_nothing_and_new_ones_work(proxy):
    with call(proxy) as before:
        echoed(before)
        assert proxy.forget() == 1
        before.settimeout(0.2)
        before.sendall(b"hello")
        with pytest.raises(TimeoutError):
            before.recv(1)
        with call(proxy) as line:
            assert echoed(line) == b"hello"


def test_a_reset_is_an_error_for_who_was_connected(proxy):
    with call(proxy) as line:
        echoed(line)
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            line.recv(1)


def test_latency_slices_and_a_limit_take_their_time(proxy):
    proxy.slow(latency=0.1)
    with call(proxy) as line:
        assert seconds(lambda: echoed(line)) >= 0.2
    proxy.slow(part=1, latency=0.02)
    with call(proxy) as line:
        assert seconds(lambda: echoed(line)) >= 0.1
    proxy.slow(per_second=100)
    with call(proxy) as line:
        assert seconds(lambda: echoed(line, b"x" * 10)) >= 0.2


def test_where_nobody_listens_behind_it_a_connection_is_reset():
    lost = Proxy(("127.0.0.1", 1))
    with pytest.raises(ConnectionResetError), call(lost) as line:
        line.recv(1)
    assert lost.accepted == 1
    lost.close()
