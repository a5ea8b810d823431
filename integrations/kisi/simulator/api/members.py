"""`/members`, the deprecated view: the same people under other ids."""

from __future__ import annotations

from dataclasses import replace

from integrations.kisi.simulator.api.answers import DATES, Answer, invalid, refused
from integrations.kisi.simulator.api.desk import Desk, whole_number
from integrations.kisi.simulator.api.lists import FIFTY_TO_HUNDRED, listed
from integrations.kisi.simulator.api.users import (
    SORTS,
    changed_person,
    is_asked_for,
    new_person,
    removed_person,
)
from integrations.kisi.simulator.rows import User


def index(desk: Desk) -> Answer:
    _served(desk)
    if "email" in desk.params:
        desk.params = {key: value for key, value in desk.params.items() if key != "email"}
    found = [user for user in desk.rows(desk.store.users) if is_asked_for(user, desk)]
    shape, limits = desk.show.member, FIFTY_TO_HUNDRED
    return _dated(desk, listed(desk, found, shape, limits=limits, sorts=SORTS, id_name="member_id"))


def create(desk: Desk) -> Answer:
    _served(desk)
    sent = desk.sent("member")
    if sent.get("place_id"):
        raise invalid(place_id="is not permitted")
    return _dated(desk, desk.answer(desk.show.member(new_person(desk, sent))))


def show(desk: Desk) -> Answer:
    return _dated(desk, desk.answer(desk.show.member(_named(desk))))


def update(desk: Desk) -> Answer:
    return _dated(desk, changed_person(desk, _named(desk), desk.sent("member")))


def destroy(desk: Desk) -> Answer:
    return _dated(desk, removed_person(desk, _named(desk)))


def _served(desk: Desk) -> None:
    if desk.switches.members == "gone":
        raise refused(404, "The endpoint does not exist, please check your request.")


def _named(desk: Desk) -> User:
    _served(desk)
    member_id = whole_number(desk.path_ids[0]) or 0
    user = desk.store.user_by_member_id(member_id, desk.organization.id)
    if user is None:
        raise refused(404)
    return user


def _dated(desk: Desk, answer: Answer) -> Answer:
    if desk.switches.deprecation_headers != "members":
        return answer
    return replace(answer, headers=(*answer.headers, *DATES))
