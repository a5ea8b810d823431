"""Connect in three steps: what Core may do, the key and the group, what happens next."""

from __future__ import annotations

from datetime import datetime
from typing import TypeGuard

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations.kisi import glance, results, tasks
from integrations.kisi.forms import CredentialsForm
from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.sync import asking, connecting, gather
from integrations.kisi.sync.connecting import GymConnected
from integrations.kisi.views import kept_key
from integrations.kisi.views.attempts import asked_again, attempt
from integrations.kisi.views.shared import Status, open_rows, page, require_connection
from integrations.vault import Secret
from members.forms import posted
from members.gyms import admin_required
from plans.models import Plan

AGREED = "kisi_agreed_at"


@admin_required
def permissions(request: HttpRequest) -> HttpResponse:
    """Step 1: what goes to Kisi and what Core may do there; agreeing is kept with who and when."""
    if _is_live(glance.find_connection(request)):
        return redirect("kisi:overview")
    if request.method == "POST":
        request.session[_agreed(request)] = timezone.now().isoformat()
        return redirect("kisi:connect-credentials")
    gym = request.gym  # type: ignore[attr-defined]
    entitled = gather.wanted_emails(gym.pk, gym.today(timezone.now())).distinct().count()
    plans = Plan.objects.filter(gym=gym, has_24hr_access=True)
    agreed_at = parse_datetime(request.session.get(_agreed(request), ""))
    context = {"section": "marketplace", "entitled": entitled, "plans": plans, "agreed_at": agreed_at}
    return render(request, "kisi/connect_permissions.html", context)


@admin_required
def credentials(request: HttpRequest) -> HttpResponse:
    """Step 2: the key is tried before anything is saved."""
    agreed_at = parse_datetime(request.session.get(_agreed(request), ""))
    there = glance.find_connection(request)
    if _is_live(there):
        return _connected_already(request, there)
    if agreed_at is None:
        return redirect("kisi:connect")
    form = CredentialsForm(posted(request), kept=kept_key.kept(request))
    try:
        is_made = form.is_valid() and _connect(request, form, agreed_at)
    except GymConnected as meanwhile:
        return _connected_already(request, meanwhile.connection)
    if is_made:
        del request.session[_agreed(request)]
        kept_key.forget(request)
        return redirect("kisi:connected")
    form = asked_again(request, form)
    return render(request, "kisi/connect_credentials.html", {"section": "marketplace", "form": form})


@admin_required
def connected(request: HttpRequest) -> HttpResponse:
    """Step 3: what happens next, by count and name; nothing does while syncing is paused, or the gym left."""
    connection = require_connection(request)
    if not glance.can_sync(connection):
        return redirect("kisi:overview")
    now = timezone.now()
    facts = gather.differences(connection, connection.gym.today(now), now)
    forecast = connecting.forecast(connection, now=now, facts=facts)
    seen = glance.look(connection, now, facts=facts)
    anybody = forecast.gains.count or forecast.has.count
    has_plan = bool(anybody) or Plan.objects.filter(gym=connection.gym, has_24hr_access=True).exists()
    context = {"forecast": forecast, "has_plan": has_plan, "glance": seen}
    return page(request, "kisi/connected.html", connection, "overview", **context)


def _agreed(request: HttpRequest) -> str:
    """Where the agreement is kept until it is used: it is about one gym, and the session may be about several."""
    return f"{AGREED}:{request.gym.pk}"  # type: ignore[attr-defined]


def _is_live(connection: KisiConnection | None) -> TypeGuard[KisiConnection]:
    return connection is not None and connection.status != Status.DISCONNECTED


def _connected_already(request: HttpRequest, there: KisiConnection) -> HttpResponse:
    """To the page of the connection that is there; whoever wanted to make another learns that none was made."""
    if request.method == "POST":
        request.session.pop(_agreed(request), None)
        kept_key.forget(request)
        messages.warning(request, results.connected_already(there.group_name, there.group_id))
    return redirect("kisi:overview")


def _connect(request: HttpRequest, form: CredentialsForm, agreed_at: datetime) -> bool:
    gym, group_id = request.gym, form.cleaned_data["group_id"]  # type: ignore[attr-defined]

    def connect(key: Secret) -> None:
        made = connecting.connect(gym, key=key, group_id=group_id, by=request.user, agreed_at=agreed_at)
        found_any = bool(made.only_in_kisi) or open_rows(made).exists()
        read = Read.LEDGER if found_any else Read.FULL  # an empty group is read once more
        asking.ask(made, read, because="first sync", now=timezone.now(), by=request.user)
        tasks.wake(made.pk)

    return attempt(form, connect)
