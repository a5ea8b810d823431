"""What Kisi puts into the pages of the apps below it: door access, tags, tile, banner, card. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from integrations.kisi import (
    access_filter,
    chain,
    concerns,
    curve,
    doors,
    explain,
    faces,
    glance,
    known,
    next_try,
    numbers,
)
from integrations.kisi.models import AccessEvent, Heartbeat, KisiConnection, KisiGrant
from integrations.kisi.timeline import lines
from members.models import Gym, Member
from members.slots import AccessCell, Filter, HealthLine, Order, Piece, TimelineEntry

GRAVEST = 3
NO_ACCESS = (KisiGrant.Closed.REMOVED, KisiGrant.Closed.GONE)  # what a closed row was closed for
CONFIRMED = ("Can get in", "Kept")  # what Kisi says too by confirming the access
SAY_IT_THEMSELVES = ("kisi:overview", "kisi:connected")  # their status block shows the gravest trouble


def member_panel(request: HttpRequest, member: Member) -> Piece:
    """The first section of a member's page."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    now = timezone.now()
    connection = glance.find_connection(request)
    facts, elsewhere = known.facts_and_former(connection, gym, member, gym.today(now))
    seen = chain.lately(facts, now)
    found = chain.of_lately(facts, seen) if seen else None
    answer = doors.answer(replace(facts, seen=seen if found and found.links else None))
    former = [doors.of_former(facts, row) for row in elsewhere]
    context = {
        "answer": answer,
        "rule": facts.reason,
        "chain": found,
        "mark": sha256(f"{answer}{found}{former}".encode()).hexdigest()[:12],
        "row": facts.row,
        "past": facts.past if facts.past and facts.past.closed_how in NO_ACCESS else None,
        "former": former,
        "confirmed_at": _confirmed_at(facts.row),
        "is_confirmed": answer.tag.word in CONFIRMED and not _is_leaving(connection),
        "next": next_try.of(facts, now),
        "member": member,
        "usable": connection is not None and connection.status != KisiConnection.Status.DISCONNECTED,
        "can_sync": connection is not None and glance.can_sync(connection),
    }
    return Piece("kisi/_member_panel.html", context)


def _is_leaving(connection: KisiConnection | None) -> bool:
    """Whether Core takes away what it gave: what stays meanwhile, nobody has confirmed."""
    return connection is not None and connection.status == KisiConnection.Status.DISCONNECTING


def _confirmed_at(row: KisiGrant | None) -> datetime | None:
    """When Kisi last said that this person has access, while that holds."""
    has = row is not None and (row.state == KisiGrant.State.GRANTED or row.is_asked_about)
    return row.confirmed_at if row is not None and has else None


def member_cells(request: HttpRequest, members: Sequence[Member]) -> dict[int, AccessCell]:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    facts = doors.facts_at(glance.find_connection(request), gym, members, gym.today(timezone.now()))
    answers = {pk: doors.answer(found) for pk, found in facts.items()}
    return {pk: AccessCell(said.tag, said.short) for pk, said in answers.items()}


def states(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    """None where no doors ever were connected; of a gym that left Kisi only who kept the access."""
    connection = glance.find_connection(request)
    if connection is None:
        return {}
    return {"": list((access_filter.STATES if _live(request) else access_filter.LEFT).items())}


def causes(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    if _live(request) is None:
        return {}
    groups = access_filter.CAUSES.items()
    return {group: [(str(value), label) for value, label in known.items()] for group, known in groups}


def narrowed(request: HttpRequest, members: QuerySet[Member], value: str) -> QuerySet[Member]:
    connection = glance.find_connection(request)
    if connection is None:
        return members
    return access_filter.narrow(members, value, connection, connection.gym.today(timezone.now()))


def by_access(request: HttpRequest, members: QuerySet[Member]) -> QuerySet[Member] | None:
    """Whoever needs somebody first, then those outside, then those inside."""
    connection = _live(request)
    if connection is None:
        return None
    ranked = access_filter.ranked(members, connection, connection.gym.today(timezone.now()))
    return ranked.order_by("rank", "first_name", "last_name", "id")


FILTERS = (Filter("access", "Door access", states, narrowed), Filter("cause", "Cause", causes, narrowed))
BY_ACCESS = Order("access", "Door access, troubles first", by_access)


def member_events(member: Member, most: int) -> list[TimelineEntry]:
    """The newest that happened to the member's door access."""
    events = AccessEvent.objects.filter(gym_id=member.gym_id, member_id=member.pk)[:most]
    return [TimelineEntry(line.at, line.what, line.caused_by, line.said) for line in lines(events)]


def dashboard_tile(request: HttpRequest) -> Piece:
    """The doors on the dashboard, connected or not."""
    connection = glance.find_connection(request)
    if connection is None:
        return Piece("kisi/_no_doors.html")
    seen = glance.see(request, connection)
    drawn = curve.of(connection, seen.counts.inside, seen.now)
    return Piece("kisi/_tile.html", {"glance": seen, "connection": connection, "curve": drawn})


def dashboard_attention(request: HttpRequest) -> Piece | None:
    """The gravest of what somebody should look at; nothing where Core does nothing."""
    connection = glance.find_connection(request)
    if connection is None:
        return None
    seen = glance.see(request, connection)
    said = concerns.headings(connection, seen.counts, seen.now)
    context = {"gravest": said[:GRAVEST], "all": len(said), "is_grave": seen.is_grave}
    context["rests"] = concerns.rests(connection)
    return Piece("kisi/_gravest.html", context)


def banner(request: HttpRequest) -> Piece | None:
    """The state of the doors on the dashboard; on every other page that Core's own sync is silent, once."""
    page = request.resolver_match.view_name if request.resolver_match else ""
    connection = glance.find_connection(request)
    if connection is not None and page == "dashboard":
        return Piece("kisi/_state.html", {"glance": glance.see(request, connection)})
    if connection is None or not glance.needs_worker(connection) or page in SAY_IT_THEMSELVES:
        return None
    since = _silent_since(request, connection)
    return Piece("kisi/_banner.html", {"face": faces.stale(connection, since)}) if since else None


def _silent_since(request: HttpRequest, connection: KisiConnection) -> datetime | None:
    """What the page's own look has found out already is not asked again."""
    seen: glance.Glance | None = getattr(request, "kisi_glance", None)
    if seen is not None:
        return seen.silent_since
    return numbers.silent_since(connection, timezone.now(), connection.last_sign)  # type: ignore[attr-defined]


def _live(request: HttpRequest) -> KisiConnection | None:
    connection = glance.find_connection(request)
    return connection if connection and connection.status != KisiConnection.Status.DISCONNECTED else None


def card(request: HttpRequest) -> Piece:
    connection = glance.find_connection(request)
    seen = glance.tag_of(connection, timezone.now()) if connection else None
    return Piece("kisi/_card.html", {"glance": seen, "connection": connection})


def plan_note(gym: Gym) -> str:
    status = KisiConnection.objects.filter(gym=gym).values_list("status", flat=True).first()
    if status == KisiConnection.Status.DISCONNECTING:
        return explain.NO_DOORS_ANY_MORE
    return explain.NO_DOORS_YET if status in (None, KisiConnection.Status.DISCONNECTED) else ""


def health() -> list[HealthLine]:
    """Signs of life, which need beat and a worker; no detail that an outsider could use."""
    now, seen = timezone.now(), dict(Heartbeat.objects.values_list("name", "at"))
    expected = dict.fromkeys(["worker", *seen])
    return [HealthLine(name, name in seen and now - seen[name] < numbers.SILENCE) for name in expected]
