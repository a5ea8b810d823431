"""Connect in three steps, update credentials, disconnect, reconnect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeGuard

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from integrations.access.errors import DoorError
from integrations.kisi import entries, glance, refusals, results, tasks, why, wording
from integrations.kisi.forms import NO_NUMBER, CredentialsForm, DisconnectForm, KeyForm
from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.sync import asking, connecting, gather, moving, switching
from integrations.kisi.sync.checks import OtherOrganization, groups_of
from integrations.kisi.sync.connecting import GroupTaken, GymConnected
from integrations.kisi.sync.session import Later
from integrations.kisi.views import kept_key
from integrations.kisi.views.left_behind import kept_by
from integrations.kisi.views.shared import (
    Some,
    Status,
    changed_since,
    done,
    download,
    open_rows,
    pack,
    page,
    require_connection,
    rows_of,
)
from members import words
from members.forms import posted
from members.gyms import admin_required
from members.models import Member
from members.slots import EffectLine
from plans.models import Plan

AGREED = "kisi_agreed_at"
LEFT = (Status.DISCONNECTING, Status.DISCONNECTED)


@admin_required
def permissions(request: HttpRequest) -> HttpResponse:
    """Step 1: what goes to Kisi and what Core may do there; agreeing is kept with who and when."""
    if _is_live(glance.find_connection(request)):
        return redirect("kisi:overview")
    if request.method == "POST":
        request.session[AGREED] = timezone.now().isoformat()
        return redirect("kisi:connect-credentials")
    gym = request.gym  # type: ignore[attr-defined]
    entitled = gather.wanted_emails(gym.pk, gym.today(timezone.now())).distinct().count()
    plans = Plan.objects.filter(gym=gym, has_24hr_access=True)
    context = {"section": "marketplace", "entitled": entitled, "plans": plans}
    return render(request, "kisi/connect_permissions.html", context)


@admin_required
def credentials(request: HttpRequest) -> HttpResponse:
    """Step 2: the key is tried before anything is saved."""
    agreed_at = parse_datetime(request.session.get(AGREED, ""))
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
        del request.session[AGREED]
        kept_key.forget(request)
        return redirect("kisi:connected")
    form = _asked_again(request, form)
    return render(request, "kisi/connect_credentials.html", {"section": "marketplace", "form": form})


@admin_required
def connected(request: HttpRequest) -> HttpResponse:
    """Step 3: what happens next, by count and name."""
    connection = require_connection(request)
    if connection.status in LEFT:
        return redirect("kisi:overview")
    now = timezone.now()
    facts = gather.differences(connection, connection.gym.today(now), now)
    forecast = connecting.forecast(connection, now=now, facts=facts)
    seen = glance.look(connection, now, facts=facts)
    anybody = forecast.gains.count or forecast.has.count
    has_plan = bool(anybody) or Plan.objects.filter(gym=connection.gym, has_24hr_access=True).exists()
    context = {"forecast": forecast, "has_plan": has_plan, "glance": seen}
    return page(request, "kisi/connected.html", connection, "overview", **context)


@admin_required
def update(request: HttpRequest) -> HttpResponse:
    """New credentials replace the old ones only after they worked; another group is asked about first."""
    connection = require_connection(request)
    if connection.status == Status.DISCONNECTED:
        return redirect("kisi:overview")
    kept, before = kept_key.kept(request), connection.group_id
    form: KeyForm = CredentialsForm(posted(request), initial={"group_id": connection.group_id}, kept=kept)
    if connection.status == Status.DISCONNECTING:
        form = KeyForm(posted(request))
    asked: dict[str, Any] = {}
    if form.is_valid():
        waiting = glance.count(connection, timezone.now()).waiting
        group_id = form.cleaned_data.get("group_id", connection.group_id)
        if isinstance(form, CredentialsForm) and group_id != before:
            asked = _other_group(request, connection, form)
        if not asked and _try(form, lambda key: _update(request, connection, key, group_id), connection):
            kept_key.forget(request)
            if group_id != before:
                return done(request, results.other_group(connection.group_name, connection.group_id))
            return done(request, wording.new_key(waiting))
    shown = _asked_again(request, form) if isinstance(form, CredentialsForm) else form
    context = asked or {"form": shown}
    return page(request, "kisi/credentials.html", connection, "overview", **context)


@admin_required
def disconnect(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    if connection.status in LEFT:
        return redirect("kisi:overview")
    created = switching.created_by_core(connection)
    if request.POST.get("list") == "csv":
        return download("access-that-core-gave", created)
    have = open_rows(connection).filter(state="granted").count()
    form = DisconnectForm(
        request.POST or None,
        leave=f"Leave everybody's access as it is ({words.people(have)})",
        remove=f"First remove the access Core gave ({words.people(len(created))})",
    )
    moved = changed_since(request, rows_of(connection), created)
    if request.method == "POST" and form.is_valid():
        access = form.cleaned_data["access"]
        if access == DisconnectForm.LEAVE or not moved:
            return _disconnect(request, connection, access, created)
    kept = Some.of(switching.kept_by_all(connection))
    context = {"form": form, "created": created, "kept": kept, "named": pack(created)}
    context["moved"] = moved if form.is_bound and form.is_valid() else ""
    return page(request, "kisi/disconnect.html", connection, "overview", **context)


@require_POST
@admin_required
def stop_disconnecting(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    if connection.status != Status.DISCONNECTING:
        return redirect("kisi:overview")
    switching.stop_disconnecting(connection, by=request.user, now=timezone.now())
    return done(request, results.STOPPED)


@admin_required
def reconnect(request: HttpRequest) -> HttpResponse:
    """Only the key is asked for; the group stays."""
    connection = require_connection(request)
    if connection.status != Status.DISCONNECTED:
        return redirect("kisi:overview")
    form = KeyForm(request.POST or None)

    def attempt(key: Any) -> None:
        connecting.reconnect(connection, key=key, by=request.user)
        tasks.wake(connection.pk)

    if request.method == "POST" and form.is_valid() and _try(form, attempt, connection):
        return done(request, results.RECONNECTED)
    return page(request, "kisi/reconnect.html", connection, "overview", form=form)


def _is_live(connection: KisiConnection | None) -> TypeGuard[KisiConnection]:
    return connection is not None and connection.status != Status.DISCONNECTED


def _connected_already(request: HttpRequest, there: KisiConnection) -> HttpResponse:
    """To the page of the connection that is there; whoever wanted to make another learns that none was made."""
    if request.method == "POST":
        request.session.pop(AGREED, None)
        kept_key.forget(request)
        messages.warning(request, results.connected_already(there.group_name, there.group_id))
    return redirect("kisi:overview")


def _connect(request: HttpRequest, form: CredentialsForm, agreed_at: datetime) -> bool:
    gym, group_id = request.gym, form.cleaned_data["group_id"]  # type: ignore[attr-defined]

    def attempt(key: Any) -> None:
        made = connecting.connect(gym, key=key, group_id=group_id, by=request.user, agreed_at=agreed_at)
        found_any = bool(made.only_in_kisi) or open_rows(made).exists()
        read = Read.LEDGER if found_any else Read.FULL  # an empty group is read once more
        asking.ask(made, read, because="first sync", now=timezone.now(), by=request.user)
        tasks.wake(made.pk)

    return _try(form, attempt)


def _update(request: HttpRequest, connection: KisiConnection, key: Any, group_id: int) -> None:
    connecting.update_credentials(connection, key=key, group_id=group_id, by=request.user)
    tasks.wake(connection.pk)


def _try(form: KeyForm, attempt: Any, connection: KisiConnection | None = None) -> bool:
    """Run the attempt; a failure becomes one sentence at the field it is about, and nothing was saved."""
    key = form.cleaned_data["api_key"]
    group_id = form.cleaned_data.get("group_id", connection.group_id if connection else 0)
    try:
        attempt(key)
        return True
    except GroupTaken:
        field, words = "group_id", refusals.GROUP_TAKEN
    except OtherOrganization as error:
        field, words = "api_key", refusals.other_organization(error.has, error.needs)
    except Later:
        field, words = "", refusals.BUSY
    except DoorError as error:
        field, words = refusals.refusal(error, group_id=group_id)
    field = field if field in form.fields else ""
    form.add_error(field or None, words)
    if field not in ("api_key", "group_id"):
        form.add_error("api_key", refusals.KEY_AGAIN)
    return False


def _asked_again(request: HttpRequest, form: CredentialsForm) -> CredentialsForm:
    """Where the group is the matter and the key works: the groups that it sees, by name, and the key is kept."""
    key = form.cleaned_data.get("api_key") if form.is_bound else None
    if key is None or not form.has_error("group_id"):
        return form
    untried = any(form.has_error("group_id", code) for code in NO_NUMBER)
    groups = () if untried else groups_of(key)
    if not groups:
        kept_key.forget(request)
        form.add_error("api_key", refusals.KEY_UNTRIED if untried else refusals.KEY_AGAIN)
        return form
    kept_key.keep(request, key)
    is_left_open = form.has_error("group_id", "required")
    again = CredentialsForm(None if is_left_open else request.POST, kept=key)
    again.offer(groups)
    if not is_left_open:
        again.full_clean()
        again.errors["group_id"] = form.errors["group_id"]
    return again


def _other_group(request: HttpRequest, connection: KisiConnection, form: CredentialsForm) -> dict[str, Any]:
    """The page that says by name what another group means, before anything is tried; empty once that was read."""
    gains = list(moving.entitled(connection, timezone.now()))
    is_read = "use_group" in request.POST
    moved = changed_since(request, Member.objects.filter(gym=connection.gym), gains) if is_read else ""
    if is_read and not moved:
        return {}
    have_right = open_rows(connection).filter(role_assignment_id__isnull=False).order_by("name", "email")
    stay = list(have_right.select_related("kept_by", "member"))
    group_id, key = form.cleaned_data["group_id"], form.cleaned_data["api_key"]
    kept_key.keep(request, key)
    again = CredentialsForm(initial={"group_id": group_id}, kept=key)
    asked = {"form": again, "other_group": group_id, "gains": gains, "stay": stay, "moved": moved}
    return asked | {"named": pack(gains), "without": _without(connection, stay, gains)}


def _without(
    connection: KisiConnection, stay: Iterable[KisiGrant], gains: Iterable[Member]
) -> list[EffectLine]:
    """Who has access in the present group and gets none in the other, and why."""
    emails = {member.email for member in gains}
    rows = [row for row in stay if row.email not in emails]
    holders = entries.of(connection.gym, why.members_of(rows))
    reasons = why.reasons_by(holders, rows, connection.gym.today(timezone.now()))
    reasons |= {row.email: "left to Kisi" for row in rows if row.exempt}
    reasons |= {row.email: f"{reasons[row.email]}, {kept_by(row)}" for row in rows if row.kept_until}
    return [EffectLine(row.name, row.email, reasons[row.email]) for row in rows]


def _disconnect(
    request: HttpRequest, connection: KisiConnection, access: str, created: Iterable[Any]
) -> HttpResponse:
    now = timezone.now()
    if access == DisconnectForm.LEAVE:
        switching.disconnect(connection, by=request.user, now=now)
        return done(request, results.DISCONNECTED)
    named = [row.email for row in created]
    count = switching.remove_and_disconnect(connection, named, by=request.user, now=now)
    tasks.wake(connection.pk)
    return done(request, results.removes_and_disconnects(count))
