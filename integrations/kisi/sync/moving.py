"""Moving in from another platform: which of its four steps are done, and the test that somebody recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant
from integrations.kisi.sync import gather, record
from members.models import Member
from plans.models import Plan


def has_access(connection: KisiConnection, member: Member) -> bool:
    """Whether Kisi confirmed this member's access to Core."""
    rows = KisiGrant.objects.filter(connection=connection, email=member.email)
    return bool(member.email) and rows.filter(state=KisiGrant.State.GRANTED).exists()


def entitled_among(connection: KisiConnection, members: list[Member], now: datetime) -> set[int]:
    """Those of these members whose address should have access today, by id."""
    emails = {member.email for member in members if member.email}
    rows = gather.entitling(connection.gym_id, connection.gym.today(now)).filter(member__email__in=emails)
    wanted = set(rows.values_list("member__email", flat=True))
    return {member.pk for member in members if member.email in wanted}


def entitled(connection: KisiConnection, now: datetime) -> QuerySet[Member]:
    """The members who should have access today and whom Core may give it, by name; one address may come twice."""
    wanted = gather.wanted_emails(connection.gym_id, connection.gym.today(now))
    apart = KisiGrant.objects.open().filter(Q(exempt=True) | ~Q(managed=""), connection=connection)
    people = Member.objects.filter(gym_id=connection.gym_id, email__in=wanted)
    return people.exclude(email__in=apart.values("email")).order_by("first_name", "last_name", "pk")


def ticked(connection: KisiConnection) -> QuerySet[Plan]:
    """The plans on sale that open doors: without any the cut-over would take everybody's access."""
    return Plan.objects.filter(gym_id=connection.gym_id, archived_at=None, has_24hr_access=True)


def record_test(connection: KisiConnection, member: Member, *, by: Any, now: datetime) -> None:
    """Somebody saw the door open for this member: who, when and for whom is kept."""
    with transaction.atomic():
        connection.tested_at, connection.tested_by, connection.tested_member = now, by, member
        connection.save(update_fields=["tested_at", "tested_by", "tested_member"])
        person = record.person_of(connection, email=member.email, name=member.name)
        facts: dict[str, Any] = {
            "person_id": person.pk,
            "member_id": member.pk,
            "by_id": by.pk if by else None,
        }
        record.note(connection, AccessEvent.Kind.SETTING, cause="the door opened in a test", **facts)
