"""Everything that was done, found or decided: the list with its search, one run, one event, the download."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from integrations.kisi import history, timeline
from integrations.kisi.forms import ActivityForm
from integrations.kisi.history import Search
from integrations.kisi.models import AccessEvent, KisiConnection, SyncRun
from integrations.kisi.timeline import Line
from integrations.kisi.views.shared import page, require_connection
from members.gyms import staff_required
from members.models import Gym
from members.sheets import csv_streamed
from members.words import counted

HEADING = ("When", "What", "What happened", "Name", "Email", "Caused by", "Kisi said", "Run")
LABELS = dict(AccessEvent.Kind.choices) | {"run": "Run"}


@require_GET
@staff_required
def activity(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    form = ActivityForm(request.GET)
    search = _search(form, connection.gym)
    part = history.page(connection, search, _number(request))
    context: dict[str, Any] = {"form": form, "search": search, "part": part}
    if search.is_narrowed and not part.lines:
        context["everything"] = history.count(connection, Search())
    return _page(request, "kisi/activity.html", connection, context)


@require_GET
@staff_required
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run with its rows: where its permanent link leads."""
    connection = require_connection(request)
    found = get_object_or_404(SyncRun.objects.select_related("by"), pk=run_id, connection=connection)
    part = history.page_of_run(connection, found, _number(request))
    context: dict[str, Any] = {
        "run": found,
        "name": timeline.run_name(found),
        "words": timeline.run_words(found),
        "part": part,
        "act": timeline.cause_of(part.lines, has_more=part.has_older or part.number > 1),
    }
    return _page(request, "kisi/activity_run.html", connection, context)


@require_GET
@staff_required
def event(request: HttpRequest, event_id: int) -> HttpResponse:
    """One row with all that is known of it: where its permanent link leads."""
    connection = require_connection(request)
    mine = AccessEvent.objects.filter(connection_id=connection.pk)
    found = get_object_or_404(mine, pk=event_id)
    [line] = timeline.lines(mine.filter(pk=event_id))
    context: dict[str, Any] = {"event": found, "line": line, "label": LABELS[found.kind]}
    context["held_for"] = _lasted(found.held_for)
    return _page(request, "kisi/activity_event.html", connection, context)


@require_GET
@staff_required
def download(request: HttpRequest) -> HttpResponseBase:
    """What the list shows by the same search, whole, and every event of every run."""
    connection = require_connection(request)
    form = ActivityForm(request.GET)
    if not form.is_valid():
        return redirect(f"{reverse('kisi:activity')}?{request.GET.urlencode()}")
    gym = connection.gym
    found = history.everything(connection, _search(form, gym))
    name = f"activity-{gym.slug}-{gym.today(timezone.now()):%Y-%m-%d}"
    return csv_streamed(name, HEADING, _cells(found, gym))


def _page(
    request: HttpRequest, template: str, connection: KisiConnection, context: dict[str, Any]
) -> HttpResponse:
    return page(request, template, connection, "activity", **context)


def _lasted(held_for: timedelta | None) -> str:
    """How long, rounded up: about 20 minutes, about 5 hours, about 3 days."""
    if held_for is None:
        return ""
    minutes = max(-(-held_for.total_seconds() // 60), 1)
    for size, one, many in ((1440, "day", "days"), (60, "hour", "hours")):
        if minutes > 1.5 * size:
            return f"about {counted(int(-(-minutes // size)), one, many)}"
    return f"about {counted(int(minutes), 'minute', 'minutes')}"


def _cells(found: Iterable[Line], gym: Gym) -> Iterator[tuple[str, ...]]:
    for line in found:
        yield (
            f"{line.at.astimezone(gym.zone):%Y-%m-%d %H:%M:%S%z}",
            LABELS[line.kind],
            line.what,
            line.who,
            line.email,
            line.caused_by,
            line.said,
            str(line.run_id or ""),
        )


def _search(form: ActivityForm, gym: Gym) -> Search:
    """What of the search can be understood, its days those of the gym's own calendar."""
    form.is_valid()
    asked = form.cleaned_data
    until = asked.get("until")
    return Search(
        words=asked.get("q") or "",
        what=asked.get("what") or "",
        since=_midnight(asked.get("since"), gym),
        until=_midnight(until + timedelta(days=1), gym) if until else None,
    )


def _midnight(day: date | None, gym: Gym) -> datetime | None:
    return datetime.combine(day, time(), gym.zone).astimezone(UTC) if day else None


def _number(request: HttpRequest) -> int:
    """The page that is asked for; the first when that is none."""
    asked = request.GET.get("page", "")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
