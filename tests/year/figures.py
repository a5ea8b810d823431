"""The year in figures: one table, and those that have to be zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from tests.year.tally import Stay, apart, convergences, minutes
from tests.year.year import Year

GRANT, REMOVAL, RENAME = 2, 3, 2  # the least calls that each needs: sync.md 4 and 5


def zeros(year: Year) -> dict[str, list[str]]:
    """What must never happen, each with every time it did."""
    return {
        "removed by us while entitled": year.tally.lockouts,
        "removed above the allowance without a word": year.above,
        "brake trips below the allowance": [
            f"{trip.owed} of {trip.allowed} at {trip.at:%Y-%m-%d %H:%M}"
            for trip in year.trips
            if trip.is_false
        ],
        "Kisi people with one address": ["somebody twice"] * year.watch.doubles(),
        "protected people touched": year.watch.touched,
        "changes lost": year.lost,
        "calls refused for their pace": ["too fast"] * year.watch.too_fast,
    }


def lines(year: Year, *, seconds: float, days: int) -> list[str]:
    rows = [*_setting(year, days), *_wrongly_in(year), *_wrongly_out(year), *_zero_rows(year), *_speed(year)]
    rows += [("seconds of a processor", f"{seconds:.0f}")]
    return [f"{name:<58} {value:>40}" for name, value in rows]


def longest(year: Year, part: str, *, is_in: bool) -> timedelta:
    """The longest time that one person was wrongly in (or out) with nobody to blame, or in the hour after trouble."""
    stays = [stay for stay in year.tally.stays if stay.is_in is is_in and stay.why in ("", "first access")]
    return max((apart(stay, year.troubles.elsewhere)[part] for stay in stays), default=timedelta())


def _setting(year: Year, days: int) -> list[tuple[str, str]]:
    troubles = Counter(trouble.name for trouble in year.troubles.all)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(troubles.items()))
    return [
        ("days, people with access at the end", f"{days}, {len(year.tally.wanted)}"),
        ("acts at the gym, edits by hand in Kisi", f"{year.reception.acts:,}, {year.hands.edits}"),
        ("access given, removed", f"{year.tally.given:,}, {year.tally.taken:,}"),
        (f"troubles: {listed}", f"{len(year.troubles.all)}"),
    ]


def _wrongly_in(year: Year) -> list[tuple[str, str]]:
    stays = [stay for stay in year.tally.stays if stay.is_in]
    return [
        ("minutes wrongly in: from our side", _parts(year, _of(stays, "", "let in"), "ours")),
        ("  in the hour after something else was broken", _parts(year, _of(stays, "", "let in"), "after")),
        ("  while Kisi, the key or the broker was down", _parts(year, _of(stays, "", "let in"), "down")),
        ("  held, until somebody decided", _whole(_of(stays, "held"))),
        ("  kept by somebody's decision", _whole(_of(stays, "kept"))),
        ("  refused by Kisi, until somebody pressed Retry", _whole(_of(stays, "parked"))),
        ("  let in by hand in Kisi", _whole(_of(stays, "by hand"))),
    ]


def _wrongly_out(year: Year) -> list[tuple[str, str]]:
    stays = [stay for stay in year.tally.stays if not stay.is_in]
    return [
        ("minutes wrongly out: removed by us", _whole(_of(stays, ""))),
        ("  until the first access", _parts(year, _of(stays, "first access"), "ours")),
        ("  the same, in the hour after", _parts(year, _of(stays, "first access"), "after")),
        ("  the same, while something else was down", _parts(year, _of(stays, "first access"), "down")),
        ("  refused by Kisi, until somebody pressed Retry", _whole(_of(stays, "parked"))),
        ("  removed by hand in Kisi", _whole(_of(stays, "by hand"))),
    ]


def _zero_rows(year: Year) -> list[tuple[str, str]]:
    trips = f"{len(year.trips)} brake trips, above the allowance"
    return [(name, str(len(found))) for name, found in zeros(year).items()] + [(trips, "")]


def _speed(year: Year) -> list[tuple[str, str]]:
    calls, tally = year.watch.calls, year.tally
    least = GRANT * tally.given + REMOVAL * tally.taken + RENAME * year.reception.renames
    waits = convergences(year.troubles.all, tally.stays)
    kept = [wait for wait in waits if wait]
    return [
        ("stretches of trouble, of which somebody still waited after", f"{len(waits)}, {len(kept)}"),
        ("seconds until all was right then: p50, p99, max", _ranks(kept)),
        ("calls about people, least needed, ratio", _ratio(calls["person"], least)),
        ("calls of all kinds, the same least, ratio", _ratio(calls.total(), least)),
        ("  of these: looks at key and group, pages of lists", f"{calls['look']:,}, {calls['walk']:,}"),
        ("most calls within any second", f"{year.watch.fastest}"),
    ]


def _of(stays: Iterable[Stay], *whys: str) -> list[Stay]:
    return [stay for stay in stays if stay.why in whys]


def _parts(year: Year, stays: Sequence[Stay], part: str) -> str:
    found = [apart(stay, year.troubles.elsewhere)[part] for stay in stays]
    return _sum([length for length in found if length])


def _whole(stays: Sequence[Stay]) -> str:
    return _sum([stay.until - stay.since for stay in stays])


def _sum(lengths: Sequence[timedelta]) -> str:
    total, most = sum(lengths, timedelta()), max(lengths, default=timedelta())
    return f"{minutes(total):,.1f} ({len(lengths)} times, most {minutes(most):,.1f})"


def _ranks(lengths: Sequence[timedelta]) -> str:
    if not lengths:
        return "-"
    at = [lengths[min(len(lengths) - 1, int(len(lengths) * share))] for share in (0.5, 0.99)]
    return ", ".join(f"{length.total_seconds():,.0f}" for length in (*at, lengths[-1]))


def _ratio(made: int, least: int) -> str:
    return f"{made:,}, {least:,}, {made / least:.2f}" if least else f"{made:,}, 0, -"
