"""What an answer of Kisi means: JSON, or the typed error that names the caller's duty. Sends nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from integrations.access.errors import (
    AlreadyExists,
    DoorError,
    Forbidden,
    Gone,
    GroupGone,
    KeyRejected,
    KeyTooWeak,
    Refused,
    SlowDown,
)
from integrations.kisi.transport.wire import Reply, Unusable

WORDS_AT_MOST = 2000  # bytes


class About(Enum):
    """Whom a refusal concerns. `SEARCH` is a list about one person: its 404 proves nothing of the person."""

    CHECK = "check"
    GROUP = "group"
    SEARCH = "search"
    PERSON = "person"


def refusal(reply: Reply, about: About, call: str, *, hide: Callable[[str], str]) -> DoorError:
    """The error for an answer that is not good; raises Unusable for one that means nothing (sync.md 8)."""
    status = reply.status
    said = words(reply.raw, hide)
    facts: dict[str, Any] = {"status": status, "call": call}
    if status == 401:
        return KeyRejected(said, **facts)
    if status == 403:
        return (Forbidden if about is About.PERSON else KeyTooWeak)(said, **facts)
    if status == 429:
        return SlowDown(said, retry_after=retry_after(reply.headers.get("Retry-After")), **facts)
    meant = _about_one(status, about, reply.raw)
    if meant is None:
        raise Unusable(said or f"status {status}", status, again=not 400 <= status < 500)
    return meant(said, **facts)


def _about_one(status: int, about: About, raw: bytes) -> type[DoorError] | None:
    """What a 400, 404, 409 or 422 says of the group or of one person; None where it says nothing."""
    if about is About.GROUP:
        return GroupGone if status == 404 else None
    if about is About.CHECK:
        return None
    if status in (400, 422):
        return AlreadyExists if status == 422 and names_taken_address(raw) else Refused
    if about is About.SEARCH:
        return None
    return {404: Gone, 409: AlreadyExists}.get(status)


def value(reply: Reply) -> Any:
    """The JSON of a good answer, None for an empty one; raises Unusable."""
    if reply.status == 204 or not reply.raw.strip():
        return None
    try:
        return json.loads(reply.raw)
    except (ValueError, RecursionError):
        raise Unusable("the answer is not JSON", reply.status) from None


def words(raw: bytes, hide: Callable[[str], str]) -> str:
    """Kisi's own words: `error`, then `errors`, then `message` (kisi-api.md 6), on one line, capped."""
    body = _json(raw)
    if not isinstance(body, dict):
        return ""
    found = body.get("error") or body.get("errors") or body.get("message") or ""
    text = found if isinstance(found, str) else _flat(found)
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in hide(text)).split())
    return line.encode()[:WORDS_AT_MOST].decode(errors="ignore")


def names_taken_address(raw: bytes) -> bool:
    """A 422 that names the address as taken means the same as a 409 (kisi-api.md 3)."""
    body = _json(raw)
    if not isinstance(body, dict):
        return False
    told = [f"{name} {text}" for name, text in _told(body.get("errors"))]
    return any(_says_taken(line.lower()) for line in [*told, str(body.get("error", ""))])


def _says_taken(line: str) -> bool:
    return "email" in line and ("taken" in line or "already" in line)


def retry_after(header: str | None) -> float | None:
    """Seconds from a number or an HTTP date; None for what makes no sense."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        seconds = _seconds_until(header)
    return seconds if 0 <= seconds < math.inf else None


def _seconds_until(date: str) -> float:
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _json(raw: bytes) -> Any:
    """None for what is no JSON, or is nested deeper than anybody means."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _flat(errors: Any) -> str:
    """`{"email": ["can't be blank"]}` reads "email can't be blank"."""
    if not isinstance(errors, dict):
        return str(errors)
    return "; ".join(f"{name} {text}" for name, text in _told(errors))


def _told(errors: Any) -> Iterator[tuple[str, str]]:
    for name, found in errors.items() if isinstance(errors, dict) else ():
        texts = found if isinstance(found, list) else [found]
        yield str(name), ", ".join(str(text) for text in texts)
