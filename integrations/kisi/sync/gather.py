"""Facts in: the access policy in SQL against the ledger. At most four queries, no call to Kisi, no write.

The SQL here and `access.policy.decide` say the same; a property test holds them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Greatest

from integrations.access.facts import Row, Wanted
from integrations.kisi.models import KisiConnection, KisiGrant, Release
from integrations.kisi.sync import quiet
from members.models import Member
from plans.models import Subscription

Status = Subscription.Status
DAY = timedelta(hours=24)
FOREVER = date.max


@dataclass(frozen=True, slots=True)
class Facts:
    """Wanted and ledger for the addresses looked at, and what the brake counts (of all addresses)."""

    wanted: dict[str, Wanted]
    ledger: dict[str, Row]
    confirmed: int
    gone_without_word: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What the brake counts: people with a confirmed right, and those removed in 24 hours without a word."""

    confirmed: int
    gone: int


def entitling(gym_id: int, today: date) -> QuerySet[Subscription]:
    """The subscriptions that open doors on `today`, of this gym's members on this gym's plans."""
    return _entitling(gym_id, today, Status.ACTIVE, Status.PENDING_CANCEL)


def entitling_from(gym_id: int, on: date) -> QuerySet[Subscription]:
    """Those that will open doors on a day to come, once the dates reached by then are applied."""
    return _entitling(gym_id, on, Status.ACTIVE, Status.PENDING_CANCEL, Status.PENDING_ACTIVE)


def _entitling(gym_id: int, on: date, *statuses: str) -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=on),
        member__gym_id=gym_id,
        plan__gym_id=gym_id,
        plan__has_24hr_access=True,
        status__in=statuses,
        starts_on__lte=on,
    )


def everything(connection: KisiConnection, today: date, now: datetime) -> Facts:
    """All addresses of the gym: for a read of Kisi, a preview, a forecast."""
    entitled = entitling(connection.gym_id, today)
    rows = _rows(connection, entitled, today)
    return _facts(_wanted(entitled), rows, tally(connection, now))


def differences(
    connection: KisiConnection, today: date, now: datetime, *, counted: Tally | None = None
) -> Facts:
    """Only the addresses where wanted and the ledger may differ; `counted` where that is known already."""
    entitled = entitling(connection.gym_id, today)
    return differences_from(connection, entitled, today, counted or tally(connection, now))


def differences_from(
    connection: KisiConnection, entitled: QuerySet[Subscription], on: date, counted: Tally
) -> Facts:
    """The same for whoever these subscriptions give access."""
    return facts_of(connection, entitled, list(loud(connection, entitled, on)), counted)


def loud(connection: KisiConnection, entitled: QuerySet[Subscription], on: date) -> QuerySet[KisiGrant]:
    """The rows that need a look."""
    return quiet.without(_rows(connection, entitled, on), connection, entitled, on)


def facts_of(
    connection: KisiConnection,
    entitled: QuerySet[Subscription],
    rows: Sequence[KisiGrant],
    counted: Tally,
) -> Facts:
    """The facts of these rows, and of the wanted addresses that have none."""
    return _facts(_wanted_near(connection, entitled, rows), rows, counted)


def one(connection: KisiConnection, email: str, today: date) -> tuple[Wanted | None, Row | None]:
    """Wanted and row of one address, as they are now."""
    entitled = entitling(connection.gym_id, today)
    wanted = _wanted(entitled.filter(member__email=email)).get(email)
    row = _rows(connection, entitled, today).filter(email=email).first()
    return wanted, as_row(row) if row else None


def wanted_addresses(gym_id: int, today: date) -> dict[str, Wanted]:
    """Every address of the gym that should have access on `today`."""
    return _wanted(entitling(gym_id, today))


def wanted_emails(gym_id: int, today: date) -> QuerySet[Subscription, str]:
    """The same addresses as a part of another query; one comes as often as there are subscriptions."""
    named = entitling(gym_id, today).exclude(member__email="").order_by()
    return named.values_list("member__email", flat=True)


def without_address(gym_id: int, today: date) -> QuerySet[Member]:
    """Members who are entitled and cannot be granted: Core has no address for them."""
    return Member.objects.filter(gym_id=gym_id, email="", pk__in=entitling(gym_id, today).values("member_id"))


def _wanted_near(
    connection: KisiConnection, entitled: QuerySet[Subscription], rows: Sequence[KisiGrant]
) -> dict[str, Wanted]:
    """Wanted addresses that the quiet part of the ledger does not answer for."""
    answered = KisiGrant.objects.open().filter(connection=connection).order_by()
    unanswered = ~Q(member__email__in=answered.values("email"))
    near = Q(member__email__in=[row.email for row in rows])
    return _wanted(entitled.filter(unanswered | near))


