"""Members: list, new, page, edit, delete."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from members import slots
from members.effects import confirmed
from members.forms import MemberForm
from members.gyms import staff_required
from members.models import Change, Gym, Member

PER_PAGE = 50
TIMELINE = 20


@staff_required
def list_members(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    query = request.GET.get("q", "").strip()
    found = _found(gym, query)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    members = list(page.object_list)
    context = {
        "section": "members",
        "page": page,
        "query": query,
        "rows": _rows(gym, members),
        "has_cells": bool(slots.member_cells),
    }
    template = "members/_list.html" if request.headers.get("HX-Request") else "members/list.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request"
    return response


@staff_required
def new_member(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    form = MemberForm(request.POST or None, instance=Member(gym=gym))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            member = form.save()
            Change.record(gym, "add member", by=request.user, member_id=member.pk, detail=member.name)
        messages.success(request, f"{member.name} is a member now.")
        return redirect("members:detail", member.pk)
    return render(request, "members/form.html", {"section": "members", "form": form})


@staff_required
def show_member(request: HttpRequest, member_id: int) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member.objects.of_gym(gym), pk=member_id)
    context = {
        "section": "members",
        "member": member,
        "panels": slots.pieces(slots.member_panels, request, member),
        "subscriptions": member.subscriptions.select_related("plan"),
        "timeline": _timeline(member),
    }
    return render(request, "members/detail.html", context)


@staff_required
def edit_member(request: HttpRequest, member_id: int) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member.objects.of_gym(gym), pk=member_id)
    before = member.email
    form = MemberForm(request.POST or None, instance=member)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            changed = ", ".join(form.changed_data)
            Change.record(gym, "change member", by=request.user, member_id=member.pk, detail=changed)
        messages.success(request, _saved(before, member.email))
        return redirect("members:detail", member.pk)
    return render(request, "members/form.html", {"section": "members", "form": form, "member": member})


@staff_required
def delete_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Always asked first: it takes the subscriptions along, and the access."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member.objects.of_gym(gym), pk=member_id)
    name = member.name

    def delete() -> None:
        Change.record(gym, "delete member", by=request.user, detail="a member was deleted")
        Member.objects.get(pk=member_id).delete()

    effect, is_done = confirmed(request, delete, cause="member deleted")
    if is_done:
        messages.success(
            request, f"{name} was deleted." + (" Access is removed in Kisi too." if effect.loses else "")
        )
        return redirect("members:list")
    return render(request, "members/delete.html", {"section": "members", "member": member, "effect": effect})


def _found(gym: Gym, query: str) -> QuerySet[Member]:
    members = Member.objects.of_gym(gym)
    for word in query.split():
        named = (
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word.lower())
        )
        members = members.filter(named)
    return members


def _rows(gym: Gym, members: list[Member]) -> list[dict[str, Any]]:
    """Each member with the latest subscription and what others have to say of them."""
    cells: dict[int, Any] = {}
    for provide in slots.member_cells:
        cells |= provide(gym, members)
    held = {
        member.pk: member
        for member in Member.objects.filter(pk__in=[m.pk for m in members]).prefetch_related(
            "subscriptions__plan"
        )
    }
    return [
        {
            "member": member,
            "subscriptions": list(held[member.pk].subscriptions.all())[:2],
            "cell": cells.get(member.pk),
        }
        for member in members
    ]


def _timeline(member: Member) -> list[slots.TimelineEntry]:
    entries = [
        slots.TimelineEntry(
            change.at,
            f"{change.action.capitalize()}: {change.detail}" if change.detail else change.action.capitalize(),
            str(change.by.get_full_name() or change.by) if change.by else "",
            change.cause,
        )
        for change in Change.objects.filter(member_id=member.pk).select_related("by")[:TIMELINE]
    ]
    for provide in slots.member_events:
        entries += provide(member)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:TIMELINE]


def _saved(before: str, after: str) -> str:
    if before and after and before != after:
        return f"Saved. {after} gets access first, then {before} is removed from Kisi."
    return "Saved."
