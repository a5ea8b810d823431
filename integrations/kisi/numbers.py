"""The numbers of one connection: who has access, failed or is held, in one query; who waits, which takes a plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from integrations.access.facts import WITHOUT_CALL, Change, Kind
from integrations.kisi.models import AccessEvent, Heartbeat, KisiConnection, KisiGrant, Release, still_in
from integrations.kisi.sync import ahead, drift, gather, groups, planning
from integrations.kisi.sync.switching import farewells
from integrations.kisi.wording import Counts, Wrong

CAUSES = [cause.value for cause in KisiGrant.Trouble if cause]
SIDES = [side.name for side in fields(Wrong)]
OPEN = Q(grants__state__isnull=False) & ~Q(grants__state=KisiGrant.State.CLOSED)
SILENCE = timedelta(minutes=15)
OLDEST_SIGN = Subquery(Heartbeat.objects.order_by("at").values("at")[:1])


@dataclass(frozen=True, slots=True)
class Numbers:
    """`counts` without what takes a plan: who waits, and how many removals may go."""

    counts: Counts
    tally: gather.Tally
    last_sign: datetime | None


def of(connection: KisiConnection, now: datetime) -> Numbers:
    """What can be counted without a plan, in one query that goes through the ledger once."""
    today = connection.gym.today(now)
    nameless = gather.without_address(connection.gym_id, today).order_by().values("gym")
    words = Release.objects.due(today).filter(connection=connection).values("email")
    counted = {
        "have_access": _count(still_in("grants__")),
        "suspended": _count(still_in("grants__"), Q(grants__suspended=True)),
        "held": _count(OPEN, Q(grants__held_since__isnull=False), ~Q(grants__email__in=words)),
        "managed": _count(OPEN, ~Q(grants__managed="")),
        "left_behind": Count(
            "grants__email", distinct=True, filter=groups.left_behind(connection, "grants__")
        ),
    }
    if connection.is_ending:  # nobody is asked about them any more
        del counted["held"]
    failed = OPEN
    if connection.status == KisiConnection.Status.DISCONNECTED:
        counted |= _farewell(connection)
        failed &= ~Q(grants__in=stuck(connection).values("pk"))
    sides = {
        f"side_{side}": _count(failed, ~Q(grants__trouble=""), meant)
        for side, meant in _sides(connection, now, "grants__").items()
    }
    causes = {f"cause_{name}": _count(failed, Q(grants__trouble=name)) for name in CAUSES}
    mine = KisiConnection.objects.filter(pk=connection.pk).values("pk")
    found: Any = mine.annotate(
        **(counted | causes | sides | gather.tallies(now, "grants__")),
        **_beside(connection, now, nameless),
        ends_today=Exists(ahead.ending(connection, today)),
        gone_by_midnight=gather.tallies(ahead.midnight(connection, today), "grants__")["gone"],
        last_sign=OLDEST_SIGN,
    ).get()
    tally = gather.Tally(found["confirmed"], found["gone"])
    counts = replace(_tallied(found), allowed=allowance(connection, tally.confirmed + tally.gone))
    return Numbers(counts, tally, found["last_sign"])


def planned(
    connection: KisiConnection, numbers: Numbers, now: datetime, *, facts: gather.Facts | None = None
) -> Counts:
    """The same with who waits: what the plan of this moment owes; nothing is owed by who left Kisi."""
    if connection.status == KisiConnection.Status.DISCONNECTED:
        return numbers.counts
    today = connection.gym.today(now)
    facts = facts or gather.differences(connection, today, now, counted=numbers.tally)
    plan = planning.decide(connection, facts, now=now)
    owed = [change for change in plan.changes if change.kind not in WITHOUT_CALL]
    waiting = {change.email for change in owed if not _is_looked_at(change, facts)} | set(plan.waiting)
    waiting = {email for email in waiting if not (email in facts.ledger and facts.ledger[email].failed)}
    return replace(
        numbers.counts,
        waiting=len(waiting),
        entitled_waiting=len(waiting & facts.wanted.keys()),
        gives=any(change.kind is Kind.GRANT for change in owed),
        takes=any(change.kind is Kind.REVOKE for change in owed),
    )


def silent_since(connection: KisiConnection, now: datetime, sign: datetime | None) -> datetime | None:
    """Since when nothing gave a sign of life, if that is too long; None when all is well."""
    last = sign or connection.connected_at
    return last if now - last > SILENCE else None


def _is_looked_at(change: Change, facts: gather.Facts) -> bool:
    """Whether it is only another look at somebody who has access and should: nothing that waits for Kisi."""
    row = facts.ledger.get(change.email)
    return change.kind is Kind.SETTLE and change.wanted is not None and row is not None and row.asked_about


def allowance(connection: KisiConnection, people: int) -> int | None:
    """How many of so many may lose access within 24 hours without a word; None where there is no limit."""
    return planning.brake.allowance(people, connection.brake_share)


def stuck(connection: KisiConnection) -> QuerySet[KisiGrant]:
    """Whose access was to be removed before the gym left Kisi, and was not."""
    rows = KisiGrant.objects.open().filter(connection=connection, email__in=farewells(connection))
    return rows.filter(role_assignment_id__isnull=False)


def _farewell(connection: KisiConnection) -> dict[str, Count]:
    """What a disconnect did, and did not: whose access it removed or could not, and who kept it."""
    status = KisiConnection.Status
    changes = AccessEvent.objects.filter(connection_id=connection.pk, kind=AccessEvent.Kind.STATUS)
    before = changes.exclude(cause=status.DISCONNECTED.label).values("pk")[:1]
    begun = changes.filter(pk=Subquery(before), cause=status.DISCONNECTING.label).values("at")
    is_stuck = Q(grants__in=stuck(connection).values("pk"))
    removed = Q(grants__closed_how=KisiGrant.Closed.REMOVED, grants__closed_at__gte=Subquery(begun))
    return {
        "removed": _count(removed),
        "stuck": _count(is_stuck),
        "kept": _count(still_in("grants__"), ~is_stuck),
    }


def sided(rows: QuerySet[KisiGrant], connection: KisiConnection, now: datetime) -> QuerySet[KisiGrant]:
    """The same rows, each with the `side` it is on by its failure; "" where there is none."""
    sides = [When(meant, then=Value(side)) for side, meant in _sides(connection, now).items()]
    return rows.annotate(side=Case(When(trouble="", then=Value("")), *sides))


def wrong_of(rows: Iterable[Any]) -> Wrong:
    """What the failures of these rows, annotated by `sided`, mean for the doors."""
    return Wrong(**Counter(row.side for row in rows))


def _sides(connection: KisiConnection, now: datetime, row: str = "") -> dict[str, Q]:
    """Of a row whose last attempt failed: exactly one of these is true; `row` leads from there to it."""
    wanted = _wanted(connection, now, row)
    unwanted = ~wanted
    has_right = Q(**{f"{row}role_assignment_id__isnull": False})
    free = Q(**{f"{row}suspended": False})
    inside = free & Q(**{f"{row}state": KisiGrant.State.GRANTED})
    gets_in = free & has_right
    unclear = gets_in & Q(**{f"{row}state": KisiGrant.State.UNCERTAIN})
    return {
        "shut_out": ~inside & ~unclear & wanted,
        "let_in": gets_in & unwanted,
        "outdated": inside & wanted,
        "unclear": unclear & wanted,
        "leftover": ~gets_in & unwanted,
    }


def _wanted(connection: KisiConnection, now: datetime, row: str) -> Q:
    """Whether the row's address should have access: a gym that leaves wants it of nobody whom it named."""
    entitled = gather.entitling(connection.gym_id, connection.gym.today(now))
    wanted = Q(Exists(entitled.filter(member__email=OuterRef(f"{row}email"))))
    if connection.is_leaving:
        wanted &= ~Q(**{f"{row}email__in": farewells(connection)})
    return wanted


