"""Pages that are nobody else's: not found, not allowed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from members.gyms import AdminsOnly, admin_names, current_staff


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Names who could open the page; a person without a gym is told that."""
    staff = None
    if isinstance(exception, AdminsOnly):
        staff = current_staff(request)
    admins = admin_names(staff.gym) if staff else []
    return render(request, "403.html", {"here": staff, "admins": admins}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.user.is_authenticated and hasattr(request, "gym"):
        current_staff(request)
    return render(request, "404.html", status=404)
