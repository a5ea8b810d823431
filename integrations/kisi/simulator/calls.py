"""The log of requests: what came, when, with which headers, and what was answered. Never a whole key."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

KEPT = 50_000
NO_ANSWER = 0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came off the wire."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    remote: str


@dataclass(slots=True)
class Call:
    """`status` None: not answered yet; 0: never was. `in_flight`: others being served when it came.
    `arrived` and `seconds` are of the real clock, `time` of the world's."""

    method: str
    path: str
    query: str
    time: datetime
    integration: str | None
    contact: str | None
    key: str
    in_flight: int
    status: int | None = None
    seconds: float | None = None
    arrived: float = field(default_factory=monotonic)


class CallLog:
    """The last calls, and the count of all."""

    def __init__(self) -> None:
        self.rows: deque[Call] = deque(maxlen=KEPT)
        self.total = 0
        self.writes = 0
        self._in_flight = 0

    def forget(self) -> None:
        self.rows.clear()
        self.total = self.writes = 0

    def begin(self, incoming: Incoming, *, now: datetime) -> Call:
        call = Call(
            method=incoming.method,
            path=incoming.path,
            query=incoming.query,
            time=now,
            integration=incoming.headers.get("X-Kisi-Integration-Identifier"),
            contact=incoming.headers.get("X-Kisi-Integration-Contact"),
            key=incoming.headers.get("Authorization", "")[-4:],
            in_flight=self._in_flight,
        )
        self.rows.append(call)
        self.total += 1
        self.writes += call.method != "GET"
        self._in_flight += 1
        return call

    def end(self, call: Call, *, status: int) -> None:
        call.status = status
        call.seconds = monotonic() - call.arrived
        self._in_flight -= 1
