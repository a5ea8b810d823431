"""Kisi's roles: what each applies to, how high it stands and what it may do. A table and its look-ups."""

from __future__ import annotations

from dataclasses import dataclass

READS = frozenset({"groups_read", "users_read", "role_assignments_read", "events_read"})
WRITES = frozenset({"users_write", "role_assignments_write"})
PERMISSIONS = tuple(sorted(READS | WRITES))


@dataclass(frozen=True, slots=True)
class Role:
    """`level` orders roles: nobody grants or takes a role that stands above their own."""

    id: str
    applies_to: str
    name: str
    level: int
    permissions: frozenset[str] = frozenset()


ROLES = {
    role.id: role
    for role in (
        Role("owner", "Organization", "Organization owner", 100, READS | WRITES),
        Role("administrator", "Organization", "Organization administrator", 90, READS | WRITES),
        Role("manager", "Organization", "Organization access manager", 70, READS | WRITES),
        Role("user_manager", "Organization", "User manager", 60, READS | {"users_write"}),
        Role("observer", "Organization", "Organization observer", 30, READS),
        Role("basic", "Organization", "Basic", 0),
        Role("place_administrator", "Place", "Place administrator", 50),
        Role("place_manager", "Place", "Place access manager", 40),
        Role("group_manager", "Group", "Group manager", 20),
        Role("group_basic", "Group", "Group basic", 10),
    )
}


def level(role_id: str) -> int:
    """A role we do not know (a custom one) stands lowest."""
    return ROLES[role_id].level if role_id in ROLES else 0


def permissions(role_id: str) -> frozenset[str]:
    return ROLES[role_id].permissions if role_id in ROLES else frozenset()


def fits(role_id: str, applies_to_type: str) -> bool:
    return role_id in ROLES and ROLES[role_id].applies_to == applies_to_type
