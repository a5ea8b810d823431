"""Is this key still ours, strong enough, and is the group there: the look before any write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from integrations.access.errors import DoorError, GroupGone, IncompleteRead, KeyTooWeak, WrongOrganization
from integrations.kisi.client import KisiClient
from integrations.kisi.models import KisiConnection
from integrations.kisi.rows import Group, Me, Right
from integrations.kisi.sync.clock import Clock, DatabaseClock
from integrations.kisi.sync.session import WAITED_FOR, InTrouble, Later, PaceGate, Session, client_for
from integrations.vault import Secret

WATCH_EVERY = timedelta(minutes=10)  # and the sweep comes every five
WEAK_ROLES = frozenset({"basic", "observer", "user_manager"})


class OtherOrganization(WrongOrganization):
    """The new key is of another organization than the connection; `has` and `needs` are their names."""

    def __init__(self, has: str, needs: str) -> None:
        super().__init__(has, call="GET /user")
        self.has = has
        self.needs = needs


@dataclass(frozen=True, slots=True)
class Tried:
    """What a key and a group number turned out to be."""

    me: Me
    group: Group
    doors: tuple[str, ...]
    owner_id: int | None
    kisi: KisiClient  # for what takes longer, such as the whole group


def check(session: Session) -> None:
    """The two looks before the first write of a lease: own user and organization as stored, group there."""
    if session.checked:
        return
    connection = session.connection
    _same_key(connection, session.kisi.me())
    group = session.kisi.group(connection.group_id)
    connection.group_name, connection.checked_at = group.name, session.clock.now()
    if bool(group.doors_count) != bool(connection.doors):
        connection.doors = list(session.kisi.doors(connection.group_id)) if group.doors_count else []
    connection.save(update_fields=["group_name", "checked_at", "doors"])
    session.checked = True


def require_group(session: Session) -> None:
    """Before "not found" is believed: a key that was demoted just now is told so of everything (sync.md 5)."""
    session.kisi.group(session.connection.group_id)


def keep_watch(session: Session) -> None:
    """A connection that has nothing to do is looked at all the same: a dead key shows within 15 minutes."""
    last = session.connection.checked_at
    if last is None or session.clock.now() - last >= WATCH_EVERY:
        check(session)


def probe(session: Session) -> None:
    """What has to be good before a stopped connection works again; a weak key is looked at for its strength."""
    if session.connection.status == KisiConnection.Status.KEY_TOO_WEAK:
        check_strength(session)
    else:
        check(session)


def check_strength(session: Session) -> None:
    """After several refusals in a row: is it the people, or is it the key? Raises what stops the run."""
    session.checked = False
    check(session)
    connection = session.connection
    require_strength(session.kisi, connection.own_user_id, connection.owner_id)


def check_fully(session: Session) -> dict[int, str]:
    """The checks of a full read; who is never touched, by Kisi user id, and why."""
    rights = organization_staff(session)
    return staff_among(rights) | always_protected(session.connection)


def organization_staff(session: Session) -> tuple[Right, ...]:
    """The same checks; the assignments at organization level as they are."""
    check(session)
    connection = session.connection
    connection.owner_id = session.kisi.organization().owner_id
    rights = session.kisi.organization_rights()
    connection.save(update_fields=["owner_id"])
    return rights


def all_managers(kisi: KisiClient, of_organization: tuple[Right, ...]) -> tuple[Right, ...]:
    """These, and before them the assignments at place level: one more list, for what is promised by name.

    Where Kisi does not list those nothing stops: each person is read singly before anything is done.
    """
    try:
        return kisi.place_rights() + of_organization
    except (IncompleteRead, KeyTooWeak):
        return of_organization


def staff_among(rights: tuple[Right, ...]) -> dict[int, str]:
    """People with an assignment at organization or place level, with the words for the page."""
    return {right.user_id: f"has the role {right.role_id}" for right in rights if right.user_id is not None}


def always_protected(connection: KisiConnection) -> dict[int, str]:
    """The owner and the key's own user, as stored at connect and at each full read."""
    own = {connection.own_user_id: "owns the API key"}
    owner = {connection.owner_id: "is the organization's owner"} if connection.owner_id else {}
    return own | owner


def try_credentials(
    key: Secret, group_id: int, *, clock: Clock | None = None, replaces: KisiConnection | None = None
) -> Tried:
    """Try a key and a group that are not saved yet; raises the DoorError that says what is wrong.

    The first call is `GET /user`; nothing is written at Kisi. A key that `replaces` a connection's has to be
    of the same organization: that is said before the group, which another organization's key cannot see.
    """
    gate = PaceGate(0, clock or DatabaseClock.started())
    kisi = client_for(key, gate, limits=WAITED_FOR)
    me = kisi.me()
    gate.account_for(me.id)
    if replaces is not None and me.organization_id != replaces.organization_id:
        raise OtherOrganization(me.organization_name, replaces.organization_name)
    try:
        tried = _tried(kisi, me, group_id)
        return replace(tried, kisi=client_for(key, gate))
    except GroupGone as error:
        where = me.organization_name
        raise GroupGone(error.said, organization=where, status=error.status, call=error.call) from None
    except KeyTooWeak as error:
        raise KeyTooWeak(error.said, owner=me.name, status=error.status, call=error.call) from None


def groups_of(key: Secret, *, clock: Clock | None = None) -> tuple[Group, ...]:
    """The groups this key sees, by name, to choose from; none when Kisi does not tell them (any more)."""
    gate = PaceGate(0, clock or DatabaseClock.started())
    kisi = client_for(key, gate, limits=WAITED_FOR)
    try:
        gate.account_for(kisi.me().id)
        return tuple(sorted(kisi.groups(), key=lambda group: group.name.casefold()))
    except (DoorError, Later, InTrouble):
        return ()


def _tried(kisi: KisiClient, me: Me, group_id: int) -> Tried:
    group = kisi.group(group_id)
    organization = kisi.organization()
    require_strength(kisi, me.id, organization.owner_id)
    return Tried(me, group, kisi.doors(group_id), organization.owner_id, kisi)


def require_strength(kisi: KisiClient, own_user_id: int, owner_id: int | None) -> None:
    """Raises KeyTooWeak unless the key's own user is the owner, or has a role that may change people."""
    if own_user_id == owner_id:
        return
    rights = kisi.rights_of(own_user_id)
    if not any(_is_strong(right) for right in rights):
        raise KeyTooWeak("the key's owner has no role that may change people", call="GET /role_assignments")


def _is_strong(right: Right) -> bool:
    """Custom roles are unknown here and get the benefit of the doubt: Kisi's first 403 tells."""
    return right.scope == "organization" and right.role_id not in WEAK_ROLES


def _same_key(connection: KisiConnection, me: Me) -> None:
    if me.organization_id != connection.organization_id:
        raise WrongOrganization(me.organization_name, call="GET /user")
    if me.id != connection.own_user_id:
        raise WrongOrganization(f"{KisiConnection.OTHER_PERSON}{me.name}", call="GET /user")
