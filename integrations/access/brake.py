"""How many people may lose access within a day without anybody's word. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`allowed` is None where no limit applies; `holds` says that none of the batch may go."""

    holds: bool
    owed: int
    counted: int
    allowed: int | None


def allowance(n: int, share: int) -> int | None:
    """At most `share` percent of `n` people, never under three, never over half; None (no limit) for n <= 2."""
    if n <= 2:
        return None
    return min(max(3, share * n // 100), n // 2)


def judge(*, owed: int, confirmed: int, gone_without_word: int, share: int) -> Verdict:
    """Judge a whole batch.

    `owed`: people who would lose access now and have no word; `confirmed`: people with a confirmed right;
    `gone_without_word`: people removed in the last 24 hours without a word; `share` in percent.
    """
    allowed = allowance(confirmed + gone_without_word, share)
    over = allowed is not None and owed + gone_without_word > allowed
    return Verdict(holds=owed > 0 and over, owed=owed, counted=confirmed + gone_without_word, allowed=allowed)
