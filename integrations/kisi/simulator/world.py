"""A whole Kisi in memory: its rows, clock, switches, faults, log and outbox, with plain questions for tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from integrations.kisi.simulator import demo, state
from integrations.kisi.simulator.access import Access
from integrations.kisi.simulator.calls import Call, CallLog
from integrations.kisi.simulator.dashboard import Dashboard, Person
from integrations.kisi.simulator.faults import Armed, Fault, Faults
from integrations.kisi.simulator.limiter import Limiter
from integrations.kisi.simulator.premises import utc_now
from integrations.kisi.simulator.rows import Assignment, Group, Lock, Mail, Organization, User
from integrations.kisi.simulator.store import Store
from integrations.kisi.simulator.switches import Switches


class World(Dashboard):
    """Everything one simulator holds. Thread-safe: one lock around every look and every change."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        store: Store | None = None,
        state_file: Path | None = None,
        switches: Switches | None = None,
        **settings: Any,
    ) -> None:
        """`settings` are Switches' fields. With `state_file` every change is written there."""
        super().__init__(store=store, now=now)
        self.switches = (switches or Switches()).changed(**settings)
        self.faults = Faults()
        self.calls = CallLog()
        self.limiter = Limiter()
        self._keeper = state.Keeper(state_file, self._snapshot) if state_file else None

    @classmethod
    def small(cls, **settings: Any) -> World:
        """One organization: an owner, a front door, a group that opens it, nobody in it."""
        world = cls(**settings)
        demo.seed_small(world)
        return world

    @classmethod
    def demo(cls, **settings: Any) -> World:
        """Harbor Gym with the cast."""
        world = cls(**settings)
        demo.seed_demo(world)
        return world

    @classmethod
    def kept_in(cls, path: Path, **settings: Any) -> World:
        """As the file holds it, else the demo; every change is written there from now on."""
        if path.exists():
            return cls(store=state.read(path), state_file=path, **settings)
        return cls.demo(state_file=path, **settings)

    # What a client needs

    @property
    def api_key(self) -> str:
        return self.organization.api_key

    @property
    def group_id(self) -> int:
        return self.organization.group_id

    @property
    def group(self) -> Group:
        return self.store.groups.rows[self.group_id]

    @property
    def owner(self) -> User:
        return self.store.users.rows[self.organization.owner_id]

    # Questions

    def can_unlock(self, user: Person, lock: Lock | str | None = None) -> bool:
        """Now, by the world's clock; False for an unknown address. Without a lock: the first door."""
        with self.lock:
            person = user if isinstance(user, User) else self.user_by_email(user)
            return person is not None and self._access().can_open(person, self._door(lock, person))

    def who_can_open(self, organization: Organization | None = None) -> dict[str, list[str]]:
        """Door name to the sorted addresses of everybody who can open it now."""
        with self.lock:
            openers = self._access().openers((organization or self.organization).id)
            return {
                self.store.locks.rows[lock_id].name: sorted(user.email for user in users)
                for lock_id, users in openers.items()
            }

    def in_group(self, group: Group | None = None) -> list[str]:
        """The sorted addresses of those with a right of their own in the group that is valid now."""
        with self.lock:
            wanted, now = (group or self.group).id, self.now()
            holders = [
                self.store.users.rows.get(right.assignee_id)
                for right in self.store.assignments
                if (right.applies_to_type, right.applies_to_id) == ("Group", wanted)
                and right.assignee_type == "User"
                and right.valid_at(now)
            ]
            return sorted({person.email for person in holders if person is not None})

    def user_by_email(self, email: str, organization: Organization | None = None) -> User | None:
        with self.lock:
            return self.store.user_by_email(email, (organization or self.organization).id)

    def rights_of(self, email: str, organization: Organization | None = None) -> list[Assignment]:
        """A person's own rights, not those of their teams; none for an unknown address."""
        with self.lock:
            user = self.user_by_email(email, organization)
            return self.store.held_by(user) if user else []

    def _access(self) -> Access:
        return Access(self.store, self.switches, self.now())

    def _door(self, lock: Lock | str | None, person: User) -> Lock:
        if isinstance(lock, Lock):
            return lock
        doors = self.store.locks.of(person.organization_id)
        return next(door for door in doors if lock in (None, door.name))

    # What happened

    @property
    def outbox(self) -> list[Mail]:
        with self.lock:
            return list(self.store.mails)

    @property
    def requests(self) -> list[Call]:
        with self.lock:
            return list(self.calls.rows)

    def count(self, method: str = "*", path_prefix: str = "") -> int:
        return sum(
            1 for call in self.requests if method in ("*", call.method) and call.path.startswith(path_prefix)
        )

    def writes(self) -> list[Call]:
        return [call for call in self.requests if call.method != "GET"]

    def forget_requests(self) -> None:
        """Start counting anew; the outbox too."""
        with self.lock:
            self.calls.forget()
            self.store.mails.rows.clear()

    def finish(self, call: Call, *, status: int) -> None:
        with self.lock:
            self.calls.end(call, status=status)

    # Faults and switches

    def fault(self, fault: Fault | None = None, **values: Any) -> Armed:
        """Queue a fault: `world.fault(method="POST", path="/users", kind=Kind.LOST, after_effect=True)`."""
        if isinstance(values.get("headers"), dict):
            values["headers"] = tuple(values["headers"].items())
        with self.lock:
            return self.faults.add(fault or Fault(**values))

    def clear_faults(self) -> None:
        """Also lets every held request go on."""
        with self.lock:
            self.faults.clear()

    def switch(self, **values: Any) -> None:
        with self.lock:
            self.switches = self.switches.changed(**values)

    # The state file

    def touch(self) -> None:
        if self._keeper:
            self._keeper.touch()

    def flush(self) -> None:
        """Write the state file now, if there is one."""
        if self._keeper:
            self._keeper.flush()

    def _snapshot(self) -> state.Snapshot:
        with self.lock:
            return state.snapshot(self.store)
