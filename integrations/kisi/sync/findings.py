"""Reading the whole group, and writing what it shows into the ledger in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from integrations.access.comparison import Findings, compare
from integrations.access.errors import Gone, IncompleteRead
from integrations.access.facts import Observed, Sight
from integrations.kisi.client import KisiClient
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, SyncRun
from integrations.kisi.rows import Right
from integrations.kisi.sync import adopting, gather, ledger, record
from integrations.kisi.sync.people import counts
from integrations.kisi.sync.session import Session
from members.models import Member
from plans.models import Subscription

State, Origin = KisiGrant.State, KisiGrant.Origin
SAMPLE = 3


@dataclass(frozen=True, slots=True)
class Walk:
    """A complete list of the group: rights that count, and the teams and guests also in it."""

    observed: Observed
    others: tuple[str, ...]


def walk(session: Session, staff: dict[int, str]) -> Walk:
    """Read the whole group; raises IncompleteRead when nothing may be concluded."""
    rights = session.kisi.group_rights(session.connection.group_id, on_page=lambda n: _progress(session, n))
    if not rights:
        _believe_empty(session)
    return seen(session.connection, rights, staff, now=session.clock.now())


def first_walk(kisi: KisiClient, connection: KisiConnection, staff: dict[int, str], *, now: datetime) -> Walk:
    """The same for a connection that is just being made and has no ledger yet.

    One empty list proves nothing: it is believed when a second one is empty too.
    """
    rights = kisi.group_rights(connection.group_id) or kisi.group_rights(connection.group_id)
    return seen(connection, rights, staff, now=now)


def seen(
    connection: KisiConnection, rights: tuple[Right, ...], staff: dict[int, str], *, now: datetime
) -> Walk:
    """Sort a complete list: what counts as access, what is a team's or a guest's, who is never touched."""
    known = frozenset(
        Member.objects.filter(gym_id=connection.gym_id).with_address().values_list("email", flat=True)
    )
    managers = {
        right.user_id: f"has the role {right.role_id}"
        for right in rights
        if right.user_id is not None and right.role_id != "group_basic"
    }
    sights = tuple(
        Sight(right.email, right.name, right.id, right.user_id, unshown=_is_unshown(connection, right))
        for right in rights
        if counts(right, connection.group_id) and right.valid_at(now) and right.user_id is not None
    )
    others = tuple(
        f"{right.name or right.email} ({right.assignee_type})"
        for right in rights
        if right.assignee_type != "User"
    )
    return Walk(Observed(sights, known, now, managers | staff), others)


def _is_unshown(connection: KisiConnection, right: Right) -> bool:
    """Older than Core's being the only source, and of nobody whom the last list showed as only in Kisi.

    The list on which Core became the only source lacked this person, so nobody has agreed that they go.
    """
    since = connection.sole_source_since
    if since is None:
        return False
    if right.created_at is not None and right.created_at >= since.replace(
        microsecond=0
    ):  # Kisi tells seconds
        return False
    return all(person["email"] != right.email for person in connection.only_in_kisi)


def keep(
    connection: KisiConnection,
    found: Walk,
    facts: gather.Facts,
    *,
    only: frozenset[str] | None = None,
    run: SyncRun | None = None,
) -> Findings:
    """Write the findings into the ledger, in the caller's transaction; `only` limits a recent read."""
    findings = compare(facts.ledger, found.observed)
    now = found.observed.at
    rows = {row.email: row for row in KisiGrant.objects.open().filter(connection=connection)}
    adopted = [sight for sight in findings.adopt if _concerns(sight.email, only)]
    held = adopting.take_over(connection, adopted, rows, facts, now=now, run=run)
    for sight in findings.protected:
        _protect(connection, sight, rows.get(sight.email), facts, found, run=run)
    if run is not None and adopted:
        run.adopted, run.held = run.adopted + len(adopted), run.held + held
        run.save(update_fields=["adopted", "held"])
    _update(rows, [s.email for s in findings.repoint], only, findings.repoint)
    _ask_singly(rows, findings.missing + findings.doubled, only)
    _confirm(connection, findings.confirmed, now)
    _look_at_managed_again(rows, found, only)
    _describe(connection, findings, found)
    return findings


def keep_managers(
    connection: KisiConnection, managers: Iterable[Right], found: Walk, facts: gather.Facts
) -> None:
    """Who is entitled, has a role and is not in the group: remembered too, in the caller's transaction."""
    roles = {right.email: right for right in managers if right.email in facts.wanted}
    rows = {row.email: row for row in KisiGrant.objects.open().filter(connection=connection, email__in=roles)}
    for email, right in roles.items():
        row = rows.get(email)
        if right.user_id is not None and (row is None or row.state == State.ABSENT):
            sight = Sight(email, right.name, right.id, right.user_id)
            _protect(connection, sight, row, facts, found, run=None)


