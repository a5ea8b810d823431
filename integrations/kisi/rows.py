"""Kisi's rows as small typed facts: only the fields that are used, wrong shapes refused. No HTTP."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = Mapping[str, Any]


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


@dataclass(frozen=True, slots=True)
class User:
    id: int
    name: str
    email: str
    access_enabled: bool
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Right:
    """A role assignment, old and new field names folded together (kisi-api.md 2.4)."""

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
        return begun and (self.valid_until is None or now < self.valid_until)


def same_address(text: str) -> str:
    """One spelling per address: NFC, trimmed, lower-case, as Core keeps its own."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().lower())


def me(row: Json) -> Me:
    organization = _object(row, "organization", required=False)
    organization_id = row.get("organization_id", organization.get("id"))
    return Me(
        id=_id(row, "id"),
        name=_text(row, "name"),
        email=same_address(_text(row, "email")),
        organization_id=_number(organization_id, "organization_id"),
        organization_name=_text(organization, "name"),
    )


def organization(row: Json) -> Organization:
    return Organization(_id(row, "id"), _text(row, "name"), _optional_id(row, "user_id"))


def group(row: Json) -> Group:
    place = _object(row, "place", required=False)
    doors = row.get("locks_count")
    return Group(_id(row, "id"), _text(row, "name"), _text(place, "name"), _number(doors or 0, "locks_count"))


def user(row: Json) -> User:
    metadata = row.get("metadata") or {}
    return User(
        id=_id(row, "id"),
        name=_text(row, "name"),
        email=same_address(_required_text(row, "email")),
        access_enabled=row.get("access_enabled", True) is not False
        and row.get("scim_access_enabled") is not False,
        metadata=metadata if isinstance(metadata, Mapping) else {},
    )


def right(row: Json) -> Right:
    who = _object(row, "assignee", required=False) or _object(row, "user", required=False)
    kind = _assignee_type(row)
    scope, applies_to = _reach(row)
    return Right(
        id=_id(row, "id"),
        assignee_type=kind,
        user_id=_user_id(row, kind),
        email=same_address(_text(who, "email")) if kind == "User" else _text(who, "email"),
        name=_text(who, "name"),
        role_id=_required_text(row, "role_id"),
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


def door(row: Json) -> str:
    lock = _object(row, "lock", required=False) or row
    return _text(lock, "name")


def _assignee_type(row: Json) -> str:
    known = row.get("assignee_type")
    if isinstance(known, str) and known:
        return known
    return "User" if row.get("user_id") is not None else "unknown"


def _user_id(row: Json, kind: str) -> int | None:
    if kind != "User":
        return None
    found = row.get("assignee_id", row.get("user_id"))
    return _number(found if found is not None else row.get("user_id"), "assignee_id")


def _reach(row: Json) -> tuple[str, int | None]:
    """(scope, id): organization, place or group; a scope we do not know is "unknown" and protects."""
    scope = str(row.get("applies_to_type") or row.get("scope") or "unknown").lower()
    if scope not in ("organization", "place", "group"):
        return "unknown", None
    found = row.get("applies_to_id")
    found = found if found is not None else row.get(f"{scope}_id")
    if scope == "group":
        return scope, _number(found, "applies_to_id")
    return scope, None if found is None else _number(found, "applies_to_id")


def _object(row: Json, name: str, *, required: bool = True) -> Json:
    value = row.get(name)
    if isinstance(value, Mapping):
        return value
    if required or value is not None:
        raise WrongShape(f"{name} is no object")
    return {}


def _id(row: Json, name: str) -> int:
    return _number(row.get(name), name)


def _optional_id(row: Json, name: str) -> int | None:
    return None if row.get(name) is None else _id(row, name)


def _number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise WrongShape(f"{name} is no number")
    try:
        return int(value)
    except ValueError:
        raise WrongShape(f"{name} is no number") from None


def _text(row: Json, name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def _required_text(row: Json, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise WrongShape(f"{name} is missing")
    return value


def _time(row: Json, name: str) -> datetime | None:
    """ISO 8601 in UTC, with or without milliseconds (kisi-api.md 1)."""
    value = row.get(name)
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError:
        raise WrongShape(f"{name} is no time") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
