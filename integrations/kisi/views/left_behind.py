"""The people left behind in a former group, by name, and the press that takes their rights there."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from integrations.kisi import heard, results, tasks
from integrations.kisi.models import KisiGrant
from integrations.kisi.sync import deciding
from integrations.kisi.views.shared import (
    changed_since,
    done,
    download,
    later,
    pack,
    page,
    require_connection,
    rows_of,
)
from members.gyms import admin_required, name_of
from members.slots import EffectLine


@admin_required
def left_behind(request: HttpRequest) -> HttpResponse:
    """Named first; exactly those who were named lose the right, and only in the group they were left in."""
    connection = require_connection(request)
    left = list(deciding.left_behind(connection).select_related("kept_by"))
    if not left or connection.is_ending:
        return redirect("kisi:overview")
    if request.POST.get("list") == "csv":
        return download("left-behind", lines_of(left))
    moved = changed_since(request, rows_of(connection), left)
    if request.method == "POST" and not moved:
        named = [row.pk for row in left]
        count = deciding.remove_left_behind(connection, named, by=request.user, now=timezone.now())
        tasks.wake(connection.pk)
        return done(request, results.removes_left_behind(count, later=later(connection)))
    people = len({row.email for row in left})
    context = {"left": lines_of(left), "people": people, "named": pack(left), "moved": moved}
    return page(request, "kisi/left_behind.html", connection, "overview", **context)


def lines_of(rows: Sequence[KisiGrant]) -> list[EffectLine]:
    """Each by name; which group where there are several, whose word keeps them there, why the last try failed."""
    are_several = len({row.kisi_group_id for row in rows}) > 1
    return [EffectLine(row.name, row.email, _note(row, are_several=are_several)) for row in rows]


def _note(row: KisiGrant, *, are_several: bool) -> str:
    notes = [f"group {row.kisi_group_id}"] if are_several else []
    if row.kept_until:
        notes.append(kept_by(row))
    if row.last_error:
        notes.append(f"could not be removed: {heard.quoted(row.last_error)}")
    return ", ".join(notes)


def kept_by(row: KisiGrant) -> str:
    return f"kept by {name_of(row.kept_by) or 'an admin'}"
