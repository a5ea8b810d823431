"""The first page, and the switch between the gyms of one person."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from members import slots
from members.gyms import staff_required, switch_gym
from members.models import Change, Member


@require_GET
@staff_required
def dashboard(request: HttpRequest) -> HttpResponse:
    gym = request.gym  # type: ignore[attr-defined]
    context = {
        "section": "dashboard",
        "tiles": slots.pieces(slots.dashboard_tiles, request),
        "changes": Change.objects.filter(gym=gym).select_related("by")[:5],
        "members": Member.objects.of_gym(gym).count(),
    }
    return render(request, "members/dashboard.html", context)


@require_POST
@staff_required
def switch(request: HttpRequest) -> HttpResponse:
    switch_gym(request, request.POST.get("gym", ""))
    return redirect("dashboard")
