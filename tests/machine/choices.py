"""What the machine chooses from: how a gym begins, whom, when, and how a change comes."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.machine.mishaps import MISHAP, Mishap
from tests.machine.scene import KINDS, Start

WHO = st.integers(0, 15)
PLAN = st.integers(0, 2)
DAYS = st.integers(0, 3)
STATUSES = ["active", "paused", "expired", "cancelled"]
PAUSES = [1, 35, 70, 310, 1900, 4 * 3600, 24 * 3600, 8 * 24 * 3600]
STARTS = st.builds(
    Start,
    people=st.lists(st.sampled_from(["active"] * 5 + list(KINDS)), min_size=5, max_size=9).map(tuple),
    doubles=st.lists(st.integers(0, 8), max_size=3).map(tuple),
    owner_joins=st.booleans(),
    admin_joins=st.booleans(),
    search_lags=st.booleans(),
    lies_when_weak=st.booleans(),
    is_settled=st.sampled_from([True, True, True, False]),
)


@dataclass(frozen=True, slots=True)
class Way:
    """How a change comes: with somebody's word, with a wake-up that arrives, with a worker that is free."""

    worded: bool = False
    heard: bool = False
    run: Mishap | None = None


RUN = st.one_of(st.none(), st.just(Mishap()), MISHAP)
WAY = st.builds(Way, st.booleans(), st.sampled_from([True, True, False]), RUN)
