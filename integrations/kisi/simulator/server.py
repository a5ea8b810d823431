"""A WSGI callable for the world and a threading HTTP/1.1 server for it, on loopback. Holds no rules."""

from __future__ import annotations

import io
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from integrations.kisi.simulator import control, front, page
from integrations.kisi.simulator.api.answers import Answer, error
from integrations.kisi.simulator.calls import Incoming
from integrations.kisi.simulator.world import World

StartResponse = Callable[[str, list[tuple[str, str]]], object]
App = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
CHUNK = 64 * 1024


class NoAnswer(Exception):
    """The connection is to be closed without a byte."""


def application(world: World) -> App:
    """The WSGI callable; a lost answer is raised as `NoAnswer`."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        reply = _reply(world, _incoming(environ))
        if reply.lost:
            raise NoAnswer
        length = reply.promised or reply.size or len(reply.body)
        start_response(
            f"{reply.status} {responses.get(reply.status, 'Unknown')}",
            [*reply.headers, *(() if reply.status == 204 else [("Content-Length", str(length))])],
        )
        return _chunks(reply)

    return app


def _reply(world: World, incoming: Incoming) -> Answer:
    """The answer; a bug of the simulator is shown on its terminal and answered with 500."""
    try:
        return _side(world, incoming)
    except Exception:
        traceback.print_exc()
        return error(500)


def _side(world: World, incoming: Incoming) -> Answer:
    if incoming.path.startswith(control.PREFIX):
        return control.answer(world, incoming)
    if incoming.path == "/" and incoming.method == "GET":
        return page.answer(world, incoming)
    return front.answer(world, incoming)


def _incoming(environ: Mapping[str, Any]) -> Incoming:
    headers = {
        name[5:].replace("_", "-").title(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    headers["Content-Type"] = environ.get("CONTENT_TYPE", "")
    return Incoming(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=environ["wsgi.input"].read(),
        remote=environ.get("REMOTE_ADDR", ""),
    )


def _chunks(reply: Answer) -> Iterable[bytes]:
    if reply.drip:
        return _dripped(reply)
    if reply.size:
        return _repeated(reply.size)
    return [reply.body]


def _dripped(reply: Answer) -> Iterator[bytes]:
    for position in range(len(reply.body)):
        time.sleep(reply.drip)
        yield reply.body[position : position + 1]


def _repeated(size: int) -> Iterator[bytes]:
    for sent in range(0, size, CHUNK):
        yield b"x" * min(CHUNK, size - sent)


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, calls the app, writes each answer in one piece where it can."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, NoAnswer):
            self.close_connection = True

    def _serve(self) -> None:
        head: list[str] = []

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            head.extend([status, *(f"{name}: {value}" for name, value in headers)])

        body = self.server.app(self._environ(), start_response)
        self._send(head, body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "")
        environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.input": io.BytesIO(self.rfile.read(int(length) if length.isdigit() else 0)),
        }
        for name, value in self.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        return environ

    def _send(self, head: list[str], body: Iterable[bytes]) -> None:
        lines = "\r\n".join([f"{self.protocol_version} {head[0]}", *head[1:], "", ""])
        whole = isinstance(body, list) and len(body) == 1
        first = b"".join(body) if whole else b""
        self.wfile.write(lines.encode("latin-1") + first)
        if not whole:
            for chunk in body:
                self.wfile.write(chunk)
        if self._promised_more(head, first, whole=whole):
            self.close_connection = True

    def _promised_more(self, head: list[str], sent: bytes, *, whole: bool) -> bool:
        return whole and f"Content-Length: {len(sent)}" not in head and not head[0].startswith("204")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The world keeps its own log; nothing goes to the terminal."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], app: App) -> None:
        self.app = app
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Close the connections that are kept alive: a stopped server answers nobody."""
        for request in list(self._open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers at `url` until it is stopped."""

    url: str
    port: int
    _server: _Server

    def stop(self) -> None:
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()


def start(world: World, *, port: int = 0, host: str = "127.0.0.1") -> Server:
    """Serve the world from a thread; port 0 takes any. OSError when the port is taken."""
    server = _Server((host, port), application(world))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    bound = server.server_address[1]
    return Server(f"http://{host}:{bound}", bound, server)


@contextmanager
def serve(world: World, port: int = 0) -> Iterator[Server]:
    """`with serve(world) as server: server.url`. On the way out held requests go on and connections close."""
    running = start(world, port=port)
    try:
        yield running
    finally:
        world.clear_faults()
        running.stop()
        world.flush()
