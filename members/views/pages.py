"""Pages that are nobody else's: not found, not allowed."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import is_valid_path

from members.gyms import AdminsOnly, NoGym, OtherGym, admin_names, current_staff


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Names who could open the page; a person without a gym is told that."""
    if isinstance(exception, OtherGym):
        return render(request, "409.html", {"meant": exception.meant}, status=409)
    here = current_staff(request) if isinstance(exception, AdminsOnly) else None
    context = {
        "here": here,
        "admins": admin_names(request) if here else [],
        "no_gym": isinstance(exception, NoGym),
    }
    return render(request, "403.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same for what does not exist and for what belongs to another gym."""
    return render(request, "404.html", status=404)


def only_pressed(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware: whoever opens an address that only takes a press gets a page, with the way to where its button is."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.status_code != 405 or request.method != "GET":
            return response
        page = render(request, "405.html", {"above": _above(request.path)}, status=405)
        page["Allow"] = response["Allow"]
        return page

    return answer


def _above(path: str) -> str:
    """The nearest address above that one at which there is something."""
    while len(path) > 1:
        path = path.rstrip("/").rpartition("/")[0] + "/"
        if is_valid_path(path):
            return path
    return "/"
