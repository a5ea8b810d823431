"""How what a sync kept of itself looks on pages. Decides nothing."""

from __future__ import annotations

from django import template

from integrations.kisi import endings

register = template.Library()


@register.filter
def why(reason: str) -> str:
    """Why a run ended early, without calls and codes."""
    return endings.why(reason)
