"""Kisi's calls by name, typed in and out, lists only when complete. `requests` only; no model, no setting."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from integrations.access.errors import DoorError, IncompleteRead, NoAnswer
from integrations.kisi import rows
from integrations.kisi.rows import Group, Me, Organization, Right, User, WrongShape
from integrations.kisi.transport import About, Answer, Gate, Timeouts, Transport
from integrations.vault import Secret

T = TypeVar("T")
WALKS = 3
LARGEST_OFFSET = 20_000  # kisi-api.md 4
PER_PAGE = {"/users": 100}
MOST_PER_PAGE = 250
GROUP_BASIC = "group_basic"


class _Shifted(Exception):
    """The list is not one consistent list; the message says how."""


class KisiClient:
    """`gate` is asked before and told after every HTTP try. Raises the classes of `access.errors` only."""

    def __init__(
        self,
        *,
        base_url: str,
        key: Secret,
        gate: Gate,
        contact: str = "",
        sleep: Callable[[float], None] = time.sleep,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._http = Transport(
            base_url.rstrip("/"), key, gate, contact, sleep, timeouts=timeouts or Timeouts()
        )

    def __repr__(self) -> str:
        return f"<KisiClient {self._http.base_url}>"

    @property
    def calls(self) -> int:
        """HTTP tries so far."""
        return self._http.calls

    def me(self) -> Me:
        return self._one("/user", rows.me, About.CHECK)

    def organization(self) -> Organization:
        return self._one("/organization", rows.organization, About.CHECK)

    def group(self, group_id: int) -> Group:
        return self._one(f"/groups/{group_id}", rows.group, About.GROUP)

    def groups(self) -> tuple[Group, ...]:
        return self._all("/groups", {}, rows.group)

    def doors(self, group_id: int) -> tuple[str, ...]:
        """The names of the doors that a group opens."""
        return self._all("/group_locks", {"group_id": group_id}, rows.door)

    def group_rights(
        self, group_id: int, *, on_page: Callable[[int], None] | None = None
    ) -> tuple[Right, ...]:
        """Every right in a group, of people, teams and guests."""

        def belongs(row: Right) -> bool:
            return row.scope == "group" and row.applies_to_id == group_id

        return self._rights({"group_id": group_id}, belongs, on_page)

    def organization_rights(self) -> tuple[Right, ...]:
        return self._rights({"scope": "organization"}, lambda row: row.scope == "organization")

    def rights_of(self, user_id: int) -> tuple[Right, ...]:
        """Everything one person was given singly (a team's rights are not among it)."""
        return self._rights({"user_id": user_id}, lambda row: row.user_id == user_id, failure=NoAnswer)

    def right(self, right_id: int) -> Right:
        return self._one(f"/role_assignments/{right_id}", rows.right, About.PERSON)

    def user(self, user_id: int) -> User:
        return self._one(f"/users/{user_id}", rows.user, About.PERSON)

    def users(self, *, on_page: Callable[[int], None] | None = None) -> tuple[User, ...]:
        return self._all("/users", {}, rows.user, on_page=on_page)

    def find_users(self, email: str) -> tuple[User, ...]:
        """People with exactly this address: asked by `email`, then by `query`, compared here."""
        for name in ("email", "query"):
            found = self._all("/users", {name: email}, rows.user, failure=NoAnswer)
            exact = tuple(user for user in found if user.email == rows.same_address(email))
            if exact:
                return exact
        return ()

    def team_members(self) -> frozenset[int]:
        """The ids of everybody who is in any team."""
        found = self._all("/team_memberships", {}, lambda row: (rows.team_member(row), row.get("id")))
        return frozenset(user_id for user_id, _ in found if user_id is not None)

    def create_user(self, *, email: str, name: str, mark: Mapping[str, str], send_emails: bool) -> User:
        """A new person. `confirm` with `send_emails` is Kisi's "regular user" (kisi-api.md 9)."""
        user = {
            "email": email,
            "name": name,
            "metadata": dict(mark),
            "send_emails": send_emails,
            "confirm": True,
        }
        return self._send("POST", "/users", {"user": user}, rows.user)

    def rename_user(self, user_id: int, *, name: str) -> None:
        self._send("PATCH", f"/users/{user_id}", {"user": {"name": name}})

    def delete_user(self, user_id: int) -> None:
        self._send("DELETE", f"/users/{user_id}")

    def add_right(self, *, user_id: int, group_id: int, notify: bool) -> Right:
        """`group_basic` without dates, in the older form that live integrations use (kisi-api.md 2.4)."""
        right = {"user_id": user_id, "role_id": GROUP_BASIC, "group_id": group_id, "notify": notify}
        return self._send("POST", "/role_assignments", {"role_assignment": right}, rows.right)

    def remove_right(self, right_id: int) -> None:
        self._send("DELETE", f"/role_assignments/{right_id}")

    def _rights(
        self,
        params: Mapping[str, Any],
        belongs: Callable[[Right], bool],
        on_page: Callable[[int], None] | None = None,
        failure: type[DoorError] = IncompleteRead,
    ) -> tuple[Right, ...]:
        """A filtered list, believed only when every row fits the filter: a server may ignore it."""

        def parse(row: rows.Json) -> Right:
            found = rows.right(row)
            if not belongs(found):
                raise WrongShape("a right that was not asked for")
            return found

        return self._all("/role_assignments", params, parse, on_page=on_page, failure=failure)

    def _one(self, path: str, parse: Callable[[rows.Json], T], about: About) -> T:
        return self._http.ask("GET", path, about=about, parse=lambda answer: parse(_object(answer)))

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None, parse: Any = None) -> Any:
        read = (lambda answer: parse(_object(answer))) if parse else (lambda answer: None)
        return self._http.ask(method, path, about=About.PERSON, body=body, parse=read)

    def _all(
        self,
        path: str,
        params: Mapping[str, Any],
        parse: Callable[[rows.Json], T],
        *,
        on_page: Callable[[int], None] | None = None,
        failure: type[DoorError] = IncompleteRead,
    ) -> tuple[T, ...]:
        """The whole list or `failure`; walked again when it shifted, three times at most."""
        reason = ""
        for _ in range(WALKS):
            try:
                return self._walk(path, params, parse, on_page)
            except _Shifted as shifted:
                reason = str(shifted)
            except NoAnswer as none:
                raise failure(none.said or str(none), status=none.status, call=f"GET {path}") from None
        raise failure(reason, call=f"GET {path}")

    def _walk(
        self, path: str, params: Mapping[str, Any], parse: Callable[[rows.Json], T], on_page: Any
    ) -> tuple[T, ...]:
        found: list[T] = []
        ids: set[Any] = set()
        total: int | None = None
        limit = PER_PAGE.get(path, MOST_PER_PAGE)
        while total is None or len(found) < total:
            if len(found) > LARGEST_OFFSET:
                raise IncompleteRead(f"more than {LARGEST_OFFSET:,} rows, which Kisi does not list")
            page = {**params, "limit": limit, "offset": len(found)}
            listed, now_total = self._page(path, page, parse)
            if total is not None and now_total != total:
                raise _Shifted(f"the total changed from {total} to {now_total}")
            total = now_total
            if not listed and len(found) < total:
                raise _Shifted(f"an empty page after {len(found)} of {total}")
            ids.update(row_id for row_id, _ in listed)
            found.extend(row for _, row in listed)
            if len(ids) != len(found):
                raise _Shifted("the same row twice")
            if on_page:
                on_page(len(found))
        if len(found) != total:
            raise _Shifted(f"{len(found)} rows of {total}")
        return tuple(found)

    def _page(
        self, path: str, params: Mapping[str, Any], parse: Callable[[rows.Json], T]
    ) -> tuple[list[tuple[Any, T]], int]:
        def read(answer: Answer) -> tuple[list[tuple[Any, T]], int]:
            if not isinstance(answer.body, list):
                raise WrongShape("the list is no array")
            listed = [(row.get("id"), parse(row)) for row in map(_mapping, answer.body)]
            return listed, _total(answer.headers.get("X-Collection-Range"))

        return self._http.ask("GET", path, about=About.CHECK, params=params, parse=read)


def _object(answer: Answer) -> rows.Json:
    return _mapping(answer.body)


def _mapping(value: Any) -> rows.Json:
    if not isinstance(value, Mapping):
        raise WrongShape("no object")
    return value


def _total(header: str | None) -> int:
    """`0-9/200` or `*/0` (kisi-api.md 4); a list without it cannot be known to be whole."""
    found = re.fullmatch(r"\s*(?:\d+-\d+|\*)/(\d+)\s*", header or "")
    if not found:
        raise WrongShape("X-Collection-Range is missing or odd")
    return int(found.group(1))
