"""The one choke point: sends one request to Kisi and turns every answer into a value or a typed error."""

from __future__ import annotations

import json
import logging
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Protocol

import requests
from urllib3.exceptions import HTTPError, TimeoutError

from integrations.access.errors import (
    AlreadyExists,
    DoorError,
    Forbidden,
    Gone,
    GroupGone,
    KeyRejected,
    KeyTooWeak,
    NoAnswer,
    Refused,
    SlowDown,
)
from integrations.kisi.rows import WrongShape
from integrations.vault import Secret

log = logging.getLogger(__name__)

READ_TRIES = 3
BETWEEN_TRIES = 0.5
BODY_AT_MOST = 5 * 1024 * 1024
PART = 64 * 1024
WORDS_AT_MOST = 2000


class About(Enum):
    """Whom a 403 or a 404 concerns: the whole connection, its group, or one person."""

    CHECK = "check"
    GROUP = "group"
    PERSON = "person"


class Gate(Protocol):
    """What the caller lets happen before and after every HTTP try."""

    def enter(self, *, write: bool) -> None: ...

    def answered(self, *, write: bool, ok: bool) -> None: ...

    def slow_down(self, retry_after: float | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its JSON (None for 204) and its headers."""

    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total` is for a whole call: a read timeout alone is per read, and a slow drip defeats it."""

    connect: float = 3.0
    read: float = 10.0
    total: float = 20.0


class _Unusable(Exception):
    """No usable answer; `status` when there was one."""

    def __init__(self, why: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(why)


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
    _session: requests.Session = field(init=False, repr=False)
    _told: set[str] = field(init=False, default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def ask(
        self,
        method: str,
        path: str,
        *,
        about: About,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        parse: Callable[[Answer], Any] = lambda answer: answer,
    ) -> Any:
        """One call; reads are tried three times, writes once. What `parse` finds misshapen is no answer."""
        write = method != "GET"
        tries = 1 if write else READ_TRIES
        for attempt in range(1, tries + 1):
            try:
                return self._once(method, path, about=about, params=params, body=body, parse=parse)
            except _Unusable as problem:
                self.gate.answered(write=write, ok=False)
                if attempt == tries:
                    call = f"{method} {path}"
                    raise NoAnswer(str(problem), wrote=write, status=problem.status, call=call) from None
                self.sleep(BETWEEN_TRIES * attempt)
        raise AssertionError("unreachable")

    def _once(self, method: str, path: str, *, about: About, params: Any, body: Any, parse: Any) -> Any:
        write = method != "GET"
        self._require_sendable_key()
        self.gate.enter(write=write)
        self.calls += 1
        response, raw = self._send(method, path, params, body)
        self._tell_deprecation(path, response.headers)
        if response.status_code in (200, 201, 204):
            answer = Answer(_json(response, raw), response.headers)
            try:
                value = parse(answer)
            except WrongShape as wrong:
                raise _Unusable(f"wrong shape: {wrong}", response.status_code) from None
            self.gate.answered(write=write, ok=True)
            return value
        error = self._error(response, raw, about, f"{method} {path}")
        self.gate.answered(write=write, ok=True)
        raise error

    def _send(self, method: str, path: str, params: Any, body: Any) -> tuple[requests.Response, bytes]:
        """Status, headers and body within the total deadline and the size cap; anything else is unusable."""
        deadline = self.monotonic() + self.timeouts.total
        why = "no connection"
        try:
            response = self._session.request(
                method,
                f"{self.base_url}{path}",
                params=params,
                json=body,
                headers=self._headers(),
                timeout=(self.timeouts.connect, self.timeouts.read),
                allow_redirects=False,
                stream=True,
                verify=True,
            )
            with response:
                return response, self._read(response, deadline)
        except (requests.Timeout, TimeoutError):
            why = "no answer in time"
        except (requests.RequestException, HTTPError, OSError) as problem:
            why = f"no connection ({type(problem).__name__})"
        raise _Unusable(why)

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """The body, without our key should the other side repeat it."""
        body = b"".join(self._parts(response, deadline))
        return body.replace(self.key.reveal().encode(), b"****")

    def _parts(self, response: requests.Response, deadline: float) -> Iterator[bytes]:
        """Whatever has come, as it comes: waiting for full blocks would let a drip pass the deadline."""
        size = 0
        while part := response.raw.read1(PART, decode_content=True):
            size += len(part)
            if size > BODY_AT_MOST:
                raise _Unusable("the answer is too large", response.status_code)
            if self.monotonic() > deadline:
                raise _Unusable("the answer came too slowly", response.status_code)
            yield part

    def _require_sendable_key(self) -> None:
        """A header holds printable ASCII; anything else is no key, and would show up in the error."""
        if not re.fullmatch(r"[!-~]+", self.key.reveal()):
            raise KeyRejected("the key has characters that no key has")

    def _headers(self) -> dict[str, str]:
        headers = {
            "Authorization": f"KISI-LOGIN {self.key.reveal()}",
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "core",
            "X-Kisi-Integration-Identifier": "core",
        }
        if self.contact:
            headers["X-Kisi-Integration-Contact"] = self.contact
        return headers

    def _error(self, response: requests.Response, raw: bytes, about: About, call: str) -> DoorError:
        status = response.status_code
        said = self._words(raw)
        facts: dict[str, Any] = {"status": status, "call": call}
        if status == 401:
            return KeyRejected(said, **facts)
        if status == 403:
            return (Forbidden if about is About.PERSON else KeyTooWeak)(said, **facts)
        if status == 404:
            return (GroupGone if about is About.GROUP else Gone)(said, **facts)
        if status == 409 or (status == 422 and _address_taken(raw)):
            return AlreadyExists(said, **facts)
        if status in (400, 422):
            return Refused(said, **facts)
        if status == 429:
            return self._slowed(response, said, facts)
        raise _Unusable(said or f"status {status}", status)

    def _slowed(self, response: requests.Response, said: str, facts: dict[str, Any]) -> SlowDown:
        retry_after = _retry_after(response.headers.get("Retry-After"))
        self.gate.slow_down(retry_after)
        return SlowDown(said, retry_after=retry_after, **facts)

    def _words(self, raw: bytes) -> str:
        """Kisi's own words: `error`, then `errors`, then `message` (kisi-api.md 6), on one line, capped."""
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        text = ""
        if isinstance(body, dict):
            found = body.get("error") or body.get("errors") or body.get("message") or ""
            text = found if isinstance(found, str) else _flat(found)
        return " ".join(text.split())[:WORDS_AT_MOST]

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


def _json(response: requests.Response, raw: bytes) -> Any:
    if response.status_code == 204 or not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise _Unusable("the answer is not JSON", response.status_code) from None


def _flat(errors: Any) -> str:
    """`{"email": ["can't be blank"]}` reads "email can't be blank"."""
    if not isinstance(errors, dict):
        return str(errors)
    lines = []
    for name, words in errors.items():
        texts = words if isinstance(words, list) else [words]
        lines.append(f"{name} {', '.join(str(text) for text in texts)}")
    return "; ".join(lines)


def _address_taken(raw: bytes) -> bool:
    """A 422 that names the address as taken means the same as a 409 (kisi-api.md 3)."""
    try:
        errors = json.loads(raw).get("errors", {})
        return "taken" in " ".join(str(word) for word in errors.get("email", []))
    except (ValueError, AttributeError):
        return False


def _retry_after(value: str | None) -> float | None:
    """Seconds from a number or an HTTP date; None for what makes no sense."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return seconds if 0 <= seconds < math.inf else None
