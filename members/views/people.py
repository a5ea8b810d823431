"""The members list, and one member's page."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Window
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from members import slots, timeline, wording, words
from members.gyms import staff_required
from members.models import Gym, Member

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter with what was chosen."""

    filter: slots.Filter
    groups: Mapping[str, Sequence[tuple[str, str]]]
    chosen: str


ORDERS = {
    "": ("First name", ("first_name", "last_name", "id")),
    "last-name": ("Last name", ("last_name", "first_name", "id")),
    "email": ("Email", ("email", "id")),
    "newest": ("Newest first", ("-created_at", "-id")),
}


@dataclass(frozen=True, slots=True)
class Row:
    member: Member
    cells: list[tuple[str, slots.AccessCell | None]]


@require_GET
@staff_required
def list_members(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").replace("\x00", "").strip()
    choices = [_choice(request, known) for known in slots.member_filters]
    found = _found(request, query, choices)
    orders = _orders(request, found)
    order = _chosen(request, "sort", orders)
    found = orders[order][1]
    page = _page(found, _number(request))
    context = {
        "page": page,
        "query": query,
        "choices": [choice for choice in choices if any(choice.groups.values())],
        "orders": [(name, label) for name, (label, _) in orders.items()],
        "order": order,
        "narrowed_by": words.some([choice.filter.label.lower() for choice in choices if choice.chosen]),
        "is_narrowed": bool(query or any(choice.chosen for choice in choices)),
        "headings": [column.heading for column in _columns()],
        "rows": _rows(request, list(page.object_list)),
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
    member.gym = gym
    context = {
        "member": member,
        "panels": slots.pieces(slots.member_panels, request, member),
        "sections": slots.pieces(slots.member_sections, request, member),
        "timeline": timeline.part(member, _number(request)),
    }
    return render(request, "members/detail.html", context)


def _number(request: HttpRequest) -> int:
    """The page that is asked for; the first when that is none."""
    asked = request.GET.get("page", "")
    return max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1


def _page(found: QuerySet[Member], number: int) -> Page[Member]:
    """The page that is asked for with the number of all, in one look; the nearest one when it is not there."""
    pages: Paginator[Member] = Paginator(found, PER_PAGE)
    start = PER_PAGE * (number - 1)
    rows: list[Any] = list(found.annotate(of=Window(Count("pk")))[start : start + PER_PAGE])
    if not rows and number > 1:
        return pages.get_page(number)
    pages.count = rows[0].of if rows else 0
    return Page(rows, number, pages)


def _part(request: HttpRequest, context: dict[str, object], count: int) -> HttpResponse:
    """The list alone, with the sentence that is read out, and the address of the page it belongs to."""
    response = render(request, "members/_list.html", context)
    asked = urlencode([(name, value) for name, value in request.GET.items() if value])
    response["HX-Replace-Url"] = f"{request.path}?{asked}" if asked else request.path
    response["Vary"] = "HX-Request"
    response["HX-Trigger"] = json.dumps({"announce": wording.found(count)})
    return response


def _choice(request: HttpRequest, known: slots.Filter) -> Choice:
    groups = known.choices(request)
    values = {value for options in groups.values() for value, _ in options}
    return Choice(known, groups, _chosen(request, known.name, values))


def _chosen(request: HttpRequest, name: str, known: Collection[str]) -> str:
    """What is not among the choices counts as not chosen."""
    wanted = request.GET.get(name, "")
    return wanted if wanted in known else ""


def _orders(request: HttpRequest, members: QuerySet[Member]) -> dict[str, tuple[str, QuerySet[Member]]]:
    """Each order by name, with its label and these members in it."""
    known = {name: (label, members.order_by(*fields)) for name, (label, fields) in ORDERS.items()}
    others = ((order, order.sort(request, members)) for order in slots.member_orders)
    return known | {order.name: (order.label, found) for order, found in others if found is not None}


def _found(request: HttpRequest, query: str, choices: list[Choice]) -> QuerySet[Member]:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    members: QuerySet[Member] = Member.objects.of_gym(gym).named(query)
    for choice in choices:
        if choice.chosen:
            members = choice.filter.narrow(request, members, choice.chosen)
    return members


def _columns() -> list[slots.Column]:
    return [*slots.member_columns, *(slots.Column("Door access", cells) for cells in slots.member_cells)]


def _rows(request: HttpRequest, members: list[Member]) -> list[Row]:
    """Each member with what others have to say of them, in as many queries for fifty as for one."""
    columns = [(column.heading, column.cells(request, members)) for column in _columns()]
    return [
        Row(member, [(heading, cells.get(member.pk)) for heading, cells in columns]) for member in members
    ]
