"""POST `/role_assignments`: both request forms, unknown people and groups, doubles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kisi.simulator import roles
from integrations.kisi.simulator.api.answers import Answer, invalid, refused
from integrations.kisi.simulator.api.desk import Desk, moment, whole_number
from integrations.kisi.simulator.rows import Assignment, Team, User

OLD_TARGETS = (("group_id", "Group"), ("place_id", "Place"), ("organization_id", "Organization"))
NEW_FORM = ("assignee_type", "assignee_id", "applies_to_type", "applies_to_id", "role_id")
BLANK = "can't be blank"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for, whichever form it came in."""

    role_id: str
    assignee_type: str
    assignee_id: int | None
    applies_to_type: str
    applies_to_id: int | None


def create(desk: Desk) -> Answer:
    sent = desk.sent("role_assignment")
    wish = _read(desk, sent)
    assignee = _assignee(desk, wish)
    _check_target(desk, wish)
    row = _row(desk, wish, sent)
    _refuse_doubles(desk, row, assignee)
    desk.store.add_assignment(row)
    desk.happened("role_assignment.create", row, name=row.role_id)
    if row.notify and isinstance(assignee, User):
        desk.mail("role_assignment.create", flag="notify", recipient=assignee, about=row.role_id)
    return desk.answer(desk.show.assignment(row))


def _read(desk: Desk, sent: dict[str, Any]) -> Wish:
    is_new = "assignee_id" in sent or "assignee_type" in sent
    form = "new" if is_new else "old"
    if desk.switches.assignment_form not in ("both", form):
        raise invalid(**{("user_id" if is_new else "assignee_id"): BLANK})
    wish = _new_form(sent) if is_new else _old_form(sent)
    if not roles.fits(wish.role_id, wish.applies_to_type) or wish.role_id == "owner":
        raise invalid(role_id="is invalid")
    if roles.level(wish.role_id) > roles.level(desk.role):
        raise refused(403)
    return wish


def _new_form(sent: dict[str, Any]) -> Wish:
    missing = [name for name in NEW_FORM if sent.get(name) in (None, "")]
    if missing:
        raise invalid(**dict.fromkeys(missing, BLANK))
    return Wish(
        role_id=str(sent["role_id"]),
        assignee_type=str(sent["assignee_type"]),
        assignee_id=whole_number(sent["assignee_id"]),
        applies_to_type=str(sent["applies_to_type"]),
        applies_to_id=whole_number(sent["applies_to_id"]),
    )


def _old_form(sent: dict[str, Any]) -> Wish:
    missing = [name for name in ("user_id", "role_id") if sent.get(name) in (None, "")]
    if missing:
        raise invalid(**dict.fromkeys(missing, BLANK))
    target = next(((name, kind) for name, kind in OLD_TARGETS if sent.get(name) not in (None, "")), None)
    if target is None:
        raise invalid(group_id=BLANK)
    return Wish(
        role_id=str(sent["role_id"]),
        assignee_type="User",
        assignee_id=whole_number(sent["user_id"]),
        applies_to_type=target[1],
        applies_to_id=whole_number(sent[target[0]]),
    )


def _assignee(desk: Desk, wish: Wish) -> User | Team:
    tables: dict[str, Any] = {"User": desk.store.users, "Team": desk.store.teams}
    table = tables.get(wish.assignee_type)
    found = table.find(wish.assignee_id or 0, desk.organization.id) if table else None
    if found is not None:
        return found
    if desk.switches.unknown_assignee == "422":
        raise invalid(assignee="must exist")
    raise refused(404)


def _check_target(desk: Desk, wish: Wish) -> None:
    tables: dict[str, Any] = {
        "Group": desk.store.groups,
        "Place": desk.store.places,
        "Organization": desk.store.organizations,
    }
    desk.row(tables[wish.applies_to_type], wish.applies_to_id)


def _row(desk: Desk, wish: Wish, sent: dict[str, Any]) -> Assignment:
    on_group = wish.applies_to_type == "Group"
    notify = sent.get("notify")
    return Assignment(
        organization_id=desk.organization.id,
        created_at=desk.now,
        updated_at=desk.now,
        role_id=wish.role_id,
        assignee_type=wish.assignee_type,
        assignee_id=wish.assignee_id or 0,
        applies_to_type=wish.applies_to_type,
        applies_to_id=wish.applies_to_id or 0,
        notify=desk.switches.notify_default if notify is None else notify is True,
        valid_from=moment(sent.get("valid_from"), name="valid_from") if on_group else None,
        valid_until=moment(sent.get("valid_until"), name="valid_until") if on_group else None,
        created_by_id=desk.caller.id,
    )


def _refuse_doubles(desk: Desk, row: Assignment, assignee: User | Team) -> None:
    there = [
        held
        for held in desk.store.held_by(assignee)
        if (held.applies_to_type, held.applies_to_id) == (row.applies_to_type, row.applies_to_id)
        and not held.expired_at(desk.now)
    ]
    _refuse_second_role(desk, row, there)
    rule = desk.switches.duplicate_assignment
    same = [held for held in there if held.role_id == row.role_id]
    if not same or rule == "new_row":
        return
    if rule == "422":
        raise invalid(base="The record already exists")
    if rule == "409" or any(_validity(held) == _validity(row) for held in same):
        raise refused(409)


def _refuse_second_role(desk: Desk, row: Assignment, there: list[Assignment]) -> None:
    """A person has at most one role in one place or group."""
    rule = desk.switches.second_role_in_group
    if rule == "allowed" or all(held.role_id == row.role_id for held in there):
        return
    raise refused(409) if rule == "409" else invalid(role_id="has already been taken")


def _validity(row: Assignment) -> tuple[object, object]:
    return row.valid_from, row.valid_until
