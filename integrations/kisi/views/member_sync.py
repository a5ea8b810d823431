"""The presses about one member's door access on the member's own page."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from integrations.kisi import explain, glance, panels, results, tasks
from integrations.kisi.models import KisiConnection, Look
from integrations.kisi.sync import asking, deciding, looking
from integrations.kisi.views.shared import done, poll_answer, require_connection
from members.gyms import admin_required, staff_required
from members.models import Member


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required
def sync_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Sync now: Core goes to work on this person, and Kisi is asked within ten seconds. GET: how it stands."""
    connection = require_connection(request)
    member = get_object_or_404(Member, pk=member_id, gym=connection.gym)
    is_part = bool(request.headers.get("HX-Request"))
    if request.method == "POST" and member.email and glance.can_sync(connection):
        seen = sync_person(request, connection, member)
        if not is_part:
            tell(request, member, seen)
    return _panel(request, member) if is_part else redirect("members:detail", member.pk)


def sync_person(request: HttpRequest, connection: KisiConnection, member: Member) -> Look:
    """Have a worker settle this person, and meanwhile look at Kisi ourselves."""
    because, by = "Sync now", request.user
    asking.ask_for_person(connection, member.email, because=because, now=timezone.now(), by=by)
    connection.look_again = True  # as it stands in the database now
    tasks.wake(connection.pk)
    return looking.look(connection, member.email, by=by)


def tell(request: HttpRequest, member: Member, seen: Look) -> None:
    """Whether Kisi answered; what it said stands on the page."""
    if seen.failure:
        heading, next_step = explain.failure(seen.failure).heading, explain.who_acts(seen.failure)
        messages.warning(request, f"{heading}. {next_step}")
    else:
        messages.success(request, results.asked_about(member.first_name))


@require_POST
@admin_required
def exempt_member(request: HttpRequest, member_id: int) -> HttpResponse:
    connection = require_connection(request)
    member = get_object_or_404(Member, pk=member_id, gym=connection.gym)
    if not member.email:
        return redirect("members:detail", member.pk)
    if request.POST.get("exempt"):
        deciding.leave_to_kisi(connection, member, by=request.user, now=timezone.now())
        words = results.left_to_kisi(member.first_name)
    else:
        deciding.take_back_from_kisi(connection, member, by=request.user, now=timezone.now())
        tasks.wake(connection.pk)
        words = results.taken_back(member.first_name)
    return done(request, words, "members:detail", member.pk)


def _panel(request: HttpRequest, member: Member) -> HttpResponse:
    """The door panel alone, for whoever polls or pressed with scripts on; spoken once it is settled."""
    piece = panels.member_panel(request, member)
    if request.GET.get("seen") == piece.context["mark"]:
        return poll_answer(HttpResponse(status=204), member.gym)
    response = render(request, piece.template, {"piece": piece.context})
    chain = piece.context["chain"]
    if chain is not None and not chain.is_live:
        response["HX-Trigger"] = json.dumps({"announce": f"{member.first_name}: {chain.summary}"})
    return poll_answer(response, member.gym)