def _wanted(subscriptions: QuerySet[Subscription]) -> dict[str, Wanted]:
    values = (
        subscriptions.exclude(member__email="")
        .annotate(at=Greatest("changed_at", "member__changed_at"))
        .values_list("member__email", "member_id", "member__first_name", "member__last_name", "ends_on", "at")
        .order_by("member_id")
    )
    found: dict[str, Wanted] = {}
    for email, member_id, first, last, ends_on, at in values:
        mine = Wanted(email, f"{first} {last}".strip(), member_id, ends_on, at)
        found[email] = _joined(found[email], mine) if email in found else mine
    return found


def _joined(first: Wanted, other: Wanted) -> Wanted:
    """One address, several subscriptions: the lowest member's name, the latest end, the latest change."""
    latest = max(first.until or FOREVER, other.until or FOREVER)
    until = None if latest == FOREVER else latest
    return Wanted(first.email, first.name, first.member_id, until, max(first.changed_at, other.changed_at))


def _rows(connection: KisiConnection, entitled: QuerySet[Subscription], today: date) -> QuerySet[KisiGrant]:
    """The open rows, each with what Core says of its address and its member today."""
    people = Member.objects.filter(gym_id=connection.gym_id, email=OuterRef("email"))
    return (
        KisiGrant.objects.open()
        .filter(connection=connection)
        .annotate(
            person_changed_at=Subquery(people.order_by("-changed_at").values("changed_at")[:1]),
            subscription_changed_at=Subquery(
                Subscription.objects.filter(member__gym_id=connection.gym_id, member__email=OuterRef("email"))
                .order_by("-changed_at")
                .values("changed_at")[:1]
            ),
            moved=_moved(connection, entitled),
            word=Subquery(
                Release.objects.due(today)
                .filter(connection=connection, email=OuterRef("email"))
                .values("cause")[:1]
            ),
        )
    )


def _moved(connection: KisiConnection, entitled: QuerySet[Subscription]) -> Case:
    """Of a row: whether its member is entitled under another address, and settled there (`Row.moved`).

    The cheap comparison stands first: it spares nearly every row the look at subscriptions.
    """
    elsewhere = ~Q(member__email__in=["", F("email")]) & Exists(
        entitled.filter(member_id=OuterRef("member_id"))
    )
    there = KisiGrant.objects.open().filter(
        _is_settled(), connection=connection, email=OuterRef("member__email")
    )
    return Case(
        When(elsewhere & Exists(there), then=Value("confirmed")),
        When(elsewhere, then=Value("waiting")),
        default=Value(""),
    )


def _is_settled() -> Q:
    """Has access, or is nobody Core would ever give it to: managed in Kisi, or left to Kisi by an admin.

    An admin's word about somebody else of that address is none about this member.
    """
    left_alone = Q(exempt=True, member_id=OuterRef("member_id"))
    return Q(state=KisiGrant.State.GRANTED) | left_alone | ~Q(managed="")


def as_row(grant: KisiGrant) -> Row:
    """A ledger row (annotated by `_rows`) as the planner sees it."""
    known = [grant.changed_at, grant.person_changed_at, grant.subscription_changed_at]  # type: ignore[attr-defined]
    dates = [at for at in known[1:] if at is not None] or known[:1]
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
        parked=grant.is_parked and grant.retry_at is None,  # else somebody asked to try again
        held=grant.held_since is not None,
        kept_until=grant.kept_until,
        exempt=grant.exempt,
        managed=bool(grant.managed),
        moved=grant.moved,  # type: ignore[attr-defined]
        word=grant.word or "",  # type: ignore[attr-defined]
        missed=grant.missed_at is not None,
        failed=bool(grant.trouble),
        asked_about=grant.is_asked_about,
    )


def tally(connection: KisiConnection, now: datetime) -> Tally:
    return Tally(**KisiGrant.objects.filter(connection=connection).aggregate(**tallies(now)))


def tally_if(connection: KisiConnection, now: datetime, there_are: QuerySet[Subscription]) -> Tally | None:
    """The same in one look where there are any such subscriptions; else None."""
    mine = KisiConnection.objects.filter(Exists(there_are), pk=connection.pk).values("pk")
    found: Any = mine.annotate(**tallies(now, "grants__")).first()
    return Tally(found["confirmed"], found["gone"]) if found else None


def tallies(now: datetime, row: str = "") -> dict[str, Count]:
    """The counts of a tally for a query that counts more; `row` leads from there to the ledger row."""
    closed = Q(**{f"{row}state": KisiGrant.State.CLOSED})
    removed = Q(**{f"{row}closed_how": KisiGrant.Closed.REMOVED, f"{row}worded": False})
    lately = Q(**{f"{row}closed_at__gt": now - DAY})
    has_right = Q(**{f"{row}role_assignment_id__isnull": False})
    return {
        "confirmed": Count(f"{row}email", filter=~closed & has_right),
        "gone": Count(f"{row}email", distinct=True, filter=closed & removed & lately),
    }


def _facts(wanted: dict[str, Wanted], rows: Iterable[KisiGrant], counted: Tally) -> Facts:
    return Facts(wanted, {grant.email: as_row(grant) for grant in rows}, counted.confirmed, counted.gone)
