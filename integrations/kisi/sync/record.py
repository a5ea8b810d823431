"""Writing down what was done: events without names, and the one table that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django_guid import get_guid

from integrations.access.errors import DoorError
from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection, KisiGrant

AT_ONCE = 500


def person_of(connection: KisiConnection, *, email: str, name: str = "") -> AccessPerson:
    """The row that stands for this address in the activity of its gym; the name is kept up to date."""
    person, _ = AccessPerson.objects.get_or_create(
        gym_id=connection.gym_id, email=email, defaults={"name": name}
    )
    if name and person.name != name:
        person.name = name
        person.save(update_fields=["name"])
    return person


def held_for(grant: KisiGrant, now: datetime) -> timedelta | None:
    """How long the removal of this person has been held, for the event that ends it."""
    return now - grant.held_since if grant.held_since else None


def note(
    connection: KisiConnection,
    kind: AccessEvent.Kind,
    *,
    grant: KisiGrant | None = None,
    error: DoorError | None = None,
    **facts: Any,
) -> AccessEvent:
    """Keep one event; with `grant` it is about that person, with `error` it carries Kisi's own words."""
    if grant is not None:
        person = person_of(connection, email=grant.email, name=grant.name)
        facts |= {"person_id": person.pk, "member_id": grant.member_id}
    if error is not None:
        said = error.said.replace(grant.email, "this address") if grant else error.said
        facts |= {"kisi_status": error.status, "kisi_said": said}
    return AccessEvent.objects.create(
        gym_id=connection.gym_id, connection_id=connection.pk, kind=kind, trace=get_guid() or "", **facts
    )


def note_many(
    connection: KisiConnection, kind: AccessEvent.Kind, grants: Sequence[KisiGrant], **facts: Any
) -> None:
    """The same event about each of these people, in few questions however many they are."""
    people: dict[str, int] = {}
    for start in range(0, len(grants), AT_ONCE):
        people |= _people_of(connection, grants[start : start + AT_ONCE])
    facts |= {"gym_id": connection.gym_id, "connection_id": connection.pk, "trace": get_guid() or ""}
    events = [
        AccessEvent(kind=kind, person_id=people[grant.email], member_id=grant.member_id, **facts)
        for grant in grants
    ]
    AccessEvent.objects.bulk_create(events, batch_size=AT_ONCE)


def _people_of(connection: KisiConnection, grants: Sequence[KisiGrant]) -> dict[str, int]:
    """As `person_of`, by address."""
    gym_id, names = connection.gym_id, {grant.email: grant.name for grant in grants}
    new = [AccessPerson(gym_id=gym_id, email=email, name=name) for email, name in names.items()]
    AccessPerson.objects.bulk_create(new, ignore_conflicts=True)
    found = {person.email: person for person in AccessPerson.objects.filter(gym_id=gym_id, email__in=names)}
    renamed = [person for email, person in found.items() if names[email] not in ("", person.name)]
    for person in renamed:
        person.name = names[person.email]
    AccessPerson.objects.bulk_update(renamed, ["name"])
    return {email: person.pk for email, person in found.items()}
