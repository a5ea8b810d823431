"""Edits as people make them by hand in Kisi's own dashboard: no mails, no events, no limits."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from integrations.kisi.simulator.premises import Premises
from integrations.kisi.simulator.rows import (
    Assignment,
    Group,
    Login,
    Organization,
    Place,
    Team,
    TeamMembership,
    User,
)

Person = User | str


class Dashboard(Premises):
    """Edits of organizations, people, rights, teams and keys. People are given as rows or addresses."""

    # Organizations

    def add_organization(
        self, name: str, *, owner: tuple[str, str], door: str = "Front door"
    ) -> Organization:
        """With its owner (name, address), the owner's key, a place, one door and one group that opens it."""
        with self.lock:
            slug = name.lower().replace(" ", "-")
            organization = self.store.organizations.add(
                Organization(organization_id=0, name=name, domain=slug, **self._stamps())
            )
            organization.organization_id = organization.id
            person = self.add_user(owner[1], owner[0], organization=organization)
            organization.owner_id = person.id
            self._assign(person, "owner", organization)
            organization.api_key = self.add_key(person)
            self.store.places.add(Place(name=name, **self._owned(organization)))
            group = self.add_group("24-hr Access", [self.add_door(door, organization=organization)])
            organization.group_id = group.id
            self.touch()
            return organization

    # People

    def add_user(
        self, email: str, name: str = "", *, organization: Organization | None = None, **fields: Any
    ) -> User:
        """`fields` are User's: `metadata`, `notes`, `access_enabled`, `confirmed` ..."""
        with self.lock:
            owned = self._owned(organization) | {"confirmed": True} | fields
            return self._kept(self.store.add_user(User(email=email, name=name or email, **owned)))

    def suspend(self, user: Person, *, is_on: bool = True) -> None:
        with self.lock:
            self.person(user).access_enabled = not is_on
            self.touch()

    def delete_user(self, user: Person) -> None:
        with self.lock:
            rights_stay = self.switches.deleted_user_rights == "stay"
            self.store.drop_user(self.person(user), rights_stay=rights_stay)
            self.touch()

    def person(self, user: Person, *, organization: Organization | None = None) -> User:
        """The row; LookupError when nobody has this address."""
        if isinstance(user, User):
            return user
        found = self.store.user_by_email(user, (organization or self.organization).id)
        if found is None:
            raise LookupError(f"Kisi knows nobody with the address {user}")
        return found

    # Rights and teams

    def give(
        self,
        user: Person | Team,
        group: Group | None = None,
        *,
        role_id: str = "group_basic",
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
    ) -> Assignment:
        """A right in a group (the organization's own without one); any role id, also one nobody knows."""
        with self.lock:
            holder = user if isinstance(user, Team) else self.person(user)
            target = group or self.store.groups.rows[self._organization_of(holder).group_id]
            return self._assign(holder, role_id, target, valid_from=valid_from, valid_until=valid_until)

    def make_admin(self, user: Person, *, role_id: str = "administrator") -> Assignment:
        """An administrator of the whole organization."""
        with self.lock:
            person = self.person(user)
            return self._assign(person, role_id, self._organization_of(person))

    def give_place(self, user: Person, place: Place, *, role_id: str = "place_manager") -> Assignment:
        with self.lock:
            return self._assign(self.person(user), role_id, place)

    def remove_right(self, right: Assignment) -> None:
        with self.lock:
            self.store.drop_assignment(right)
            self.touch()

    def add_team(self, name: str, members: list[Person], group: Group | None = None) -> Team:
        """A team of these people, which opens the group's doors if one is given."""
        with self.lock:
            people = [self.person(member) for member in members]
            owned = self._owned(self._organization_of(people[0]) if people else None)
            team = self.store.teams.add(Team(name=name, **owned))
            for person in people:
                row = TeamMembership(team_id=team.id, member_id=person.id, **owned)
                self.store.team_memberships.add(row)
            if group is not None:
                self._assign(team, "group_basic", group)
            return self._kept(team)

    # Keys

    def add_key(self, user: Person, *, expire: bool = False, name: str = "API key") -> str:
        """Another API key of this person."""
        with self.lock:
            person = self.person(user)
            login = Login(
                user_id=person.id,
                secret=secrets.token_hex(16),
                name=name,
                expire=expire,
                **self._owned(self._organization_of(person)),
            )
            return self._kept(self.store.add_login(login)).secret

    def revoke_key(self, key: str | None = None) -> None:
        with self.lock:
            self.store.drop_login(self._login(key))
            self.touch()

    def weaken_key(self, key: str | None = None, *, role_id: str | None = "basic") -> None:
        """From now on the key may do no more than this organization-level role; None: all its person may."""
        with self.lock:
            self._login(key).role_id = role_id
            self.touch()

    def forgive_key(self, key: str | None = None) -> None:
        """Kisi's support lets a suspended key work again."""
        with self.lock:
            login = self._login(key)
            login.suspended, login.bad_requests = False, 0
            self.touch()

    def _login(self, key: str | None) -> Login:
        found = self.store.login_by_secret(key or self.organization.api_key)
        if found is None:
            raise LookupError("No such API key (any more)")
        return found

    # Shared

    def _assign(
        self,
        holder: User | Team,
        role_id: str,
        target: Group | Place | Organization,
        *,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
    ) -> Assignment:
        right = Assignment(
            role_id=role_id,
            assignee_type=type(holder).__name__,
            assignee_id=holder.id,
            applies_to_type=type(target).__name__,
            applies_to_id=target.id,
            valid_from=valid_from,
            valid_until=valid_until,
            **self._owned(self._organization_of(holder)),
        )
        return self._kept(self.store.add_assignment(right))
