"""Kisi's rows as small typed facts: only the fields that are used, wrong shapes refused. No HTTP."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]
LARGEST_ID = 2**63 - 1
NAME_AT_MOST, ROLE_AT_MOST = 200, 60  # letters; the database holds a little more
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # some that no database stores


class WrongShape(Exception):
    """An answer does not look like what Kisi documents; the message names the field."""


@dataclass(frozen=True, slots=True)
class Me:
    """The person whose key this is (`GET /user`)."""

    id: int
    name: str
    email: str
    organization_id: int
    organization_name: str


@dataclass(frozen=True, slots=True)
class Organization:
    id: int
    name: str
    owner_id: int | None


@dataclass(frozen=True, slots=True)
class Group:
    id: int
    name: str
    place_name: str
    doors_count: int
    organization_id: int | None


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    email: str
    access_enabled: bool
    metadata: Mapping[str, Any]
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Door:
    """A lock of a group; `name` is empty where the row tells only the lock's id."""

    lock_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Right:
    """A role assignment, old and new field names folded together (kisi-api.md 2.4).

    `assignee_type` is User, Team, Guest or other; only a User's has a `user_id`. `scope` is organization,
    place, group or unknown.
    """

    id: int
    assignee_type: str
    user_id: int | None
    email: str
    name: str
    role_id: str
    scope: str
    applies_to_id: int | None
    valid_from: datetime | None
    valid_until: datetime | None
    created_at: datetime | None

    def valid_at(self, now: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= now
        return begun and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        return self.valid_until is not None and self.valid_until <= now


def same_address(text: str) -> str:
    """One spelling per address: NFC, trimmed, lower-case, as Core keeps its own."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().lower())


def me(row: Json) -> Me:
    organization = _object(row, "organization", required=False)
    organization_id = row.get("organization_id")
    return Me(
        id=row_id(row),
        name=_name(row),
        email=same_address(_text(row, "email")),
        organization_id=_id(row, "organization_id") if organization_id is not None else row_id(organization),
        organization_name=_name(organization),
    )


def organization(row: Json) -> Organization:
    return Organization(row_id(row), _name(row), _optional_id(row, "user_id"))


def group(row: Json) -> Group:
    place = _object(row, "place", required=False)
    return Group(
        id=row_id(row),
        name=_name(row),
        place_name=_name(place),
        doors_count=_number(row.get("locks_count") or 0, "locks_count"),
        organization_id=_optional_id(row, "organization_id"),
    )


def user(row: Json) -> User:
    metadata = row.get("metadata") or {}
    return User(
        id=row_id(row),
        name=_name(row),
        email=same_address(_required_text(row, "email")),
        access_enabled=row.get("access_enabled", True) is not False
        and row.get("scim_access_enabled") is not False,
        metadata=metadata if isinstance(metadata, Mapping) else {},
        created_at=_time(row, "created_at"),
    )


def right(row: Json) -> Right:
    who = _object(row, "assignee", required=False) or _object(row, "user", required=False)
    kind = _assignee_type(row)
    scope, applies_to = _reach(row)
    return Right(
        id=row_id(row),
        assignee_type=kind,
        user_id=_user_id(row, kind),
        email=same_address(_text(who, "email")) if kind == "User" else _text(who, "email"),
        name=_name(who),
        role_id=_required_text(row, "role_id")[:ROLE_AT_MOST],
        scope=scope,
        applies_to_id=applies_to,
        valid_from=_time(row, "valid_from"),
        valid_until=_time(row, "valid_until"),
        created_at=_time(row, "created_at"),
    )


def team_member(row: Json) -> int | None:
    """The user id of a team membership; None for a guest."""
    if row.get("member_type", "User") != "User":
        return None
    return _id(row, "member_id")


def door(row: Json) -> Door:
    """A row of `/group_locks`."""
    embedded = _object(row, "lock", required=False)
    lock_id = row.get("lock_id")
    return Door(row_id(embedded) if lock_id is None else _id(row, "lock_id"), _name(embedded))


def lock(row: Json) -> Door:
    """A row of `/locks`."""
    return Door(row_id(row), _name(row))


def mapping(value: Any) -> Json:
    if not isinstance(value, Mapping):
        raise WrongShape("no object")
    return value


def row_id(row: Json) -> int:
    return _id(row, "id")


def _assignee_type(row: Json) -> str:
    known = row.get("assignee_type")
    if known is not None:
        return known if known in ("User", "Team", "Guest") else "other"
    older = {"user_id": "User", "assignee_team_id": "Team", "guest_id": "Guest"}
    return next((kind for name, kind in older.items() if row.get(name) is not None), "other")


def _user_id(row: Json, kind: str) -> int | None:
    if kind != "User":
        return None
    return _required(_either(row, "assignee_id", "user_id"), "assignee_id")


def _reach(row: Json) -> tuple[str, int | None]:
    """(scope, id): organization, place or group; a scope we do not know is "unknown" and protects."""
    told = {str(row[name]).lower() for name in ("applies_to_type", "scope") if row.get(name) is not None}
    if len(told) > 1:
        raise WrongShape("applies_to_type and scope differ")
    scope = told.pop() if told else "unknown"
    if scope not in ("organization", "place", "group"):
        return "unknown", None
    applies_to_id = _either(row, "applies_to_id", f"{scope}_id")
    return scope, _required(applies_to_id, "applies_to_id") if scope == "group" else applies_to_id


def _either(row: Json, name: str, older: str) -> int | None:
    """The id under its name of today, else under the older one; two that differ are believed neither way."""
    found, before = _optional_id(row, name), _optional_id(row, older)
    if found is not None and before is not None and found != before:
        raise WrongShape(f"{name} and {older} differ")
    return before if found is None else found


def _required(value: int | None, name: str) -> int:
    if value is None:
        raise WrongShape(f"{name} is missing")
    return value


def _object(row: Json, name: str, *, required: bool = True) -> Json:
    value = row.get(name)
    if isinstance(value, Mapping):
        return value
    if required or value is not None:
        raise WrongShape(f"{name} is no object")
    return {}


def _id(row: Json, name: str) -> int:
    value = _number(row.get(name), name)
    if not 0 < value <= LARGEST_ID:
        raise WrongShape(f"{name} is no id")
    return value


def _optional_id(row: Json, name: str) -> int | None:
    return None if row.get(name) is None else _id(row, name)


def _number(value: Any, name: str) -> int:
    """A whole number, or a string that holds one (kisi-api.md 1)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch("[0-9]{1,19}", value):
        return int(value)
    raise WrongShape(f"{name} is no number")


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else ""


def _name(row: Json) -> str:
    return _text(row, "name")[:NAME_AT_MOST]


def _required_text(row: Json, name: str) -> str:
    value = _text(row, name)
    if not value:
        raise WrongShape(f"{name} is missing")
    return value


def _time(row: Json, name: str) -> datetime | None:
    """ISO 8601 in UTC, with or without milliseconds (kisi-api.md 1)."""
    value = row.get(name)
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise WrongShape(f"{name} is no time") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
