"""Organizations, doors and groups as people edit them by hand in Kisi's own dashboard. Knows no person."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from integrations.kisi.simulator.rows import Group, GroupLock, Lock, Organization, Place, Row
from integrations.kisi.simulator.store import Store
from integrations.kisi.simulator.switches import Switches

AnyRow = TypeVar("AnyRow", bound=Row)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Premises:
    """The rows, the clock, the one lock, and edits of what there is to open."""

    switches: Switches = Switches()

    def __init__(self, *, store: Store | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.lock = threading.RLock()
        self.store = store or Store()
        self.now = now

    def touch(self) -> None:
        """Called after each change."""

    # Doors and groups

    @property
    def organization(self) -> Organization:
        """The first one; every method without an organization means it."""
        return next(iter(self.store.organizations))

    def add_door(self, name: str, *, organization: Organization | None = None) -> Lock:
        with self.lock:
            organization = organization or self.organization
            place = self.store.places.of(organization.id)[0]
            return self._kept(
                self.store.locks.add(Lock(name=name, place_id=place.id, **self._owned(organization)))
            )

    def add_group(
        self,
        name: str,
        doors: list[Lock],
        *,
        place: Place | None = None,
        organization: Organization | None = None,
    ) -> Group:
        with self.lock:
            owned = self._owned(organization or (self._organization_of(doors[0]) if doors else None))
            group = self.store.groups.add(Group(name=name, place_id=place.id if place else None, **owned))
            for door in doors:
                self.link(group, door)
            return self._kept(group)

    def link(self, group: Group, door: Lock) -> None:
        """The group opens this door too."""
        with self.lock:
            owned = self._owned(self._organization_of(group))
            self._kept(self.store.group_locks.add(GroupLock(group_id=group.id, lock_id=door.id, **owned)))

    def delete_group(self, group: Group) -> None:
        """The group with its doors' links and every right in it."""
        with self.lock:
            for right in list(self.store.assignments):
                if (right.applies_to_type, right.applies_to_id) == ("Group", group.id):
                    self.store.drop_assignment(right)
            for row in list(self.store.group_locks):
                if row.group_id == group.id:
                    del self.store.group_locks.rows[row.id]
            del self.store.groups.rows[group.id]
            self.touch()

    # Shared

    def _organization_of(self, row: Row) -> Organization:
        return self.store.organizations.rows[row.organization_id]

    def _stamps(self) -> dict[str, Any]:
        return {"created_at": self.now(), "updated_at": self.now()}

    def _owned(self, organization: Organization | None) -> dict[str, Any]:
        return {"organization_id": (organization or self.organization).id, **self._stamps()}

    def _kept(self, row: AnyRow) -> AnyRow:
        self.touch()
        return row
