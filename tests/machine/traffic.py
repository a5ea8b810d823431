"""What happens to the calls of a run on their way: faults, and things that others do meanwhile."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connections
from django.utils import timezone

from integrations.kisi.simulator import Armed, Fault, Kind
from integrations.kisi.simulator.calls import Incoming
from integrations.kisi.simulator.faults import Faults
from tests.machine.clock import VirtualClock
from tests.machine.watch import Watch

LATENCY, PATIENCE = 0.05, 10.0
Act = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """While the run waits for the answer to its call number `call`, after or before the call takes effect."""

    call: int
    act: Act
    after_effect: bool = False


@dataclass(slots=True)
class Met(Armed):
    """A call that something happens to; `wait` is where the simulator holds no lock."""

    then: Act = lambda: None

    def wait(self) -> None:
        self.then()


@dataclass
class Traffic(Faults):
    """The simulator's queue of faults; every call passes `take`. `hid_teams`: one met the list of team members."""

    clock: VirtualClock
    watch: Watch
    database: Any
    armed: list[Armed] = field(default_factory=list)
    seen: int = 0
    hid_teams: bool = False
    _meanwhile: list[Meanwhile] = field(default_factory=list)
    _count: int = 0

    def expect(self, meanwhile: list[Meanwhile]) -> None:
        """From the next call on, counted from 0."""
        self._meanwhile, self._count = meanwhile, 0

    def take(self, incoming: Incoming) -> Armed | None:
        self.seen += 1
        with self._our_database():
            self._guarded(lambda: self.watch.arrives(incoming))
        self.clock.forward(seconds=LATENCY)
        met = super().take(incoming)
        acts = self._due()
        if met is not None:
            self._tell_of_slowing(met.fault)
            self.hid_teams |= incoming.path == "/team_memberships"
        if met is None and not acts:
            return None
        fault = met.fault if met else Fault(kind=Kind.PASS, after_effect=acts[0].after_effect)
        return Met(fault, then=lambda: self._happen(fault, acts))

    def _due(self) -> list[Meanwhile]:
        number, self._count = self._count, self._count + 1
        return [one for one in self._meanwhile if one.call == number]

    def _happen(self, fault: Fault, acts: list[Meanwhile]) -> None:
        if fault.kind is Kind.LOST:
            self.clock.forward(seconds=PATIENCE)
        with self._our_database():
            for one in acts:
                self._guarded(one.act)

    def _tell_of_slowing(self, fault: Fault) -> None:
        if fault.kind is Kind.ANSWER and fault.status == 429:
            self.watch.pace.slowed_down(timezone.now(), float(dict(fault.headers).get("Retry-After", 2)))

    def _guarded(self, act: Act) -> None:
        """The simulator's threads swallow what is raised in them."""
        try:
            act()
        except Exception:  # noqa: BLE001 - whatever it is, the machine shall fail with it
            self.watch.problems.append(traceback.format_exc())

    @contextmanager
    def _our_database(self) -> Iterator[None]:
        """Whoever waits for the answer lends its connection: one thing happens at a time."""
        connections["default"] = self.database
        try:
            yield
        finally:
            del connections["default"]
