"""`/role_assignments`: reading, changing and deleting rights. Creating them is grants.py's job."""

from __future__ import annotations

from collections.abc import Callable

from integrations.kisi.simulator import roles
from integrations.kisi.simulator.api.answers import Answer, error, invalid, no_content, refused
from integrations.kisi.simulator.api.desk import Desk, moment, whole_number
from integrations.kisi.simulator.api.lists import TEN, Keys, listed
from integrations.kisi.simulator.rows import Assignment

Check = Callable[[Assignment], bool]
OLD_TARGETS = (("group_id", "Group"), ("place_id", "Place"))


def index(desk: Desk) -> Answer:
    checks = [*_pair(desk, "assignee"), *_by_target(desk), *_by_the_rest(desk)]
    found = [row for row in _candidates(desk) if all(check(row) for check in checks)]
    return listed(desk, found, desk.show.assignment, limits=TEN, sorts=_sorts(desk))


def _candidates(desk: Desk) -> list[Assignment]:
    """Every right, or by the index those of the one person asked for."""
    asked = desk.params.get("user_id")
    if asked is None:
        return desk.rows(desk.store.assignments)
    wanted = desk.caller.id if asked == "me" else whole_number(asked)
    user = desk.store.users.find(wanted or 0, desk.organization.id)
    return desk.store.held_by(user) if user else []


def show(desk: Desk) -> Answer:
    return desk.answer(desk.show.assignment(desk.named(desk.store.assignments)))


def update(desk: Desk) -> Answer:
    row = desk.named(desk.store.assignments)
    sent = desk.sent("role_assignment")
    _refuse_above(desk, row.role_id)
    if desk.switches.patch_assignment != "nothing" and "role_id" in sent:
        if not roles.fits(str(sent["role_id"]), row.applies_to_type):
            raise invalid(role_id="is invalid")
        _refuse_above(desk, str(sent["role_id"]))
        row.role_id = str(sent["role_id"])
    if desk.switches.patch_assignment == "role_and_validity":
        _set_validity(row, sent)
    row.updated_at = desk.now
    _announce(desk, "role_assignment.update", row, notify=sent.get("notify") is True)
    return no_content()


def destroy(desk: Desk) -> Answer:
    row = desk.named(desk.store.assignments)
    if row.role_id == "owner":
        return error(403)
    _refuse_above(desk, row.role_id)
    desk.store.drop_assignment(row)
    _announce(desk, "role_assignment.destroy", row, notify=False)
    return no_content()


def _set_validity(row: Assignment, sent: dict) -> None:
    if "valid_from" in sent:
        row.valid_from = moment(sent["valid_from"], name="valid_from")
    if "valid_until" in sent:
        row.valid_until = moment(sent["valid_until"], name="valid_until")


def _refuse_above(desk: Desk, role_id: str) -> None:
    """Nobody changes or takes a right that stands above their own."""
    if roles.level(role_id) > roles.level(desk.role):
        raise refused(403)


def _announce(desk: Desk, what: str, row: Assignment, *, notify: bool) -> None:
    desk.happened(what, row, name=row.role_id)
    person = desk.store.users.rows.get(row.assignee_id)
    if notify and row.assignee_type == "User" and person is not None:
        desk.mail(what, flag="notify", recipient=person, about=row.role_id)


def _by_target(desk: Desk) -> list[Check]:
    checks = _pair(desk, "applies_to")
    if "user_id" in desk.params and desk.switches.combined_filters == "first":
        return checks
    for name, kind in OLD_TARGETS:
        if name in desk.params:
            checks.append(_is(applies_to_type=kind, applies_to_id=whole_number(desk.params[name])))
    return checks


def _pair(desk: Desk, side: str) -> list[Check]:
    """The `<side>_type` filter, and its `<side>_id` filter, which must not stand alone."""
    type_name, id_name = f"{side}_type", f"{side}_id"
    if type_name in desk.params:
        wanted = {type_name: desk.params[type_name]}
        number = {id_name: whole_number(desk.params[id_name])} if id_name in desk.params else {}
        return [_is(**wanted, **number)]
    if id_name in desk.params and desk.switches.half_filter == "400":
        raise refused(400, f"{id_name} must be used with {type_name}")
    return []


def _by_the_rest(desk: Desk) -> list[Check]:
    params, checks = desk.params, []
    if "role_id" in params:
        checks.append(_is(role_id=params["role_id"]))
    if "scope" in params:
        checks.append(_of_scope(params["scope"]))
    if params.get("query"):
        checks.append(lambda row: params["query"].strip().lower() in _words(desk, row))
    if not desk.switches.list_expired_assignments:
        checks.append(lambda row: not row.expired_at(desk.now))
    return checks


def _is(**wanted: object) -> Check:
    return lambda row: all(getattr(row, name) == value for name, value in wanted.items())


def _of_scope(scope: str) -> Check:
    if scope == "team":
        return _is(assignee_type="Team")
    return lambda row: row.applies_to_type.lower() == scope


def _words(desk: Desk, row: Assignment) -> str:
    """What `query` looks in: the person's address and name; a team has none."""
    user = desk.store.users.rows.get(row.assignee_id) if row.assignee_type == "User" else None
    return f"{user.email} {user.name or ''}".lower() if user else ""


def _sorts(desk: Desk) -> Keys:
    def name(row: Assignment) -> str:
        user = desk.store.users.rows.get(row.assignee_id) if row.assignee_type == "User" else None
        return (user.name or "").lower() if user else ""

    return {"user.name": name}
