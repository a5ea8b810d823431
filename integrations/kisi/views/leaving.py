"""Disconnect, with or without the access Core gave, stop on the way, and come back with a new key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.kisi import results, tasks
from integrations.kisi.forms import DisconnectForm, KeyForm
from integrations.kisi.models import KisiConnection, still_in
from integrations.kisi.sync import connecting, switching
from integrations.kisi.views.attempts import attempt
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
from integrations.vault import Secret
from members import words
from members.gyms import admin_required


@admin_required
def disconnect(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    if connection.is_ending:
        return redirect("kisi:overview")
    created = switching.created_by_core(connection)
    if request.POST.get("list") == "csv":
        return download("access-that-core-gave", created)
    have = open_rows(connection).filter(still_in()).count()
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

    def come_back(key: Secret) -> None:
        connecting.reconnect(connection, key=key, by=request.user)
        tasks.wake(connection.pk)

    if request.method == "POST" and form.is_valid() and attempt(form, come_back, connection):
        return done(request, results.RECONNECTED)
    return page(request, "kisi/reconnect.html", connection, "overview", form=form)


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
