"""How times, dates and statuses read on every page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html

from members.slots import Tag

register = template.Library()

ICONS = {"ok": "tick", "info": "clock", "warn": "warn", "bad": "cross", "idle": "dash"}


@register.simple_tag(takes_context=True)
def gymtime(context: Context, at: datetime | None) -> str:
    """A time in the gym's zone: today 14:05, yesterday 14:05, Mon 23 Nov, 14:05, 3 Oct 2025, 09:12."""
    if at is None:
        return "never"
    gym = context.get("gym")
    local = at.astimezone(gym.zone) if gym else at
    today = timezone.now().astimezone(local.tzinfo).date()
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="seconds"), _when(local, today))


@register.filter
def gymdate(day: date | None) -> str:
    """30 Nov 2026"""
    return f"{day.day} {day:%b %Y}" if day else ""


@register.filter
def people(count: int) -> str:
    """1 person, 2 people, 1,204 people"""
    return "1 person" if count == 1 else f"{count:,} people"


@register.inclusion_tag("_tag.html")
def tag(shown: Tag) -> dict[str, Any]:
    return {"tag": shown, "icon": ICONS[shown.tone]}


@register.simple_tag
def icon(name: str) -> str:
    """A picture of the sprite; always beside a word, so never read out."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name
    )


@register.filter
def action_word(action: str) -> str:
    return ACTIONS.get(action, action)


ACTIONS = {
    "activate": "Start now",
    "pause": "Pause",
    "resume": "Resume",
    "schedule_cancel": "Schedule cancel",
    "undo_cancel": "Undo cancel",
    "cancel_now": "Cancel now",
    "expire": "Expire",
}


def _when(local: datetime, today: date) -> str:
    clock = f"{local:%H:%M}"
    if local.date() == today:
        return f"today {clock}"
    if local.date() == today - timedelta(days=1):
        return f"yesterday {clock}"
    if local.date() == today + timedelta(days=1):
        return f"tomorrow {clock}"
    if local.year == today.year:
        return f"{local:%a} {local.day} {local:%b}, {clock}"
    return f"{local.day} {local:%b %Y}, {clock}"
