"""Facts in: the access policy in SQL against the ledger. At most four queries, no call to Kisi, no write.

The SQL here and `access.policy.decide` say the same; a property test holds them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Concat, Greatest, Trim

from integrations.access.facts import Row, Wanted
from integrations.kisi.models import KisiConnection, KisiGrant, Release
from members.models import Member
from plans.models import Subscription

DAY = timedelta(hours=24)
FOREVER = date.max


@dataclass(frozen=True, slots=True)
class Facts:
    """Wanted and ledger for the addresses looked at, and what the brake counts (of all addresses)."""

    wanted: dict[str, Wanted]
    ledger: dict[str, Row]
    confirmed: int
    gone_without_word: int


def entitling(gym_id: int, today: date) -> QuerySet[Subscription]:
    """The subscriptions that open doors on `today`, of this gym's members on this gym's plans."""
    statuses = [Subscription.Status.ACTIVE, Subscription.Status.PENDING_CANCEL]
    open_end = Q(ends_on=None)
    return Subscription.objects.filter(
        open_end | Q(ends_on__gte=today),
        member__gym_id=gym_id,
        plan__gym_id=gym_id,
        plan__has_24hr_access=True,
        status__in=statuses,
        starts_on__lte=today,
    )


def everything(connection: KisiConnection, today: date, now: datetime) -> Facts:
    """All addresses of the gym: for a read of Kisi, a preview, a forecast."""
    rows = _rows(connection, today)
    return _facts(connection, now, wanted_addresses(connection.gym_id, today), rows)


def differences(connection: KisiConnection, today: date, now: datetime) -> Facts:
    """Only the addresses where wanted and the ledger may differ."""
    is_quiet = Case(When(_quiet(), then=True), default=False, output_field=BooleanField())
    rows = list(_rows(connection, today).annotate(is_quiet=is_quiet).filter(is_quiet=False))
    return _facts(connection, now, _wanted_near(connection, today, rows), rows)


def one(connection: KisiConnection, email: str, today: date) -> tuple[Wanted | None, Row | None]:
    """Wanted and row of one address, as they are now."""
    wanted = _wanted(entitling(connection.gym_id, today).filter(member__email=email)).get(email)
    row = _rows(connection, today).filter(email=email).first()
    return wanted, as_row(row) if row else None


def wanted_addresses(gym_id: int, today: date) -> dict[str, Wanted]:
    """Every address of the gym that should have access on `today`."""
    return _wanted(entitling(gym_id, today))


def without_address(gym_id: int, today: date) -> QuerySet[Member]:
    """Members who are entitled and cannot be granted: Core has no address for them."""
    return Member.objects.filter(gym_id=gym_id, email="", pk__in=entitling(gym_id, today).values("member_id"))


def _wanted_near(connection: KisiConnection, today: date, rows: Sequence[KisiGrant]) -> dict[str, Wanted]:
    """Wanted addresses that the quiet part of the ledger does not answer for."""
    answered = KisiGrant.objects.open().filter(connection=connection, email=OuterRef("member__email"))
    loose = entitling(connection.gym_id, today).filter(
        ~Exists(answered) | Q(member__email__in=[row.email for row in rows])
    )
    return _wanted(loose)


def _wanted(subscriptions: QuerySet[Subscription]) -> dict[str, Wanted]:
    values = (
        subscriptions.exclude(member__email="")
        .annotate(at=Greatest("changed_at", "member__changed_at"))
        .values_list("member__email", "member_id", "member__first_name", "member__last_name", "ends_on", "at")
        .order_by("member_id")
    )
    found: dict[str, Wanted] = {}
    for email, member_id, first, last, ends_on, at in values.iterator():
        mine = Wanted(email, f"{first} {last}".strip(), member_id, ends_on, at)
        found[email] = _joined(found[email], mine) if email in found else mine
    return found


def _joined(first: Wanted, other: Wanted) -> Wanted:
    """One address, several subscriptions: the lowest member's name, the latest end, the latest change."""
    latest = max(first.until or FOREVER, other.until or FOREVER)
    until = None if latest == FOREVER else latest
    return Wanted(first.email, first.name, first.member_id, until, max(first.changed_at, other.changed_at))


