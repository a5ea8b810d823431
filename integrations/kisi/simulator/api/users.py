"""`/users` and the current `/user`: people of the organization."""

from __future__ import annotations

from datetime import timedelta

from integrations.kisi.simulator import roles
from integrations.kisi.simulator.api.answers import Answer, error, invalid, no_content, refused
from integrations.kisi.simulator.api.desk import Desk, lagging, whole_number
from integrations.kisi.simulator.api.fields import checked, is_address
from integrations.kisi.simulator.api.lists import FIFTY_TO_HUNDRED, Keys, listed
from integrations.kisi.simulator.rows import Assignment, Event, User

WRITABLE = ("name", "image", "access_enabled", "password_flow_enabled", "metadata", "notes")
SORTS: Keys = {
    "name": lambda user: (user.name or "").lower(),
    "unlock": lambda user: user.last_accessed_at or user.created_at,
    "access_enabled": lambda user: user.access_enabled,
}


def index(desk: Desk) -> Answer:
    found = [user for user in _candidates(desk) if is_asked_for(user, desk)]
    return listed(desk, found, desk.show.user, limits=FIFTY_TO_HUNDRED, sorts=SORTS)


def create(desk: Desk) -> Answer:
    user = new_person(desk, desk.sent("user"))
    return desk.answer(desk.show.user(user))


def show(desk: Desk) -> Answer:
    return desk.answer(desk.show.user(desk.named(desk.store.users)))


def update(desk: Desk) -> Answer:
    return changed_person(desk, desk.named(desk.store.users), desk.sent("user"))


def destroy(desk: Desk) -> Answer:
    return removed_person(desk, desk.named(desk.store.users))


def current(desk: Desk) -> Answer:
    return desk.answer(desk.show.current_user(desk.caller))


def _candidates(desk: Desk) -> list[User]:
    """Everybody, or by the index the one whose exact address is asked for."""
    email, switches = desk.params.get("email"), desk.switches
    cases = (switches.email_filter_case, switches.email_unique_case)
    if not email or switches.email_filter == "partial" or "exact" in cases:
        return desk.rows(desk.store.users)
    found = desk.store.user_by_email(email, desk.organization.id)
    return [found] if found else []


def is_asked_for(user: User, desk: Desk) -> bool:
    """Every filter of the list that is present holds."""
    checks = (
        ("query", _matches_query),
        ("email", _matches_email),
        ("user_id", _is_the_user),
        ("group_id", _has_the_group),
        ("place_id", _has_the_place),
    )
    return all(check(user, desk, desk.params[name]) for name, check in checks if desk.params.get(name))


def _matches_query(user: User, desk: Desk, query: str) -> bool:
    text = " ".join((user.email, user.name or "", user.notes or "")).lower()
    return query.strip().lower() in text and not lagging(user, desk)


def _matches_email(user: User, desk: Desk, email: str) -> bool:
    if desk.switches.lag_hits_email_filter and lagging(user, desk):
        return False
    wanted, has = email, user.email
    if desk.switches.email_filter_case == "ignored":
        wanted, has = wanted.lower(), has.lower()
    return wanted in has if desk.switches.email_filter == "partial" else wanted == has


def _is_the_user(user: User, desk: Desk, wanted: str) -> bool:
    return user.id == (desk.caller.id if wanted == "me" else whole_number(wanted))


def _has_the_group(user: User, desk: Desk, group_id: str) -> bool:
    group = desk.store.groups.find(whole_number(group_id) or 0, user.organization_id)
    return group is not None and desk.access.has_group(user, group)


def _has_the_place(user: User, desk: Desk, place_id: str) -> bool:
    wanted = whole_number(place_id)
    groups = [group for group in desk.rows(desk.store.groups) if group.place_id == wanted]
    on_place = any(
        right.applies_to_type == "Place" and right.applies_to_id == wanted
        for right in desk.store.held_by(user)
    )
    return on_place or any(desk.access.has_group(user, group) for group in groups)


def new_person(desk: Desk, sent: dict) -> User:
    """Create from a `user` or `member` body: 422 without an address, 409 (or 422) for a known one."""
    email = str(sent.get("email") or "").strip()
    if desk.switches.past_due != "no":
        raise _unpaid(desk)
    if not is_address(email):
        raise invalid(email="can't be blank or invalid")
    if _is_taken(desk, email) or _is_blocked(desk, email):
        raise _taken(desk)
    values = _kept(desk, sent)
    user = User(
        organization_id=desk.organization.id,
        created_at=desk.now,
        updated_at=desk.now,
        email=email.lower() if desk.switches.email_stored == "lower" else email,
        name=values.pop("name", None) or (email if desk.switches.name_when_missing == "email" else None),
        confirmed=_is_confirmed(desk, sent),
        gets_mail=sent.get("send_emails") is not False,
        **values,
    )
    return _added(desk, user)