def recent_addresses(connection: KisiConnection, since: datetime) -> frozenset[str]:
    """Addresses whose subscription, member or ledger row changed since `since`."""
    changed = Subscription.objects.filter(
        Q(changed_at__gte=since) | Q(member__changed_at__gte=since) | Q(plan__changed_at__gte=since),
        member__gym_id=connection.gym_id,
    )
    rows = KisiGrant.objects.open().filter(connection=connection, changed_at__gte=since)
    people = changed.exclude(member__email="").values_list("member__email", flat=True)
    return frozenset(people) | frozenset(rows.values_list("email", flat=True))


def _concerns(email: str, only: frozenset[str] | None) -> bool:
    return only is None or email in only


def _protect(
    connection: KisiConnection,
    sight: Sight,
    row: KisiGrant | None,
    facts: gather.Facts,
    found: Walk,
    *,
    run: SyncRun | None,
) -> None:
    """Somebody Core never touches: remembered as managed while entitled."""
    wanted = facts.wanted.get(sight.email)
    role = found.observed.staff[sight.user_id]
    if (row is None and wanted is None) or (row is not None and row.managed == role):
        return
    grant = row or KisiGrant(connection=connection, email=sight.email, name=sight.name)
    _fill(
        grant,
        state=State.ABSENT,
        managed=role,
        origin=Origin.NONE,
        kisi_user_id=sight.user_id,
        role_assignment_id=None,
        member_id=wanted.member_id if wanted else grant.member_id,
        **ledger.SETTLED,
    )
    run_id = run.pk if run else None
    record.note(connection, AccessEvent.Kind.MANAGED, grant=grant, run_id=run_id, cause=role)


def _fill(grant: KisiGrant, **values: Any) -> None:
    for name, value in values.items():
        setattr(grant, name, value)
    grant.save()


def _update(
    rows: dict[str, KisiGrant], emails: list[str], only: frozenset[str] | None, sights: tuple[Sight, ...]
) -> None:
    """The person holds a valid right that is not the one we knew: somebody gave it by hand."""
    by_email = {sight.email: sight for sight in sights}
    for email in emails:
        if _concerns(email, only):
            _fill(
                rows[email],
                role_assignment_id=by_email[email].right_id,
                kisi_user_id=by_email[email].user_id,
                origin=Origin.ADOPTED,
            )


def _ask_singly(rows: dict[str, KisiGrant], emails: tuple[str, ...], only: frozenset[str] | None) -> None:
    """Not in the list, or twice, is only a question: each is read singly before anything is concluded."""
    granted = [rows[email] for email in emails if email in rows and _concerns(email, only)]
    ledger.doubt([row.pk for row in granted if row.state == State.GRANTED])


def _confirm(connection: KisiConnection, emails: tuple[str, ...], now: datetime) -> None:
    rows = KisiGrant.objects.open().filter(connection=connection, state=State.GRANTED)
    for start in range(0, len(emails), 500):
        rows.filter(email__in=emails[start : start + 500]).update(confirmed_at=now)


def _look_at_managed_again(rows: dict[str, KisiGrant], found: Walk, only: frozenset[str] | None) -> None:
    """Managed for a reason this list does not show (any more): read that person again."""
    if only is None:
        stale = [
            row.pk
            for row in rows.values()
            if row.managed and row.state == State.ABSENT and row.kisi_user_id not in found.observed.staff
        ]
        KisiGrant.objects.filter(pk__in=stale).update(managed="")


def _describe(connection: KisiConnection, findings: Findings, found: Walk) -> None:
    connection.only_in_kisi = [{"name": s.name, "email": s.email} for s in findings.unmanaged]
    connection.other_rights = list(found.others)
    connection.save(update_fields=["only_in_kisi", "other_rights"])


def _progress(session: Session, people: int) -> None:
    if session.run is not None:
        session.run.read_so_far = people
        session.run.save(update_fields=["read_so_far"])


def _believe_empty(session: Session) -> None:
    """An empty list against a ledger that is not: believed only when known rights, asked singly, are gone."""
    rights = KisiGrant.objects.open().filter(connection=session.connection, state=State.GRANTED)
    for right_id in rights.values_list("role_assignment_id", flat=True)[:SAMPLE]:
        try:
            session.kisi.right(right_id or 0)
        except Gone:
            continue
        raise IncompleteRead("Kisi's list was empty, though the rights are there when asked singly")
