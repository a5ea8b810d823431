"""One request at the counter: who asks, what they sent, and the rows they may see. Reads input, decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from integrations.kisi.simulator import roles
from integrations.kisi.simulator.access import Access
from integrations.kisi.simulator.api.answers import Answer, as_json, invalid, refused
from integrations.kisi.simulator.api.frame import without_resource_types
from integrations.kisi.simulator.api.shapes import Shapes
from integrations.kisi.simulator.rows import Event, Group, Login, Mail, Organization, Row, User
from integrations.kisi.simulator.store import Store, Table
from integrations.kisi.simulator.switches import Switches

AnyRow = TypeVar("AnyRow", bound=Row)


@dataclass(slots=True)
class Desk:
    """The caller is known and allowed; `path_ids` are what the route's pattern caught."""

    store: Store
    switches: Switches
    now: datetime
    login: Login
    params: Mapping[str, str]
    raw_body: bytes = b""
    path_ids: tuple[str, ...] = ()
    caller: User = field(init=False)

    def __post_init__(self) -> None:
        self.caller = self.store.users.rows[self.login.user_id]

    @property
    def organization(self) -> Organization:
        return self.store.organizations.rows[self.login.organization_id]

    @property
    def access(self) -> Access:
        return Access(self.store, self.switches, self.now)

    @property
    def show(self) -> Shapes:
        return Shapes(self.store, self.switches)

    @property
    def role(self) -> str:
        """The organization-level role this key acts with."""
        return self.login.role_id or self.access.organization_role(self.caller)

    def may(self, permission: str) -> bool:
        if self.role == "manager" and not self.switches.access_manager_may_write:
            return permission in roles.READS
        return permission in roles.permissions(self.role)

    @property
    def sees_itself(self) -> bool:
        return self.switches.weak_key_sees_itself or self.may("users_read")

    def rows(self, table: Table[AnyRow]) -> list[AnyRow]:
        return table.of(self.login.organization_id)

    def row(self, table: Table[AnyRow], row_id: object) -> AnyRow:
        """The row of this organization, else 404 (or, for another organization's, 403 by switch)."""
        number = whole_number(row_id) or 0
        found = table.find(number, self.login.organization_id)
        if found is None:
            is_foreign = number in table.rows
            raise refused(int(self.switches.foreign_id) if is_foreign else 404)
        return found

    def named(self, table: Table[AnyRow]) -> AnyRow:
        """The row the path names."""
        return self.row(table, self.path_ids[0])

    def sent(self, wrapper: str) -> dict[str, Any]:
        """The object inside the body's wrapper."""
        try:
            body = json.loads(self.raw_body or b"{}")
        except ValueError:
            raise refused(400, "The request body is not valid JSON.") from None
        inner = body.get(wrapper) if isinstance(body, dict) else None
        if isinstance(inner, dict):
            return inner
        if self.switches.missing_wrapper == "400":
            raise refused(400, f"param is missing or the value is empty: {wrapper}")
        raise invalid(**{wrapper: "can't be blank"})

    def answer(self, payload: Any) -> Answer:
        return as_json(payload if self.switches.resource_types else without_resource_types(payload))

    def mail(self, trigger: str, *, flag: str, recipient: User, about: str = "") -> None:
        """Into the outbox, unless this person was made without mails and that lasts."""
        if not recipient.gets_mail and self.switches.send_emails_persists:
            return
        mail = Mail(
            organization_id=recipient.organization_id,
            created_at=self.now,
            trigger=trigger,
            flag=flag,
            recipient=recipient.email,
            about=about,
        )
        self.store.mails.add(mail)

    def happened(self, what: str, row: Row, *, name: str, email: str | None = None) -> None:
        event = Event(
            organization_id=row.organization_id,
            created_at=self.now,
            type=what,
            object_type=type(row).__name__,
            object_id=row.id,
            object_name=name,
            object_email=email,
            actor_id=self.caller.id,
            actor_name=self.caller.name,
            actor_email=self.caller.email,
        )
        self.store.events.add(event)

    def group(self, group_id: object) -> Group:
        return self.row(self.store.groups, group_id)


def whole_number(value: object) -> int | None:
    """An id however it was written: `12`, `"12"`; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        return int(str(value))
    except ValueError:
        return None


def moment(value: object, *, name: str) -> datetime | None:
    """A date-time of a request body in UTC; 422 when it is none."""
    if value is None or value == "":
        return None
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise invalid(**{name: "is invalid"}) from None
    return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)


def lagging(user: User, desk: Desk) -> bool:
    """Whether the search index has not seen this person yet."""
    lag = timedelta(seconds=desk.switches.query_lag_seconds)
    return bool(lag) and user.created_at + lag > desk.now
