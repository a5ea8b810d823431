"""One person at Kisi, read while somebody waits for the answer. Writes nothing at Kisi."""

from __future__ import annotations

from typing import Any

from integrations.kisi.models import KisiConnection, Look
from integrations.kisi.sync import people
from integrations.kisi.sync.brief import UNANSWERED, brief
from integrations.kisi.sync.clock import Clock, DatabaseClock
from integrations.kisi.sync.session import Session

FACTS = ("at", "by", "failure", "said", "user_id", "is_suspended", "is_in_group", "has_doors")


def look(connection: KisiConnection, email: str, *, by: Any = None, clock: Clock | None = None) -> Look:
    """What Kisi says of this address now, within ten seconds; kept for the page. Raises nothing Kisi may cause."""
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
    if user is None:
        return
    seen.user_id, seen.is_suspended = user.id, not user.access_enabled
    seen.is_in_group = bool(people.ours(session, session.kisi.rights_of(user.id)))


def _keep(seen: Look) -> Look:
    """In place of the last one of this address; what is a day old goes."""
    mine = Look.objects.filter(connection=seen.connection)
    mine.filter(at__lt=seen.at - Look.KEPT_FOR).delete()
    facts: dict[str, Any] = {name: getattr(seen, name) for name in FACTS}
    kept, _ = mine.update_or_create(connection=seen.connection, email=seen.email, defaults=facts)
    return kept
