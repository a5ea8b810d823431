"""Which ledger rows need no look: most of them found by joins, the rest asked row by row. Decides nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

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
from django.db.models.functions import Concat, Trim

from integrations.kisi.models import KisiConnection, KisiGrant, Release
from members.models import Member
from plans.models import Subscription

FULL_NAME = Trim(Concat("member__first_name", Value(" "), "member__last_name"))
ROW = "member__kisi_grants__"
SETTLED: dict[str, Any] = {
    "state": KisiGrant.State.GRANTED,
    "held_since": None,
    "kept_until": None,
    "retry_at": None,
    "trouble": KisiGrant.Trouble.NONE,
}


def without(
    rows: QuerySet[KisiGrant], connection: KisiConnection, entitled: QuerySet[Subscription], today: date
) -> QuerySet[KisiGrant]:
    """The rows (annotated with `word`) but for those that are granted, wanted, and of which nothing changed."""
    here = entitled.filter(member__email=OuterRef("email"))
    first = here.order_by("member_id")
    is_quiet = Case(When(_is_quiet(), then=True), default=False, output_field=BooleanField())
    left = rows.exclude(pk__in=_plainly(connection, entitled, today)).alias(
        holder=Subquery(first.values("member_id")[:1]),
        holder_name=Subquery(first.annotate(full=FULL_NAME).values("full")[:1]),
        latest_end=Subquery(here.order_by(F("ends_on").desc(nulls_first=True)).values("ends_on")[:1]),
    )
    return left.alias(is_quiet=is_quiet).filter(is_quiet=False)


def _is_quiet() -> Q:
    """Of an annotated row: the right holder, name and end, and nothing open."""
    same_name = Q(profile_was_there=True) | Q(profile_was_there=None) | Q(name=F("holder_name"))
    same_end = Q(until=F("latest_end")) | Q(until=None, latest_end=None)
    return Q(same_name, same_end, holder=F("member_id"), word=None, **SETTLED)


def _plainly(
    connection: KisiConnection, entitled: QuerySet[Subscription], today: date
) -> QuerySet[Subscription, Any]:
    """Such rows by id: of people who share their address with nobody, and of whose subscriptions none is to be
    weighed against another. Joined, so that ten thousand cost little more than a hundred.
    """
    words = Release.objects.due(today).filter(connection=connection)
    # Of any connection: naming it here invites PostgreSQL, fresh from an import, to walk all its rows for each member.
    same = {ROW + name: value for name, value in SETTLED.items()}
    # Equal, said so that PostgreSQL expects many such rows: it takes id and address for independent.
    same |= {f"{ROW}email__gte": F("member__email"), f"{ROW}email__lte": F("member__email")}
    alone = ~Q(member__email__in=shared(connection.gym_id)) & ~Q(member__email__in=words.values("email"))
    found = entitled.order_by().filter(alone, _has_its_name(), _has_its_end(), **same)
    return found.values_list(f"{ROW}pk")


def _has_its_name() -> Q:
    """What Core sent is the name, or Core has no profile of its own there to give a name to."""
    there = f"{ROW}profile_was_there"
    return Q(**{there: True}) | Q(**{there: None}) | Q(**{f"{ROW}name": FULL_NAME})


def _has_its_end() -> Q:
    """No end, by a subscription without one; or the end of the only subscription there is."""
    others = (
        Subscription.objects.filter(member_id=OuterRef("member_id")).exclude(pk=OuterRef("pk")).order_by()
    )
    until = f"{ROW}until"
    return Q(**{until: None}, ends_on=None) | Q(Q(**{until: F("ends_on")}), ~Exists(others))


def shared(gym_id: int) -> QuerySet[Any, Any]:
    """Addresses that several members of the gym have."""
    counted = Member.objects.filter(gym_id=gym_id).order_by().values("email").annotate(people=Count("email"))
    return counted.filter(people__gt=1).values("email")
