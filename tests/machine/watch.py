"""Looks at every call as it arrives at Kisi and notes what must never happen. Changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection as database
from django.utils import timezone

from integrations.kisi.models import KisiConnection, KisiGrant, Release
from integrations.kisi.simulator import Assignment, User, World
from integrations.kisi.simulator.calls import Incoming
from members.models import Gym
from tests.machine import rulebook
from tests.machine.losses import Losses, Removal
from tests.machine.pace import Pace

WRITES_IN = ("connected", "throttled", "disconnecting")
ONE = re.compile(r"/(users|role_assignments)/(\d+)")


@dataclass(slots=True)
class Running:
    """A run that is under way; `fence` is the one it must have, None for an admin's own calls at the desk."""

    fence: int | None
    started_at: datetime
    allowed: float = 0
    calls: int = 0


@dataclass
class Watch:
    """`known`: every address a Core member ever had; `by_hand`: those that somebody edited in Kisi."""

    world: World
    gym: Gym
    key_owner_id: int
    known: set[str] = field(default_factory=set)
    by_hand: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    runs: list[Running] = field(default_factory=list)
    writes: int = 0
    pace: Pace = field(default_factory=Pace)
    losses: Losses = field(init=False)
    _day: date | None = None
    _wanted_since: dict[str, datetime] = field(default_factory=dict)
    _unwanted_since: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.losses = Losses(self.world)

    # What the machine tells

    def look(self) -> None:
        """After every change in Core, at every midnight, before every write: since when is who wanted, or not."""
        now = timezone.now()
        self._day = self.gym.today(now)
        wanted = set(rulebook.entitled(self.gym, now))
        self.known |= rulebook.addresses(self.gym)
        for email in self.known:
            new, old = self._wanted_since, self._unwanted_since
            if email not in wanted:
                new, old = old, new
            old.pop(email, None)
            new.setdefault(email, now)

    def time_passed(self) -> None:
        if self.gym.today(timezone.now()) != self._day:
            self.look()

    @contextmanager
    def running(self, connection: KisiConnection | None = None) -> Iterator[Running]:
        """While a run of this connection is under way, or (None) an admin at the desk calls Kisi.

        It may begin within a call of another: what that call does is then still to come.
        """
        fence = None if connection is None else connection.fence + 1
        running = Running(fence, timezone.now())
        self.runs.append(running)
        still_to_come = self.losses.expected
        self._wrong(*self.losses.judge())
        try:
            yield running
        finally:
            self._wrong(*self.losses.judge())
            self.losses.expected = still_to_come
            self.runs.pop()

    # What the simulator tells

    def arrives(self, incoming: Incoming) -> None:
        now = timezone.now()
        self._wrong(*self.losses.judge())
        self.time_passed()
        if not self.runs:
            self._wrong(f"nobody runs, and {incoming.method} {incoming.path} came")
            return
        running = self.runs[-1]
        running.calls += 1
        self._wrong(*self.pace.judge(now, of_unknown_key=running.fence is None and running.calls == 1))
        if database.in_atomic_block:
            self._wrong(f"{incoming.method} {incoming.path} within a transaction")
        row = KisiConnection.objects.filter(gym=self.gym).first()
        if row is not None and running.fence is not None:
            self._judge_lease(running, row, now)
        if incoming.method != "GET":
            self.writes += 1
            self._judge_write(incoming, running, row, now)

    # Judging

    def _wrong(self, *problems: str) -> None:
        self.problems.extend(f"{timezone.now():%d %H:%M:%S} {problem}" for problem in problems)

    def _allow(self, running: Running, row: KisiConnection, now: datetime) -> None:
        """The most that may go without a word by what was so at any time of this run."""
        allowed = rulebook.may_go(len(self._counted(row, now)), row.brake_share)
        running.allowed = max(running.allowed, allowed)

    def _judge_lease(self, running: Running, row: KisiConnection, now: datetime) -> None:
        if running.calls == 1:
            self._allow(running, row, now)
        if row.fence != running.fence:
            self._wrong("a call by a run whose lease somebody else has")
        elif row.lease_until is None or row.lease_until <= now:
            self._wrong("a call by a run whose lease ran out")

    def _judge_write(
        self, incoming: Incoming, running: Running, row: KisiConnection | None, now: datetime
    ) -> None:
        call = f"{incoming.method} {incoming.path}"
        if row is None or running.fence is None:
            self._wrong(f"{call} while connecting")
            return
        self.look()  # a run applies the dates that were reached
        self._allow(running, row, now)
        if row.status not in WRITES_IN:
            self._wrong(f"{call} while {row.status}")
        user, right = self._target(incoming)
        email = user.email if user else _sent(incoming).get("email")
        if user is not None:
            self._judge_person(call, user)
        if incoming.method == "POST":
            self._judge_giving(call, email, row)
        elif user is not None and incoming.method == "DELETE":
            self._judge_taking(call, user, right, running, row, now)

    def _target(self, incoming: Incoming) -> tuple[User | None, Assignment | None]:
        """Whom a write is about, and the right where it names one; nobody when they are gone already."""
        users, rights = self.world.store.users.rows, self.world.store.assignments.rows
        named = ONE.fullmatch(incoming.path)
        if named is None:
            return users.get(_sent(incoming).get("user_id", 0)), None
        if named[1] == "users":
            return users.get(int(named[2])), None
        right = rights.get(int(named[2]))
        return (users.get(right.assignee_id) if right else None), right

    def _judge_person(self, call: str, user: User) -> None:
        if rulebook.is_protected(self.world, user, self.key_owner_id):
            self._wrong(f"{call}: {user.email} is never to be touched")
        if user.email not in self.known:
            self._wrong(f"{call}: {user.email} is nobody of ours")
        if call.startswith("PATCH") and user.metadata.get("made_by") != "core":
            self._wrong(f"{call}: {user.email} is a profile that Core did not make")

    def _judge_giving(self, call: str, email: str | None, row: KisiConnection) -> None:
        if row.status == "disconnecting":
            self._wrong(f"{call}: {email} is given access while disconnecting")
        since = self._unwanted_since.get(email or "")
        grant = self._row_of(row, email)
        if email not in self.known or (since and (grant is None or since <= _intent(grant))):
            self._wrong(f"{call}: {email} is not entitled")

    def _judge_taking(
        self,
        call: str,
        user: User,
        right: Assignment | None,
        running: Running,
        row: KisiConnection,
        now: datetime,
    ) -> None:
        grant = self._row_of(row, user.email)
        leaves = row.status == "disconnecting"
        if grant is None:
            self._wrong(f"{call}: the ledger has no row for {user.email}")
            return
        since = self._wanted_since.get(user.email)
        decided_at = _intent(grant) if grant.state == "revoking" else running.started_at
        if since and since <= decided_at and not leaves:
            self._wrong(f"{call}: {user.email} is entitled since {since:%d %H:%M:%S}")
        if grant.exempt:
            self._wrong(f"{call}: {user.email} is left to Kisi")
        self._judge_what_goes(call, user, right, row)
        word = Release.objects.due(self.gym.today(now)).filter(connection=row, email=user.email).exists()
        moved = self._member_is_entitled_elsewhere(grant, now)
        self.losses.expected = Removal(call, now, is_free=word or moved or leaves, allowed=running.allowed)

    def _judge_what_goes(self, call: str, user: User, right: Assignment | None, row: KisiConnection) -> None:
        if right is None and (rulebook.has_more(self.world, user) or row.keep_profiles):
            self._wrong(f"{call}: the profile of {user.email} has to stay")
        made_by_core = right is None or right.created_by_id == self.key_owner_id
        if right is not None and right not in self.losses.rights().get(user.email, []):
            self._wrong(f"{call}: that right of {user.email} is not in our group")
        if (row.sole_source_since is None or row.status == "disconnecting") and not made_by_core:
            self._wrong(f"{call}: Core did not make that right of {user.email}, and is not the only source")

    # Shared

    def _row_of(self, row: KisiConnection, email: str | None) -> KisiGrant | None:
        return KisiGrant.objects.exclude(state="closed").filter(connection=row, email=email or "-").first()

    def _counted(self, row: KisiConnection, now: datetime) -> set[str]:
        rows = KisiGrant.objects.exclude(state="closed").filter(connection=row)
        confirmed = rows.filter(role_assignment_id__isnull=False).values_list("email", flat=True)
        return {*confirmed, *self.losses.gone_lately(now)}

    def _member_is_entitled_elsewhere(self, grant: KisiGrant, now: datetime) -> bool:
        """An address change: the row's member may get in, under another address."""
        member = grant.member
        elsewhere = member is not None and member.email not in ("", grant.email)
        return elsewhere and member.email in rulebook.entitled(self.gym, now)  # type: ignore[union-attr]


def _sent(incoming: Incoming) -> dict:
    body = json.loads(incoming.body or b"{}")
    return next(iter(body.values()), {}) if isinstance(body, dict) else {}


def _intent(grant: KisiGrant) -> datetime:
    return grant.intent_at or grant.changed_at
