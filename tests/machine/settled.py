"""Access as a first run would have given it, put straight into Kisi and into the ledger: it costs no call."""

from __future__ import annotations

from datetime import datetime

from integrations.access.facts import Wanted, wish_of
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.simulator import World
from members.models import Member
from tests.machine import rulebook


def give_access(world: World, connection: KisiConnection, now: datetime) -> None:
    """To everybody who is entitled and whom Kisi does not know yet."""
    for email, name in rulebook.entitled(connection.gym, now).items():
        if world.user_by_email(email) is None:
            member = Member.objects.filter(gym=connection.gym, email=email).order_by("pk")[0]
            _give(world, connection, member, name, now)


def _give(world: World, connection: KisiConnection, member: Member, name: str, now: datetime) -> None:
    mark = {"made_by": "core", "core_gym": str(connection.gym_id)}
    user = world.add_user(member.email, name, metadata=mark)
    right = world.give(user)
    right.created_by_id = connection.own_user_id
    KisiGrant.objects.create(
        connection=connection,
        email=member.email,
        name=name,
        member=member,
        organization_id=connection.organization_id,
        kisi_group_id=connection.group_id,
        kisi_user_id=user.id,
        role_assignment_id=right.id,
        state=KisiGrant.State.GRANTED,
        origin=KisiGrant.Origin.CREATED,
        profile_was_there=False,
        granted_before=True,
        intent_at=now,
        confirmed_at=now,
        wish=wish_of(member.email, Wanted(member.email, name, member.pk, None, now)),
    )
