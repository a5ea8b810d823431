"""How what a sync kept of itself looks on pages. Decides nothing."""

from __future__ import annotations

from django import template

from integrations.kisi import endings, heard

register = template.Library()


@register.filter
def why(reason: str) -> str:
    """Why a run ended early, without calls and codes."""
    return endings.why(reason)


@register.filter
def plain(said: str) -> str:
    """Kisi's own words about a person, or what Core says instead of them."""
    return heard.plain(said)


@register.filter
def quoted(said: str) -> str:
    """The same as half a sentence."""
    return heard.quoted(said)


@register.filter
def is_kisis(said: str) -> bool:
    """Whether these are Kisi's own words."""
    return bool(heard.kisi_says(said))
