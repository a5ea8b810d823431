"""The one tenant and role check: whose gym a request is for, and what the signed-in person may do there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from members import slots
from members.models import Gym, Staff

View = Callable[..., HttpResponse]
SESSION_KEY = "gym"


class NoGym(PermissionDenied):
    """The person works at no gym in this deployment."""


class AdminsOnly(PermissionDenied):
    """The page is for this gym's admins."""


class GymMiddleware:
    """Puts `request.staff` (or None) on every request, read once and only when asked for."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response


def current_staff(request: HttpRequest) -> Staff:
    """The signed-in person's place at the gym of this session; raises NoGym."""
    known = getattr(request, "staff", None)
    if known is None:
        known = _find(request)
        request.staff = known  # type: ignore[attr-defined]
    return known


def switch_gym(request: HttpRequest, gym_id: int) -> None:
    """Make another gym of this person the session's; another's gym is ignored."""
    if Staff.objects.filter(user_id=request.user.pk, gym_id=gym_id).exists():
        request.session[SESSION_KEY] = gym_id


def staff_required(view: View) -> View:
    """Signed in, and staff or admin of a gym: the view gets `request.staff` and `request.gym`."""
    return _required(view, admin=False)


def admin_required(view: View) -> View:
    """The same, and an admin there; another gets the page that names the admins."""
    return _required(view, admin=True)


def admin_names(gym: Gym) -> list[str]:
    admins = Staff.objects.filter(gym=gym, role=Staff.Role.ADMIN).select_related("user").order_by("pk")
    return [str(row.user.get_full_name() or row.user.get_username()) for row in admins]


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page shows about who is signed in where."""
    staff = getattr(request, "staff", None)
    if staff is None:
        return {}
    return {
        "staff": staff,
        "gym": staff.gym,
        "other_gyms": [row for row in _places(request) if row.pk != staff.pk],
        "page_banners": slots.pieces(slots.banners, request),
    }


def _required(view: View, *, admin: bool) -> View:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        staff = current_staff(request)
        request.gym = staff.gym  # type: ignore[attr-defined]
        if admin and not staff.is_admin:
            raise AdminsOnly
        if staff.is_admin and not settings.DEBUG and not is_mfa_enabled(request.user):
            return redirect("mfa_activate_totp")
        return view(request, *args, **kwargs)

    return login_required(checked)


def _find(request: HttpRequest) -> Staff:
    places = _places(request)
    chosen = request.session.get(SESSION_KEY)
    for staff in places:
        if staff.gym_id == chosen:
            return staff
    if not places:
        raise NoGym
    return places[0]


def _places(request: HttpRequest) -> list[Staff]:
    known = getattr(request, "places", None)
    if known is None:
        rows = Staff.objects.filter(user_id=request.user.pk).select_related("gym", "user").order_by("pk")
        known = list(rows)
        request.places = known  # type: ignore[attr-defined]
    return known