def _tallied(found: dict[str, Any]) -> Counts:
    """Who has no address failed too, and should have access: it is still that of an address which they had before,
    or they are shut out. So did whoever was to be removed and still has it.
    """
    causes = {name: found[f"cause_{name}"] for name in CAUSES if found[f"cause_{name}"]}
    sides = {side: found[f"side_{side}"] for side in SIDES}
    still = found.get("stuck", 0)
    return Counts(
        removed=found.get("removed", 0),
        stuck=still,
        kept=found.get("kept", 0),
        have_access=found["have_access"],
        suspended=found["suspended"],
        failed=sum(causes.values()) + found["nameless"] + still,
        wrong=Wrong(**sides | _of_nameless(sides, found)),
        held=found.get("held", 0),
        left_behind=found["left_behind"],
        managed=found["managed"],
        nameless=found["nameless"],
        others=found["others"],
        ahead=(found["confirmed"], found["gone_by_midnight"]) if found["ends_today"] else None,
        causes=tuple(causes.items()),
    )


def _of_nameless(sides: dict[str, int], found: dict[str, int]) -> dict[str, int]:
    inside = found["still_inside"]
    return {
        "shut_out": sides["shut_out"] + found["nameless"] - inside,
        "outdated": sides["outdated"] + inside,
    }


def _still_inside(connection: KisiConnection, nameless: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """Those without an address whose right under their former one is still there."""
    theirs = KisiGrant.objects.open().filter(still_in(), connection=connection, member=OuterRef("pk"))
    return nameless.filter(Exists(theirs))


def _beside(connection: KisiConnection, now: datetime, nameless: QuerySet[Any, Any]) -> dict[str, Any]:
    """What is counted beside the ledger; a gym that leaves Kisi has nobody else to see to."""
    if connection.is_ending:
        return dict.fromkeys(("nameless", "still_inside", "others"), Value(0))
    return {
        "nameless": _counted(nameless),
        "still_inside": _counted(_still_inside(connection, nameless)),
        "others": _counted(drift.undone(connection, now).order_by().values("gym_id")),
    }


def _counted(grouped: QuerySet[Any, Any]) -> Coalesce:
    """How many rows, in one group by its only value; none where there is no group."""
    return Coalesce(Subquery(grouped.annotate(n=Count("pk")).values("n")), 0)


def _count(*facts: Q | Exists) -> Count:
    return Count("grants", filter=Q(*facts))
