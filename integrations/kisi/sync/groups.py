"""What another group means for the ledger: who is left behind, and who is Core's again when the gym comes back."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant
from integrations.kisi.sync import gather, ledger, record

State, Closed, Origin = KisiGrant.State, KisiGrant.Closed, KisiGrant.Origin
CAME_BACK = "left behind here before"


def left_behind(connection: KisiConnection, row: str = "") -> Q:
    """Whose right in a former group nobody has taken away; `row` leads to the ledger.

    Never a right in the group in use now, nor one that an open row stands for: that is somebody's access.
    """
    here = {"organization_id": connection.organization_id, "kisi_group_id": connection.group_id}
    held = _open_rows(connection).filter(role_assignment_id__isnull=False).order_by()
    in_use = Q(**{f"{row}{name}": value for name, value in here.items()})
    in_use |= Q(**{f"{row}role_assignment_id__in": held.values("role_assignment_id")})
    return Q(**{f"{row}closed_how": Closed.LEFT_BEHIND}) & ~in_use


def leave(connection: KisiConnection, *, now: datetime) -> list[KisiGrant]:
    """Close every open row: what it stands for is in a group that is not ours any more."""
    rows = list(_open_rows(connection))
    here = {"organization_id": connection.organization_id, "kisi_group_id": connection.group_id}
    for row in rows:
        how = Closed.LEFT_BEHIND if row.role_assignment_id else Closed.GONE
        facts = here | {"other_way": how is Closed.LEFT_BEHIND}
        ledger.close_row(row, Closed.RELEASED if row.exempt else how, now=now, **facts)
    return rows


def move(connection: KisiConnection, group_id: int, *, now: datetime) -> None:
    """Old rows are left behind; each address starts in the new group with what is known of the person."""
    for row in leave(connection, now=now):
        _begin(row, organization_id=row.organization_id, group_id=group_id)


def begin_elsewhere(
    connection: KisiConnection, *, organization_id: int, group_id: int, now: datetime
) -> None:
    """A gym that comes back to another group or organization: of the old rows only "leave to Kisi" goes along."""
    for row in leave(connection, now=now):
        if row.exempt:
            _begin(row, organization_id=organization_id, group_id=group_id)


def _begin(before: KisiGrant, *, organization_id: int, group_id: int) -> None:
    is_known = organization_id == before.organization_id
    KisiGrant.objects.create(
        connection_id=before.connection_id,
        email=before.email,
        name=before.name,
        member_id=before.member_id,
        state=State.ABSENT,
        organization_id=organization_id,
        kisi_group_id=group_id,
        kisi_user_id=before.kisi_user_id if is_known else None,
        profile_was_there=True if is_known else None,
        granted_before=before.granted_before,
        other_way=before.other_way and is_known,
        kept_until=before.kept_until,
        kept_by_id=before.kept_by_id,
        exempt=before.exempt,
        exempt_by_id=before.exempt_by_id,
        exempt_at=before.exempt_at,
    )


def take_up_again(connection: KisiConnection, *, now: datetime) -> None:
    """Back in a group that was left before: its rights are Core's again, each read singly before anything else.

    Whoever is not entitled any more, and was not kept by an admin, is held: coming back is no word about them.
    """
    once = Q(closed_how__in=[Closed.LEFT_BEHIND, Closed.CLEARING])
    here = {"organization_id": connection.organization_id, "kisi_group_id": connection.group_id}
    before = KisiGrant.objects.filter(once, connection=connection, **here)
    latest = {row.email: row for row in before.order_by("pk")}
    if not latest:
        return
    open_rows = {row.email: row for row in _open_rows(connection).filter(email__in=latest)}
    wanted = gather.wanted_addresses(connection.gym_id, connection.gym.today(now))
    for email, old in latest.items():
        row = open_rows.get(email) or KisiGrant(connection=connection, email=email, name=old.name)
        if not (row.exempt or row.role_assignment_id):
            _go_on(row, old, is_wanted=email in wanted, now=now)
    before.update(closed_how=Closed.GONE)


def _go_on(row: KisiGrant, old: KisiGrant, *, is_wanted: bool, now: datetime) -> None:
    """This address goes on where it was left: with the right that Core knew there, which is now unclear."""
    row.state, row.confirmed_at, row.intent_at = State.UNCERTAIN, old.confirmed_at, old.intent_at
    row.organization_id, row.kisi_group_id = old.organization_id, old.kisi_group_id
    row.kisi_user_id, row.role_assignment_id = old.kisi_user_id, old.role_assignment_id
    row.origin, row.profile_was_there = old.origin, old.profile_was_there
    row.granted_before, row.member_id = old.granted_before, row.member_id or old.member_id
    if row.kept_until is None:
        row.kept_until, row.kept_by_id = old.kept_until, old.kept_by_id
    is_theirs = row.connection.in_transition and row.origin != Origin.CREATED  # stays until the cut-over
    is_asked_about = not (is_wanted or row.kept_until or is_theirs)
    row.held_since = now if is_asked_about else None
    row.save()
    if is_asked_about:
        record.note(row.connection, AccessEvent.Kind.HELD, grant=row, cause=CAME_BACK)


def _open_rows(connection: KisiConnection) -> QuerySet[KisiGrant]:
    return KisiGrant.objects.open().filter(connection=connection)
