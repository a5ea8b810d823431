"""The end of the program: SIGTERM, and nothing is left behind. Last, for it ends the demo of the others."""

from __future__ import annotations

import sys

from tests.browser.demo import Demo

SECONDS = 5.0


def test_the_program_ends_within_five_seconds_of_a_sigterm_and_leaves_no_process(running: Demo) -> None:
    if sys.platform.startswith("linux"):
        assert len(running.left_over()) >= 6  # itself, Valkey, the simulator, web, worker, beat
    assert running.stop() < SECONDS
    assert running.left_over() == []
