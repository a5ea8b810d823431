"""One person at Kisi, read while somebody waits for the answer. Writes nothing at Kisi."""

from __future__ import annotations

from typing import Any

from integrations.access.errors import Gone, KeyTooWeak, NoAnswer, PersonError
from integrations.kisi.models import KisiConnection, KisiGrant, Look
from integrations.kisi.sync import people
from integrations.kisi.sync.brief import UNANSWERED, brief
from integrations.kisi.sync.clock import Clock, DatabaseClock
from integrations.kisi.sync.session import Session

FACTS = ("at", "by", "failure", "said", "user_id", "is_suspended", "is_in_group", "has_doors")


def look(connection: KisiConnection, email: str, *, by: Any = None, clock: Clock | None = None) -> Look:
    """What Kisi says of this address now, within ten seconds; kept for the page. Raises nothing Kisi may cause.

    Of somebody whom Core gives no access it also keeps whether Kisi may let them in all the same.
    """
    clock = clock or DatabaseClock.started()
    seen = Look(connection=connection, email=email, at=clock.now(), by=by)
    try:
        _read(brief(connection, clock), seen)
    except UNANSWERED as error:
        seen.failure, seen.said = type(error).__name__, getattr(error, "said", "")
    return _keep(seen)


def _read(session: Session, seen: Look) -> None:
    seen.has_doors = bool(session.kisi.group(session.connection.group_id).doors_count)
    user = people.find(session, seen.email)
    past = KisiGrant.objects.filter(connection=session.connection, email=seen.email).past().first()
    if user is None:
        if past is not None and _is_gone(session, past):
            _tell(past, managed="", other_way=False)
        return
    seen.user_id, seen.is_suspended = user.id, not user.access_enabled
    rights = session.kisi.rights_of(user.id)
    seen.is_in_group = bool(people.ours(session, rights))
    if past is not None:
        other_way = people.other_way(session, past, rights) or _is_in_team(session, past, user.id)
        _tell(past, managed=people.protected_role(session, user.id, rights), other_way=other_way)


def _is_gone(session: Session, past: KisiGrant) -> bool:
    """Whether the person of then is there no more: not found by address is no proof, not found by id is."""
    if past.kisi_user_id is None:
        return False
    try:
        session.kisi.user(past.kisi_user_id)
    except Gone:
        return True
    return False


def _is_in_team(session: Session, past: KisiGrant, user_id: int) -> bool:
    """As it was known before where Kisi does not tell."""
    try:
        return session.kisi.is_in_team(user_id)
    except (NoAnswer, KeyTooWeak, PersonError):
        return past.other_way


def _tell(past: KisiGrant, **facts: Any) -> None:
    """Only while it is closed: an open row is the lease holder's."""
    KisiGrant.objects.filter(pk=past.pk).past().update(**facts)


def _keep(seen: Look) -> Look:
    """In place of the last one of this address; what is a day old goes."""
    mine = Look.objects.filter(connection=seen.connection)
    mine.filter(at__lt=seen.at - Look.KEPT_FOR).delete()
    facts: dict[str, Any] = {name: getattr(seen, name) for name in FACTS}
    kept, _ = mine.update_or_create(connection=seen.connection, email=seen.email, defaults=facts)
    return kept
