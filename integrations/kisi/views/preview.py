"""A preview of everything a sync would do, and exactly that applied."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from integrations.kisi import explain, glance, mails, results, tasks, wording
from integrations.kisi.models import KisiConnection, Preview, PreviewLine
from integrations.kisi.sync import applying
from integrations.kisi.sync import preview as previews
from integrations.kisi.views.shared import done, later, page, poll_answer, require_connection
from members import words
from members.gyms import admin_required
from members.models import Change
from members.sheets import csv_of

SHOWN, SHOWN_IN_ALL, PER_PAGE = 50, 250, 200
Group, Outcome = PreviewLine.Group, PreviewLine.Outcome
LEFT_ALONE = tuple(group for group in Group if group not in PreviewLine.ACTS)
TOLD_FIRST = (Outcome.MOVED, Outcome.FAILED, Outcome.WAITS, Outcome.DONE)


@dataclass(frozen=True, slots=True)
class Section:
    """People under one heading: the first of them, and how many there are."""

    key: str
    count: int
    heading: str
    hint: str
    lines: list[PreviewLine]


@admin_required
def preview(request: HttpRequest) -> HttpResponse:
    """Ask for one; or go to the latest."""
    connection = require_connection(request)
    if not glance.can_sync(connection):
        return redirect("kisi:overview")
    if request.method == "POST":
        asked = previews.ask(connection, by=request.user, now=timezone.now())
        if asked.state == Preview.State.ASKED:
            tasks.make_previews(asked.pk)
        return redirect("kisi:preview-shown", asked.pk)
    latest = _mine(connection).first()
    if latest is not None:
        return redirect("kisi:preview-shown", latest.pk)
    return page(request, "kisi/preview_none.html", connection, "overview")


@require_GET
@admin_required
def shown(request: HttpRequest, preview_id: int) -> HttpResponse:
    """One preview: being made, to be read, being applied, or what came of it."""
    connection = require_connection(request)
    found = get_object_or_404(_mine(connection), pk=preview_id)
    if request.headers.get("HX-Request"):
        return _progress(request, found)
    key = request.GET.get("show", "")
    if key in (*Group.values, *Outcome.values) and key:
        return _everybody(request, connection, found, key)
    return page(request, "kisi/preview.html", connection, "overview", **_context(found))


@require_POST
@admin_required
def apply(request: HttpRequest, preview_id: int) -> HttpResponse:
    """The word for exactly the lines that were shown."""
    connection = require_connection(request)
    found = get_object_or_404(_mine(connection), pk=preview_id)
    if not glance.can_sync(connection):
        return redirect("kisi:overview")
    if applying.ask(found, by=request.user, now=timezone.now()):
        tasks.wake(connection.pk)
        return done(request, results.applies(later=later(connection)), "kisi:preview-shown", found.pk)
    return redirect("kisi:preview-shown", found.pk)


@require_GET
@admin_required
def download(request: HttpRequest, preview_id: int) -> HttpResponse:
    """Every line as CSV, those of one group if asked."""
    found = get_object_or_404(_mine(require_connection(request)), pk=preview_id)
    lines = found.lines.all()
    if request.GET.get("show") in Group.values:
        lines = lines.filter(group=request.GET["show"])
    headings = ["What", "Name", "Email", "Reason", "Outcome", "Since"]
    rows = (
        [Group(line.group).label, line.name, line.email, line.reason, _outcome_word(line), line.note]
        for line in lines.order_by("group", "name", "email").iterator(chunk_size=1000)
    )
    return csv_of("preview", headings, rows)


def _mine(connection: KisiConnection) -> QuerySet[Preview]:
    since = timezone.now() - Preview.KEPT_FOR
    rows = Preview.objects.filter(connection=connection, asked_at__gt=since)
    return rows.select_related("connection__gym", "by", "applied_by")


def _context(found: Preview) -> dict[str, Any]:
    now = timezone.now()
    as_of = f"{now.astimezone(found.connection.gym.zone):%H:%M:%S}"
    context = {"preview": found, "as_of": as_of, "taken": _moment(found, found.taken_at)}
    context["can_sync"] = glance.can_sync(found.connection)
    if found.is_going_on:
        return context | _done_so_far(found)
    if found.state == Preview.State.FAILED:
        return context | {"trouble": explain.failure(found.failure)}
    return context | (_result(found) if found.state == Preview.State.APPLIED else _to_read(found, now))


def _done_so_far(found: Preview) -> dict[str, Any]:
    """How far it is; and what keeps it waiting, if Kisi or the key does."""
    lines = found.lines.filter(group__in=PreviewLine.ACTS)
    counts = lines.aggregate(changes=Count("pk"), finished=Count("pk", filter=~Q(outcome="")))
    face = wording.standing(found.connection, wording.Counts())
    waits = explain.waits(face.heading) if face else ""
    percent = 100 * counts["finished"] // max(counts["changes"], 1)
    milestone = f"{found.state}-{25 * (percent // 25)}"
    spoken = explain.progress(found.state, counts["finished"], counts["changes"], found.read_so_far)
    return counts | {"percent": percent, "waits": waits, "milestone": milestone, "spoken": spoken}


def _to_read(found: Preview, now: datetime) -> dict[str, Any]:
    sections = _sections(found, "group", explain.group)
    counts = {key: section.count for key, section in sections.items()}
    losing = counts.get(Group.LOSE, 0)
    since = Change.objects.filter(gym_id=found.connection.gym_id, at__gt=found.taken_at or found.asked_at)
    return {
        "changed": explain.changed_since(since.count()),
        "stands": wording.standing(found.connection, wording.Counts()),
        "of_before": explain.of_before(is_ending=found.connection.is_ending),
        "acts": [sections[key] for key in PreviewLine.ACTS if key in sections],
        "left": [sections[key] for key in LEFT_ALONE if key in sections],
        "changes": sum(counts.get(key, 0) for key in PreviewLine.ACTS),
        "losing": losing,
        "history": "" if found.connection.keep_profiles else explain.history_lost(losing),
        "is_good": found.is_good(now),
        "mails": _mails(found) if Group.GIVE in counts else "",
        "over": explain.over_limit(losing, found.limit) if found.limit is not None and losing else (),
    }


def _mails(found: Preview) -> str:
    emails = list(found.lines.filter(group=Group.GIVE).values_list("email", flat=True))
    return mails.expected(found.connection, emails).said


def _result(found: Preview) -> dict[str, Any]:
    sections = _sections(found, "outcome", explain.outcome)
    counts = {key: section.count for key, section in sections.items()}
    return {
        "outcomes": [sections[key] for key in TOLD_FIRST if key in sections],
        "result": explain.applied(counts, _moment(found, found.taken_at)),
    }


def _sections(found: Preview, by: str, tell: Callable[[str, int], tuple[str, str]]) -> dict[str, Section]:
    """The first people of each kind, and how many there are; one query, and a page that stays small."""
    place = Window(RowNumber(), partition_by=[F(by)], order_by=[F("name"), F("email"), F("pk")])
    count = Window(Count("pk"), partition_by=[F(by)])
    lines = found.lines.exclude(**{by: ""}).annotate(place=place, count=count).filter(place__lte=SHOWN)
    grouped: dict[str, list[Any]] = {}
    for line in lines:
        grouped.setdefault(getattr(line, by), []).append(line)
    most = min(SHOWN, SHOWN_IN_ALL // max(len(grouped), 1))
    return {
        key: Section(key, some[0].count, *tell(key, some[0].count), some[:most])
        for key, some in grouped.items()
    }


def _everybody(request: HttpRequest, connection: KisiConnection, found: Preview, key: str) -> HttpResponse:
    """All people of one group or outcome, page by page."""
    by, tell = ("group", explain.group) if key in Group.values else ("outcome", explain.outcome)
    lines = Paginator(found.lines.filter(**{by: key}), PER_PAGE).get_page(request.GET.get("page"))
    heading, hint = tell(key, lines.paginator.count)
    context = {"preview": found, "taken": _moment(found, found.taken_at), "shown": lines}
    return page(
        request,
        "kisi/preview_group.html",
        connection,
        "overview",
        heading=heading,
        hint=hint,
        key=key,
        **context,
    )


def _progress(request: HttpRequest, found: Preview) -> HttpResponse:
    """What a poll is answered: nothing new, how far it is, or the whole page anew."""
    if not found.is_going_on:
        return HttpResponseClientRefresh()
    context = _context(found)
    mark = f"{found.state}-{found.read_so_far}-{context['finished']}"
    response = HttpResponse(status=204)
    if request.GET.get("seen") != mark:
        response = render(request, "kisi/_preview_progress.html", context)
    if request.GET.get("said") != context["milestone"]:
        response["HX-Trigger"] = json.dumps({"announce": context["spoken"]})
    return poll_answer(response, found.connection.gym)


def _moment(found: Preview, at: datetime | None) -> str:
    """A time as plain text, for titles."""
    zone = found.connection.gym.zone
    return words.moment((at or found.asked_at).astimezone(zone), timezone.now().astimezone(zone).date())


def _outcome_word(line: PreviewLine) -> str:
    return Outcome(line.outcome).label if line.outcome else ""
