"""Takes over rights that are at Kisi already, in few questions however many they are: no write there, no mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from integrations.access.comparison import is_asked_about
from integrations.access.facts import Sight
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, SyncRun
from integrations.kisi.sync import drift, gather, ledger, record
from members.models import Member

AT_ONCE = 500
FOUND = "found in Kisi"


def take_over(
    connection: KisiConnection,
    sights: Sequence[Sight],
    rows: dict[str, KisiGrant],
    facts: gather.Facts,
    *,
    now: datetime,
    run: SyncRun | None,
) -> int:
    """These people of Core hold the right: the ledger says so, in the caller's transaction.

    How many of them are held: who should not have it and was on no list that anybody saw.
    """
    unwanted = [sight.email for sight in sights if sight.email not in facts.wanted]
    members, removed = _members(connection, unwanted), _removed_before(connection, unwanted)
    grants = []
    for sight in sights:
        grant = rows.get(sight.email) or KisiGrant(
            connection=connection, email=sight.email, profile_was_there=True
        )
        _describe(grant, sight, now=now)
        wanted = facts.wanted.get(sight.email)
        grant.member_id = wanted.member_id if wanted else members.get(sight.email)
        grant.until = wanted.until if wanted else None
        if is_asked_about(sight, facts.wanted) and not grant.exempt:
            grant.held_since = now
        grants.append(grant)
    _save(grants)
    run_id = run.pk if run else None
    record.note_many(connection, AccessEvent.Kind.ADOPTED, grants, run_id=run_id, cause=FOUND)
    held = [grant for grant in grants if grant.held_since == now]
    record.note_many(connection, AccessEvent.Kind.HELD, held, run_id=run_id, cause=FOUND)
    for grant in grants:
        if grant.email in removed:
            drift.given_again(connection, grant, run_id=run_id)
    return len(held)


def _describe(grant: KisiGrant, sight: Sight, *, now: datetime) -> None:
    values = ledger.SETTLED | {
        "state": KisiGrant.State.GRANTED,
        "origin": KisiGrant.Origin.ADOPTED,
        "name": sight.name,
        "kisi_user_id": sight.user_id,
        "role_assignment_id": sight.right_id,
        "organization_id": grant.connection.organization_id,
        "kisi_group_id": grant.connection.group_id,
        "confirmed_at": now,
        "granted_before": True,
    }
    for name, value in values.items():
        setattr(grant, name, value)


def _save(grants: list[KisiGrant]) -> None:
    """New rows at once; the few that were there one by one."""
    known = [grant for grant in grants if grant.pk is not None]
    KisiGrant.objects.bulk_create([grant for grant in grants if grant.pk is None], batch_size=AT_ONCE)
    for grant in known:
        grant.save()


def _members(connection: KisiConnection, emails: Sequence[str]) -> dict[str, int]:
    """Whose right it is of people who should not have it: the lowest id of the address."""
    found: dict[str, int] = {}
    for some in _parts(emails):
        members = Member.objects.filter(gym_id=connection.gym_id, email__in=some).order_by("-pk")
        found |= dict(members.values_list("email", "pk"))
    return found


def _removed_before(connection: KisiConnection, emails: Sequence[str]) -> set[str]:
    """Those among them whose access Core itself had removed once."""
    removed = KisiGrant.objects.filter(connection=connection, closed_how=KisiGrant.Closed.REMOVED)
    return {
        email
        for some in _parts(emails)
        for email in removed.filter(email__in=some).values_list("email", flat=True)
    }


def _parts(emails: Sequence[str]) -> Iterator[Sequence[str]]:
    return (emails[start : start + AT_ONCE] for start in range(0, len(emails), AT_ONCE))
