"""Moving in from another platform: its steps as they stand, and the page that makes Core the only source."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from integrations.kisi import chain, doors, entries, explain, glance, results, tasks, why
from integrations.kisi.forms import CutOverForm, SawItOpenForm
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import deciding, gather, moving
from integrations.kisi.views.member_sync import sync_person, tell
from integrations.kisi.views.shared import (
    Some,
    Status,
    changed_since,
    done,
    download,
    later,
    pack,
    page,
    require_connection,
    rows_of,
)
from members.gyms import admin_required
from members.models import Member
from members.slots import EffectLine, Tag
from plans.models import Plan

DONE, NEXT, BLOCKED = Tag("Done", "ok"), Tag("Next", "info"), Tag("Cannot start yet", "idle")
FOUND = 10
NAMED = 200  # as many as a page names


@require_GET
@admin_required
def move_in(request: HttpRequest) -> HttpResponse:
    """The four steps as they stand; step 3 with whoever was chosen for the test."""
    connection = glance.find_connection(request)
    if connection is None:
        return _before(request)
    chosen = request.GET.get("member", "")
    member = Member.objects.filter(gym=connection.gym, pk=chosen).first() if chosen.isdecimal() else None
    return _page(request, connection, member)


@require_POST
@admin_required
def test(request: HttpRequest) -> HttpResponse:
    """Sync the person chosen for the test; the five lines stand under step 3."""
    connection, member = _chosen(request)
    if glance.can_sync(connection) and moving.entitled_among(connection, [member], timezone.now()):
        tell(request, member, sync_person(request, connection, member))
    return redirect(f"{reverse('kisi:move-in')}?member={member.pk}")


@require_POST
@admin_required
def record(request: HttpRequest) -> HttpResponse:
    """The door opened: who says so, when and for whom is kept."""
    connection, member = _chosen(request)
    form = SawItOpenForm(request.POST, name=member.first_name)
    if form.is_valid() and not moving.has_access(connection, member):
        form.add_error("saw", results.not_confirmed(member.first_name))
    if not form.is_valid():
        return _page(request, connection, member, form)
    moving.record_test(connection, member, by=request.user, now=timezone.now())
    return done(request, results.test_recorded(member.name), "kisi:move-in")


@admin_required
def cut_over(request: HttpRequest) -> HttpResponse:
    """Core becomes the only source: the people named lose their access by this word."""
    connection = require_connection(request)
    if connection.sole_source_since is not None or connection.is_ending:
        return redirect("kisi:move-in")
    wanted = gather.wanted_emails(connection.gym_id, connection.gym.today(timezone.now()))
    losing = deciding.would_lose_at_cut_over(connection, wanted)
    if request.POST.get("list") == "csv":
        return download("loses-access-at-cut-over", _with_reasons(connection, losing))
    form = CutOverForm(request.POST or None)
    moved = changed_since(request, rows_of(connection), losing)
    can_start = moving.entitled(connection, timezone.now()).exists()
    if request.method == "POST" and form.is_valid() and not moved and can_start:
        named = [row.email for row in losing]
        count = deciding.cut_over(connection, named, by=request.user, now=timezone.now())
        tasks.wake(connection.pk)
        return done(request, results.cut_over(count, later=later(connection)), "kisi:move-in")
    lines = _with_reasons(connection, losing[:NAMED]) + losing[NAMED:]
    context = {"losing": lines, "form": form, "moved": moved, "named": pack(losing), "can_start": can_start}
    context["later"] = later(connection) if losing else ""
    context["keeping"] = Some.of(deciding.would_keep_at_cut_over(connection, wanted))
    if not can_start:
        context["nobody"] = explain.nobody_enters([plan.name for plan in moving.ticked(connection)])
    context["history"] = "" if connection.keep_profiles or not losing else explain.history_lost(len(losing))
    return page(request, "kisi/cut_over.html", connection, "move-in", **context)


def _with_reasons(connection: KisiConnection, rows: list[KisiGrant]) -> list[Any]:
    holders = entries.of(connection.gym, why.members_of(rows))
    reasons = why.reasons_by(holders, rows, connection.gym.today(timezone.now()))
    return [EffectLine(row.name, row.email, reasons[row.email]) for row in rows]


def _chosen(request: HttpRequest) -> tuple[KisiConnection, Member]:
    connection = require_connection(request)
    posted = request.POST.get("member", "")
    return connection, get_object_or_404(Member, pk=posted if posted.isdecimal() else 0, gym=connection.gym)


def _page(
    request: HttpRequest,
    connection: KisiConnection,
    member: Member | None,
    form: SawItOpenForm | None = None,
) -> HttpResponse:
    entitled = Exists(
        moving.entitled(connection, timezone.now())
    )  # told with the plans, not asked for itself
    on_sale = Plan.objects.filter(gym=connection.gym, archived_at=None)
    plans = list(on_sale.annotate(is_anybody_entitled=entitled))
    ticked = [plan for plan in plans if plan.has_24hr_access]
    context: dict[str, Any] = {
        "plans": plans,
        "ticked": ticked,
        "steps": _steps(connection, bool(ticked)),
        "form": form,
    }
    if not (ticked and ticked[0].is_anybody_entitled):
        context["nobody"] = explain.nobody_enters([plan.name for plan in ticked])
    context |= {"losing": _losing(connection), "can_sync": glance.can_sync(connection)}
    context |= _test_with(connection, member) if member else _found(request, connection)
    if member and form is None:
        context["form"] = SawItOpenForm(name=member.first_name)
    return page(request, "kisi/move_in.html", connection, "move-in", **context)


def _before(request: HttpRequest) -> HttpResponse:
    """The same steps for a gym whose first one is still to be done."""
    plans = list(Plan.objects.filter(gym=request.gym, archived_at=None))  # type: ignore[attr-defined]
    ticked = [plan for plan in plans if plan.has_24hr_access]
    steps = {"connect": NEXT, "plans": DONE if ticked else NEXT, "test": BLOCKED, "cut_over": BLOCKED}
    context = {"section": "marketplace", "plans": plans, "ticked": ticked, "steps": steps}
    return render(request, "kisi/move_in_before.html", context)


def _steps(connection: KisiConnection, is_ticked: bool) -> dict[str, Tag]:
    can_test, can_end = is_ticked and glance.can_sync(connection), is_ticked and not connection.is_ending
    return {
        "connect": NEXT if connection.status == Status.DISCONNECTED else DONE,
        "plans": DONE if is_ticked else NEXT,
        "test": DONE if connection.tested_at else NEXT if can_test else BLOCKED,
        "cut_over": DONE if connection.sole_source_since else NEXT if can_end else BLOCKED,
    }


def _losing(connection: KisiConnection) -> list[KisiGrant]:
    """Who would lose access at cut-over; nobody any more once that is done, or where the gym leaves Kisi."""
    if connection.sole_source_since or connection.is_ending:
        return []
    wanted = gather.wanted_emails(connection.gym_id, connection.gym.today(timezone.now()))
    return deciding.would_lose_at_cut_over(connection, wanted)


def _test_with(connection: KisiConnection, member: Member) -> dict[str, Any]:
    now, gym = timezone.now(), connection.gym
    facts = doors.facts_at(connection, gym, [member], gym.today(now))[member.pk]
    is_apart = facts.row is not None and (facts.row.exempt or bool(facts.row.managed))
    seen, is_entitled = chain.of_member(facts, now), facts.decision.allowed
    return {"member": member, "chain": seen, "is_entitled": is_entitled, "is_apart": is_apart}


def _found(request: HttpRequest, connection: KisiConnection) -> dict[str, Any]:
    """The members a search finds, each with whether the test makes sense with them."""
    query = request.GET.get("q", "").replace("\x00", "").strip()
    if not query:
        return {"query": ""}
    members = list(Member.objects.of_gym(connection.gym).named(query)[: FOUND + 1])
    entitled = moving.entitled_among(connection, members, timezone.now())
    found = [(member, member.pk in entitled) for member in members[:FOUND]]
    return {"query": query, "found": found, "more": len(members) > FOUND}
