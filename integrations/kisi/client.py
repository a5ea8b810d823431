"""Kisi's calls by name, typed in and out, lists only when complete. `requests` only; no model, no setting."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from integrations.access.errors import NoAnswer, Refused
from integrations.kisi import rows
from integrations.kisi.rows import Group, Me, Organization, Right, User, WrongShape
from integrations.kisi.transport import About, Answer, Gate, Timeouts, Transport, lists
from integrations.kisi.transport.lists import Parse
from integrations.vault import Secret

T = TypeVar("T")
HasId = TypeVar("HasId", Group, Right, User)
GROUP_BASIC = "group_basic"
NEW_NAMES = ("assignee_type", "assignee_id", "applies_to_type", "applies_to_id")


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
        monotonic: Callable[[], float] = time.monotonic,
        timeouts: Timeouts | None = None,
    ) -> None:
        limits = timeouts or Timeouts()
        self._http = Transport(base_url.rstrip("/"), key, gate, contact, sleep, monotonic, limits)
        self._sends_new_form = False

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
        return self._one(f"/groups/{group_id}", _of(group_id, rows.group), About.GROUP)

    def groups(self) -> tuple[Group, ...]:
        return self._all("/groups", {}, rows.group)

    def doors(self, group_id: int) -> tuple[str, ...]:
        """The names of the doors that a group opens. A check, so what is no answer raises NoAnswer."""
        doors = self._all("/group_locks", {"group_id": group_id}, rows.door, failure=NoAnswer)
        if all(door.name for door in doors):
            return tuple(door.name for door in doors)
        locks = self._all("/locks", {}, rows.lock, failure=NoAnswer)
        names = {lock.lock_id: lock.name for lock in locks}
        return tuple(door.name or names.get(door.lock_id) or f"Door {door.lock_id}" for door in doors)

    def group_rights(
        self, group_id: int, *, on_page: Callable[[int], None] | None = None
    ) -> tuple[Right, ...]:
        """Every right in a group, of people, teams and guests."""

        def belongs(row: Right) -> bool:
            return row.scope == "group" and row.applies_to_id == group_id

        return self._rights({"group_id": group_id}, belongs, on_page)

    def organization_rights(self) -> tuple[Right, ...]:
        return self._rights({"scope": "organization"}, lambda row: row.scope == "organization")

    def place_rights(self) -> tuple[Right, ...]:
        """Every right at place level, of all places."""
        return self._rights({"scope": "place"}, lambda row: row.scope == "place")

    def rights_of(self, user_id: int) -> tuple[Right, ...]:
        """Everything one person was given singly (a team's rights are not among it).

        What is no whole list raises NoAnswer here, as for any call about one person.
        """
        return self._rights({"user_id": user_id}, lambda row: row.user_id == user_id, about=About.SEARCH)

    def right(self, right_id: int) -> Right:
        return self._one(f"/role_assignments/{right_id}", _of(right_id, rows.right), About.PERSON)

    def user(self, user_id: int) -> User:
        return self._one(f"/users/{user_id}", _of(user_id, rows.user), About.PERSON)

    def users(self, *, on_page: Callable[[int], None] | None = None) -> tuple[User, ...]:
        return self._all("/users", {}, rows.user, on_page=on_page)

    def find_users(self, email: str) -> tuple[User, ...]:
        """People with exactly this address: asked by `email`, then by `query`, compared here.

        What is no whole list raises NoAnswer. Nobody found is no proof: Kisi's search can lag.
        """
        address = rows.same_address(email)
        for name in ("email", "query"):
            found = self._all("/users", {name: address}, rows.user, about=About.SEARCH)
            exact = tuple(user for user in found if user.email == address)
            if exact:
                return exact
        return ()

    def team_members(self) -> frozenset[int]:
        """The ids of everybody who is in any team."""
        found = self._all("/team_memberships", {}, rows.team_member)
        return frozenset(user_id for user_id in found if user_id is not None)

    def is_in_team(self, user_id: int) -> bool:
        """The same of one person. What is no whole list raises NoAnswer."""
        parse = _fitting(lambda member_id: member_id == user_id, rows.team_member)
        whose = {"member_type": "User", "member_id": user_id}
        return bool(self._all("/team_memberships", whose, parse, about=About.SEARCH))

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
        """`group_basic` without dates, in the older form that live integrations use (kisi-api.md 2.4).

        Where Kisi refuses that form by the names of the newer one, the newer one is sent from then on.
        """
        try:
            return self._post_right(user_id, group_id, notify=notify)
        except Refused as refused:
            if self._sends_new_form or not _asks_for_new_form(refused):
                raise
        self._sends_new_form = True
        return self._post_right(user_id, group_id, notify=notify)

    def _post_right(self, user_id: int, group_id: int, *, notify: bool) -> Right:
        whose = _new_form(user_id, group_id) if self._sends_new_form else _old_form(user_id, group_id)
        right = {**whose, "role_id": GROUP_BASIC, "notify": notify}

        def is_that(made: Right) -> bool:
            told = (made.user_id, made.role_id, made.scope, made.applies_to_id)
            return told == (user_id, GROUP_BASIC, "group", group_id)

        parse = _fitting(is_that, rows.right)
        return self._send("POST", "/role_assignments", {"role_assignment": right}, parse)

    def remove_right(self, right_id: int) -> None:
        self._send("DELETE", f"/role_assignments/{right_id}")

    def _rights(
        self,
        params: Mapping[str, Any],
        belongs: Callable[[Right], bool],
        on_page: Callable[[int], None] | None = None,
        about: About = About.CHECK,
    ) -> tuple[Right, ...]:
        """A filtered list, believed only when every row fits the filter: a server may ignore it."""
        parse = _fitting(belongs, rows.right)
        return self._all("/role_assignments", params, parse, on_page=on_page, about=about)

    def _one(self, path: str, parse: Parse[T], about: About) -> T:
        return self._http.ask("GET", path, about=about, parse=lambda answer: parse(_object(answer)))

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None, parse: Any = None) -> Any:
        read = (lambda answer: parse(_object(answer))) if parse else (lambda answer: None)
        return self._http.ask(method, path, about=About.PERSON, body=body, parse=read)

    def _all(self, path: str, params: Mapping[str, Any], parse: Parse[T], **how: Any) -> tuple[T, ...]:
        return lists.whole(self._http, path, params, parse, **how)


def _old_form(user_id: int, group_id: int) -> dict[str, Any]:
    return {"user_id": user_id, "group_id": group_id}


def _new_form(user_id: int, group_id: int) -> dict[str, Any]:
    values = ("User", user_id, "Group", group_id)
    return dict(zip(NEW_NAMES, values, strict=True))


def _asks_for_new_form(refused: Refused) -> bool:
    """A 422 that misses a field of the newer form: nothing was made, and the other form may do."""
    return refused.status == 422 and any(name in refused.said for name in NEW_NAMES)


def _object(answer: Answer) -> rows.Json:
    return rows.mapping(answer.body)


def _of(row_id: int, parse: Parse[HasId]) -> Parse[HasId]:
    return _fitting(lambda found: found.id == row_id, parse)


def _fitting(fits: Callable[[T], bool], parse: Parse[T]) -> Parse[T]:
    """`parse`, believed only where the row is the one that was asked for."""

    def checked(row: rows.Json) -> T:
        found = parse(row)
        if not fits(found):
            raise WrongShape("not what was asked for")
        return found

    return checked
