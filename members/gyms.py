"""The one tenant and role check: whose gym a request is for, and what the signed-in person may do there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from members import slots, wording
from members.models import Staff

View = Callable[..., HttpResponseBase]
SESSION_KEY = "gym"
PAGE_OF = "page_of_gym"
SECTIONS = ("plans", "members", "marketplace")


class NoGym(PermissionDenied):
    """The person works at no gym in this deployment."""


class OtherGym(PermissionDenied):
    """What was pressed stands on a page of another gym than the one that is worked at by now."""

    def __init__(self, meant: Staff | None) -> None:
        self.meant = meant
        super().__init__("the page is another gym's")


class AdminsOnly(PermissionDenied):
    """The page is for this gym's admins."""


class GymMiddleware:
    """Keeps the pages of signed-in people out of every cache."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response


def current_staff(request: HttpRequest) -> Staff:
    """The signed-in person's place at the gym of this session; raises NoGym.

    Kept on the request with its gym, as `request.staff` and `request.gym`.
    """
    known = getattr(request, "staff", None)
    if known is None:
        known = _find(request)
        request.staff, request.gym = known, known.gym  # type: ignore[attr-defined]
    return known


def switch_gym(request: HttpRequest, chosen: str) -> None:
    """Make another gym of this person the session's, by id; another's gym is ignored."""
    for place in _places(request):
        if str(place.gym_id) == chosen:
            request.session[SESSION_KEY] = place.gym_id


def staff_required(view: View) -> View:
    """Signed in, and staff or admin of a gym: the view gets `request.staff` and `request.gym`."""
    return _required(view, admin=False)


def admin_required(view: View) -> View:
    """The same, and an admin there; another gets the page that names the admins."""
    return _required(view, admin=True)


def works_somewhere(view: View) -> View:
    """The same as staff, whichever gym's page it was pressed on."""
    return _required(view, admin=False, of_page=False)


def name_of(user: Any) -> str:
    """How a person who signs in is called on pages; "" for nobody."""
    return str(user.get_full_name() or user.email or user.get_username()) if user else ""


def admin_names(request: HttpRequest) -> list[str]:
    """Who may do at this gym what staff may not."""
    gym = current_staff(request).gym_id
    return [name_of(row.user) for row in _colleagues(request) if row.gym_id == gym and row.is_admin]


def page_context(request: HttpRequest) -> dict[str, Any]:
    """What every page shows about who is signed in where; read only by templates that ask for it."""
    return {
        "staff": SimpleLazyObject(lambda: _here(request)),
        "gym": SimpleLazyObject(lambda: getattr(_here(request), "gym", None)),
        "other_gyms": SimpleLazyObject(lambda: _others(request)),
        "page_banners": SimpleLazyObject(lambda: _banners(request)),
        "section": _section(request.path),
    }


def _required(view: View, *, admin: bool, of_page: bool = True) -> View:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        staff = current_staff(request)
        if staff.is_admin and settings.ADMINS_NEED_MFA and not is_mfa_enabled(request.user):
            return redirect("mfa_activate_totp")
        if admin and not staff.is_admin:
            raise AdminsOnly
        if of_page:
            _require_page_of(request, staff)
        return view(request, *args, **kwargs)

    return checked


def _require_page_of(request: HttpRequest, staff: Staff) -> None:
    """Two windows share one session: a form tells whose page it stands on, and acts on no other gym."""
    posted = request.POST.get(PAGE_OF)
    if posted and posted != str(staff.gym_id):
        raise OtherGym(next((place for place in _places(request) if str(place.gym_id) == posted), None))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in and come back to the page: a press or a poll says that nothing was saved."""
    is_poll = "HX-Request" in request.headers
    if request.method == "GET" and not is_poll:
        return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
    messages.warning(request, wording.SESSION_ENDED)
    page = _page_of(request, "HX-Current-URL" if is_poll else "Referer")
    to_sign_in = redirect_to_login(page, settings.LOGIN_URL)
    return HttpResponseClientRedirect(to_sign_in.url) if is_poll else to_sign_in


def _page_of(request: HttpRequest, header: str) -> str:
    """The address of the page that sent this, as a path; the dashboard when it is not ours."""
    url = request.headers.get(header, "")
    if not url_has_allowed_host_and_scheme(url, {request.get_host()}, require_https=request.is_secure()):
        return reverse("dashboard")
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


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
    return [row for row in _colleagues(request) if row.user_id == request.user.pk]


def _colleagues(request: HttpRequest) -> list[Staff]:
    """The person at each gym they work at, and the admins there; looked up once a request."""
    known = getattr(request, "colleagues", None)
    if known is None:
        mine = Staff.objects.filter(user_id=request.user.pk or 0)
        admins = Staff.objects.filter(role=Staff.Role.ADMIN, gym__in=mine.values("gym"))
        known = list((mine | admins).select_related("gym", "user").order_by("pk"))
        request.colleagues = known  # type: ignore[attr-defined]
    return known


def _here(request: HttpRequest) -> Staff | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    try:
        return current_staff(request)
    except NoGym:
        return None


def _others(request: HttpRequest) -> list[Staff]:
    here = _here(request)
    return [row for row in _places(request) if row.pk != here.pk] if here else []


def _banners(request: HttpRequest) -> list[slots.Piece]:
    return slots.pieces(slots.banners, request) if _here(request) else []


def _section(path: str) -> str:
    """Which of the four links in the navigation the page belongs to."""
    first = path.strip("/").partition("/")[0]
    return first if first in SECTIONS else "" if first else "dashboard"
