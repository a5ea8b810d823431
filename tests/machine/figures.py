"""What a whole search did, and the floors under it: without them it can quietly become empty."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

MUST_HAPPEN = (
    "edit",
    "faults",
    "crash",
    "meanwhile",
    "the process died",
    "run taken",
    "run waits",
    "run done",
)
FLOORS = {"members": 5.0, "steps": 8.0, "calls": 20.0, "writes": 4.0, "removals": 0.5}  # per example


@dataclass
class Figures:
    """Sums over all examples; `happened` counts by name what was done and what came of it."""

    examples: int = 0
    steps: int = 0
    members: int = 0
    calls: int = 0
    writes: int = 0
    removals: int = 0
    happened: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        each = max(self.examples, 1)
        return (
            f"{self.examples} examples, {self.steps} steps, per example: {self.members / each:.1f} members, "
            f"{self.calls / each:.1f} calls, {self.writes / each:.1f} writes, {self.removals / each:.1f} removals"
        )

    def under_the_floor(self) -> list[str]:
        each = {name: getattr(self, name) / max(self.examples, 1) for name in FLOORS}
        few = [
            f"{each[name]:.1f} {name}, at least {least}"
            for name, least in FLOORS.items()
            if each[name] < least
        ]
        return few + [f"never: {name}" for name in MUST_HAPPEN if not self.happened[name]]