def _rows(connection: KisiConnection, today: date) -> QuerySet[KisiGrant]:
    """The open rows, each with what Core says of its address and its member today."""
    here = entitling(connection.gym_id, today).filter(member__email=OuterRef("email"))
    people = Member.objects.filter(gym_id=connection.gym_id, email=OuterRef("email"))
    elsewhere = entitling(connection.gym_id, today).filter(member_id=OuterRef("member_id"))
    elsewhere = elsewhere.exclude(member__email__in=["", OuterRef("email")])
    first = here.order_by("member_id")
    return (
        KisiGrant.objects.open()
        .filter(connection=connection)
        .annotate(
            holder=Subquery(first.values("member_id")[:1]),
            holder_name=Subquery(
                first.annotate(
                    full=Trim(Concat("member__first_name", Value(" "), "member__last_name"))
                ).values("full")[:1]
            ),
            latest_end=Subquery(here.order_by(F("ends_on").desc(nulls_first=True)).values("ends_on")[:1]),
            known=Exists(people),
            person_changed_at=Subquery(people.order_by("-changed_at").values("changed_at")[:1]),
            subscription_changed_at=Subquery(
                Subscription.objects.filter(member__gym_id=connection.gym_id, member__email=OuterRef("email"))
                .order_by("-changed_at")
                .values("changed_at")[:1]
            ),
            new_address=Subquery(elsewhere.values("member__email")[:1]),
            word=Subquery(
                Release.objects.due(today)
                .filter(connection=connection, email=OuterRef("email"))
                .values("cause")[:1]
            ),
        )
        .annotate(
            new_confirmed=Exists(
                KisiGrant.objects.open().filter(
                    _is_settled(), connection=connection, email=OuterRef("new_address")
                )
            )
        )
    )


def _is_settled() -> Q:
    """Has access, or is nobody Core would ever give it to: managed in Kisi, or left to Kisi by an admin."""
    return Q(state=KisiGrant.State.GRANTED) | Q(exempt=True) | ~Q(managed="")


def _quiet() -> Q:
    """Rows that need no look: granted, wanted, and nothing about them has changed."""
    same_name = Q(profile_was_there=True) | Q(profile_was_there=None) | Q(name=F("holder_name"))
    same_end = Q(until=F("latest_end")) | Q(until=None, latest_end=None)
    return Q(
        same_name,
        same_end,
        state=KisiGrant.State.GRANTED,
        holder=F("member_id"),
        held_since=None,
        kept_until=None,
        word=None,
        retry_at=None,
        trouble=KisiGrant.Trouble.NONE,
    )


def as_row(grant: KisiGrant) -> Row:
    """A ledger row (annotated by `_rows`) as the planner sees it."""
    known = [grant.changed_at, grant.person_changed_at, grant.subscription_changed_at]  # type: ignore[attr-defined]
    dates = [at for at in known[1:] if at is not None] or known[:1]
    moved = ""
    if grant.new_address:  # type: ignore[attr-defined]
        moved = "confirmed" if grant.new_confirmed else "waiting"  # type: ignore[attr-defined]
    return Row(
        email=grant.email,
        state=grant.state,
        changed_at=max(dates),
        name=grant.name,
        member_id=grant.member_id,
        until=grant.until,
        right_id=grant.role_assignment_id,
        origin=grant.origin,
        own_profile=grant.profile_was_there is False,
        wish=grant.wish,
        waits_until=grant.retry_at,
        parked=grant.is_parked,
        held=grant.held_since is not None,
        kept_until=grant.kept_until,
        exempt=grant.exempt,
        managed=bool(grant.managed),
        moved=moved,
        word=grant.word or "",  # type: ignore[attr-defined]
        known=grant.known,  # type: ignore[attr-defined]
    )


def _facts(
    connection: KisiConnection, now: datetime, wanted: dict[str, Wanted], rows: Iterable[KisiGrant]
) -> Facts:
    ledger = {grant.email: as_row(grant) for grant in rows}
    since = Q(state=KisiGrant.State.CLOSED, closed_how=KisiGrant.Closed.REMOVED, worded=False)
    counts = KisiGrant.objects.filter(connection=connection).aggregate(
        confirmed=Count(
            "email", filter=~Q(state=KisiGrant.State.CLOSED) & Q(role_assignment_id__isnull=False)
        ),
        gone=Count("email", distinct=True, filter=since & Q(closed_at__gt=now - DAY)),
    )
    return Facts(wanted, ledger, counts["confirmed"], counts["gone"])
