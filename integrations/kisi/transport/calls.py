"""One call to Kisi: the gate, the tries, and every answer turned into a value or a typed error."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from integrations.access.errors import KeyRejected, NoAnswer, SlowDown
from integrations.kisi.rows import WrongShape
from integrations.kisi.transport import answers
from integrations.kisi.transport.answers import About
from integrations.kisi.transport.wire import Reply, Timeouts, Unusable, Wire
from integrations.vault import Secret

log = logging.getLogger(__name__)

READ_TRIES = 3
BETWEEN_TRIES = 0.5
GOOD = (200, 201, 204)


class Gate(Protocol):
    """What the caller lets happen before and after every HTTP try."""

    def enter(self, *, write: bool) -> None: ...

    def answered(self, *, write: bool, ok: bool) -> None: ...

    def slow_down(self, retry_after: float | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its JSON (None for an empty one) and its headers."""

    body: Any
    headers: Mapping[str, str]


Parse = Callable[[Answer], Any]


@dataclass(slots=True)
class Transport:
    base_url: str
    key: Secret
    gate: Gate
    contact: str = ""
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    timeouts: Timeouts = Timeouts()
    calls: int = 0
    _wire: Wire = field(init=False, repr=False)
    _told: set[str] = field(init=False, default_factory=set, repr=False)

    def __post_init__(self) -> None:
        headers = partner_headers(self.contact)
        self._wire = Wire(self.key, headers, timeouts=self.timeouts, monotonic=self.monotonic)

    def ask(
        self,
        method: str,
        path: str,
        *,
        about: About,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        parse: Parse = lambda answer: answer,
    ) -> Any:
        """One call; reads are tried three times, writes once. What `parse` finds misshapen is no answer."""
        write = method != "GET"
        tries = 1 if write else READ_TRIES
        for attempt in range(1, tries + 1):
            try:
                return self._once(method, path, about=about, params=params, body=body, parse=parse)
            except Unusable as problem:
                self.gate.answered(write=write, ok=False)
                if attempt == tries or not problem.again:
                    call = f"{method} {path}"
                    raise NoAnswer(str(problem), wrote=write, status=problem.status, call=call) from None
            self.sleep(BETWEEN_TRIES * attempt)
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, *, about: About, params: Any, body: Any, parse: Parse) -> Any:
        write = method != "GET"
        require_sendable(self.key)
        self.gate.enter(write=write)
        self.calls += 1
        reply = self._wire.exchange(method, f"{self.base_url}{path}", params=params, body=body)
        self._tell_deprecation(path, reply.headers)
        if reply.status in GOOD:
            found = _parsed(reply, parse)
            self.gate.answered(write=write, ok=True)
            return found
        error = answers.refusal(reply, about, f"{method} {path}", hide=self._wire.hide)
        if isinstance(error, SlowDown):
            self.gate.slow_down(error.retry_after)
        self.gate.answered(write=write, ok=True)
        raise error

    def _tell_deprecation(self, path: str, headers: Mapping[str, str]) -> None:
        known = path.strip("/").split("/")[0]
        if ("Deprecation" in headers or "Sunset" in headers) and known not in self._told:
            self._told.add(known)
            log.warning(
                "Kisi deprecates /%s: Deprecation %s, Sunset %s",
                known,
                headers.get("Deprecation"),
                headers.get("Sunset"),
            )


def partner_headers(contact: str) -> dict[str, str]:
    """kisi-api.md 1; the key is put in by the wire."""
    headers = {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": "core",
        "X-Kisi-Integration-Identifier": "core",
    }
    return headers | ({"X-Kisi-Integration-Contact": contact} if contact else {})


def require_sendable(key: Secret) -> None:
    """A header holds printable ASCII; anything else is no key, and would show up in the error."""
    if not re.fullmatch(r"[!-~]+", key.reveal()):
        raise KeyRejected("the key has characters that no key has")


def _parsed(reply: Reply, parse: Parse) -> Any:
    try:
        return parse(Answer(answers.value(reply), reply.headers))
    except WrongShape as wrong:
        raise Unusable(f"wrong shape: {wrong}", reply.status) from None
