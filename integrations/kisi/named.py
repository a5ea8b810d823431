"""Many ledger rows in one form field, so that exactly the people whom a page named are meant. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable

MOST = 200_000  # whoever asks for more than a page can name is answered with nobody


def pack(ids: Iterable[int]) -> str:
    """The ids in order, those that follow each other as one part: "3-9 12"."""
    parts: list[list[int]] = []
    for pk in sorted(set(ids)):
        if parts and parts[-1][1] == pk - 1:
            parts[-1][1] = pk
        else:
            parts.append([pk, pk])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def unpack(text: str) -> set[int]:
    """The ids again; what makes no sense names nobody."""
    ranges = [_range(part) for part in text.split()]
    if sum(found.stop - found.start for found in ranges) > MOST:
        return set()
    return {pk for found in ranges for pk in found}


def _range(part: str) -> range:
    first, _, last = part.partition("-")
    last = last or first
    if len(part) > 40 or not all(end.isascii() and end.isdigit() for end in (first, last)):
        return range(0)
    return range(int(first), max(int(first), int(last) + 1))
