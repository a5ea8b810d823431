"""The simulator's own side for other processes: look, arm faults, turn switches, edit by hand. Loopback only."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from integrations.kisi.simulator import faults, troubles
from integrations.kisi.simulator.api.answers import Answer, as_json, error
from integrations.kisi.simulator.calls import Call, Incoming
from integrations.kisi.simulator.faults import Armed, Fault
from integrations.kisi.simulator.rows import Assignment, Organization, User

if TYPE_CHECKING:
    from integrations.kisi.simulator.world import World

PREFIX = "/_simulator/"
LOOPBACK = ("127.0.0.1", "::1")
LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")
LAST = 30
Values = dict[str, Any]


def answer(world: World, incoming: Incoming) -> Answer:
    """Never logged, never counted, never limited."""
    if not _is_local(incoming):
        return error(403, "The control side answers to this machine only.")
    act = ACTS.get((incoming.method, incoming.path.removeprefix(PREFIX)))
    if act is None:
        return error(404)
    try:
        return as_json(act(world, _values(incoming)))
    except (ValueError, TypeError, LookupError) as refused:
        return error(400, str(refused))


def _is_local(incoming: Incoming) -> bool:
    """From this machine, addressed as this machine, and no form of some web page."""
    host = incoming.headers.get("Host", "").rsplit(":", 1)[0]
    is_plain = incoming.method != "POST" or incoming.headers.get("Content-Type", "") == "application/json"
    return incoming.remote in LOOPBACK and host in LOCAL_NAMES and is_plain


def _values(incoming: Incoming) -> Values:
    values = json.loads(incoming.body or b"{}")
    if not isinstance(values, dict):
        raise ValueError("A JSON object is needed")
    return values


def state(world: World, _: Values) -> Values:
    with world.lock:
        return {
            "who_can_open": world.who_can_open(),
            "organizations": [_organization(world, row) for row in world.store.organizations],
            "users": [_user(world, user) for user in world.store.users],
            "calls": _counts(world),
            "last_calls": [_call(call) for call in list(world.calls.rows)[-LAST:]],
            "mails": [
                {"trigger": mail.trigger, "flag": mail.flag, "recipient": mail.recipient, "about": mail.about}
                for mail in world.store.mails
            ],
            "switches": world.switches.as_dict(),
            "faults": [_fault(armed) for armed in world.faults.armed],
        }


def _organization(world: World, row: Organization) -> Values:
    return {
        "id": row.id,
        "name": row.name,
        "group_id": row.group_id,
        "who_can_open": world.who_can_open(row),
    }


def _user(world: World, user: User) -> Values:
    return {
        "id": user.id,
        "member_id": user.member_id,
        "organization_id": user.organization_id,
        "name": user.name,
        "email": user.email,
        "access_enabled": user.access_enabled,
        "metadata": user.metadata,
        "teams": [team.name for team in world.store.teams_of(user)],
        "rights": [_right(right) for right in world.store.held_by(user)],
    }


def _right(right: Assignment) -> Values:
    return {
        "id": right.id,
        "role_id": right.role_id,
        "applies_to_type": right.applies_to_type,
        "applies_to_id": right.applies_to_id,
        "valid_from": right.valid_from and right.valid_from.isoformat(),
        "valid_until": right.valid_until and right.valid_until.isoformat(),
    }


def _counts(world: World) -> Values:
    rows = list(world.calls.rows)
    return {
        "total": world.calls.total,
        "writes": world.calls.writes,
        "by_status": dict(Counter(str(call.status) for call in rows)),
        "by_route": dict(Counter(f"{call.method} /{call.path.split('/')[1]}" for call in rows)),
    }


def _call(call: Call) -> Values:
    return dataclasses.asdict(call) | {"time": call.time.isoformat()}


def _fault(armed: Armed) -> Values:
    return {
        "method": armed.fault.method,
        "path": armed.fault.path,
        "kind": armed.fault.kind,
        "status": armed.fault.status,
        "hits": armed.hits,
        "spent": armed.is_spent,
    }


def arm(world: World, values: Values) -> Values:
    """A fault by its fields, or with `name` one of TROUBLES; `then` are edits made once it took effect."""
    fault = faults.from_dict({key: value for key, value in values.items() if key not in ("name", "then")})
    if "name" in values:
        fault = _aimed(troubles.named(values["name"]), fault, values)
    edits = values.get("then", [])
    if edits:
        fault = replace(fault, run=lambda: [edit(world, values) for values in edits])
    world.fault(fault)
    return {"armed": len(world.faults.armed)}


def _aimed(trouble: Fault, fault: Fault, values: Values) -> Fault:
    """The named trouble, for the requests and the times that were asked for."""
    wanted = {name: getattr(fault, name) for name in values if name not in ("name", "then")}
    return replace(trouble, **wanted)


def disarm(world: World, _: Values) -> Values:
    world.clear_faults()
    return {"armed": 0}


def turn(world: World, values: Values) -> Values:
    world.switch(**values)
    return world.switches.as_dict()


def edit(world: World, values: Values) -> Values:
    """`{"do": "suspend", "email": ...}`; what each needs stands beside it in EDITS."""
    with world.lock:
        do = EDITS.get(str(values.get("do")))
        if do is None:
            raise ValueError(f"do is one of {', '.join(sorted(EDITS))}")
        do(world, values)
    return {"done": values["do"]}


def _email(values: Values) -> str:
    if not values.get("email"):
        raise ValueError("email is missing")
    return str(values["email"])


def _remove_right(world: World, values: Values) -> None:
    """By `id`, else every right of `email`."""
    if "id" in values:
        rights = [right for right in world.store.assignments if right.id == values["id"]]
    else:
        rights = world.store.held_by(world.person(_email(values)))
    if not rights:
        raise LookupError("No such right")
    for right in rights:
        world.remove_right(right)


EDITS: dict[str, Callable[[World, Values], object]] = {
    "add_user": lambda world, values: world.add_user(_email(values), values.get("name", "")),
    "delete_user": lambda world, values: world.delete_user(_email(values)),
    "suspend": lambda world, values: world.suspend(_email(values)),
    "unsuspend": lambda world, values: world.suspend(_email(values), is_on=False),
    "make_admin": lambda world, values: world.make_admin(_email(values)),
    "give": lambda world, values: world.give(
        _email(values), world.store.groups.rows[values.get("group_id", world.group_id)]
    ),
    "remove_right": _remove_right,
    "add_team": lambda world, values: world.add_team(values["name"], values["members"], world.group),
    "revoke_key": lambda world, values: world.revoke_key(values.get("key")),
    "weaken_key": lambda world, values: world.weaken_key(values.get("key")),
}
ACTS: dict[tuple[str, str], Callable[[World, Values], Values]] = {
    ("GET", "state"): state,
    ("POST", "faults"): arm,
    ("DELETE", "faults"): disarm,
    ("POST", "switches"): turn,
    ("POST", "edit"): edit,
}
