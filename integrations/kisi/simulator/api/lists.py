"""How Kisi lists: filter by ids, sort, cut a page, name the range. Shared by every resource."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from integrations.kisi.simulator.api.answers import RANGE, Answer, invalid, refused
from integrations.kisi.simulator.api.desk import Desk, whole_number
from integrations.kisi.simulator.rows import Row

AnyRow = TypeVar("AnyRow", bound=Row)
OFFSET_CAP = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows of one page: without `limit`, and at most."""

    default: int
    most: int


FIFTY_TO_HUNDRED = Limits(50, 100)
TEN = Limits(10, 250)
FIFTY = Limits(50, 250)

Keys = dict[str, Callable[[Any], Any]]


def listed(
    desk: Desk,
    rows: Sequence[AnyRow],
    shape: Callable[[AnyRow], Any],
    *,
    limits: Limits,
    sorts: Keys | None = None,
    id_name: str = "id",
) -> Answer:
    """The page of these rows that was asked for, as a bare array with its range."""
    found = _sorted(desk, _of_ids(desk, rows, id_name), sorts or {})
    limit, offset = _limit(desk, limits), max(0, whole_number(desk.params.get("offset")) or 0)
    if offset > OFFSET_CAP:
        found = _over_the_cap(desk)
    page = [shape(row) for row in found[offset : offset + limit]]
    answer = desk.answer(page)
    return replace(answer, headers=(*answer.headers, *_range(desk, offset, limit, len(found))))


def _of_ids(desk: Desk, rows: Sequence[AnyRow], id_name: str) -> list[AnyRow]:
    if "ids" not in desk.params:
        return list(rows)
    wanted = {whole_number(part.strip()) for part in desk.params["ids"].split(",")}
    return [row for row in rows if getattr(row, id_name) in wanted]


def _sorted(desk: Desk, rows: list[AnyRow], sorts: Keys) -> list[AnyRow]:
    asked = desk.params.get("sort", "")
    key = sorts.get(asked.removeprefix("-"))
    if key is not None:
        return sorted(rows, key=key, reverse=asked.startswith("-"))
    if desk.switches.default_order == "random":
        return random.sample(rows, len(rows))
    return rows[::-1] if desk.switches.default_order == "newest" else rows


def _limit(desk: Desk, limits: Limits) -> int:
    asked = whole_number(desk.params.get("limit"))
    if asked is None or asked < 1:
        asked = limits.default
    if asked > limits.most and desk.switches.over_max_limit == "422":
        raise invalid(limit=f"must be less than or equal to {limits.most}")
    return min(asked, limits.most, desk.switches.most_per_page or limits.most)


def _over_the_cap(desk: Desk) -> list[Any]:
    if desk.switches.offset_over_cap == "422":
        raise invalid(offset=f"must be less than or equal to {OFFSET_CAP}")
    if desk.switches.offset_over_cap == "400":
        raise refused(400, f"offset must be less than or equal to {OFFSET_CAP}")
    return []


def _range(desk: Desk, offset: int, limit: int, total: int) -> tuple[tuple[str, str], ...]:
    if total == 0:
        empty = desk.switches.empty_range
        return () if empty == "missing" else ((RANGE, empty),)
    if offset >= total and desk.switches.offset_past_end == "star":
        return ((RANGE, f"*/{total}"),)
    return ((RANGE, f"{offset}-{offset + limit - 1}/{total}"),)
