"""The first page, and the switch between the gyms of one person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from members import slots
from members.gyms import name_of, staff_required, switch_gym
from members.models import Change, Gym, Member

LATEST = 5


@require_GET
@staff_required
def dashboard(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    context = {
        "tiles": slots.pieces(slots.dashboard_tiles, request),
        "sections": slots.pieces(slots.dashboard_sections, request),
        "latest": _latest(gym),
        "is_new": not Member.objects.of_gym(gym).exists(),
    }
    return render(request, "members/dashboard.html", context)


@require_POST
@staff_required
def switch(request: HttpRequest) -> HttpResponse:
    switch_gym(request, request.POST.get("gym", ""))
    return redirect("dashboard")


def _latest(gym: Gym) -> list[tuple[slots.TimelineEntry, Member | None]]:
    """The latest changes with the member they are about, who may be gone."""
    changes = list(Change.objects.filter(gym=gym).select_related("by")[:LATEST])
    members = Member.objects.of_gym(gym).in_bulk([row.member_id for row in changes if row.member_id])
    return [
        (
            slots.TimelineEntry(row.at, row.text, name_of(row.by), row.cause),
            members.get(row.member_id) if row.member_id else None,
        )
        for row in changes
    ]
