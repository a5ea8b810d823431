"""The Marketplace: a card per integration."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from integrations import catalog
from members.gyms import staff_required


@require_GET
@staff_required
def marketplace(request: HttpRequest) -> HttpResponse:
    cards = [entry.card(request) for entry in catalog.entries]
    return render(request, "integrations/marketplace.html", {"section": "marketplace", "cards": cards})
