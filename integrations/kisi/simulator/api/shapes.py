"""How people, their rights, teams, roles and keys look as Kisi's JSON. Only shapes, no rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kisi.simulator import roles
from integrations.kisi.simulator.access import Access
from integrations.kisi.simulator.api.door_shapes import DoorShapes
from integrations.kisi.simulator.api.frame import Shape
from integrations.kisi.simulator.rows import EPOCH, Assignment, Login, TeamMembership, User


@dataclass(frozen=True, slots=True)
class Shapes(DoorShapes):
    """One method per kind of row."""

    def _person(self, user: User) -> Shape:
        return {
            "name": user.name,
            "image": user.image,
            "password_flow_enabled": user.password_flow_enabled,
            "access_enabled": user.access_enabled,
            "scim_access_enabled": user.scim_access_enabled,
            "last_accessed_at": self.time(user.last_accessed_at),
            "notes": user.notes,
            "metadata": dict(user.metadata),
            "organization_id": user.organization_id,
            "confirmed": user.confirmed,
        }

    def user(self, user: User) -> Shape:
        held = self.store.held_by(user)
        return (
            self.head(user, "User")
            | self._person(user)
            | {
                "email": user.email,
                "otp_required_for_login": False,
                "groups_count": len({row.applies_to_id for row in held if row.applies_to_type == "Group"}),
            }
        )

    def member(self, user: User) -> Shape:
        access = Access(self.store, self.switches, EPOCH)
        return (
            self.head(user, "Member")
            | self._person(user)
            | {
                "id": user.member_id,
                "role_id": access.organization_role(user),
                "user_id": user.id,
                "user": self.short_user(user) | {"otp_required_for_login": False},
                "place_id": None,
                "shares_count": len(self.store.held_by(user)),
            }
        )

    def short_user(self, user: User) -> Shape:
        return {"id": user.id, "resource_type": "User", "email": user.email, "name": user.name}

    def current_user(self, user: User) -> Shape:
        organization = self.store.organizations.rows[user.organization_id]
        return {
            "id": user.id,
            "name": user.name,
            "email": user.email,
            "image": user.image,
            "locale": "en",
            "notifications_unread_count": 0,
            "otp_required_for_login": False,
            "otp_enabled_at": None,
            "primary_login_exists": True,
            "created_at": self.time(user.created_at),
            "updated_at": self.time(user.updated_at),
            "last_read_at": None,
            "notes": user.notes,
            "organization_id": user.organization_id,
            "organization": {"id": organization.id, "name": organization.name, "domain": organization.domain},
        }

    def assignment(self, row: Assignment) -> Shape:
        shown = self.switches.assignment_fields
        return self.head(row, "RoleAssignment") | {
            "role_id": self.role_id(row.role_id),
            "notify": row.notify,
            **self._validity(row),
            **(self._new_fields(row) if shown != "old" else {}),
            **(self._old_fields(row) if shown != "new" else {}),
        }

    def role_id(self, role_id: str) -> str:
        """How a role is called at place level is not known (section 3)."""
        is_place_level = role_id in roles.ROLES and roles.ROLES[role_id].applies_to == "Place"
        return role_id.removeprefix("place_") if is_place_level and self._plain_ids else role_id

    @property
    def _plain_ids(self) -> bool:
        return self.switches.place_role_ids == "plain"

    def _new_fields(self, row: Assignment) -> Shape:
        return {
            "applies_to_type": row.applies_to_type,
            "applies_to_id": row.applies_to_id,
            "applies_to": self._target(row),
            "assignee_type": row.assignee_type,
            "assignee_id": row.assignee_id,
            "assignee": self._assignee(row),
            "created_by_type": None if row.created_by_id is None else "User",
            "created_by_id": row.created_by_id,
        }

    def _old_fields(self, row: Assignment) -> Shape:
        is_person = row.assignee_type == "User"
        return {
            "user_id": row.assignee_id if is_person else None,
            "user": self._assignee(row) if is_person else None,
            "assignee_team_id": row.assignee_id if row.assignee_type == "Team" else None,
            "guest_id": None,
            "issued_by_id": row.created_by_id,
            "scope": row.applies_to_type.lower(),
            **self._old_group(row),
        }

    def _old_group(self, row: Assignment) -> Shape:
        if row.applies_to_type != "Group":
            return {}
        return {"type": "group", "group_id": row.applies_to_id, "group": self._target(row)}

    def _validity(self, row: Assignment) -> Shape:
        if row.applies_to_type != "Group":
            return {}
        return {"valid_from": self.time(row.valid_from), "valid_until": self.time(row.valid_until)}

    def _target(self, row: Assignment) -> Shape:
        tables: dict[str, Any] = {
            "Organization": self.store.organizations,
            "Place": self.store.places,
            "Group": self.store.groups,
        }
        target = tables[row.applies_to_type].rows[row.applies_to_id]
        return {"id": target.id, "resource_type": row.applies_to_type, "name": target.name}

    def _assignee(self, row: Assignment) -> Shape | None:
        """None for a right that outlived its person."""
        if row.assignee_type == "User":
            person = self.store.users.rows.get(row.assignee_id)
            return self.short_user(person) if person else None
        team = self.store.teams.rows[row.assignee_id]
        return {"id": team.id, "resource_type": "Team", "name": team.name}

    def team_membership(self, row: TeamMembership) -> Shape:
        team = self.store.teams.rows[row.team_id]
        person = self.store.users.rows[row.member_id]
        return self.head(row, "TeamMembership") | {
            "team_id": team.id,
            "team": {"id": team.id, "resource_type": "Team", "name": team.name},
            "member_type": row.member_type,
            "member_id": row.member_id,
            "member": self.short_user(person),
        }

    def role(self, role: roles.Role) -> Shape:
        return {
            "id": self.role_id(role.id),
            "resource_type": "Role",
            "applies_to": role.applies_to,
            "name": role.name,
            "description": role.name,
            "custom": False,
            "custom_role_id": None,
            "permissions": {name: name in role.permissions for name in roles.PERMISSIONS},
        }

    def login(self, login: Login) -> Shape:
        """Never the secret."""
        return self.head(login, "Login") | {
            "type": "api",
            "name": login.name,
            "primary": False,
            "expire": login.expire,
            "last_used_at": self.time(login.last_used_at),
            "user_id": login.user_id,
            "user": self.short_user(self.store.users.rows[login.user_id]),
        }
