"""Needs attention, held removals and activity."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from integrations.kisi import doors, tasks, wording
from integrations.kisi.forms import PeopleForm
from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant
from integrations.kisi.sync import asking, deciding, gather
from integrations.kisi.timeline import lines
from integrations.kisi.views.shared import done, open_rows, page, require_connection
from members.gyms import admin_required, staff_required

PER_PAGE = 50
Trouble = KisiGrant.Trouble


@dataclass(frozen=True, slots=True)
class Cause:
    """One card of the page: who must act, and whether trying again helps."""

    key: str
    heading: str
    meaning: str
    who: str
    rows: list[KisiGrant]
    retry: bool


_CAUSES = (
    (
        Trouble.REFUSED,
        "Kisi refuses their details",
        "You: correct the member. Core then tries by itself.",
        True,
    ),
    (
        Trouble.FORBIDDEN,
        "Kisi does not let this key change them",
        "An owner, in Kisi. Then press Retry.",
        True,
    ),
    (
        Trouble.CONFLICT,
        "Kisi knows the address twice, or under another person",
        "An owner, in Kisi. Then press Retry.",
        True,
    ),
    (Trouble.UNCLEAR, "Kisi did not answer clearly", "Nobody: Core looks at Kisi again by itself.", False),
    (
        Trouble.LOST,
        "Kisi says they exist, and does not show them",
        "Nobody: Core tries again by itself.",
        True,
    ),
)


@require_GET
@staff_required
def attention(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    rows = list(open_rows(connection).exclude(trouble="").select_related("member").order_by("name", "email"))
    nameless = gather.without_address(connection.gym_id, connection.gym.today(timezone.now()))
    context = {"causes": _causes(rows), "nameless": nameless, "held": deciding.held(connection)}
    return page(request, "kisi/attention.html", connection, "attention", **context)


@require_POST
@admin_required
def retry(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    trouble = request.POST.get("trouble", "")
    if trouble not in Trouble.values or not trouble:
        return redirect("kisi:attention")
    count = asking.retry(connection, trouble=trouble, because="Retry", now=timezone.now(), by=request.user)
    tasks.wake(connection.pk)
    return done(request, f"Retrying {wording.people(count)}.", "kisi:attention")


@admin_required
def held(request: HttpRequest) -> HttpResponse:
    """Review held removals: allow or keep those selected, or allow all that the page showed."""
    connection = require_connection(request)
    rows = deciding.held(connection)
    form = PeopleForm(request.POST or None, offered=[row.email for row in rows])
    if request.method == "POST" and "all" in request.POST:
        shown = set(request.POST.getlist("shown"))
        return _allow(request, connection, [row.email for row in rows if row.email in shown])
    if request.method == "POST" and form.is_valid():
        if "keep" in request.POST:
            count = deciding.keep(connection, form.cleaned_data["email"], by=request.user, now=timezone.now())
            return done(request, f"{wording.people(count)} keep{'s' if count == 1 else ''} their access.")
        return _allow(request, connection, form.cleaned_data["email"])
    people = _with_reasons(connection, rows)
    return page(request, "kisi/held.html", connection, "attention", rows=rows, people=people, form=form)


def _with_reasons(connection: KisiConnection, rows: list[KisiGrant]) -> list[tuple[KisiGrant, str]]:
    """Each with why the removal is owed."""
    reasons = doors.reasons(connection, rows, connection.gym.today(timezone.now()))
    return [(row, reasons[row.email]) for row in rows]


@require_GET
@staff_required
def activity(request: HttpRequest) -> HttpResponse:
    connection = require_connection(request)
    events = AccessEvent.objects.filter(connection_id=connection.pk)
    kind = request.GET.get("what", "")
    if kind in AccessEvent.Kind.values:
        events = events.filter(kind=kind)
    shown = Paginator(events, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "shown": shown,
        "events": lines(shown.object_list),
        "kinds": AccessEvent.Kind.choices,
        "what": kind,
    }
    return page(request, "kisi/activity.html", connection, "activity", **context)


def _causes(rows: list[KisiGrant]) -> list[Cause]:
    causes = []
    for trouble, heading, who, helps in _CAUSES:
        mine = [row for row in rows if row.trouble == trouble]
        if mine:
            out = sum(row.role_assignment_id is not None for row in mine)
            meaning = f"{len(mine) - out:,} cannot open the doors though they should; {out:,} still can."
            causes.append(
                Cause(trouble, f"{wording.people(len(mine))}: {heading}", meaning, who, mine, helps)
            )
    return causes


def _allow(request: HttpRequest, connection: KisiConnection, emails: list[str]) -> HttpResponse:
    going, left = deciding.allow(connection, emails, by=request.user, now=timezone.now())
    tasks.wake(connection.pk)
    words = f"Access of {wording.people(going)} is being removed."
    if left == 1:
        words += " 1 person is entitled again and was left out."
    elif left:
        words += f" {wording.people(left)} are entitled again and were left out."
    return done(request, words)
