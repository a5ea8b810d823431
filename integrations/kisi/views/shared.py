"""What every Kisi page begins with: the gym's connection, the tabs, the result of the last press."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from integrations.kisi import glance, named, numbers, wording
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.wording import Counts
from members.models import Gym
from members.sheets import csv_of
from members.wording import list_changed

Status = KisiConnection.Status
SHOWN = 50


def require_connection(request: HttpRequest) -> KisiConnection:
    """The gym's connection; a gym without one has no such page."""
    connection = glance.find_connection(request)
    if connection is None:
        raise Http404("no such connection")
    return connection


def page(
    request: HttpRequest, template: str, connection: KisiConnection, tab: str, **context: Any
) -> HttpResponse:
    """A page below the Kisi tabs; without a glance of its own it shows the tag, which takes no plan."""
    if "glance" not in context:
        context["glance"] = glance.tag_of(connection, timezone.now())
    request.kisi_glance = context["glance"]  # type: ignore[attr-defined]
    return render(
        request,
        template,
        {
            "section": "marketplace",
            "connection": connection,
            "tab": tab,
            "troubles": trouble_count(context["glance"].counts),
        }
        | context,
    )


def trouble_count(counts: Counts) -> int:
    return counts.failed + counts.held


def done(request: HttpRequest, words: str, to: str = "kisi:overview", *args: Any) -> HttpResponse:
    """Say what happened above the next page."""
    messages.success(request, words)
    return redirect(to, *args)


def is_silent(connection: KisiConnection) -> bool:
    """Whether Core's own worker has been silent for too long; of a connection that the request found."""
    return numbers.silent_since(connection, timezone.now(), connection.last_sign) is not None  # type: ignore[attr-defined]


def later(connection: KisiConnection) -> str:
    """When a change reaches the doors, where that is not within seconds."""
    return wording.later(connection, is_silent=is_silent(connection))


def poll_answer(response: HttpResponse, gym: Gym) -> HttpResponse:
    """What every answer to a poll carries: when it was true, and that no cache may keep it."""
    response["Vary"] = "HX-Request"
    response["Cache-Control"] = "no-store"
    response["X-As-Of"] = f"{timezone.now().astimezone(gym.zone):%H:%M:%S}"
    return response


def pack(rows: Iterable[Any]) -> str:
    """The people a page names, for the form that means exactly them."""
    return named.pack(row.pk for row in rows)


def meant(request: HttpRequest) -> set[int]:
    """Whom that form named, by ledger row."""
    return named.unpack(request.POST.get("people", ""))


def changed_since(request: HttpRequest, known: QuerySet[Any], rows: Iterable[Any]) -> str:
    """How the people of a list differ from those whom the posted page named, out of all `known`; "" if they do not."""
    before, now = meant(request), {row.pk: row.name or row.email for row in rows}
    if request.method != "POST" or before == now.keys():
        return ""
    gone = sorted(row.name or row.email for row in known.filter(pk__in=before - now.keys()))
    return list_changed([name for pk, name in now.items() if pk not in before], gone)


def download(name: str, people: Iterable[Any]) -> HttpResponse:
    """The people of a list as CSV, each with the reason where one is told."""
    rows = ((one.name, one.email, getattr(one, "reason", "")) for one in people)
    return csv_of(name, ["Name", "Email", "Reason"], rows)


def rows_of(connection: KisiConnection) -> QuerySet[KisiGrant]:
    return KisiGrant.objects.filter(connection=connection)


@dataclass(frozen=True, slots=True)
class Some:
    """The first of many people, and how many there are; `more` are not among those shown."""

    shown: Sequence[Any]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.shown)

    @classmethod
    def of(cls, people: QuerySet[Any]) -> Some:
        return cls(list(people[:SHOWN]), people.count())


def open_rows(connection: KisiConnection) -> QuerySet[KisiGrant]:
    return KisiGrant.objects.open().filter(connection=connection)
