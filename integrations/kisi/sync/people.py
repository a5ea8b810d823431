"""One person at Kisi: found by exact address, read singly, and never touched when the rules say so."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from integrations.access.errors import Conflict, IncompleteRead, KeyTooWeak, PersonError
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.rows import Right, User
from integrations.kisi.sync import gather
from integrations.kisi.sync.lease import LEASE
from integrations.kisi.sync.session import Session

GROUP_BASIC = "group_basic"
State = KisiGrant.State


def mark_of(connection: KisiConnection) -> dict[str, str]:
    """What Core writes into the metadata of a profile it makes: that Core made it, and for which gym."""
    return {"made_by": "core", "core_gym": str(connection.gym_id)}


def is_marked(connection: KisiConnection, user: User) -> bool:
    return mark_of(connection).items() <= dict(user.metadata).items()


def find(session: Session, email: str) -> User | None:
    """The one Kisi person with exactly this address; raises Conflict when there are two."""
    found = session.kisi.find_users(email)
    if len(found) > 1:
        raise Conflict(f"{len(found)} Kisi people have this address", call="GET /users")
    return found[0] if found else None


def read_rights(session: Session, grant: KisiGrant, user_id: int) -> tuple[Right, ...]:
    """Everything this person may do at Kisi; raises Conflict when the rights are another address's."""
    rights = session.kisi.rights_of(user_id)
    if any(right.email and right.email != grant.email for right in rights):
        raise Conflict("this Kisi person now has another address", call="GET /role_assignments")
    return rights


def require_address(grant: KisiGrant, user: User) -> None:
    """Raises Conflict unless this Kisi person has the row's address."""
    if user.email != grant.email:
        raise Conflict("this Kisi person now has another address", call="GET /users")


def protected_role(session: Session, user_id: int, rights: tuple[Right, ...]) -> str:
    """Why this person is never touched, in words for the page; empty when Core may act."""
    if user_id == session.connection.owner_id:
        return "is the organization's owner"
    if user_id == session.connection.own_user_id:
        return "owns the API key"
    for right in rights:
        if right.scope != "group" or right.role_id != GROUP_BASIC:
            return f"has the role {right.role_id}"
    return ""


def ours(session: Session, rights: tuple[Right, ...]) -> list[Right]:
    """The rights that count as access: a User's, `group_basic`, in our group, valid now (sync.md 3)."""
    now = session.clock.now()
    return [right for right in rights if counts(right, session.connection.group_id) and right.valid_at(now)]


def counts(right: Right, group_id: int) -> bool:
    """Whether this right is the kind Core gives, in this group, whatever its dates."""
    return (
        right.assignee_type == "User"
        and right.scope == "group"
        and right.applies_to_id == group_id
        and right.role_id == GROUP_BASIC
    )


def other_way(session: Session, grant: KisiGrant, left: Iterable[Right]) -> bool:
    """Whether Kisi may let this person in by these rights, or by a team as far as that was asked already."""
    now, group_id = session.clock.now(), session.connection.group_id
    elsewhere = any(
        right.valid_at(now) or (right.applies_to_id != group_id and not right.is_over(now)) for right in left
    )
    return elsewhere or (session.team is not None and grant.kisi_user_id in session.team)


def profile_may_go(session: Session, grant: KisiGrant) -> bool:
    """Whether the Kisi profile goes with the right; needs the stored proof that it held nothing else."""
    connection = session.connection
    if connection.keep_profiles or not grant.lone_right or grant.kisi_user_id is None:
        return False
    if connection.restored_at is not None and not grant.worded:
        return False
    if connection.in_transition and grant.profile_was_there is not False:
        return False
    return not _wanted_elsewhere(session, grant) and not _in_team(session, grant.kisi_user_id)


def _wanted_elsewhere(session: Session, grant: KisiGrant) -> bool:
    """Whether another gym of the organization has, gives or wants access for this address."""
    states = [State.GRANTING, State.GRANTED, State.UNCERTAIN]
    rows = KisiGrant.objects.filter(
        organization_id=grant.organization_id, email=grant.email, state__in=states
    ).exclude(connection=session.connection)
    if rows.exists():
        return True
    return any(
        gather.entitling(other.gym_id, other.gym.today(session.clock.now()))
        .filter(member__email=grant.email)
        .exists()
        for other in _siblings(session)
    )


def _siblings(session: Session) -> list[KisiConnection]:
    return list(
        KisiConnection.objects.live()
        .filter(organization_id=session.connection.organization_id)
        .exclude(pk=session.connection.pk)
        .select_related("gym")
    )


def being_removed_elsewhere(session: Session, grant: KisiGrant) -> bool:
    """Whether another gym of the organization is just removing this person: then the granter waits.

    Nobody waits for a removal that was paused or whose process died: before it goes on it looks again, and
    then finds this grant.
    """
    return _removals_elsewhere(session, grant).exists()


def began_to_remove_earlier(session: Session, grant: KisiGrant) -> bool:
    """Whether another gym began to remove this person before us: the second looks when the first is done.

    Else each would see the other's right, and neither would delete the profile.
    """
    earlier = Q(intent_at__lt=grant.intent_at) | Q(intent_at=grant.intent_at, pk__lt=grant.pk)
    return _removals_elsewhere(session, grant).filter(earlier).exists()


def _removals_elsewhere(session: Session, grant: KisiGrant) -> QuerySet[KisiGrant]:
    now = session.clock.now()
    at_work = Q(intent_at__gt=now - LEASE) | Q(connection__lease_until__gt=now)
    rows = KisiGrant.objects.filter(
        at_work, organization_id=grant.organization_id, email=grant.email, state=State.REVOKING
    )
    return rows.exclude(connection=session.connection)


def _in_team(session: Session, user_id: int) -> bool:
    """Teams are walked once per lease; refused, incomplete or unanswered means: nobody's profile goes."""
    if session.team is None and not session.team_refused:
        try:
            session.team = session.kisi.team_members()
        except (IncompleteRead, KeyTooWeak, PersonError):
            session.team_refused = True
    return session.team is None or user_id in session.team
