"""Live checks with what to do about each, one person asked about by address, and the usual questions."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from integrations.kisi import chain, doors, glance, remedies, results, selfcheck, tasks
from integrations.kisi.forms import FindPersonForm
from integrations.kisi.models import Checkup, KisiConnection, Look, Read
from integrations.kisi.sync import asking, looking
from integrations.kisi.sync.checkup import AT_KISI, BAD
from integrations.kisi.views.shared import Status, page, require_connection
from members.gyms import admin_required
from members.models import Member


@require_GET
@admin_required
def troubleshooting(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    chosen = request.GET.get("person", "")
    looks = Look.objects.filter(connection=connection, pk=chosen) if chosen.isdecimal() else None
    return _page(request, connection, FindPersonForm(), looks.first() if looks is not None else None)


@require_POST
@admin_required
def check(request: HttpRequest) -> HttpResponse:
    """Check everything now; takes ten seconds at most. The page asks so by itself when it is opened."""
    connection = require_connection(request)
    if connection.status == Status.DISCONNECTED:
        return redirect("kisi:troubleshooting")
    checked = selfcheck.run(connection, by=request.user)
    if glance.can_sync(connection) and selfcheck.contradicts(connection, checked):
        is_weak = checked.found["strength"]["state"] == BAD
        read, now = Read.FULL if is_weak else Read.LEDGER, timezone.now()
        asking.ask_for_checks(connection, read, because="Check again", now=now, by=request.user)
        tasks.wake(connection.pk)
    context = _checks(request, connection, checked)
    said = remedies.summary(remedies.problems([*context["at_kisi"], *context["in_core"]]))
    if request.headers.get("HX-Request"):
        response = render(request, "kisi/_checks.html", context)
        response["HX-Trigger"] = json.dumps({"announce": said})
        return response
    tell = messages.success if said == remedies.summary(0) else messages.warning
    tell(request, said)
    return redirect("kisi:troubleshooting")


@require_POST
@admin_required
def find_person(request: HttpRequest) -> HttpResponse:
    """Ask Kisi about one address; the answer stands on the page that follows."""
    connection = require_connection(request)
    form = FindPersonForm(request.POST)
    if not form.is_valid() or connection.status == Status.DISCONNECTED:
        return _page(request, connection, form)
    seen = looking.look(connection, form.cleaned_data["email"], by=request.user)
    messages.success(request, results.found_person(seen.email))
    return redirect(f"{reverse('kisi:troubleshooting')}?person={seen.pk}")


def _page(
    request: HttpRequest, connection: KisiConnection, form: FindPersonForm, seen: Look | None = None
) -> HttpResponse:
    """The checks, or the person who was asked about: then the page is about that person alone."""
    if seen is not None:
        can_ask = connection.status != Status.DISCONNECTED
        context = {"form": form, "can_ask": can_ask} | _person(connection, seen)
    else:
        checked = Checkup.objects.filter(connection=connection).first()
        context = {"form": form} | _checks(request, connection, checked)
    return page(request, "kisi/troubleshooting.html", connection, "troubleshooting", **context)


def _checks(request: HttpRequest, connection: KisiConnection, checked: Checkup | None) -> dict[str, Any]:
    """The list: what Kisi said last, and how Core itself is now."""
    now = timezone.now()
    looked = glance.look(connection, now)
    seen = selfcheck.see(connection, checked, looked.counts, now)
    can_ask = connection.status != Status.DISCONNECTED
    return {
        "glance": looked,
        "at_kisi": remedies.answers(connection, seen.found, AT_KISI),
        "in_core": remedies.answers(
            connection, seen.found, [name for name in seen.found if name not in AT_KISI]
        ),
        "seen_at": seen.at,
        "now": now,
        "can_ask": can_ask,
        "asks": can_ask and not seen.is_fresh,
    }


def _person(connection: KisiConnection, seen: Look) -> dict[str, Any]:
    """The five lines about the address, and the members that have it."""
    members = list(Member.objects.of_gym(connection.gym).filter(email=seen.email).order_by("pk"))
    context: dict[str, Any] = {"seen": seen, "members": members}
    if not members:
        return context | {"chain": chain.of_address(connection, seen)}
    now = timezone.now()
    facts = doors.facts_at(connection, connection.gym, members[:1], connection.gym.today(now))
    return context | {"chain": chain.of_look(facts[members[0].pk], seen)}
