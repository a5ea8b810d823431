"""Pages that are nobody else's: not found, not allowed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from members.gyms import AdminsOnly, NoGym, OtherGym, admin_names, current_staff


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Names who could open the page; a person without a gym is told that."""
    if isinstance(exception, OtherGym):
        return render(request, "409.html", {"meant": exception.meant}, status=409)
    here = current_staff(request) if isinstance(exception, AdminsOnly) else None
    context = {
        "here": here,
        "admins": admin_names(here.gym) if here else [],
        "no_gym": isinstance(exception, NoGym),
    }
    return render(request, "403.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same for what does not exist and for what belongs to another gym."""
    return render(request, "404.html", status=404)
