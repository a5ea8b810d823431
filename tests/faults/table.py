"""The table of faults: what each one injects, what must come of it, and what a test saw (reliability.md 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

LAST = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One test of one fault: what it saw and measured, and whether that is what was expected."""

    number: int
    name: str
    expected: str
    outcome: str
    seen: str
    figure: str


def fault(number: int, name: str, *, expected: str, first: bool = False) -> Callable[[Any], Any]:
    """Mark a test as proof of fault `number`; `first` ones run with every `make test`, others in `make faults`."""

    def mark(test: Any) -> Any:
        test = pytest.mark.fault(number, name, expected)(test)
        return test if first else pytest.mark.long(test)

    return mark


def missing(rows: Iterable[Row]) -> list[int]:
    """The faults that no test tried."""
    return sorted(set(range(1, LAST + 1)) - {row.number for row in rows})


def lines(rows: Iterable[Row]) -> list[str]:
    """The table as text, by number; several tests of one fault stand below each other."""
    ordered = sorted(rows, key=lambda row: (row.number, row.seen, row.figure))
    return [
        f"{row.number:>2} {row.outcome:<6} {row.name}\n      expected: {row.expected}\n"
        f"      seen:     {row.seen or 'nothing was reported'}\n      figure:   {row.figure or '-'}"
        for row in ordered
    ]
