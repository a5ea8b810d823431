"""The integration page, and the presses on it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from integrations.kisi import faces, glance, results, tasks, wording
from integrations.kisi.forms import RulesForm
from integrations.kisi.models import AccessEvent, KisiConnection, Read, SyncRun
from integrations.kisi.sync import asking, deciding, gather, moving, switching
from integrations.kisi.timeline import lines
from integrations.kisi.views.left_behind import lines_of
from integrations.kisi.views.shared import (
    Status,
    done,
    is_silent,
    later,
    page,
    require_connection,
    trouble_count,
)
from members.gyms import admin_required, staff_required

RECENT = 10


@require_GET
@staff_required
def overview(request: HttpRequest) -> HttpResponse:
    connection = glance.find_connection(request)
    if connection is None:
        return render(request, "kisi/never.html", {"section": "marketplace", "face": wording.NEVER})
    now = timezone.now()
    seen = glance.look(connection, now)
    if request.headers.get("HX-Request"):
        return _status(request, seen)
    return page(
        request,
        "kisi/overview.html",
        connection,
        "overview",
        **_history(seen),
        **_open_questions(seen),
        glance=seen,
        next=glance.planned_checks(connection, now),
        next_check=faces.next_check(connection, is_silent=seen.silent_since is not None),
        **_moving_in(connection, now),
    )


def _history(seen: glance.Glance) -> dict[str, Any]:
    events = AccessEvent.objects.filter(connection_id=seen.connection.pk)[:RECENT]
    return {"events": lines(events), "runs": seen.latest}


def _open_questions(seen: glance.Glance) -> dict[str, Any]:
    """Looked up only when there are any."""
    are_any = seen.counts.held or seen.counts.left_behind
    today = seen.connection.gym.today(seen.now)
    held, left = deciding.open_questions(seen.connection, today) if are_any else ([], [])
    organization = seen.connection.organization_id
    return {
        "held": held,
        "held_means": faces.still_means(wording.shut(seen.connection), len(held)),
        "left_behind": lines_of(left, within=organization),
        "within_reach": [row for row in left if row.organization_id == organization],
    }


def _moving_in(connection: KisiConnection, now: datetime) -> dict[str, Any]:
    """Who would lose access at cut-over, and whether that may be done; nothing once it is, or the gym left."""
    if not connection.in_transition or connection.is_ending:
        return {}
    wanted = gather.wanted_emails(connection.gym_id, connection.gym.today(now))
    losing = deciding.would_lose_at_cut_over(connection, wanted)
    told: Any = losing[0] if losing else None  # says it without a query of its own
    can_start = told.is_any_plan_ticked if told else moving.ticked(connection).exists()
    return {"losing": losing, "can_cut_over": can_start}


def _status(request: HttpRequest, seen: glance.Glance) -> HttpResponse:
    """The status block and what changes with it; nothing when it would look the same."""
    if request.GET.get("seen") == seen.fingerprint:
        response = HttpResponse(status=204)
    else:
        bare = "bare" in request.GET  # step 3 shows the block without the rest of the page
        context = {"glance": seen, "connection": seen.connection, "bare": bare}
        context["troubles"] = trouble_count(seen.counts)
        if not bare and not seen.is_live:
            context |= _history(seen)
        response = render(request, "kisi/_live.html", context)
    if request.GET.get("said") != seen.milestone:
        response["HX-Trigger"] = json.dumps({"announce": seen.spoken})
    response["Vary"] = "HX-Request"
    response["Cache-Control"] = "no-store"
    response["X-As-Of"] = seen.as_of
    return response


@require_POST
@admin_required
def sync_now(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    if not glance.can_sync(connection):
        return redirect("kisi:overview")
    runs = SyncRun.objects.filter(connection=connection, state=SyncRun.State.RUNNING).exists()
    asking.ask(connection, Read.FULL, because="Sync now", now=timezone.now(), by=request.user)
    tasks.wake(connection.pk)
    goes_on = runs and not is_silent(connection)
    return done(request, results.SYNC_RUNS if goes_on else results.sync_started(later=_starts(connection)))


def _starts(connection: KisiConnection) -> str:
    """What a sync that is asked for waits for; a broken connection is tried at once."""
    if connection.is_broken:
        return wording.STOPPED if is_silent(connection) else ""
    return later(connection)


@require_POST
@admin_required
def pause(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    if connection.status in _STILL:
        return redirect("kisi:overview")
    switching.pause(connection, by=request.user, now=timezone.now())
    return done(request, results.PAUSED)


@require_POST
@admin_required
def resume(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    if connection.status != Status.PAUSED:
        return redirect("kisi:overview")
    switching.resume(connection, by=request.user, now=timezone.now())
    tasks.wake(connection.pk)
    return done(request, results.resumed(later=later(connection)))


@admin_required
def rules(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    form = RulesForm(request.POST or None, instance=connection)
    if request.method == "POST" and form.is_valid():
        switching.set_rules(connection, by=request.user, **form.cleaned_data)
        return done(request, results.RULES_SAVED)
    connection.refresh_from_db()
    return page(request, "kisi/rules.html", connection, "overview", form=form)


_STILL = (Status.PAUSED, Status.DISCONNECTING, Status.DISCONNECTED)
