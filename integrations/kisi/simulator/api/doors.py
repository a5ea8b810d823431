"""`/groups`, `/group_locks`, `/locks` and `/places`: what there is to open."""

from __future__ import annotations

from integrations.kisi.simulator.api.answers import Answer, error, refused
from integrations.kisi.simulator.api.desk import Desk, whole_number
from integrations.kisi.simulator.api.lists import FIFTY, TEN, Keys, listed
from integrations.kisi.simulator.rows import Group

BY_NAME: Keys = {"name": lambda row: row.name.lower()}


def groups(desk: Desk) -> Answer:
    found = [group for group in desk.rows(desk.store.groups) if _is_asked_for(group, desk)]
    return listed(desk, found, desk.show.group, limits=TEN, sorts=BY_NAME)


def group(desk: Desk) -> Answer:
    return desk.answer(desk.show.group(desk.named(desk.store.groups)))


def _is_asked_for(group: Group, desk: Desk) -> bool:
    params = desk.params
    scope = "organization" if group.place_id is None else "place"
    locks = [lock.id for lock in desk.store.locks_of(group)] if "lock_id" in params else []
    checks = {
        "query": lambda value: value.lower() in group.name.lower(),
        "scope": lambda value: value == scope,
        "place_id": lambda value: whole_number(value) == group.place_id,
        "lock_id": lambda value: whole_number(value) in locks,
    }
    return all(check(params[name]) for name, check in checks.items() if name in params)


def group_locks(desk: Desk) -> Answer:
    wanted = whole_number(desk.params.get("group_id"))
    if wanted is None:
        raise refused(400, "param is missing or the value is empty: group_id")
    found = [row for row in desk.rows(desk.store.group_locks) if row.group_id == wanted]
    return listed(desk, found, desk.show.group_lock, limits=TEN)


def locks(desk: Desk) -> Answer:
    wanted = whole_number(desk.params.get("place_id"))
    found = [lock for lock in desk.rows(desk.store.locks) if wanted in (None, lock.place_id)]
    return listed(desk, found, desk.show.lock, limits=FIFTY, sorts=BY_NAME)


def lock(desk: Desk) -> Answer:
    return desk.answer(desk.show.lock(desk.named(desk.store.locks)))


def unlock(desk: Desk) -> Answer:
    """Opens only what the key's own person could open at the door."""
    lock = desk.named(desk.store.locks)
    if not desk.access.can_open(desk.caller, lock):
        return error(403, code="fcd8ef")
    desk.caller.last_accessed_at = desk.now
    desk.happened("lock.unlock", lock, name=lock.name)
    return desk.answer({"message": "Unlocked!"})


def places(desk: Desk) -> Answer:
    return listed(desk, desk.rows(desk.store.places), desk.show.place, limits=FIFTY, sorts=BY_NAME)


def place(desk: Desk) -> Answer:
    return desk.answer(desk.show.place(desk.named(desk.store.places)))
