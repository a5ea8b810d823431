"""A TCP way to a broker, a database or a mail server that can be down, silent, slow, or forget its connections.

It runs an event loop in a thread of its own; every verb returns when it is in force.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

AT_ONCE = 65536
RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Way:
    """How bytes pass: `latency` seconds late, at most `part` at a time, `per_second` bytes a second (0: any)."""

    silent: bool = False
    latency: float = 0.0
    part: int = AT_ONCE
    per_second: float = 0.0


@dataclass(eq=False, slots=True)
class Pair:
    """One connection: the side that came and the side that was called."""

    writers: tuple[asyncio.StreamWriter, ...]
    forgotten: bool = False


class Proxy:
    """`target` is a socket's path, or a host and a port. `accepted` counts the connections that came."""

    def __init__(self, target: Path | tuple[str, int]) -> None:
        self._target = target
        self._way = Way()
        self._pairs: set[Pair] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.accepted = 0
        self.port = 0
        self.up()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def up(self) -> None:
        """Listen, at the same port as before."""
        self._do(self._listen())

    def down(self) -> None:
        """Nobody listens, and whoever was connected is cut off."""
        self._do(self._stop())

    def blackhole(self) -> None:
        """Connecting works, nothing is closed, no byte passes: for new and for present connections."""
        self._way = replace(self._way, silent=True)

    def slow(self, *, latency: float = 0.0, part: int = AT_ONCE, per_second: float = 0.0) -> None:
        """Late, in slices, or limited."""
        self._way = Way(latency=latency, part=part, per_second=per_second)

    def heal(self) -> None:
        """As at first; a connection that was silent stays so, as its bytes are lost."""
        for pair in self._pairs:
            pair.forgotten = pair.forgotten or self._way.silent
        self._way = Way()

    def forget(self) -> int:
        """Whoever is connected hears nothing any more; new connections work. How many were forgotten."""
        known = [pair for pair in self._pairs if not pair.forgotten]
        for pair in known:
            pair.forgotten = True
        return len(known)

    def reset(self) -> int:
        """Whoever is connected gets a reset; new connections work. How many there were."""
        count = len(self._pairs)
        self._do(self._cut())
        return count

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for pair in list(self._pairs):
            for writer in pair.writers:
                _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            there_reader, there_writer = await self._call()
        except OSError:
            _reset(writer)
            return
        pair = Pair((writer, there_writer))
        self._pairs.add(pair)
        pumps = (self._pump(pair, reader, there_writer), self._pump(pair, there_reader, writer))
        await asyncio.gather(*pumps, return_exceptions=True)
        self._pairs.discard(pair)

    async def _call(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(str(self._target))
        return await asyncio.open_connection(*self._target)

    async def _pump(self, pair: Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes from one side until it ends; then both sides end."""
        try:
            while part := await reader.read(self._way.part):
                await self._pass_on(pair, part, writer)
        finally:
            for each in pair.writers:
                each.close()

    async def _pass_on(self, pair: Pair, part: bytes, writer: asyncio.StreamWriter) -> None:
        way = self._way
        if pair.forgotten or way.silent:
            return
        wait = way.latency + (len(part) / way.per_second if way.per_second else 0.0)
        if wait:
            await asyncio.sleep(wait)
        writer.write(part)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a reset instead of a farewell."""
    own: socket.socket | None = writer.get_extra_info("socket")
    if own is not None and own.family == socket.AF_INET:
        with suppress(OSError):  # closed already
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
