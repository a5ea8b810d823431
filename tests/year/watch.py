"""Watches the simulated Kisi from its own side: who holds a right, who changed it, how fast it was called."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.kisi.simulator import Assignment, User, World

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Doing:
    """One right that came or went, and whether somebody did it in Kisi's own dashboard."""

    at: datetime
    email: str
    came: bool
    by_hand: bool


@dataclass(slots=True)
class Watch:
    """Put around a world's rows: nothing is asked of the code under test."""

    world: World
    told: Callable[[Doing], None]
    inside: Counter[str] = field(default_factory=Counter)
    untouchable: set[int] = field(default_factory=set)
    touched: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    fastest: int = 0
    too_fast: int = 0
    _by_hand: bool = False
    _recent: deque[datetime] = field(default_factory=deque)

    def begin(self) -> None:
        """Watch from here on."""
        store = self.world.store
        add, drop, drop_user = store.add_assignment, store.drop_assignment, store.drop_user
        store.add_assignment = lambda row: self._came(add(row))  # type: ignore[method-assign]
        store.drop_assignment = lambda row: self._went(drop, row)  # type: ignore[method-assign]
        store.drop_user = lambda user, **how: self._left(drop_user, user, how)  # type: ignore[method-assign]
        wait = self.world.limiter.wait
        self.world.limiter.wait = lambda *who, **how: self._paced(wait(*who, **how))  # type: ignore[method-assign]

    @contextmanager
    def by_hand(self) -> Iterator[None]:
        """Whatever changes in here is done by people in Kisi, not by Core."""
        self._by_hand = True
        try:
            yield
        finally:
            self._by_hand = False

    def protect(self, user: User) -> None:
        """From now on nobody but people in Kisi may change anything of this person."""
        self.untouchable.add(user.id)

    def doubles(self) -> int:
        """Kisi people beyond the first with the same address."""
        emails = Counter(user.email.strip().lower() for user in self.world.store.users)
        return sum(count - 1 for count in emails.values())

    def take_calls(self) -> None:
        """Count the calls since the last look, and how many fell into any one second."""
        for call in self.world.requests:
            self.calls[_kind(call.method, call.path, call.query)] += 1
            self._notice_pace(call.time)
            self._notice_touch(call.method, call.path)
        self.world.forget_requests()

    def _notice_pace(self, at: datetime) -> None:
        self._recent.append(at)
        while self._recent[0] <= at - SECOND:
            self._recent.popleft()
        self.fastest = max(self.fastest, len(self._recent))

    def _notice_touch(self, method: str, path: str) -> None:
        """A write to the profile itself, also one that Kisi refused."""
        _, _, number = path.partition("/users/")
        if method != "GET" and number.isdigit() and int(number) in self.untouchable:
            self.touched.append(f"{method} {path}")

    def _paced(self, seconds: Any) -> Any:
        self.too_fast += seconds is not None
        return seconds

    def _came(self, row: Assignment) -> Assignment:
        self._note(row, came=True)
        return row

    def _went(self, drop: Callable[[Assignment], None], row: Assignment) -> None:
        drop(row)
        self._note(row, came=False)

    def _left(self, drop: Callable[..., None], user: User, how: dict[str, Any]) -> None:
        if user.id in self.untouchable and not self._by_hand:
            self.touched.append(f"deleted {user.email}")
        drop(user, **how)

    def _note(self, row: Assignment, *, came: bool) -> None:
        if row.assignee_id in self.untouchable and row.assignee_type == "User" and not self._by_hand:
            self.touched.append(f"{'gave' if came else 'took'} right {row.id}")
        if not self._opens(row):
            return
        email = self.world.store.users.rows[row.assignee_id].email.strip().lower()
        before = self.inside[email]
        self.inside[email] += 1 if came else -1
        if bool(before) != bool(self.inside[email]):
            self.told(Doing(self.world.now(), email, came, self._by_hand))

    def _opens(self, row: Assignment) -> bool:
        mine = (row.assignee_type, row.applies_to_type, row.role_id) == ("User", "Group", "group_basic")
        return mine and row.applies_to_id == self.world.group_id


def _kind(method: str, path: str, query: str) -> str:
    """`look` for the checks, `walk` for lists of everybody, `person` for all that concerns one."""
    if path in ("/user", "/organization") or path.startswith(("/groups/", "/group_locks")):
        return "look"
    is_list = method == "GET" and path in ("/role_assignments", "/users", "/team_memberships")
    about_one = any(name in query for name in ("user_id=", "email=", "query="))
    return "walk" if is_list and not about_one else "person"
