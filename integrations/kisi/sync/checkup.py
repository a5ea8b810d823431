"""Live checks of a connection at Kisi while somebody waits: real calls at the shared pace, reads only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from integrations.access.errors import GroupGone, KeyRejected, KeyTooWeak
from integrations.kisi.models import KisiConnection
from integrations.kisi.rows import Group, Me
from integrations.kisi.sync.brief import UNANSWERED, brief
from integrations.kisi.sync.checks import require_strength
from integrations.kisi.sync.clock import Clock, DatabaseClock
from integrations.kisi.sync.session import Session
from integrations.vault import VaultError

T = TypeVar("T")
OK, BAD, UNKNOWN, NOT_YET = "ok", "bad", "unknown", "not yet"
AT_KISI = ("key", "strength", "organization", "group", "doors", "time")
SLOW = 2.0  # seconds; a sync of many people would take hours


@dataclass(frozen=True, slots=True)
class Found:
    """What one check found. `facts` are small and may be kept: names and numbers for its sentence."""

    state: str
    facts: dict[str, Any] = field(default_factory=dict)


def at_kisi(connection: KisiConnection, *, clock: Clock | None = None) -> dict[str, Found]:
    """The checks that ask Kisi, by name, within ten seconds. What could not be asked is unknown."""
    found = dict.fromkeys(AT_KISI, Found(UNKNOWN))
    look = _Examination(connection, found)
    try:
        look.run(brief(connection, clock or DatabaseClock.started()))
    except VaultError:
        found["key"] = Found(BAD, {"sealed": True})
    except KeyTooWeak:
        found["strength"] = Found(BAD)
    except UNANSWERED as error:
        found["time"] = Found(BAD, {"failure": type(error).__name__})
    return found


class _Examination:
    def __init__(self, connection: KisiConnection, found: dict[str, Found]) -> None:
        self.connection, self.found = connection, found
        self.slowest = 0.0

    def run(self, session: Session) -> None:
        """From the key to the doors: the first that is wrong leaves the rest unknown."""
        kisi = session.kisi
        try:
            me = self._timed(kisi.me)
        except KeyRejected:
            self.found["key"] = Found(BAD)
            return
        self.found["key"] = Found(OK, {"owner": me.name})
        self.found["organization"] = self._organization(me)
        self._strength(session, me)
        self._group(session)
        slow = self.slowest > SLOW
        self.found["time"] = Found(BAD if slow else OK, {"seconds": round(self.slowest, 1)})

    def _timed(self, call: Callable[[], T]) -> T:
        """The call, and how long its answer took (the wait for the shared pace is in it)."""
        begun = time.monotonic()
        try:
            return call()
        finally:
            self.slowest = max(self.slowest, time.monotonic() - begun)

    def _organization(self, me: Me) -> Found:
        has = (me.organization_id, me.id)
        same = has == (self.connection.organization_id, self.connection.own_user_id)
        return Found(OK if same else BAD, {"has": me.organization_name, "owner": me.name})

    def _strength(self, session: Session, me: Me) -> None:
        try:
            owner_id = self._timed(session.kisi.organization).owner_id
            self._timed(lambda: require_strength(session.kisi, me.id, owner_id))
        except KeyTooWeak:
            self.found["strength"] = Found(BAD, {"owner": me.name})
        else:
            self.found["strength"] = Found(OK, {"owner": me.name})

    def _group(self, session: Session) -> None:
        try:
            group: Group = self._timed(lambda: session.kisi.group(self.connection.group_id))
        except GroupGone:
            self.found["group"] = Found(BAD)
            return
        self.found["group"] = Found(OK, {"name": group.name})
        self.found["doors"] = Found(OK if group.doors_count else BAD, {"count": group.doors_count})
