"""sync.md 7 in numbers: how many may lose access in a day without anybody's word."""

import pytest

from integrations.access import brake


@pytest.mark.parametrize(
    ("n", "share", "allowed"),
    [
        (0, 10, None),
        (1, 10, None),
        (2, 10, None),
        (3, 10, 1),
        (4, 10, 2),
        (5, 10, 2),
        (6, 10, 3),
        (10, 10, 3),
        (30, 10, 3),
        (39, 10, 3),
        (40, 10, 4),
        (100, 10, 10),
        (109, 10, 10),
        (1000, 10, 100),
        (100, 1, 3),
        (1000, 1, 10),
        (100, 50, 50),
        (101, 50, 50),
        (3, 50, 1),
    ],
)
def test_the_allowance(n, share, allowed):
    assert brake.allowance(n, share) == allowed


@pytest.mark.parametrize(
    ("confirmed", "gone", "owed", "holds"),
    [
        (1, 0, 1, False),
        (2, 0, 2, False),
        (3, 0, 1, False),
        (3, 0, 2, True),
        (4, 0, 2, False),
        (4, 0, 3, True),
        (10, 0, 3, False),
        (10, 0, 4, True),
        (30, 0, 3, False),
        (30, 0, 4, True),
        (100, 0, 10, False),
        (100, 0, 11, True),
        (100, 0, 100, True),
        (90, 10, 1, True),  # ten of a hundred went already
        (91, 9, 1, False),
        (91, 9, 2, True),
        (1, 1, 1, False),  # two in all: no limit
        (2, 1, 1, True),  # three in all, one gone
        (0, 0, 0, False),
        (100, 50, 0, False),  # nothing owed: nothing to hold
    ],
)
def test_the_verdict_counts_whoever_went_in_the_last_day(confirmed, gone, owed, holds):
    verdict = brake.judge(owed=owed, confirmed=confirmed, gone_without_word=gone, share=10)
    assert verdict.holds is holds
    assert verdict.counted == confirmed + gone
