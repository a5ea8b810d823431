"""What goes wrong around Core, armed and ended on the moved clock: Kisi, the key, the broker, a worker, a hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.db import connections
from django.db.models import F

from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.simulator import Armed, Kind, User, World
from integrations.kisi.sync import asking, connecting
from integrations.vault import Secret
from tests.year.engine import Engine
from tests.year.tally import Trouble

LISTS = (
    *(Kind.EMPTY, Kind.SHORT, Kind.SHRUNK, Kind.DOUBLED, Kind.WRONG_TOTAL, Kind.NO_RANGE, Kind.NOT_ARRAY),
    *(Kind.TRUNCATED, Kind.HTML),
)
AT_MOST = timedelta(hours=1)


@dataclass(slots=True)
class Troubles:
    """`elsewhere`: when something that is not Core was broken; `all`: also a crash and lost wake-ups."""

    world: World
    engine: Engine
    dice: Random
    keeper: User
    by_hand: Callable[[], AbstractContextManager[None]]
    all: list[Trouble] = field(default_factory=list)
    elsewhere: list[Trouble] = field(default_factory=list)
    _armed: list[tuple[str, datetime, Armed, bool]] = field(default_factory=list)

    @property
    def kinds(self) -> tuple[Callable[[], None], ...]:
        """What may go wrong in any week."""
        return (
            *(self.errors, self.errors, self.down, self.silent, self.too_many, self.too_many),
            *(self.answer_lost, self.answer_lost, self.request_lost, self.spoilt_list, self.spoilt_list),
            *(self.weak_key, self.wakes_lost, self.broker_down, self.crash, self.crash),
        )

    def errors(self) -> None:
        """A few calls in a row are answered with an error."""
        self._arm("errors", status=self.dice.choice((500, 502, 503)), times=self.dice.randint(2, 12))

    def down(self) -> None:
        """Nothing but errors for a good while."""
        armed = self.world.fault(status=503, times=0)
        self._for("Kisi down", self._minutes(30, 180), lambda: self._disarm(armed))

    def silent(self) -> None:
        """Connections are closed without an answer."""
        armed = self.world.fault(kind=Kind.LOST, times=0)
        self._for("Kisi silent", self._minutes(20, 60), lambda: self._disarm(armed))

    def too_many(self) -> None:
        said = self.dice.choice(((), (("Retry-After", "7"),), (("Retry-After", "90"),)))
        self._arm("429", status=429, headers=said, times=self.dice.randint(1, 5))

    def answer_lost(self) -> None:
        """The write takes effect and nobody hears of it."""
        method, times = self.dice.choice(("POST", "DELETE", "*")), self.dice.randint(1, 4)
        self._arm("answer lost", kind=Kind.LOST, after_effect=True, method=method, times=times)

    def request_lost(self) -> None:
        method, times = self.dice.choice(("POST", "DELETE", "*")), self.dice.randint(1, 4)
        self._arm("request lost", kind=Kind.LOST, method=method, times=times)

    def spoilt_list(self) -> None:
        """The list of the group lies while somebody asks for a full read."""
        kind, times = self.dice.choice(LISTS), self.dice.randint(3, 9)
        self._arm("spoilt list", kind=kind, path="/role_assignments", query="group_id=", times=times)
        asking.ask(self._connection, Read.FULL, because="Sync now", now=self.engine.clock.now())
        self.engine.changed()

    def dead_key(self) -> None:
        """Revoked in Kisi; a day later an admin enters a new one."""
        self.world.revoke_key(self._key())
        self._for("key dead", timedelta(days=1), lambda: self._enter_key(self.world.add_key(self.keeper)))

    def weak_key(self) -> None:
        """Its owner is given a role that may change nobody, and later the old one again."""
        self._make_keeper("observer")
        self._for("key too weak", self._minutes(60, 360), lambda: self._make_keeper("administrator"))

    def wakes_lost(self) -> None:
        """Messages get lost; beat goes on sweeping."""
        self.engine.loses_wakes = True
        self._for("wake-ups lost", self._minutes(60, 180), self._hear_again, is_ours=True)

    def broker_down(self) -> None:
        """Nothing is woken, looked at or swept."""
        self.engine.broker_is_down = True
        self._for("broker down", self._minutes(20, 60), self._broker_up)

    def crash(self) -> None:
        """The worker dies while a call is on its way: its lease stays, whatever it did is not written down."""

        def die() -> None:
            KisiConnection.objects.update(fence=F("fence") + 1)
            connections.close_all()

        skip = self.dice.randint(0, 6)
        self._arm("worker killed", is_ours=True, kind=Kind.PASS, run=die, skip=skip)

    def notice(self) -> None:
        """Whatever was armed and has been played, or was waited for too long, is over."""
        now = self.engine.clock.now()
        for entry in list(self._armed):
            name, since, armed, is_ours = entry
            if armed.is_spent or now - since > AT_MOST:
                self._armed.remove(entry)
                self._disarm(armed)
                self._over(name, since, is_ours=is_ours)

    def _arm(self, name: str, *, is_ours: bool = False, **fault: object) -> None:
        armed = self.world.fault(**fault)
        self._armed.append((name, self.engine.clock.now(), armed, is_ours))

    def _for(self, name: str, lasts: timedelta, end: Callable[[], None], *, is_ours: bool = False) -> None:
        since = self.engine.clock.now()

        def over() -> None:
            end()
            self._over(name, since, is_ours=is_ours)

        self.engine.at(since + lasts, over)

    def _over(self, name: str, since: datetime, *, is_ours: bool) -> None:
        trouble = Trouble(name, since, self.engine.clock.now())
        self.all.append(trouble)
        if not is_ours:
            self.elsewhere.append(trouble)

    def _disarm(self, armed: Armed) -> None:
        with self.world.lock:
            if armed in self.world.faults.armed:
                self.world.faults.armed.remove(armed)

    def _hear_again(self) -> None:
        self.engine.loses_wakes = False

    def _broker_up(self) -> None:
        self.engine.broker_is_down = False
        self.engine.work()

    def _enter_key(self, key: str) -> None:
        connection = self._connection
        connecting.update_credentials(
            connection, key=Secret(key), group_id=connection.group_id, clock=self.engine.clock
        )
        self.engine.changed()

    def _make_keeper(self, role_id: str) -> None:
        with self.by_hand():
            for right in self.world.rights_of(self.keeper.email):
                self.world.remove_right(right)
            self.world.make_admin(self.keeper, role_id=role_id)

    def _key(self) -> str:
        return self._connection.api_key().reveal()

    def _minutes(self, least: int, most: int) -> timedelta:
        return timedelta(minutes=self.dice.randint(least, most))

    @property
    def _connection(self) -> KisiConnection:
        return KisiConnection.objects.select_related("gym").get(pk=self.engine.connection_id)
