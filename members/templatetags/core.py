"""How times, counts, people and statuses look on every page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BoundField
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from members import words
from members.gyms import admin_names, name_of
from members.slots import Tag

register = template.Library()

WHOLE = "24-hr access"
LAST_BRACKETS = re.compile(r" \(([^()]*)\)$")
# A tone has its picture; some words have a better one.
TONES = {"ok": "tick", "info": "info", "warn": "warn", "bad": "cross", "idle": "dash"}
PICTURES = {
    "Active": "tick",
    "Starts later": "clock",
    "Cancels": "clock",
    "Waiting": "clock",
    "Moving in": "arrows",
    "Syncing": "arrows",
    "Disconnecting": "arrows",
    "Slowed down": "clock",
    "Paused": "bars",
    "Held": "bars",
    "Removals held": "bars",
    "Needs new key": "key",
    "Wrong organization": "key",
    "Key too weak": "key",
}


@register.simple_tag(takes_context=True)
def gymtime(context: Context, at: datetime | None) -> str:
    """A time in the gym's zone: today 14:05, yesterday 14:05, Mon 23 Nov, 14:05, 3 Oct 2025, 09:12.

    To the second and with the zone where the pointer rests on it.
    """
    if at is None:
        return "never"
    gym = context.get("gym")
    zone, name = (gym.zone, gym.timezone) if gym else (UTC, "UTC")
    local = at.astimezone(zone)
    said = words.moment(local, timezone.now().astimezone(zone).date())
    stamp, exact = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", words.exact(local, name)
    return format_html('<time datetime="{}" title="{}">{}</time>', stamp, exact, said)


@register.filter
def gymdate(day: date | None) -> str:
    """30 Nov 2026"""
    return words.day(day) if day else ""


@register.filter
def people(count: int) -> str:
    """1 person, 2 people, 1,204 people"""
    return words.people(count)


@register.filter
def number(count: int | None) -> str:
    """1,204; "" for what is not known."""
    return "" if count is None else f"{count:,}"


@register.filter
def money(amount: Decimal) -> str:
    """1,204.50"""
    return f"{amount:,.2f}"


@register.filter
def counted(count: int, forms: str) -> str:
    """`{{ 3|counted:"plan,plans" }}`: 3 plans"""
    one, many = forms.split(",")
    return words.counted(count, one, many)


@register.filter
def person(user: Any) -> str:
    """Who did it; "" for nobody."""
    return name_of(user)


@register.simple_tag(takes_context=True)
def admins(context: Context) -> str:
    """Who may do what staff may not."""
    return ", ".join(admin_names(context["request"]))


@register.filter
def city(zone: str) -> str:
    """America/Los_Angeles is Los Angeles."""
    return zone.rpartition("/")[2].replace("_", " ")


@register.filter
def bracketed(reason: str) -> str:
    """A reason in brackets, a last word of it that stands in brackets itself after a colon."""
    flat = LAST_BRACKETS.sub(r": \1", reason)
    return f"({flat})"


@register.filter
def unbroken(text: str) -> SafeString:
    """“24-hr access” stays on one line wherever the text wraps."""
    return mark_safe(conditional_escape(text).replace(WHOLE, f'<span class="nowrap">{WHOLE}</span>'))  # noqa: S308


@register.simple_tag
def tag(shown: Tag) -> str:
    """A status: color, picture and word."""
    return format_html('<span class="tag {}">{}{}</span>', shown.tone, picture(shown), shown.word)


@register.filter
def picture(shown: Tag) -> str:
    """The picture of a status alone, beside its words in a banner."""
    return icon(PICTURES.get(shown.word, TONES[shown.tone]))


@register.simple_tag
def icon(name: str) -> str:
    """A picture of the sprite; always beside a word, so never read out."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name
    )


@register.filter
def tone_icon(tone: str) -> str:
    return icon(TONES.get(tone, "info"))


@register.filter
def numbers(page: Page[Any]) -> Iterator[int | str]:
    """1 2 … 7 8 9 … 20: the numbers of the pages around this one."""
    return page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)


@register.filter
def told_apart(lines: Iterable[Any]) -> list[dict[str, str]]:
    """People by name; with the address where there is no name or two share one."""
    rows = list(lines)
    names = Counter(row.name for row in rows)
    return [
        {
            "name": row.name or row.email,
            "email": row.email if row.name and names[row.name] > 1 else "",
            "reason": getattr(row, "reason", ""),
        }
        for row in rows
    ]


@register.filter
def anchor(field: BoundField) -> str:
    """The id of the control that an error's link goes to: of a group, its first one."""
    return f"{field.auto_id}_0" if field.use_fieldset else field.id_for_label
