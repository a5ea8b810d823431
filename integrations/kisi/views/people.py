"""Who can get in now, by the ledger: a page at a time, whole to print, or to take away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_GET

from integrations.kisi import glance
from integrations.kisi.models import KisiConnection, KisiGrant, still_in
from integrations.kisi.views.shared import open_rows, page, require_connection
from members.gyms import staff_required
from members.sheets import csv_streamed

PER_PAGE = 50
HEADING = ("Name", "Email", "Last day", "Kisi confirmed", "Note")


@require_GET
@staff_required
def people(request: HttpRequest) -> HttpResponse:
    """Fifty a page with what is known of each; `?all` is the bare list of everybody, for paper."""
    connection, now = require_connection(request), timezone.now()
    seen = glance.tag_of(connection, now)
    context: dict[str, Any] = {"glance": seen, "is_whole": "all" in request.GET}
    if context["is_whole"]:
        context["people"] = ((row, note(row)) for row in _inside(connection).iterator(chunk_size=2000))
    else:
        context["shown"] = shown = Paginator(_inside(connection), PER_PAGE).get_page(request.GET.get("page"))
        context["people"] = [(row, note(row)) for row in shown]
    return page(request, "kisi/people.html", connection, "people", **context)


@require_GET
@staff_required
def download(request: HttpRequest) -> HttpResponseBase:
    connection, now = require_connection(request), timezone.now()
    gym = connection.gym
    return csv_streamed(f"who-can-get-in-{gym.slug}-{gym.today(now):%Y-%m-%d}", HEADING, _cells(connection))


def note(row: KisiGrant) -> str:
    """What is not as usual with this access."""
    if row.suspended:
        return "suspended in Kisi, so no door opens"
    if row.exempt:
        return "left to Kisi"
    if row.held_since:
        return "removal held"
    if row.kept_until:
        return "kept by an admin"
    return ""


def _inside(connection: KisiConnection) -> QuerySet[KisiGrant]:
    return open_rows(connection).filter(still_in()).order_by("name", "email")


def _cells(connection: KisiConnection) -> Iterator[tuple[str, ...]]:
    zone = connection.gym.zone
    for row in _inside(connection).iterator(chunk_size=2000):
        confirmed = f"{row.confirmed_at.astimezone(zone):%Y-%m-%d %H:%M}" if row.confirmed_at else ""
        until = row.until.isoformat() if row.until else ""
        yield row.name, row.email, until, confirmed, note(row)
