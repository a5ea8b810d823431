"""The presses about one member's door access on the member's own page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.kisi import glance, tasks
from integrations.kisi.sync import asking, deciding
from integrations.kisi.views.shared import done, require_connection
from members.gyms import admin_required, staff_required
from members.models import Member


@require_POST
@staff_required
def sync_member(request: HttpRequest, member_id: int) -> HttpResponse:
    connection = require_connection(request)
    member = get_object_or_404(Member, pk=member_id, gym=connection.gym)
    if not member.email or not glance.can_sync(connection):
        return redirect("members:detail", member.pk)
    now = timezone.now()
    asking.ask_for_person(connection, member.email, because="Sync now", now=now, by=request.user)
    tasks.wake(connection.pk)
    return done(request, f"Looking at {member.first_name} in Kisi now.", "members:detail", member.pk)


@require_POST
@admin_required
def exempt_member(request: HttpRequest, member_id: int) -> HttpResponse:
    connection = require_connection(request)
    member = get_object_or_404(Member, pk=member_id, gym=connection.gym)
    if not member.email:
        return redirect("members:detail", member.pk)
    if request.POST.get("exempt"):
        deciding.leave_to_kisi(connection, member, by=request.user, now=timezone.now())
        words = f"{member.first_name}'s door access is left to Kisi."
    else:
        deciding.take_back_from_kisi(connection, member, by=request.user, now=timezone.now())
        tasks.wake(connection.pk)
        words = f"Core decides about {member.first_name}'s door access again."
    return done(request, words, "members:detail", member.pk)
