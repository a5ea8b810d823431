"""Making a connection and changing what it is made of: the key is tried before anything is saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, Window

from integrations.access.facts import Kind
from integrations.kisi import mails
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, Read, Release, SyncRun
from integrations.kisi.rows import Right
from integrations.kisi.sync import asking, findings, gather, groups, ledger, left_alone, planning, record
from integrations.kisi.sync.checks import (
    Tried,
    all_managers,
    always_protected,
    staff_among,
    try_credentials,
)
from integrations.kisi.sync.clock import Clock, DatabaseClock
from integrations.kisi.sync.lease import raise_fence
from integrations.vault import Secret
from members.models import Gym

Status = KisiConnection.Status
State = KisiGrant.State
SHOWN = 50
NEW_CREDENTIALS = "new credentials"


class GroupTaken(Exception):
    """Another gym's live connection has this group."""


class GymConnected(Exception):
    """This gym has a live connection already, maybe made since the page was opened."""

    def __init__(self, connection: KisiConnection) -> None:
        self.connection = connection
        super().__init__(f"gym {connection.gym_id} is connected to group {connection.group_id}")


@dataclass(frozen=True, slots=True)
class Named:
    """How many people, and the first of them by name and address."""

    shown: tuple[tuple[str, str], ...]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the first sync will do."""

    gains: Named
    has: Named
    only_in_kisi: Named
    at_cut_over: Named
    mails: str


def connect(
    gym: Gym,
    *,
    key: Secret,
    group_id: int,
    by: Any = None,
    agreed_at: datetime | None = None,
    clock: Clock | None = None,
) -> KisiConnection:
    """Try the key, read the whole group, save the connection with what was found. Starts no sync.

    Raises the DoorError of the first thing that is wrong, GymConnected or GroupTaken; then nothing is saved.
    """
    clock = clock or DatabaseClock.started()
    _require_unconnected(gym)
    _require_free(gym, group_id)
    tried = try_credentials(key, group_id, clock=clock)
    connection = KisiConnection.objects.filter(gym=gym).first() or KisiConnection(gym=gym)
    _describe(connection, tried, group_id)
    managers = all_managers(tried.kisi, tried.kisi.organization_rights())
    staff = staff_among(managers) | always_protected(connection)
    walk = findings.first_walk(tried.kisi, connection, staff, now=clock.now())
    try:
        with transaction.atomic():
            Gym.objects.select_for_update(no_key=True).get(pk=gym.pk)  # of two at once, one finds the other
            _require_unconnected(gym)
            before = KisiConnection.objects.filter(gym=gym).first()
            if before is not None:
                connection.pk = before.pk
                _start_over(before, connection, now=clock.now())
            connection.set_key(key)
            connection.agreed_by, connection.agreed_at = by, agreed_at or clock.now()
            connection.connected_by, connection.connected_at = by, clock.now()
            connection.sole_source_since, connection.status = None, Status.CONNECTED
            _go_live(connection, by=by, now=clock.now())
            groups.take_up_again(connection, now=clock.now())
            _keep_first_walk(connection, walk, managers, now=clock.now())
    except IntegrityError:
        raise GroupTaken(f"group {group_id} was connected to another gym just now") from None
    return connection


def reconnect(
    connection: KisiConnection, *, key: Secret, by: Any = None, clock: Clock | None = None
) -> KisiConnection:
    """A new key for a disconnected gym: the ledger stays, every row uncertain, one full read before removals."""
    clock = clock or DatabaseClock.started()
    _require_free(connection.gym, connection.group_id)
    tried = try_credentials(key, connection.group_id, clock=clock)
    with transaction.atomic():
        raise_fence(connection.pk)
        connection.refresh_from_db()
        _forget_words(connection)
        organization_id, group_id = tried.me.organization_id, connection.group_id
        if organization_id != connection.organization_id:
            groups.begin_elsewhere(
                connection, organization_id=organization_id, group_id=group_id, now=clock.now()
            )
        _describe(connection, tried, connection.group_id)
        connection.set_key(key)
        connection.must_read_first = True
        _go_live(connection, by=by, now=clock.now())
        ledger.doubt(list(_open_rows(connection).exclude(state=State.ABSENT).values_list("pk", flat=True)))
        asking.ask(connection, Read.FULL, because="reconnect", now=clock.now(), by=by)
    return connection


def update_credentials(
    connection: KisiConnection, *, key: Secret, group_id: int, by: Any = None, clock: Clock | None = None
) -> KisiConnection:
    """New credentials of the same organization, tried before they replace the old ones.

    A new group: everybody is granted there, and those in the old one are listed as left behind.
    Raises the DoorError of what is wrong, OtherOrganization or GroupTaken; then nothing is changed.
    """
    clock = clock or DatabaseClock.started()
    _require_free(connection.gym, group_id)
    tried = try_credentials(key, group_id, clock=clock, replaces=connection)
    with transaction.atomic():
        raise_fence(connection.pk)
        connection.refresh_from_db()
        if group_id != connection.group_id:
            groups.move(connection, group_id, now=clock.now())
        _describe(connection, tried, group_id)
        groups.take_up_again(connection, now=clock.now())
        connection.set_key(key)
        _end_runs(connection, now=clock.now())
        _go_live(connection, by=by, now=clock.now())
        asking.ask(connection, Read.FULL, because=NEW_CREDENTIALS, now=clock.now(), by=by)
    return connection


def forecast(connection: KisiConnection, *, now: datetime, facts: gather.Facts | None = None) -> Forecast:
    """What the ledger owes after the first walk, for the page that says what happens next."""
    today = connection.gym.today(now)
    facts = facts or gather.differences(connection, today, now)
    plan = planning.decide(connection, facts, now=now)
    owed = [c.wanted for c in plan.changes if c.kind is Kind.GRANT and c.wanted is not None]
    unwanted = [email for email in facts.ledger if email not in facts.wanted]
    inside = _open_rows(connection).filter(state=State.GRANTED).exclude(email__in=unwanted)
    fresh = Q(origin=KisiGrant.Origin.CREATED, intent_at__gte=connection.connected_at or now)
    given = list(inside.filter(fresh))  # by this first sync, which runs while its forecast is read
    gains = [(one.name, one.email) for one in (*owed, *given)]
    had = inside.exclude(fresh).annotate(count=Window(Count("pk"))).order_by("name", "email")
    has = list(had.values_list("name", "email", "count")[:SHOWN])
    only = [(person["name"], person["email"]) for person in connection.only_in_kisi]
    later = [(facts.ledger[email].name, email) for email in plan.at_cut_over]
    told = mails.expected(connection, [one.email for one in owed]) + _told(connection, given)
    return Forecast(
        gains=_named(gains),
        has=Named(tuple((name, email) for name, email, _ in has), has[0][2] if has else 0),
        only_in_kisi=_named(only),
        at_cut_over=_named(later),
        mails=told.said,
    )


def _told(connection: KisiConnection, given: list[KisiGrant]) -> mails.Mails:
    invited = sum(row.profile_was_there is False for row in given)
    return mails.Mails(invited, len(given) if connection.send_mails else 0)


def _named(people: list[tuple[str, str]]) -> Named:
    return Named(tuple(sorted(people, key=itemgetter(0))[:SHOWN]), len(people))


def _require_unconnected(gym: Gym) -> None:
    live = KisiConnection.objects.filter(gym=gym).exclude(status=Status.DISCONNECTED).first()
    if live is not None:
        raise GymConnected(live)


def _require_free(gym: Gym, group_id: int) -> None:
    others = KisiConnection.objects.exclude(status=Status.DISCONNECTED).exclude(gym=gym)
    if others.filter(group_id=group_id).exists():
        raise GroupTaken(f"group {group_id} is connected to another gym")


def _describe(connection: KisiConnection, tried: Tried, group_id: int) -> None:
    connection.group_id = group_id
    connection.group_name = tried.group.name
    connection.place_name = tried.group.place_name
    connection.doors = list(tried.doors)
    connection.organization_id = tried.me.organization_id
    connection.organization_name = tried.me.organization_name
    connection.own_user_id = tried.me.id
    connection.own_user_name = tried.me.name
    connection.owner_id = tried.owner_id


def _go_live(connection: KisiConnection, *, by: Any, now: datetime) -> None:
    """With a key that works; a disconnect that is to remove access first goes on with it, and a pause stays one."""
    kind, cause = AccessEvent.Kind.SETTING, "new API key"
    if connection.status not in (Status.DISCONNECTING, Status.PAUSED):
        kind, cause = AccessEvent.Kind.STATUS, Status.CONNECTED.label
        connection.status = Status.CONNECTED
        connection.status_since, connection.status_by, connection.status_said = now, by, ""
    connection.key_set_at = connection.checked_at = now
    connection.retry_at, connection.failed_reads, connection.failed_writes, connection.probes = None, 0, 0, 0
    connection.save()
    by_id = by.pk if by else None
    record.note(connection, kind, cause=cause, by_id=by_id)
    caused = [KisiGrant.Trouble.FORBIDDEN, KisiGrant.Trouble.UNCLEAR]
    _open_rows(connection).filter(trouble__in=caused).update(**ledger.SETTLED)


def _end_runs(connection: KisiConnection, *, now: datetime) -> None:
    """A run under way is over with the credentials it had: what new ones cause has a run of its own."""
    if connection.status != Status.DISCONNECTING:
        running = SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING)
        running.update(state=SyncRun.State.STOPPED, finished_at=now, reason=NEW_CREDENTIALS)


def _keep_first_walk(
    connection: KisiConnection, walk: findings.Walk, managers: tuple[Right, ...], *, now: datetime
) -> None:
    """Findings into the ledger; Core is the only source at once when nobody would lose access by it."""
    left_alone.follow(connection, connection.gym.today(now))
    facts = gather.everything(connection, connection.gym.today(now), now)
    findings.keep(connection, walk, facts)
    findings.keep_managers(connection, managers, walk, facts)
    connection.must_read_first = False
    if not _anybody_would_lose(connection, now):
        connection.sole_source_since = now
    connection.save(update_fields=["must_read_first", "sole_source_since"])


def _anybody_would_lose(connection: KisiConnection, now: datetime) -> bool:
    """Who has, or by rows that are still to be read may have, access that Core did not give and does not want."""
    wanted = gather.wanted_emails(connection.gym_id, connection.gym.today(now))
    theirs = _open_rows(connection).filter(role_assignment_id__isnull=False, exempt=False)
    return bool(theirs.exclude(origin=KisiGrant.Origin.CREATED).exclude(email__in=wanted).exists())


def _start_over(before: KisiConnection, after: KisiConnection, *, now: datetime) -> None:
    """A gym that left Kisi connects anew: the same group is read person by person, another's rows stay behind."""
    raise_fence(before.pk)
    _forget_words(before)
    after.fence, after.lease_until = before.fence + 1, None
    organization_id, group_id = after.organization_id, after.group_id
    if (before.organization_id, before.group_id) == (organization_id, group_id):
        ledger.doubt(list(_open_rows(before).exclude(state=State.ABSENT).values_list("pk", flat=True)))
    else:
        groups.begin_elsewhere(before, organization_id=organization_id, group_id=group_id, now=now)


def _forget_words(connection: KisiConnection) -> None:
    """Whom a disconnect named and Kisi did not let go is for the gym that comes back to name again."""
    Release.objects.filter(connection=connection).delete()


def _open_rows(connection: KisiConnection) -> Any:
    return KisiGrant.objects.open().filter(connection=connection)
