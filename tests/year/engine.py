"""A clock that jumps from event to event, and the wake-ups, looks and sweeps that a worker and a beat would make."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Protocol

from django.utils import timezone

from integrations.kisi import tasks
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import runs, schedule

LOOK, SWEEP = timedelta(seconds=30), timedelta(minutes=5)
WAKING = timedelta(seconds=1)
DAILY, WEEKLY, SUNDAY = timedelta(hours=3, minutes=30), timedelta(hours=2), 6
Act = Callable[[], object]


class Traveller(Protocol):
    """What moves the process's own clock (`time_machine.travel(..., tick=False)`)."""

    def move_to(self, destination: datetime) -> Any: ...

    def shift(self, delta: timedelta) -> Any: ...


@dataclass(slots=True)
class Clock:
    """The moved clock of the whole process; sleeping takes no time."""

    traveller: Traveller

    def now(self) -> datetime:
        return timezone.now()

    def sleep(self, seconds: float) -> None:
        self.traveller.shift(timedelta(seconds=seconds))

    def reach(self, at: datetime) -> None:
        """Jump there, unless work took longer than that anyway."""
        if at > self.now():
            self.traveller.move_to(at)


@dataclass(slots=True)
class Engine:
    """Runs one connection. `settled` is asked after every step: only while it says False do sweeps find anything.

    While `broker_is_down` nothing is woken, looked at or swept; `loses_wakes` swallows wake-ups alone.
    """

    connection_id: int
    clock: Clock
    after_step: Callable[[], None]
    settled: Callable[[], bool]
    broker_is_down: bool = False
    loses_wakes: bool = False
    outcomes: dict[str, int] = field(default_factory=dict)
    _queue: list[tuple[datetime, int, Act]] = field(default_factory=list)
    _order: count = field(default_factory=count)
    _wakes: bool = False
    _sweep_at: datetime | None = None
    _look_at: datetime | None = None

    def at(self, when: datetime, act: Act) -> None:
        """Do this then, or as soon as whatever is going on at that time is over."""
        heapq.heappush(self._queue, (when, next(self._order), act))

    def run(self, until: datetime) -> None:
        while self._queue and self._queue[0][0] < until:
            when, _, act = heapq.heappop(self._queue)
            self.clock.reach(when)
            act()
            self.after_step()
            if not self.settled():
                self.sweep_soon()
            self._look_later()
        self.clock.reach(until)

    def changed(self) -> None:
        """A change was committed: its wake-up comes at once, or was lost; the next sweep finds it anyway."""
        if self.loses_wakes or self.broker_is_down:
            self._connection.update(look_again=False)
            self.sweep_soon()
        else:
            self._wake_soon()

    def _wake_soon(self) -> None:
        """Several wake-ups at one moment find the work done by the first."""
        if not self._wakes:
            self._wakes = True
            self.at(self.clock.now() + WAKING, self._woken)

    def _woken(self) -> None:
        self._wakes = False
        self.work()

    def sweep_soon(self) -> None:
        """The next tick of the five minutes, once."""
        if self._sweep_at is None:
            self._sweep_at = _tick(self.clock.now(), SWEEP)
            self.at(self._sweep_at, self._sweep)

    def work(self) -> None:
        """One slice, as a worker does it; what is left wakes itself."""
        if self.broker_is_down:
            return
        outcome = runs.run(self.connection_id, clock=self.clock)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        if outcome is runs.Outcome.MORE:
            self.at(self.clock.now(), self.work)

    def check(self) -> None:
        """What beat's daily and weekly rows do."""
        if self.broker_is_down:
            self.sweep_soon()
        else:
            schedule.request_overdue(self.clock.now())
            self.work()

    def _sweep(self) -> None:
        self._sweep_at = None
        if not self.broker_is_down:
            schedule.request_overdue(self.clock.now())
            self.work()
        if self.broker_is_down:
            self.sweep_soon()

    def _look(self) -> None:
        self._look_at = None
        if not self.broker_is_down and self.connection_id in tasks.due(self.clock.now()):
            self.work()

    def _look_later(self) -> None:
        """The first tick of the thirty seconds at which somebody's wait may be over."""
        due = self._next_due()
        if due is None:
            return
        at = _tick(max(due, self.clock.now()), LOOK)
        if self._look_at is None or at < self._look_at:
            self._look_at = at
            self.at(at, self._look)

    def _next_due(self) -> datetime | None:
        connection = self._connection.get()
        rows = KisiGrant.objects.open().filter(connection=self.connection_id, retry_at__isnull=False)
        waits = [connection.lease_until, connection.retry_at]
        if connection.retry_at is None:
            waits += [self.clock.now() if connection.look_again else None]
            waits += [rows.order_by("retry_at").values_list("retry_at", flat=True).first()]
        return min((at for at in waits if at is not None), default=None)

    @property
    def _connection(self) -> Any:
        return KisiConnection.objects.filter(pk=self.connection_id)


def _tick(after: datetime, every: timedelta) -> datetime:
    """The first multiple of `every` that is later."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    return start + ((after - start) // every + 1) * every
