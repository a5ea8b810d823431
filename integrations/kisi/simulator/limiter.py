"""How many calls a second one Kisi user may make, all keys together. Counts; the answer is the front's."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta

from integrations.kisi.simulator.switches import Switches

WINDOW = timedelta(seconds=1)


class Limiter:
    """The moments of the allowed calls of each caller; a refused call does not count."""

    def __init__(self) -> None:
        self._allowed: dict[str, deque[datetime]] = defaultdict(deque)

    def left(self, who: str, *, limit: int) -> int:
        """How many more calls are allowed in the window of the last one."""
        return max(0, limit - len(self._allowed[who]))

    def wait(self, who: str, *, now: datetime, switches: Switches) -> float | None:
        """Seconds until the next call is allowed; None: this one is, and counts."""
        if switches.rate_limit <= 0:
            return None
        recent = self._allowed[who]
        since = now.replace(microsecond=0) if switches.rate_window == "fixed" else now - WINDOW
        while recent and (recent[0] < since or (recent[0] == since and switches.rate_window == "sliding")):
            recent.popleft()
        if len(recent) < switches.rate_limit:
            recent.append(now)
            return None
        start = since if switches.rate_window == "fixed" else recent[0]
        return max(0.0, (start + WINDOW - now).total_seconds())
