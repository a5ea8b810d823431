"""`/organization(s)`, `/roles`, `/login(s)` and `/team_memberships`: who runs what, and who belongs together."""

from __future__ import annotations

from integrations.kisi.simulator import roles
from integrations.kisi.simulator.api.answers import RANGE, Answer, as_json, no_content, refused
from integrations.kisi.simulator.api.desk import Desk, whole_number
from integrations.kisi.simulator.api.lists import TEN, listed
from integrations.kisi.simulator.rows import Login


def organization(desk: Desk) -> Answer:
    return desk.answer(desk.show.organization(desk.organization))


def organizations(desk: Desk) -> Answer:
    return listed(desk, [desk.organization], desk.show.organization, limits=TEN)


def all_roles(desk: Desk) -> Answer:
    applies_to = desk.params.get("applies_to")
    found = [role for role in roles.ROLES.values() if applies_to in (None, role.applies_to)]
    rows = [desk.show.role(role) for role in found]
    return as_json(rows, headers=((RANGE, f"0-{len(rows) - 1}/{len(rows)}"),))


def role(desk: Desk) -> Answer:
    found = roles.ROLES.get(desk.path_ids[0])
    if found is None:
        raise refused(404)
    return desk.answer(desk.show.role(found))


def login(desk: Desk) -> Answer:
    return desk.answer(desk.show.login(desk.login))


def logins(desk: Desk) -> Answer:
    asked = desk.params.get("user_id", "me")
    wanted = desk.caller.id if asked == "me" else whole_number(asked)
    found = [row for row in desk.rows(desk.store.logins) if row.user_id == wanted]
    return listed(desk, found, desk.show.login, limits=TEN)


def one_login(desk: Desk) -> Answer:
    return desk.answer(desk.show.login(_own_login(desk)))


def destroy_login(desk: Desk) -> Answer:
    desk.store.drop_login(_own_login(desk))
    return no_content()


def sign_out(desk: Desk) -> Answer:
    """The key in use dies."""
    desk.store.drop_login(desk.login)
    return no_content()


def _own_login(desk: Desk) -> Login:
    login = desk.named(desk.store.logins)
    if login.user_id != desk.caller.id:
        raise refused(404)
    return login


def team_memberships(desk: Desk) -> Answer:
    params, rows = desk.params, desk.rows(desk.store.team_memberships)
    if "team_id" in params:
        rows = [row for row in rows if row.team_id == whole_number(params["team_id"])]
    if "member_type" in params:
        rows = [row for row in rows if row.member_type == params["member_type"]]
    if "member_id" in params and "member_type" in params:
        rows = [row for row in rows if row.member_id == whole_number(params["member_id"])]
    elif "member_id" in params and desk.switches.half_filter == "400":
        raise refused(400, "member_id must be used with member_type")
    return listed(desk, rows, desk.show.team_membership, limits=TEN)
