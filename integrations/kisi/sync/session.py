"""One holder's work on one connection: lease, pace, client and what this lease has already made sure of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import F

from integrations.kisi import governor
from integrations.kisi.client import KisiClient
from integrations.kisi.models import KisiConnection, SyncRun
from integrations.kisi.rows import User
from integrations.kisi.sync.clock import Clock
from integrations.kisi.sync.lease import Lease
from integrations.kisi.transport import Timeouts
from integrations.vault import Secret

SLEEP_AT_MOST = 2.0
WAITED_FOR = Timeouts(connect=2, read=3, total=4)  # of a call that somebody waits for at a page
IN_A_ROW = 5


class InTrouble(Exception):
    """Five answers in a row were none: stop and probe later."""


class Later(Exception):
    """The shared pace has no room soon: give the worker back, come again at `until`."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"no room before {until:%H:%M:%S}")


@dataclass(slots=True)
class PaceGate:
    """What the client asks before and tells after every HTTP try."""

    kisi_user_id: int
    clock: Clock
    before: Callable[[], None] = lambda: None
    calls: int = 0
    pushed_until: datetime | None = None
    slowed: bool = False
    on_answer: Callable[[bool, bool], None] = lambda write, ok: None

    def enter(self, *, write: bool) -> None:
        self.before()
        now = self.clock.now()
        wait = governor.reserve(
            self.kisi_user_id, now=now, per_second=settings.KISI_CALLS_PER_SECOND, longest=SLEEP_AT_MOST
        )
        if wait > SLEEP_AT_MOST:
            raise Later(now + timedelta(seconds=wait))
        if wait > 0:
            self.clock.sleep(wait)
            self.before()
        self.calls += 1

    def account_for(self, kisi_user_id: int) -> None:
        """The key turned out to be this user's: the call that told so counts in their pace."""
        self.kisi_user_id = kisi_user_id
        governor.reserve(
            kisi_user_id,
            now=self.clock.now(),
            per_second=settings.KISI_CALLS_PER_SECOND,
            longest=SLEEP_AT_MOST,
        )

    def answered(self, *, write: bool, ok: bool) -> None:
        """A 429 is told of first: it is an answer, and no reason to forgive the one before it."""
        if ok and not self.slowed:
            governor.forgive(self.kisi_user_id)
        self.slowed = False
        self.on_answer(write, ok)

    def slow_down(self, retry_after: float | None) -> None:
        self.slowed = True
        self.pushed_until = governor.slow_down(
            self.kisi_user_id, now=self.clock.now(), retry_after=retry_after
        )


def client_for(key: Secret, gate: PaceGate, *, limits: Timeouts | None = None) -> KisiClient:
    return KisiClient(
        base_url=settings.KISI_API_URL,
        key=key,
        gate=gate,
        sleep=gate.clock.sleep,
        contact=settings.KISI_CONTACT,
        timeouts=limits,
    )


@dataclass(slots=True)
class Session:
    """`checked`: this lease saw the right organization and the group; `team` is walked once per lease."""

    connection: KisiConnection
    lease: Lease
    clock: Clock
    run: SyncRun | None = None
    checked: bool = False
    team: frozenset[int] | None = None
    team_refused: bool = False
    known_users: dict[str, User] = field(default_factory=dict)
    asked_for_everybody: bool = False
    gate: PaceGate = field(init=False)
    kisi: KisiClient = field(init=False)

    @classmethod
    def open(cls, connection: KisiConnection, lease: Lease, clock: Clock) -> Session:
        """Raises vault.VaultError when the key cannot be opened."""
        session = cls(connection, lease, clock)
        session.gate = PaceGate(connection.own_user_id, clock, lease.check, on_answer=session.heard)
        session.kisi = client_for(connection.api_key(), session.gate)
        return session

    @property
    def because(self) -> str:
        """What set the run off, for the activity."""
        return self.run.because if self.run else ""

    @property
    def run_id(self) -> int | None:
        """The run that what is noted belongs to."""
        return self.run.pk if self.run else None

    @property
    def today(self) -> date:
        return self.connection.gym.today(self.clock.now())

    def heard(self, write: bool, ok: bool) -> None:
        """Count answers that were none: reads and writes apart, over runs (sync.md 8)."""
        name = "failed_writes" if write else "failed_reads"
        count = getattr(self.connection, name)
        if ok and not count:
            return
        setattr(self.connection, name, 0 if ok else count + 1)
        mine = KisiConnection.objects.filter(pk=self.connection.pk, fence=self.lease.fence)
        mine.update(**{name: 0 if ok else F(name) + 1})

    def raise_if_in_trouble(self) -> None:
        if max(self.connection.failed_reads, self.connection.failed_writes) >= IN_A_ROW:
            raise InTrouble
