"""Faults to be played: which request each waits for, and what it does to the answer. Touches no rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from threading import Event
from typing import Any

from integrations.kisi.simulator.api.answers import HTML_ERROR, RANGE, Answer, as_html, error, invalid
from integrations.kisi.simulator.calls import Incoming

Run = Callable[[], object]


class Kind(StrEnum):
    """What becomes of the request. The list kinds spoil the true answer."""

    ANSWER = "answer"  # the given status, body and headers
    PASS = "pass"  # the true answer (with a delay, a hold or a `run`)  # noqa: S105
    LOST = "lost"  # the connection closes without an answer
    EMPTY = "empty"  # an empty array with the range of an empty list
    SHORT = "short"  # the page lacks its last row, the total stays
    SHRUNK = "shrunk"  # the page lacks its last row and the total agrees with that
    DOUBLED = "doubled"  # the first row stands twice, in place of the last
    WRONG_TOTAL = "wrong_total"  # the total is one too high
    LOW_TOTAL = "low_total"  # the total is one too low
    NO_RANGE = "no_range"  # without the range header
    NOT_ARRAY = "not_array"  # an object where an array should be
    TRUNCATED = "truncated"  # half of the body, its length true to that
    WRONG_LENGTH = "wrong_length"  # the whole body, a longer one promised, then closed
    HTML = "html"  # a page of somebody else's, with 200 unless a status is given
    DRIP = "drip"  # the true answer, one byte every `pause` seconds
    HUGE = "huge"  # a body of `size` bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """For the next `times` (0: every) requests that match, after letting `skip` pass, then each `every`-th.

    `path` is a regular expression for the whole path. `after_effect`: the request takes effect first. `delay`
    seconds pass before the answer (before the effect unless `after_effect`); `hold` waits to be let go instead.
    `run` is called after the effect, under the world's lock; `change` turns the true JSON into another (PASS).
    `key` is the last four characters of a key.
    """

    method: str = "*"
    path: str = ".*"
    query: str = ""
    key: str = ""
    kind: Kind = Kind.ANSWER
    status: int | None = None
    body: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    times: int = 1
    skip: int = 0
    every: int = 1
    after_effect: bool = False
    delay: float = 0.0
    hold: bool = False
    pause: float = 1.0
    size: int = 0
    run: Run | None = None
    change: Callable[[Any], Any] | None = None

    def matches(self, incoming: Incoming) -> bool:
        return (
            self.method in ("*", incoming.method)
            and re.fullmatch(self.path, incoming.path) is not None
            and self.query in incoming.query
            and incoming.headers.get("Authorization", "").endswith(self.key)
        )

    @property
    def takes_effect(self) -> bool:
        """Whether the request is carried out although its answer is spoilt."""
        needs_no_effect = (Kind.ANSWER, Kind.LOST, Kind.HTML, Kind.HUGE)
        return self.after_effect or self.kind not in needs_no_effect


@dataclass(slots=True)
class Armed:
    """A fault in the queue. `reached` is set when a request met it; `let_go()` ends its delay or hold."""

    fault: Fault
    seen: int = 0
    hits: int = 0
    reached: Event = field(default_factory=Event)
    _go: Event = field(default_factory=Event)

    @property
    def is_spent(self) -> bool:
        return 0 < self.fault.times <= self.hits

    def take(self) -> bool:
        """Count a matching request; whether it is one to spoil."""
        self.seen += 1
        due = self.seen - self.fault.skip
        if due < 1 or due % self.fault.every or self.is_spent:
            return False
        self.hits += 1
        self.reached.set()
        return True

    def wait(self) -> None:
        if self.fault.hold or self.fault.delay:
            self._go.wait(None if self.fault.hold else self.fault.delay)

    def let_go(self) -> None:
        self._go.set()


class Faults:
    """The queue; the first that matches and is not spent is played."""

    def __init__(self) -> None:
        self.armed: list[Armed] = []

    def add(self, fault: Fault) -> Armed:
        armed = Armed(fault)
        self.armed.append(armed)
        return armed

    def take(self, incoming: Incoming) -> Armed | None:
        matching = (armed for armed in self.armed if not armed.is_spent and armed.fault.matches(incoming))
        return next((armed for armed in matching if armed.take()), None)

    def clear(self) -> None:
        for armed in self.armed:
            armed.let_go()
        self.armed.clear()


def from_dict(values: dict[str, Any]) -> Fault:
    """A fault as another process sends it; ValueError names what is wrong."""
    known = {item.name for item in fields(Fault)} - {"run", "change"}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"A fault has no {unknown[0]}. It has: {', '.join(sorted(known))}")
    values = dict(values, kind=Kind(values.get("kind", "answer")))
    values["headers"] = tuple(
        (str(name), str(value)) for name, value in dict(values.get("headers", {})).items()
    )
    try:
        re.compile(values.get("path", ""))
    except re.error as wrong:
        raise ValueError(f"path is no regular expression: {wrong}") from None
    return Fault(**values)


def spoilt(fault: Fault, true: Answer | None) -> Answer:
    """The answer this fault makes of the true one (None: the request had no effect)."""
    if fault.kind is Kind.ANSWER:
        return _given(fault)
    if fault.kind is Kind.LOST:
        return Answer(0, lost=True)
    if fault.kind is Kind.HTML:
        return as_html(fault.body or HTML_ERROR.format("Sign in to the network"), status=fault.status or 200)
    if fault.kind is Kind.HUGE:
        return replace(error(fault.status or 200), size=fault.size)
    return _bent(fault, true or error(500))


def _given(fault: Fault) -> Answer:
    status = fault.status or 500
    if fault.body is None and status >= 400:
        said = invalid(base="is invalid").answer if status == 422 else error(status)
        return replace(said, headers=(*said.headers, *fault.headers))
    body = (fault.body or "").encode()
    is_json = body[:1] in (b"{", b"[")
    kind = ("Content-Type", "application/json; charset=utf-8" if is_json else "text/html; charset=utf-8")
    named = {name.lower() for name, _ in fault.headers}
    return Answer(status, body, fault.headers if "content-type" in named else (kind, *fault.headers))


def _bent(fault: Fault, true: Answer) -> Answer:
    if fault.kind is Kind.DRIP:
        return replace(true, drip=fault.pause)
    if fault.kind is Kind.TRUNCATED:
        return replace(true, body=true.body[: len(true.body) // 2])
    if fault.kind is Kind.WRONG_LENGTH:
        return replace(true, promised=len(true.body) + 100)
    if true.status != 200:
        return true
    if fault.kind is Kind.PASS:
        return _changed(fault, true)
    return _bent_list(fault.kind, true)


def _changed(fault: Fault, true: Answer) -> Answer:
    if fault.change is None:
        return true
    return replace(true, body=json.dumps(fault.change(json.loads(true.body))).encode())


def _bent_list(kind: Kind, true: Answer) -> Answer:
    rows = json.loads(true.body)
    if not isinstance(rows, list):
        return true
    start, _, total = (true.header(RANGE) or "*/0").rpartition("/")
    if kind is Kind.EMPTY:
        return _list(true, [], "*/0")
    if kind is Kind.SHORT:
        return _list(true, rows[:-1], true.header(RANGE))
    if kind is Kind.SHRUNK:
        return _list(true, rows[:-1], f"{start}/{max(0, int(total) - 1)}")
    if kind is Kind.DOUBLED:
        return _list(true, [rows[0], *rows[:-1]] if rows else [], true.header(RANGE))
    if kind is Kind.WRONG_TOTAL:
        return _list(true, rows, f"{start}/{int(total) + 1}")
    if kind is Kind.LOW_TOTAL:
        return _list(true, rows, f"{start}/{max(0, int(total) - 1)}")
    if kind is Kind.NO_RANGE:
        return _list(true, rows, None)
    return _list(true, {"data": rows}, true.header(RANGE))


def _list(true: Answer, rows: object, named: str | None) -> Answer:
    headers = tuple(pair for pair in true.headers if pair[0] != RANGE)
    shown = () if named is None else ((RANGE, named),)
    return replace(true, body=json.dumps(rows).encode(), headers=(*headers, *shown))
