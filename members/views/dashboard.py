"""The first page, and the switch between the gyms of one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Concat, Trim
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from members import slots
from members.changes import Told, told
from members.gyms import name_of, staff_required, switch_gym, works_somewhere
from members.models import Change, Gym, Member

LATEST = 5


@require_GET
@staff_required
def dashboard(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    latest = _latest(gym)
    context = {
        "tiles": slots.pieces(slots.dashboard_tiles, request),
        "sections": slots.pieces(slots.dashboard_sections, request),
        "latest": latest,
        "is_new": not any(row.member for row in latest) and not Member.objects.of_gym(gym).exists(),
    }
    return render(request, "members/dashboard.html", context)


@require_POST
@works_somewhere
def switch(request: HttpRequest) -> HttpResponse:
    switch_gym(request, request.POST.get("gym", ""))
    return redirect("dashboard")


@dataclass(frozen=True, slots=True)
class Latest:
    """A change, and the member it is about: None once there is no such member."""

    entry: slots.TimelineEntry
    member: int | None
    name: str
    told: Told


def _latest(gym: Gym) -> list[Latest]:
    about = Member.objects.of_gym(gym).filter(pk=OuterRef("member_id"))
    full = Trim(Concat("first_name", Value(" "), "last_name"))
    rows: Any = Change.objects.filter(gym=gym).select_related("by")
    rows = rows.annotate(
        member=Subquery(about.values("pk")), name=Subquery(about.annotate(full=full).values("full"))
    )
    return [_told(row) for row in rows[:LATEST]]


def _told(row: Any) -> Latest:
    said = told(row.action, row.detail)
    entry = slots.TimelineEntry(row.at, said.alone, name_of(row.by), row.cause)
    return Latest(entry, row.member, row.name or "", said)
