"""The members list, and one member's page."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from members import slots
from members.gyms import name_of, staff_required
from members.models import Change, Gym, Member
from members.words import counted

PER_PAGE = 50
TIMELINE = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter with what was chosen."""

    filter: slots.Filter
    options: list[tuple[str, str]]
    chosen: str


@dataclass(frozen=True, slots=True)
class Row:
    member: Member
    cells: list[tuple[str, slots.AccessCell | None]]


@require_GET
@staff_required
def list_members(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    query = request.GET.get("q", "").replace("\x00", "").strip()
    choices = [_choice(request, gym, known) for known in slots.member_filters]
    page = Paginator(_found(gym, query, choices), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "query": query,
        "choices": choices,
        "is_narrowed": bool(query or any(choice.chosen for choice in choices)),
        "headings": [column.heading for column in _columns()],
        "rows": _rows(gym, list(page.object_list)),
    }
    if request.headers.get("HX-Request"):
        return _part(request, context, page.paginator.count)
    response = render(request, "members/list.html", context)
    response["Vary"] = "HX-Request"
    return response


@require_GET
@staff_required
def show_member(request: HttpRequest, member_id: int) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member.objects.of_gym(gym), pk=member_id)
    context = {
        "member": member,
        "panels": slots.pieces(slots.member_panels, request, member),
        "sections": slots.pieces(slots.member_sections, request, member),
        "timeline": _timeline(member),
    }
    return render(request, "members/detail.html", context)


def _part(request: HttpRequest, context: dict[str, object], count: int) -> HttpResponse:
    """The list alone, with the sentence that is read out."""
    response = render(request, "members/_list.html", context)
    response["Vary"] = "HX-Request"
    response["HX-Trigger"] = json.dumps({"announce": f"{counted(count, 'member', 'members')} found"})
    return response


def _choice(request: HttpRequest, gym: Gym, known: slots.Filter) -> Choice:
    """What is not among the choices counts as not chosen."""
    options = list(known.choices(gym))
    wanted = request.GET.get(known.name, "")
    return Choice(known, options, wanted if wanted in dict(options) else "")


def _found(gym: Gym, query: str, choices: list[Choice]) -> QuerySet[Member]:
    members: QuerySet[Member] = Member.objects.of_gym(gym).named(query)
    for choice in choices:
        if choice.chosen:
            members = choice.filter.narrow(members, choice.chosen)
    return members


def _columns() -> list[slots.Column]:
    return [*slots.member_columns, *(slots.Column("Door access", cells) for cells in slots.member_cells)]


def _rows(gym: Gym, members: list[Member]) -> list[Row]:
    """Each member with what others have to say of them, in as many queries for fifty as for one."""
    columns = [(column.heading, column.cells(gym, members)) for column in _columns()]
    return [
        Row(member, [(heading, cells.get(member.pk)) for heading, cells in columns]) for member in members
    ]


def _timeline(member: Member) -> list[slots.TimelineEntry]:
    changes = Change.objects.filter(gym=member.gym, member_id=member.pk).select_related("by")[:TIMELINE]
    entries = [slots.TimelineEntry(row.at, row.text, name_of(row.by), row.cause) for row in changes]
    for provide in slots.member_events:
        entries += provide(member)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:TIMELINE]
