"""Who may open which door, and which role a person holds. Pure rules over the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.kisi.simulator import roles
from integrations.kisi.simulator.rows import Assignment, Group, Lock, User
from integrations.kisi.simulator.store import Store
from integrations.kisi.simulator.switches import Switches


@dataclass(frozen=True, slots=True)
class Access:
    """The rules at one moment."""

    store: Store
    switches: Switches
    now: datetime

    def rights(self, user: User) -> list[Assignment]:
        """A person's own rights and those of their teams, valid or not."""
        through_teams = [row for team in self.store.teams_of(user) for row in self.store.held_by(team)]
        return [*self.store.held_by(user), *through_teams]

    def organization_role(self, user: User) -> str:
        """The highest role at organization level; `basic` without one."""
        held = [row.role_id for row in self.store.held_by(user) if row.applies_to_type == "Organization"]
        return max(held, key=roles.level, default="basic")

    def can_open(self, user: User, lock: Lock) -> bool:
        return self._opens(user, lock, self.rights(user), self._groups_by_lock())

    def openers(self, organization_id: int) -> dict[int, list[User]]:
        """Lock id to the people who can open it now."""
        groups, through_teams = self._groups_by_lock(), self._team_rights_by_user()
        people = [
            (user, [*self.store.held_by(user), *through_teams.get(user.id, ())])
            for user in self.store.users.of(organization_id)
        ]
        return {
            lock.id: [user for user, rights in people if self._opens(user, lock, rights, groups)]
            for lock in self.store.locks.of(organization_id)
        }

    def has_group(self, user: User, group: Group) -> bool:
        """Whether `/users?group_id=` lists this person; teams and expired rows count by switch."""
        counts_teams = self.switches.group_filter_counts_teams
        rights = self.rights(user) if counts_teams else self.store.held_by(user)
        return any(
            right.applies_to_type == "Group"
            and right.applies_to_id == group.id
            and (self.switches.group_filter_counts_expired or not right.expired_at(self.now))
            for right in rights
        )

    def _opens(self, user: User, lock: Lock, rights: list[Assignment], groups: dict[int, set[int]]) -> bool:
        if lock.locked_down or not (user.access_enabled and user.scim_access_enabled):
            return False
        opened_by = groups.get(lock.id, set())
        by_right = any(
            right.applies_to_type == "Group" and right.applies_to_id in opened_by and right.valid_at(self.now)
            for right in rights
        )
        return by_right or self._runs_the_doors(user)

    def _runs_the_doors(self, user: User) -> bool:
        return self.switches.admins_open_doors and roles.level(self.organization_role(user)) >= 90

    def _groups_by_lock(self) -> dict[int, set[int]]:
        groups: dict[int, set[int]] = {}
        for row in self.store.group_locks:
            groups.setdefault(row.lock_id, set()).add(row.group_id)
        return groups

    def _team_rights_by_user(self) -> dict[int, list[Assignment]]:
        rights: dict[int, list[Assignment]] = {}
        for row in self.store.team_memberships:
            if row.member_type == "User":
                held = self.store.held_by(self.store.teams.rows[row.team_id])
                rights.setdefault(row.member_id, []).extend(held)
        return rights
