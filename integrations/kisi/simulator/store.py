"""The tables of all organizations and the ways rows come and go together. Knows nothing of HTTP or time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Generic, TypeVar

from integrations.kisi.simulator.rows import (
    Assignment,
    Event,
    Group,
    GroupLock,
    Lock,
    Login,
    Mail,
    Organization,
    Place,
    Row,
    Team,
    TeamMembership,
    User,
)

AnyRow = TypeVar("AnyRow", bound=Row)
FIRST_MEMBER_ID = 4  # so that a member's id is some other person's user id


class Table(Generic[AnyRow]):
    """Rows of one kind by id, in the order they came; ids are never used twice."""

    def __init__(self, kind: type[AnyRow]) -> None:
        self.kind = kind
        self.rows: dict[int, AnyRow] = {}
        self.last = 0

    def add(self, row: AnyRow) -> AnyRow:
        self.last += 1
        row.id = self.last
        self.rows[row.id] = row
        return row

    def put_back(self, row: AnyRow, row_id: int) -> AnyRow:
        """Under an id that a row had before."""
        row.id = row_id
        self.rows[row_id] = row
        return row

    def find(self, row_id: int, organization_id: int) -> AnyRow | None:
        row = self.rows.get(row_id)
        return row if row is not None and row.organization_id == organization_id else None

    def of(self, organization_id: int) -> list[AnyRow]:
        return [row for row in self.rows.values() if row.organization_id == organization_id]

    def __iter__(self) -> Iterator[AnyRow]:
        return iter(list(self.rows.values()))


class Store:
    """Every table, and indexes by address, by assignee and by key."""

    def __init__(self) -> None:
        self.organizations = Table(Organization)
        self.places = Table(Place)
        self.locks = Table(Lock)
        self.groups = Table(Group)
        self.group_locks = Table(GroupLock)
        self.users = Table(User)
        self.teams = Table(Team)
        self.team_memberships = Table(TeamMembership)
        self.assignments = Table(Assignment)
        self.logins = Table(Login)
        self.mails = Table(Mail)
        self.events = Table(Event)
        self.last_member_id = FIRST_MEMBER_ID - 1
        self.reindex()

    def tables(self) -> dict[str, Table]:
        return {name: table for name, table in vars(self).items() if isinstance(table, Table)}

    def reindex(self) -> None:
        """Rebuild what is derived; after rows were loaded from a file."""
        self._by_email: dict[tuple[int, str], int] = {}
        self._by_member: dict[int, int] = {}
        self._held: dict[tuple[str, int], dict[int, None]] = defaultdict(dict)
        self._by_secret: dict[str, int] = {}
        for user in self.users:
            self._index_user(user)
        for row in self.assignments:
            self._held[row.assignee_type, row.assignee_id][row.id] = None
        for login in self.logins:
            self._by_secret[login.secret] = login.id

    def add_user(self, user: User, *, former_id: int | None = None) -> User:
        """A new id, unless the person comes back under the one they had."""
        self.users.add(user) if former_id is None else self.users.put_back(user, former_id)
        self.last_member_id += 1
        user.member_id = self.last_member_id
        self._index_user(user)
        return user

    def add_assignment(self, row: Assignment) -> Assignment:
        self.assignments.add(row)
        self._held[row.assignee_type, row.assignee_id][row.id] = None
        return row

    def add_login(self, login: Login) -> Login:
        self.logins.add(login)
        self._by_secret[login.secret] = login.id
        return login

    def user_by_email(self, email: str, organization_id: int) -> User | None:
        user_id = self._by_email.get((organization_id, email.strip().lower()))
        return None if user_id is None else self.users.rows[user_id]

    def user_by_member_id(self, member_id: int, organization_id: int) -> User | None:
        return self.users.find(self._by_member.get(member_id, 0), organization_id)

    def login_by_secret(self, secret: str) -> Login | None:
        return self.logins.rows.get(self._by_secret.get(secret, 0))

    def held_by(self, assignee: User | Team) -> list[Assignment]:
        """The rows whose assignee is exactly this person or team."""
        kind = type(assignee).__name__
        return [self.assignments.rows[row_id] for row_id in self._held.get((kind, assignee.id), ())]

    def teams_of(self, user: User) -> list[Team]:
        ids = [
            row.team_id
            for row in self.team_memberships.rows.values()
            if row.member_type == "User" and row.member_id == user.id
        ]
        return [self.teams.rows[team_id] for team_id in ids]

    def locks_of(self, group: Group) -> list[Lock]:
        return [self.locks.rows[row.lock_id] for row in self.group_locks if row.group_id == group.id]

    def drop_assignment(self, row: Assignment) -> None:
        del self.assignments.rows[row.id]
        del self._held[row.assignee_type, row.assignee_id][row.id]

    def drop_login(self, login: Login) -> None:
        del self.logins.rows[login.id]
        del self._by_secret[login.secret]

    def drop_events_of(self, user: User) -> None:
        """Whatever the person did, and whatever was done to them."""
        for event in self.events:
            if event.actor_id == user.id or (event.object_type, event.object_id) == ("User", user.id):
                del self.events.rows[event.id]

    def drop_user(self, user: User, *, rights_stay: bool = False) -> None:
        """The person with their rights, keys and team memberships; events and mails stay."""
        for right in [] if rights_stay else self.held_by(user):
            self.drop_assignment(right)
        for login in [login for login in self.logins if login.user_id == user.id]:
            self.drop_login(login)
        for membership in self.team_memberships:
            if membership.member_type == "User" and membership.member_id == user.id:
                del self.team_memberships.rows[membership.id]
        del self.users.rows[user.id]
        del self._by_member[user.member_id]
        address = (user.organization_id, user.email.lower())
        if self._by_email.get(address) == user.id:
            del self._by_email[address]

    def _index_user(self, user: User) -> None:
        self._by_email[user.organization_id, user.email.lower()] = user.id
        self._by_member[user.member_id] = user.id
