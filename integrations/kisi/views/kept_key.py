"""A key that works, kept sealed in the session for the minutes in which somebody chooses the group to go with it."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from integrations.vault import Secret, VaultError, open_sealed, seal

NAME = "kisi_key"
KEPT_FOR = timedelta(minutes=10)


def keep(request: HttpRequest, key: Secret) -> None:
    request.session[NAME] = [seal(key, owner=_owner(request)), timezone.now().timestamp()]


def kept(request: HttpRequest) -> Secret | None:
    """The key of this person at this gym; None when there is none, or it is too old."""
    token, at = request.session.get(NAME, ("", 0))
    if timezone.now().timestamp() - at > KEPT_FOR.total_seconds():
        return None
    try:
        return open_sealed(token, owner=_owner(request))
    except VaultError:
        return None


def forget(request: HttpRequest) -> None:
    request.session.pop(NAME, None)


def _owner(request: HttpRequest) -> str:
    return f"kisi.session:{request.gym.pk}:{request.user.pk}"  # type: ignore[attr-defined]
