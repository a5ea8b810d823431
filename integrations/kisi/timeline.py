"""Activity in sentences: events with the names that stand in the person table. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model

from integrations.kisi.models import AccessEvent, AccessPerson

Kind = AccessEvent.Kind


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    what: str
    member_id: int | None
    caused_by: str
    said: str
    kind: str
    who: str = ""

    @property
    def parts(self) -> tuple[str, str, str]:
        """The sentence around the name, so that only the name is a link."""
        return self.what.partition(self.who) if self.who else (self.what, "", "")


_WORDS = {
    Kind.GRANTED: "{who} got access",
    Kind.REVOKED: "{who} lost access",
    Kind.ADOPTED: "{who}'s access was taken over",
    Kind.REPAIRED: "{who}'s access was put back",
    Kind.RENAMED: "The name {who} was sent to Kisi",
    Kind.DRIFT: "{who} was changed in Kisi",
    Kind.HELD: "The removal of {who} is held",
    Kind.ALLOWED: "The held removal of {who} was allowed",
    Kind.KEPT: "{who}'s access was kept",
    Kind.RETURNED: "The held removal of {who} is no longer needed",
    Kind.EXEMPTED: "{who}'s access was left to Kisi",
    Kind.MANAGED: "{who} is managed in Kisi",
    Kind.REFUSED: "{who} could not be updated",
    Kind.STATUS: "Connection: {cause}",
    Kind.SETTING: "Setting changed: {cause}",
}


def lines(events: Iterable[AccessEvent]) -> list[Line]:
    """Events as sentences, in two queries more however many there are."""
    rows = list(events)
    people = AccessPerson.objects.in_bulk({row.person_id for row in rows if row.person_id})
    users = get_user_model().objects.in_bulk({row.by_id for row in rows if row.by_id})
    return [_line(row, people.get(row.person_id), users.get(row.by_id)) for row in rows]


def _line(row: AccessEvent, person: AccessPerson | None, user: object) -> Line:
    who = (person.name or person.email) if person else "Somebody whose data was erased"
    what = _WORDS[Kind(row.kind)].format(who=who, cause=row.cause)
    by = str(getattr(user, "get_full_name", str)() or user) if user else ""
    cause = "" if "{cause}" in _WORDS[Kind(row.kind)] else row.cause
    return Line(row.at, what, row.member_id, by or cause, row.kisi_said, row.kind, who if person else "")
