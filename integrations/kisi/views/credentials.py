"""Update credentials: a new key, and another group, which is asked about first by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from integrations.kisi import entries, explain, glance, results, tasks, why, wording
from integrations.kisi.forms import CredentialsForm, KeyForm
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import connecting, moving
from integrations.kisi.views import kept_key
from integrations.kisi.views.attempts import asked_again, attempt
from integrations.kisi.views.left_behind import kept_by
from integrations.kisi.views.shared import (
    Status,
    changed_since,
    done,
    later,
    open_rows,
    pack,
    page,
    require_connection,
)
from integrations.vault import Secret
from members.forms import posted
from members.gyms import admin_required
from members.models import Member
from members.slots import EffectLine


@admin_required
def update(request: HttpRequest) -> HttpResponse:
    """New credentials replace the old ones only after they worked; another group is asked about first."""
    connection = require_connection(request)
    if connection.status == Status.DISCONNECTED:
        return redirect("kisi:overview")
    kept, before = kept_key.kept(request), connection.group_id
    form: KeyForm = CredentialsForm(posted(request), initial={"group_id": connection.group_id}, kept=kept)
    if connection.is_leaving:
        form = KeyForm(posted(request))
    asked: dict[str, Any] = {}
    if form.is_valid():
        waiting = glance.count(connection, timezone.now()).waiting
        group_id = form.cleaned_data.get("group_id", connection.group_id)
        if isinstance(form, CredentialsForm) and group_id != before:
            asked = _other_group(request, connection, form)
        if not asked and attempt(form, lambda key: _update(request, connection, key, group_id), connection):
            kept_key.forget(request)
            return done(request, _said(connection, waiting, is_moved=group_id != before))
    shown = asked_again(request, form) if isinstance(form, CredentialsForm) else form
    context = asked or {"form": shown}
    return page(request, "kisi/credentials.html", connection, "overview", **context)


def _update(request: HttpRequest, connection: KisiConnection, key: Secret, group_id: int) -> None:
    connecting.update_credentials(connection, key=key, group_id=group_id, by=request.user)
    tasks.wake(connection.pk)


def _said(connection: KisiConnection, waiting: int, *, is_moved: bool) -> str:
    when = later(connection)
    if is_moved:
        return results.other_group(connection.group_name, connection.group_id, later=when)
    return results.new_key(waiting, later=when, is_paused=connection.status == Status.PAUSED)


def _other_group(request: HttpRequest, connection: KisiConnection, form: CredentialsForm) -> dict[str, Any]:
    """The page that says by name what another group means, before anything is tried; empty once that was read."""
    gains = list(moving.entitled(connection, timezone.now()))
    is_read = "use_group" in request.POST
    moved = changed_since(request, Member.objects.filter(gym=connection.gym), gains) if is_read else ""
    if is_read and not moved:
        return {}
    have_right = open_rows(connection).filter(role_assignment_id__isnull=False).order_by("name", "email")
    inside = list(have_right.select_related("kept_by", "member"))
    stay = [row for row in inside if not row.exempt]  # who is left to Kisi is nobody's to remove
    group_id, key = form.cleaned_data["group_id"], form.cleaned_data["api_key"]
    kept_key.keep(request, key)
    again = CredentialsForm(initial={"group_id": group_id}, kept=key)
    asked = {"form": again, "other_group": group_id, "gains": gains, "stay": stay, "moved": moved}
    told = explain.stay_behind(len(stay), group=connection.group_name, shut=wording.shut(connection))
    asked |= {"stay_behind": told, "is_shut": bool(wording.shut(connection))}
    return asked | {"named": pack(gains), "without": _without(connection, inside, gains)}


def _without(
    connection: KisiConnection, inside: Iterable[KisiGrant], gains: Iterable[Member]
) -> list[EffectLine]:
    """Who has access in the present group and gets none in the other, and why."""
    emails = {member.email for member in gains}
    rows = [row for row in inside if row.email not in emails]
    holders = entries.of(connection.gym, why.members_of(rows))
    reasons = why.reasons_by(holders, rows, connection.gym.today(timezone.now()))
    reasons |= {row.email: "left to Kisi" for row in rows if row.exempt}
    reasons |= {row.email: f"{reasons[row.email]}, {kept_by(row)}" for row in rows if row.kept_until}
    return [EffectLine(row.name, row.email, reasons[row.email]) for row in rows]