def _added(desk: Desk, user: User) -> User:
    desk.store.add_user(user, former_id=_former_id(desk, user.email))
    if desk.switches.basic_organization_row:
        _add_basic_row(desk, user)
    if user.gets_mail and (desk.switches.welcome_mail_when_confirmed or not user.confirmed):
        desk.mail("user.create", flag="send_emails", recipient=user, about="Welcome to Kisi")
    desk.happened("user.create", user, name=user.name or "", email=user.email)
    return user


def _add_basic_row(desk: Desk, user: User) -> None:
    row = Assignment(
        organization_id=user.organization_id,
        created_at=desk.now,
        updated_at=desk.now,
        role_id="basic",
        assignee_type="User",
        assignee_id=user.id,
        applies_to_type="Organization",
        applies_to_id=user.organization_id,
    )
    desk.store.add_assignment(row)


def _kept(desk: Desk, sent: dict) -> dict:
    """What of this body is stored."""
    dropped = {"metadata"} if desk.switches.metadata == "dropped" else set()
    values = checked({key: sent[key] for key in WRITABLE if key in sent})
    return {key: value for key, value in values.items() if key not in dropped}


def _is_confirmed(desk: Desk, sent: dict) -> bool:
    return desk.switches.confirm == "obeyed" and sent.get("confirm", desk.switches.confirm_default) is True


def _unpaid(desk: Desk) -> Exception:
    if desk.switches.past_due == "422":
        return invalid(base="The subscription is past due")
    return refused(int(desk.switches.past_due))


def _is_taken(desk: Desk, email: str) -> bool:
    there = desk.store.user_by_email(email, desk.organization.id)
    if there is None or desk.switches.email_unique_case == "ignored":
        return there is not None
    return any(user.email == email for user in desk.rows(desk.store.users))


def _taken(desk: Desk) -> Exception:
    if desk.switches.duplicate_user == "422":
        return invalid(email="has already been taken")
    return refused(409)


def _is_blocked(desk: Desk, email: str) -> bool:
    """Whether this address belonged to somebody deleted a moment ago."""
    since = desk.now - timedelta(seconds=desk.switches.deleted_email_blocked_seconds)
    return any(event.created_at > since for event in _deletions(desk, email))


def _former_id(desk: Desk, email: str) -> int | None:
    """The id of the last one with this address who was deleted, where Kisi gives it again."""
    if desk.switches.recreated_user_id == "new":
        return None
    free = [
        event.object_id for event in _deletions(desk, email) if event.object_id not in desk.store.users.rows
    ]
    return free[-1] if free else None


def _deletions(desk: Desk, email: str) -> list[Event]:
    return [
        event
        for event in desk.rows(desk.store.events)
        if event.type == "user.destroy" and (event.object_email or "").lower() == email.lower()
    ]


def changed_person(desk: Desk, user: User, sent: dict) -> Answer:
    unknown = sorted(set(sent) - set(WRITABLE))
    if unknown and desk.switches.patch_unknown_field == "422":
        raise invalid(**{unknown[0]: "is not permitted"})
    values = _kept(desk, sent)
    if "metadata" in values and desk.switches.patch_metadata == "merge":
        values["metadata"] = checked({"metadata": user.metadata | values["metadata"]})["metadata"]
    for key, value in values.items():
        setattr(user, key, value)
    user.updated_at = desk.now
    desk.happened("user.update", user, name=user.name or "", email=user.email)
    return no_content()


def removed_person(desk: Desk, user: User) -> Answer:
    if user.id in (desk.organization.owner_id, desk.caller.id):
        if desk.switches.delete_owner_or_self == "422":
            raise invalid(base="This user can't be removed")
        return error(403)
    if roles.level(desk.access.organization_role(user)) > roles.level(desk.role):
        return error(403)
    desk.store.drop_user(user, rights_stay=desk.switches.deleted_user_rights == "stay")
    if not desk.switches.events_outlive_people:
        desk.store.drop_events_of(user)
    desk.happened("user.destroy", user, name=user.name or "", email=user.email)
    return no_content()
