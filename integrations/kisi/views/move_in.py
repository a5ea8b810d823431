"""Moving in from another platform: its steps as they stand, and the page that makes Core the only source."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET

from integrations.kisi import tasks, wording
from integrations.kisi.forms import CutOverForm
from integrations.kisi.sync import deciding, gather
from integrations.kisi.views.shared import done, page, require_connection
from members.gyms import admin_required
from plans.models import Plan


@require_GET
@admin_required
def move_in(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    wanted = gather.wanted_addresses(connection.gym_id, connection.gym.today(timezone.now()))
    plans = Plan.objects.filter(gym=connection.gym, archived_at=None)
    return page(
        request,
        "kisi/move_in.html",
        connection,
        "move-in",
        plans=plans,
        ticked=[plan for plan in plans if plan.has_24hr_access],
        losing=deciding.would_lose_at_cut_over(connection, wanted),
    )


@admin_required
def cut_over(request: HttpRequest) -> HttpResponse:
    """Core becomes the only source: the people named lose their access by this word."""
    connection = require_connection(request)
    if connection.sole_source_since is not None:
        return redirect("kisi:move-in")
    wanted = gather.wanted_addresses(connection.gym_id, connection.gym.today(timezone.now()))
    losing = deciding.would_lose_at_cut_over(connection, wanted)
    form = CutOverForm(request.POST or None)
    moved = _moved(request, {row.email for row in losing})
    if request.method == "POST" and form.is_valid() and not moved and wanted:
        named = [row.email for row in losing]
        count = deciding.cut_over(connection, named, by=request.user, now=timezone.now())
        tasks.wake(connection.pk)
        return done(request, wording.cut_over(count), "kisi:move-in")
    context = {"losing": losing, "keeping": len(wanted), "form": form, "moved": moved}
    return page(request, "kisi/cut_over.html", connection, "move-in", **context)


def _moved(request: HttpRequest, now: set[str]) -> str:
    """How the list differs from the one that was confirmed; "" when it does not."""
    before = set(request.POST.getlist("email"))
    if request.method != "POST" or before == now:
        return ""
    return wording.list_changed(more=len(now - before), fewer=len(before - now))
