"""Whole lists of Kisi or none: walks pages until they agree (sync.md 3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from integrations.access.errors import DoorError, IncompleteRead, NoAnswer
from integrations.kisi import rows
from integrations.kisi.rows import WrongShape
from integrations.kisi.transport.answers import About
from integrations.kisi.transport.calls import Answer, Transport

T = TypeVar("T")
Parse = Callable[[rows.Json], T]
OnPage = Callable[[int], None]

WALKS = 3
LARGEST_OFFSET = 20_000  # kisi-api.md 4, and the limits
PER_PAGE = {"/users": 100}
MOST_PER_PAGE = 250


class _Shifted(Exception):
    """The list is not one consistent list; the message says how."""


class _TooLong(_Shifted):
    """Kisi does not list the rest, however often one asks."""


def whole(
    http: Transport,
    path: str,
    params: Mapping[str, Any],
    parse: Parse[T],
    *,
    on_page: OnPage | None = None,
    about: About = About.CHECK,
    failure: type[DoorError] | None = None,
) -> tuple[T, ...]:
    """Every row, or `failure`; walked again when it shifted, three times at most.

    `failure` is NoAnswer for a list about one person, else IncompleteRead. `on_page` is told the rows so far.
    """
    raised = failure or (NoAnswer if about is About.SEARCH else IncompleteRead)
    reason = ""
    for _ in range(WALKS):
        try:
            return _walk(http, path, params, parse, on_page=on_page, about=about)
        except _TooLong as long:
            raise raised(str(long), call=f"GET {path}") from None
        except _Shifted as shifted:
            reason = str(shifted)
        except NoAnswer as none:
            raise raised(none.said, status=none.status, call=f"GET {path}") from None
    raise raised(reason, call=f"GET {path}")


def _walk(
    http: Transport,
    path: str,
    params: Mapping[str, Any],
    parse: Parse[T],
    *,
    on_page: OnPage | None,
    about: About,
) -> tuple[T, ...]:
    """Goes on by the rows received, as a server may clamp the limit; raises _Shifted."""
    found: dict[int, T] = {}
    total: int | None = None
    limit = PER_PAGE.get(path, MOST_PER_PAGE)
    while total is None or len(found) < total:
        if len(found) > LARGEST_OFFSET:
            raise _TooLong(f"more than {LARGEST_OFFSET:,} rows, which Kisi does not list")
        page = {**params, "limit": limit, "offset": len(found)}
        listed, now_total = _page(http, path, page, parse, about)
        _require_agreement(found, listed, total, now_total)
        total = now_total
        found.update(listed)
        if on_page:
            on_page(len(found))
    if len(found) != total:
        raise _Shifted(f"{len(found)} rows of {total}")
    return tuple(found.values())


def _require_agreement(
    found: Mapping[int, T], listed: list[tuple[int, T]], total: int | None, now_total: int
) -> None:
    ids = {row_id for row_id, _ in listed}
    if total is not None and now_total != total:
        raise _Shifted(f"the total changed from {total} to {now_total}")
    if not listed and len(found) < now_total:
        raise _Shifted(f"an empty page after {len(found)} of {now_total}")
    if len(ids) != len(listed) or ids & found.keys():
        raise _Shifted("the same row twice")


def _page(
    http: Transport, path: str, params: Mapping[str, Any], parse: Parse[T], about: About
) -> tuple[list[tuple[int, T]], int]:
    def read(answer: Answer) -> tuple[list[tuple[int, T]], int]:
        if not isinstance(answer.body, list):
            raise WrongShape("the list is no array")
        listed = [(rows.row_id(row), parse(row)) for row in map(rows.mapping, answer.body)]
        return listed, _total(answer.headers.get("X-Collection-Range"))

    found: tuple[list[tuple[int, T]], int] = http.ask("GET", path, about=about, params=params, parse=read)
    return found


def _total(header: str | None) -> int:
    """`0-9/200` or `*/0` (kisi-api.md 4); a list without it cannot be known to be whole."""
    found = re.fullmatch(r"\s*(?:[0-9]+-[0-9]+|\*)/([0-9]{1,9})\s*", header or "")
    if not found:
        raise WrongShape("X-Collection-Range is missing or odd")
    return int(found.group(1))
