"""The rows a Kisi organization consists of. Plain data; every rule lives elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(kw_only=True)
class Row:
    """`id` is given by the table the row is put into; `organization_id` decides who may see it."""

    id: int = 0
    organization_id: int
    created_at: datetime = EPOCH
    updated_at: datetime = EPOCH


@dataclass(kw_only=True)
class Organization(Row):
    """`api_key` and `group_id` are what its owner would paste into another program."""

    name: str
    domain: str
    owner_id: int = 0
    api_key: str = ""
    group_id: int = 0
    time_zone: str = "Europe/Stockholm"


@dataclass(kw_only=True)
class Place(Row):
    name: str


@dataclass(kw_only=True)
class Lock(Row):
    name: str
    place_id: int
    locked_down: bool = False


@dataclass(kw_only=True)
class Group(Row):
    """`place_id` None is an organization group."""

    name: str
    place_id: int | None = None
    description: str | None = None


@dataclass(kw_only=True)
class GroupLock(Row):
    group_id: int
    lock_id: int


@dataclass(kw_only=True)
class User(Row):
    """A person. `member_id` is the id of the same person in the old `/members` view, from its own sequence."""

    email: str
    name: str | None
    member_id: int = 0
    image: str | None = None
    notes: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    access_enabled: bool = True
    scim_access_enabled: bool = True
    password_flow_enabled: bool = False
    confirmed: bool = False
    gets_mail: bool = True
    last_accessed_at: datetime | None = None


@dataclass(kw_only=True)
class Team(Row):
    name: str


@dataclass(kw_only=True)
class TeamMembership(Row):
    team_id: int
    member_id: int
    member_type: str = "User"


@dataclass(kw_only=True)
class Assignment(Row):
    """An access right: `role_id` for a User or Team on an Organization, a Place or a Group."""

    role_id: str
    assignee_type: str
    assignee_id: int
    applies_to_type: str
    applies_to_id: int
    notify: bool = False
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    created_by_id: int | None = None

    def valid_at(self, now: datetime) -> bool:
        started = self.valid_from is None or self.valid_from <= now
        return started and not self.expired_at(now)

    def expired_at(self, now: datetime) -> bool:
        return self.valid_until is not None and self.valid_until <= now


@dataclass(kw_only=True)
class Login(Row):
    """An API key of a person. `role_id` None: it may do what the person may; else it is held down to that role."""

    user_id: int
    secret: str
    name: str = "API key"
    expire: bool = False
    last_used_at: datetime | None = None
    role_id: str | None = None
    bad_requests: int = 0
    suspended: bool = False


@dataclass(kw_only=True)
class Mail(Row):
    """One mail Kisi would have sent: what caused it, the flag that allowed it, to whom."""

    trigger: str
    flag: str
    recipient: str
    about: str = ""


@dataclass(kw_only=True)
class Event(Row):
    """What happened, with the actor's name and address as they were then."""

    type: str
    object_type: str
    object_id: int
    object_name: str
    object_email: str | None = None
    actor_id: int | None = None
    actor_name: str | None = None
    actor_email: str | None = None
