"""An admin's "leave this person to Kisi" is about a member: it goes along with a changed address.

Where it stands on an address that somebody else has now, it ends: that person pays, and nobody ticked for them.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import F, QuerySet

from integrations.access.facts import Wanted
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant
from integrations.kisi.sync import gather, record
from members.models import Member


def follow(connection: KisiConnection, today: date) -> None:
    """Bring the rows left to Kisi up to today's addresses. One question where no address has changed."""
    for row in _left(connection).exclude(member__email=F("email")).select_related("member"):
        with transaction.atomic():
            if row.member is not None and _is_alone(row.member, row.member.email):
                _go_along(connection, row, row.member, today)
            if gather.entitling(connection.gym_id, today).filter(member__email=row.email).exists():
                row.exempt, row.exempt_by, row.exempt_at = False, None, None
                row.save(update_fields=["exempt", "exempt_by", "exempt_at"])


def is_followed(connection: KisiConnection, wanted: Wanted) -> bool:
    """Whether this member was left to Kisi under another address, and the word is still to go along."""
    rows = _left(connection).filter(member_id=wanted.member_id).exclude(email=wanted.email)
    return any(_is_alone(row.member, wanted.email) for row in rows.select_related("member") if row.member)


def followed(connection: KisiConnection, addresses: dict[int, str]) -> set[str]:
    """Of these new addresses by member: those an admin's word goes along to."""
    rows = _left(connection).filter(member_id__in=addresses).select_related("member") if addresses else ()
    mine = {row.member: addresses[row.member.pk] for row in rows if row.member}
    return {email for member, email in mine.items() if _is_alone(member, email)}


def _left(connection: KisiConnection) -> QuerySet[KisiGrant]:
    return KisiGrant.objects.open().filter(connection=connection, exempt=True)


def _is_alone(member: Member, email: str) -> bool:
    """Nobody else of the gym has this address: a word about one must not shut out another."""
    others = Member.objects.filter(gym_id=member.gym_id, email=email).exclude(pk=member.pk)
    return email != "" and not others.exists()


def _go_along(connection: KisiConnection, before: KisiGrant, member: Member, today: date) -> None:
    """To the new address, unless a right stands there that somebody else is to lose first."""
    mine = KisiGrant.objects.open().filter(connection=connection, email=member.email).first()
    there = mine or KisiGrant(
        connection=connection, email=member.email, name=member.name, state=KisiGrant.State.ABSENT
    )
    is_entitled = gather.entitling(connection.gym_id, today).filter(member=member).exists()
    if there.exempt or not (there.pk is None or there.member_id == member.pk or is_entitled):
        return
    there.leave_alone(member, by_id=before.exempt_by_id, at=before.exempt_at)
    there.save()
    record.note(connection, AccessEvent.Kind.EXEMPTED, grant=there, by_id=before.exempt_by_id)
