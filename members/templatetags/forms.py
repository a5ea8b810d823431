"""`{% csrf_token %}` in every template: a form also tells of which gym the page is that it stands on."""

from __future__ import annotations

from django import template
from django.template import Context
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from members.gyms import PAGE_OF

register = template.Library()


@register.simple_tag(takes_context=True)
def csrf_token(context: Context) -> SafeString:
    """Django's own field; and the gym, for whoever works at several and may have switched in another window."""
    field = SafeString(CsrfTokenNode().render(context))
    if not context.get("other_gyms"):
        return field
    return format_html('{}<input type="hidden" name="{}" value="{}">', field, PAGE_OF, context["gym"].pk)
