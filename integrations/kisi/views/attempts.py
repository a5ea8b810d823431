"""Trying the credentials of a form: what is wrong is said at its field, and nothing was saved."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from integrations.access.errors import DoorError
from integrations.kisi import refusals
from integrations.kisi.forms import NO_NUMBER, CredentialsForm, KeyForm
from integrations.kisi.models import KisiConnection
from integrations.kisi.sync.checks import OtherOrganization, groups_of
from integrations.kisi.sync.connecting import GroupTaken
from integrations.kisi.sync.session import Later
from integrations.kisi.views import kept_key
from integrations.vault import Secret


def attempt(
    form: KeyForm, carry_out: Callable[[Secret], object], connection: KisiConnection | None = None
) -> bool:
    """Whether it worked with the form's key; else one sentence stands at the field it is about, nothing was saved."""
    key = form.cleaned_data["api_key"]
    group_id = form.cleaned_data.get("group_id", connection.group_id if connection else 0)
    try:
        carry_out(key)
        return True
    except GroupTaken:
        field, words = "group_id", refusals.GROUP_TAKEN
    except OtherOrganization as error:
        field, words = "api_key", refusals.other_organization(error.has, error.needs)
    except Later:
        field, words = "", refusals.busy(is_new=connection is None)
    except DoorError as error:
        field, words = refusals.refusal(error, group_id=group_id, is_new=connection is None)
    field = field if field in form.fields else ""
    form.add_error(field or None, words)
    if field not in ("api_key", "group_id") and key != form.kept:
        form.add_error("api_key", refusals.KEY_AGAIN)
    return False


def asked_again(request: HttpRequest, form: CredentialsForm) -> CredentialsForm:
    """Where the group is the matter and the key works: the groups that it sees, by name, and the key is kept."""
    key = form.cleaned_data.get("api_key") if form.is_bound else None
    if key is None or not form.has_error("group_id"):
        return _without_kept(request, form)
    untried = any(form.has_error("group_id", code) for code in NO_NUMBER)
    groups = () if untried else groups_of(key)
    if not groups:
        if key != form.kept:
            form.add_error("api_key", refusals.KEY_UNTRIED if untried else refusals.KEY_AGAIN)
        return _without_kept(request, form)
    kept_key.keep(request, key)
    is_left_open = form.has_error("group_id", "required")
    again = CredentialsForm(None if is_left_open else request.POST, kept=key)
    again.offer(groups)
    if not is_left_open:
        again.full_clean()
        again.errors["group_id"] = form.errors["group_id"]
    return again


def _without_kept(request: HttpRequest, form: CredentialsForm) -> CredentialsForm:
    """Where the key is the matter, the one that was kept is of no use either: no word of it stays."""
    if form.has_error("api_key"):
        kept_key.forget(request)
        form.ask_for_key()
    return form
