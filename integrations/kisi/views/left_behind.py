"""The people left behind in a former group, by name, and the press that takes their rights there."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from integrations.kisi import heard, results, tasks
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import deciding
from integrations.kisi.views.shared import (
    changed_since,
    done,
    download,
    later,
    meant,
    pack,
    page,
    require_connection,
    rows_of,
)
from members.gyms import admin_required, name_of
from members.slots import EffectLine


@admin_required
def left_behind(request: HttpRequest) -> HttpResponse:
    """Named first; exactly those who were named lose the right, and only in the group they were left in.

    Whom the key cannot take out, for they are in another organization, can only be taken off the list.
    """
    connection = require_connection(request)
    everybody = list(deciding.left_behind(connection).select_related("kept_by"))
    if not everybody or connection.is_ending:
        return redirect("kisi:overview")
    here = connection.organization_id
    left = [row for row in everybody if row.organization_id == here]
    away = [row for row in everybody if row.organization_id != here]
    if request.POST.get("list") == "csv":
        return download("left-behind", lines_of(left))
    if request.method == "POST" and "forget" in request.POST:
        count = deciding.take_off_the_list(connection, meant(request), by=request.user)
        return done(request, results.off_the_list(count))
    moved = changed_since(request, rows_of(connection), left)
    if request.method == "POST" and not moved:
        return _remove(request, connection, left)
    context = {"left": lines_of(left), "people": _count(left), "named": pack(left), "moved": moved}
    context |= {"away": lines_of(away), "people_away": _count(away), "named_away": pack(away)}
    return page(request, "kisi/left_behind.html", connection, "overview", **context)


def _remove(request: HttpRequest, connection: KisiConnection, left: Sequence[KisiGrant]) -> HttpResponse:
    named = [row.pk for row in left]
    count = deciding.remove_left_behind(connection, named, by=request.user, now=timezone.now())
    tasks.wake(connection.pk)
    return done(request, results.removes_left_behind(count, later=later(connection)))


def _count(rows: Sequence[KisiGrant]) -> int:
    """Somebody of two such groups is one person."""
    return len({row.email for row in rows})


def lines_of(rows: Sequence[KisiGrant], *, within: int | None = None) -> list[EffectLine]:
    """Each by name; which group where there are several, whose word keeps them there, why the last try failed.

    `within` is the organization of which it need not be said, where there may be another.
    """
    are_several = len({row.kisi_group_id for row in rows}) > 1
    return [
        EffectLine(row.name, row.email, _note(row, are_several=are_several, within=within)) for row in rows
    ]


def _note(row: KisiGrant, *, are_several: bool, within: int | None) -> str:
    notes = [f"group {row.kisi_group_id}"] if are_several else []
    if within is not None and row.organization_id != within:
        notes.append("in another organization")
    if row.kept_until:
        notes.append(kept_by(row))
    if row.last_error:
        notes.append(f"could not be removed: {heard.quoted(row.last_error)}")
    return ", ".join(notes)


def kept_by(row: KisiGrant) -> str:
    return f"kept by {name_of(row.kept_by) or 'an admin'}"
