"""What Kisi puts into the pages of the apps below it: door access, tags, tile, banner, card. Reads only."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils import timezone

from integrations.kisi import doors, glance, wording
from integrations.kisi.models import AccessEvent, Heartbeat, KisiConnection
from integrations.kisi.timeline import lines
from members.models import Gym, Member
from members.slots import AccessCell, HealthLine, Piece, TimelineEntry

EVENTS = 20


def member_panel(request: HttpRequest, member: Member) -> Piece:
    """The first section of a member's page."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    facts = doors.gather_facts(gym, [member], gym.today(timezone.now()))[member.pk]
    connection = facts.connection
    context = {
        "answer": doors.answer(facts),
        "row": facts.row,
        "member": member,
        "usable": connection is not None and connection.status != KisiConnection.Status.DISCONNECTED,
        "can_sync": connection is not None and glance.can_sync(connection),
    }
    return Piece("kisi/_member_panel.html", context)


def member_cells(gym: Gym, members: Sequence[Member]) -> dict[int, AccessCell]:
    facts = doors.gather_facts(gym, members, gym.today(timezone.now()))
    answers = {pk: doors.answer(found) for pk, found in facts.items()}
    return {pk: AccessCell(said.tag, said.short) for pk, said in answers.items()}


def member_events(member: Member) -> list[TimelineEntry]:
    events = AccessEvent.objects.filter(gym_id=member.gym_id, member_id=member.pk)[:EVENTS]
    return [TimelineEntry(line.at, line.what, line.caused_by, line.said) for line in lines(events)]


def dashboard_tile(request: HttpRequest) -> Piece:
    """The doors on the dashboard, connected or not."""
    connection = _connection(request)
    seen = glance.look(connection, timezone.now()) if connection else None
    return Piece("kisi/_tile.html", {"glance": seen, "connection": connection})


def banner(request: HttpRequest) -> Piece | None:
    """Core's own sync is silent: said on every page of a gym that is connected."""
    connection = _connection(request)
    if connection is None or not connection.is_writing:
        return None
    since = glance.silent_since(connection, timezone.now())
    return Piece("kisi/_banner.html", {"face": wording.stale(connection, since)}) if since else None


def card(request: HttpRequest) -> Piece:
    connection = _connection(request)
    seen = glance.look(connection, timezone.now()) if connection else None
    return Piece("kisi/_card.html", {"glance": seen, "connection": connection})


def plan_note(gym: Gym) -> str:
    live = KisiConnection.objects.filter(gym=gym).exclude(status=KisiConnection.Status.DISCONNECTED)
    return "" if live.exists() else "Kisi is not connected, so this changes no doors yet."


def health() -> list[HealthLine]:
    """Signs of life of beat and worker; no detail that an outsider could use."""
    now = timezone.now()
    return [HealthLine(row.name, now - row.at < glance.SILENCE) for row in Heartbeat.objects.all()]


def _connection(request: HttpRequest) -> KisiConnection | None:
    rows = KisiConnection.objects.select_related("gym", "status_by")
    return rows.filter(gym=request.staff.gym).first()  # type: ignore[attr-defined]
