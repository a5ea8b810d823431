"""How organizations, places, groups and doors look as Kisi's JSON. Only shapes, no rules."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.kisi.simulator.api.frame import Frame, Shape
from integrations.kisi.simulator.rows import Group, GroupLock, Lock, Organization, Place

RESTRICTIONS = ("geofence", "primary_device", "managed_device", "reader", "time", "tap_to_access")


@dataclass(frozen=True, slots=True)
class DoorShapes(Frame):
    """One method per kind of row."""

    def group(self, group: Group) -> Shape:
        rows = [
            row
            for row in self.store.assignments.rows.values()
            if row.applies_to_type == "Group" and row.applies_to_id == group.id
        ]
        shape = self.head(group, "Group") | {
            "name": group.name,
            "description": group.description,
            **{f"{name}_restriction_enabled": False for name in RESTRICTIONS},
            "geofence_restriction_radius": 100,
            "login_enabled": True,
            "users_count": len({row.assignee_id for row in rows if row.assignee_type == "User"}),
            "locks_count": len(self.store.locks_of(group)),
            "elevator_stops_count": 0,
            "place_id": group.place_id,
        }
        if group.place_id is not None:
            shape["place"] = self.short(self.store.places.rows[group.place_id])
        return shape

    def short(self, row: Place | Group | Lock) -> Shape:
        return {"id": row.id, "resource_type": type(row).__name__, "name": row.name}

    def lock(self, lock: Lock) -> Shape:
        return self.head(lock, "Lock") | {
            "name": lock.name,
            "locked_down": lock.locked_down,
            "online": True,
            "place_id": lock.place_id,
            "place": self.short(self.store.places.rows[lock.place_id]),
            "organization_id": lock.organization_id,
        }

    def group_lock(self, row: GroupLock) -> Shape:
        return self.head(row, "GroupLock") | {
            "group_id": row.group_id,
            "group": self.short(self.store.groups.rows[row.group_id]),
            "lock_id": row.lock_id,
            "lock": self.short(self.store.locks.rows[row.lock_id]),
        }

    def place(self, place: Place) -> Shape:
        locks = [lock for lock in self.store.locks if lock.place_id == place.id]
        return self.head(place, "Place") | {
            "name": place.name,
            "organization_id": place.organization_id,
            "locks_count": len(locks),
        }

    def organization(self, organization: Organization) -> Shape:
        shape = self.head(organization, "Organization") | {
            "name": organization.name,
            "domain": organization.domain,
            "places_count": len(self.store.places.of(organization.id)),
            "scim_enabled": False,
            "sso_flow_enabled": False,
            "device_logins_expire_after": 1_209_600,
            "time_zone": organization.time_zone,
        }
        if self.switches.organization_shows_owner:
            shape["user_id"] = organization.owner_id
        return shape
