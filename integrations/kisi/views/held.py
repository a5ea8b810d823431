"""Review of removals that wait for a word: held by the brake, or known for tomorrow (ui.md 4.9, sync.md 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from integrations.access.policy import Person, Reason, decide
from integrations.kisi import entries, faces, glance, results, tasks, why
from integrations.kisi.entries import Holders
from integrations.kisi.forms import PeopleForm
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import ahead, deciding
from integrations.kisi.views.shared import done, meant, pack, page, require_connection
from integrations.kisi.wording import later, shut
from members.gyms import admin_required
from members.models import Change
from members.slots import EffectLine
from plans.models import ACCESS_TURNED_OFF, Plan

MOST = 0.5
PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class MainCause:
    """What most of the removals share: a plan that lost its 24-hr access, by whom and when."""

    plan: Plan
    count: int
    of: int
    by: str
    at: datetime | None


@admin_required
def held(request: HttpRequest) -> HttpResponse:
    """Allow or keep those selected, or all that were held when it was shown; of tomorrow's only allow."""
    connection, now = require_connection(request), timezone.now()
    rows, batch = (
        deciding.undecided(connection, connection.gym.today(now)),
        ahead.of_tomorrow(connection, now),
    )
    leaving, named = batch.rows if batch else (), meant(request)
    form = PeopleForm(request.POST or None)
    if request.method == "POST" and "tomorrow" in request.POST:
        return _allow_ahead(request, connection, [row.email for row in leaving if row.pk in named])
    if request.method == "POST" and "all" in request.POST:
        return _allow(request, connection, [row.email for row in rows if row.pk in named])
    if request.method == "POST" and "everyone" in request.POST:
        return _decide(request, connection, [row.email for row in rows if row.pk in named])
    if request.method == "POST" and form.is_valid():
        return _decide(request, connection, form.cleaned_data["email"])
    today, seen = connection.gym.today(now), glance.tag_of(connection, now)
    holders = entries.of(connection.gym, why.members_of([*rows, *leaving]))
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "glance": seen,
        "intro": faces.review(connection, len(rows), seen.counts),
        "rows": rows,
        "shown": shown,
        "people": _with_reasons(holders, list(shown), today),
        "main_cause": _main_cause(connection, holders, rows, today),
        "batch": batch,
        "ahead_mean": faces.still_means(shut(connection), len(batch.rows)) if batch else "",
        "tomorrow": faces.tomorrow(len(batch.rows), batch.allowed) if batch else (),
        "leaving": _lines(holders, leaving, batch.on) if batch else [],
        "form": form,
        "named": pack(rows),
        "named_ahead": pack(leaving),
    }
    return page(request, "kisi/held.html", connection, "attention", **context)


def _decide(request: HttpRequest, connection: KisiConnection, emails: list[str]) -> HttpResponse:
    if "keep" not in request.POST:
        return _allow(request, connection, emails)
    count = deciding.keep(connection, emails, by=request.user, now=timezone.now())
    return done(request, results.kept(count, left_out=len(set(emails)) - count))


def _allow(request: HttpRequest, connection: KisiConnection, emails: list[str]) -> HttpResponse:
    going, entitled = deciding.allow(connection, emails, by=request.user, now=timezone.now())
    tasks.wake(connection.pk)
    left_out = len(set(emails)) - going - entitled
    return done(
        request, results.allowed(going, entitled=entitled, left_out=left_out, later=later(connection))
    )


def _allow_ahead(request: HttpRequest, connection: KisiConnection, emails: list[str]) -> HttpResponse:
    count = deciding.allow_ahead(connection, emails, by=request.user, now=timezone.now())
    return done(request, results.allowed_ahead(count))


def _with_reasons(holders: Holders, rows: Sequence[KisiGrant], on: date) -> list[tuple[KisiGrant, str]]:
    """Each with why the removal is owed on that day."""
    reasons = why.reasons_by(holders, rows, on)
    return [(row, reasons[row.email]) for row in rows]


def _lines(holders: Holders, rows: Sequence[KisiGrant], on: date) -> list[EffectLine]:
    return [EffectLine(row.name, row.email, why) for row, why in _with_reasons(holders, rows, on)]


def _main_cause(
    connection: KisiConnection, holders: Holders, rows: Sequence[KisiGrant], on: date
) -> MainCause | None:
    """The plan without 24-hr access that most of these people are on, if there is one."""
    members = {member.pk for member in why.members_of(rows)}
    decisions = [decide(Person(tuple(holders.entries(pk))), on) for pk in members]
    plans = Counter(found.plan for found in decisions if found.reason is Reason.NO_24HR_ACCESS)
    name, count = plans.most_common(1)[0] if plans else ("", 0)
    if count <= MOST * len(rows) or len(rows) < 2:
        return None
    plan = _with_who_turned_it_off(Plan.objects.filter(gym=connection.gym, name=name)).first()
    return MainCause(plan, count, len(rows), plan.turned_by or "", plan.turned_at) if plan else None


def _with_who_turned_it_off(plans: QuerySet[Plan]) -> QuerySet[Any]:
    """The same plans with who turned off their 24-hr access last, and when."""
    full = NullIf(Trim(Concat("by__first_name", Value(" "), "by__last_name")), Value(""))
    changes = Change.objects.filter(plan_id=OuterRef("pk"), detail__contains=ACCESS_TURNED_OFF)
    changes = changes.annotate(who=Coalesce(full, "by__username"))
    return plans.annotate(
        turned_by=Subquery(changes.values("who")[:1]), turned_at=Subquery(changes.values("at")[:1])
    )
