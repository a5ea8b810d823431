"""A server below HTTP: takes one request after another and lets a script write whatever bytes it likes."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\n"
JSON = HEAD + b"Content-Type: application/json\r\n"


class Hostile:
    """`requests` holds what came in; `ended` is set when a script could write no more, or was done."""

    def __init__(self, script: Script, context: ssl.SSLContext | None) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.ended = threading.Event()
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[sock], daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        with suppress(OSError), plain:
            sock = self._context.wrap_socket(plain, server_side=True) if self._context else plain
            with sock:
                self.requests.append(_request(sock))
                self.script(sock)
        self.ended.set()


def _request(sock: socket.socket) -> bytes:
    """Head and body of a request, the body as long as announced."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return data
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if b"ontent-Length" in line), 0)
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def hostile(script: Script, context: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    server = Hostile(script, context)
    try:
        yield server
    finally:
        server.close()


def says(*parts: bytes) -> Script:
    """Writes these bytes and hangs up."""

    def script(sock: socket.socket) -> None:
        for part in parts:
            sock.sendall(part)

    return script


def drips(first: bytes, drop: bytes, *, every: float = 0.02) -> Script:
    """Writes `first`, then `drop` for ever, often enough that no read ever waits long."""

    def script(sock: socket.socket) -> None:
        sock.sendall(first)
        pause = threading.Event()
        while not pause.wait(every):
            sock.sendall(drop)

    return script


def pours(first: bytes, drop: bytes) -> Script:
    """As fast as the other side takes it."""

    def script(sock: socket.socket) -> None:
        sock.sendall(first)
        while True:
            sock.sendall(drop)

    return script
