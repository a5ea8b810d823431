"""The help pages: one per topic, readable before Kisi is connected and by everybody who works here."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from integrations.kisi.explain import TOPICS
from members.gyms import staff_required


@require_GET
@staff_required
def show(request: HttpRequest, topic: str) -> HttpResponse:
    if topic not in TOPICS:
        raise Http404("no such topic")
    others = [(name, title) for name, title in TOPICS.items() if name != topic]
    context = {"section": "marketplace", "title": TOPICS[topic], "others": others}
    return render(request, f"kisi/help/{topic}.html", context)
