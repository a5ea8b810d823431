"""Needs attention: failures by cause with their Retry, and what is good to know (ui.md 4.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from integrations.kisi import concerns, glance, tasks, wording
from integrations.kisi.models import KisiGrant
from integrations.kisi.sync import asking
from integrations.kisi.views.shared import Status, done, page, require_connection
from members.gyms import admin_required, staff_required


@require_GET
@staff_required
def attention(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    now = timezone.now()
    cards = concerns.cards(connection, now)
    context: dict[str, Any] = {
        "cards": [card for card in cards if not card.is_calm],
        "calm": [card for card in cards if card.is_calm],
    }
    is_resting = connection.status in (Status.PAUSED, Status.DISCONNECTED)
    if not context["cards"] or is_resting:
        context["glance"] = glance.look(connection, now)  # the face stands in their place, with who waits
        context["rests"] = context["glance"].face if is_resting else None
    elif not connection.is_writing:
        context["glance"] = glance.tag_of(connection, now)  # only its heading, which takes no plan
        context["rests"] = replace(context["glance"].face, text="")
    return page(request, "kisi/attention.html", connection, "attention", **context)


@require_POST
@admin_required
def retry(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    trouble = request.POST.get("trouble", "")
    if trouble not in KisiGrant.Trouble.values or not trouble or connection.is_ending:
        return redirect("kisi:attention")
    count = asking.retry(connection, trouble=trouble, because="Retry", now=timezone.now(), by=request.user)
    tasks.wake(connection.pk)
    return done(request, wording.retrying(connection, count), "kisi:attention")
