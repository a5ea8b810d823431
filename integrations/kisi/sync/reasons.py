"""Why each line of a preview is as it is, in words. Reads Core's rows, calls nobody."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Q

from integrations.kisi import doors, heard, why
from integrations.kisi.models import KisiConnection, KisiGrant, PreviewLine
from integrations.kisi.sync import gather
from integrations.kisi.sync.lines import Line, Person
from members import words
from members.models import Member

Group = PreviewLine.Group
NO_ADDRESS = "has no email address, and Kisi knows people by email"
NO_MEMBER = "is no member any more"
AT_ONCE = 200


def reasons(connection: KisiConnection, lines: Iterable[Line], today: date) -> dict[str, str]:
    """One reason per address, in a few queries and some more per 200 people who should not be in."""
    told = list(lines)
    teller = _Teller(
        entitled=_entitled(connection, today),
        rows={row.email: row for row in _remarkable(connection, today)},
        against=_against(connection, [line for line in told if line.person.want is None], today),
    )
    return {line.person.email: teller.reason(line) for line in told}


class _Teller:
    def __init__(self, entitled: dict[str, str], rows: dict[str, KisiGrant], against: dict[str, str]) -> None:
        self.entitled, self.rows, self.against = entitled, rows, against

    def reason(self, line: Line) -> str:
        person, row = line.person, self.rows.get(line.person.email)
        known = self.entitled.get(person.email) or self.against.get(person.email, "")
        if line.group is Group.MANAGED:
            return self._managed(line, row)
        if line.group is Group.CONFLICT:
            return self._conflict(row)
        if line.group is Group.WAITING:
            return f"{heard.quoted(row.last_error)}; {known}" if row and row.last_error else known
        if line.group is Group.RENAME and person.want and person.row:
            return f"is called {person.row.name or 'nothing'} in Kisi"
        if line.group is Group.ONLY_IN_KISI:
            return "is no member of this gym"
        return f"{known}; the removal is held" if row and row.is_held and person.want is None else known

    def _managed(self, line: Line, row: KisiGrant | None) -> str:
        if row and row.exempt:
            return "is left to Kisi by an admin"
        return line.person.roles[0] if line.person.roles else (row.managed if row else "")

    def _conflict(self, row: KisiGrant | None) -> str:
        if row and row.last_error:
            return f"{doors.what_to_do(row)} {heard.quoted(row.last_error)}"
        return "Kisi has two people with this address"


def _entitled(connection: KisiConnection, today: date) -> dict[str, str]:
    """Through which plan each address gets in, and until when: the one that lasts longest."""
    rows = gather.entitling(connection.gym_id, today).exclude(member__email="")
    best: dict[str, tuple[date, str]] = {}
    for email, plan, ends_on in rows.values_list("member__email", "plan__name", "ends_on"):
        best[email] = max(best.get(email, (date.min, "")), (ends_on or date.max, plan))
    return {email: _through(plan, end) for email, (end, plan) in best.items()}


def _through(plan: str, end: date) -> str:
    return f"{plan} is active" + (f" until the end of {words.day(end)}" if end != date.max else "")


def _remarkable(connection: KisiConnection, today: date) -> Iterable[KisiGrant]:
    """Rows that say more than that somebody has access."""
    says_more = ~Q(trouble="") | ~Q(managed="") | ~Q(last_error="") | Q(exempt=True) | ~Q(held_since=None)
    return KisiGrant.objects.open().with_words(today).filter(says_more, connection=connection)


def _against(connection: KisiConnection, lines: list[Line], today: date) -> dict[str, str]:
    """Why each of these should not get in: by the member of that address, else by whoever had it before."""
    found = {line.person.email: "" for line in lines if line.group is Group.ONLY_IN_KISI}
    people = [line.person for line in lines if line.group is not Group.ONLY_IN_KISI]
    for start in range(0, len(people), AT_ONCE):
        found |= _against_some(connection, people[start : start + AT_ONCE], today)
    return found


def _against_some(connection: KisiConnection, some: list[Person], today: date) -> dict[str, str]:
    emails, ids = {person.email for person in some}, {person.member_id for person in some}
    known = Member.objects.filter(Q(email__in=emails) | Q(pk__in=ids - {None}), gym_id=connection.gym_id)
    members = {member.pk: member for member in known.order_by("-pk")}
    here = [member for member in members.values() if member.email in emails]
    facts = doors.gather_facts(connection.gym, here, today)
    of_address = {member.email: facts[member.pk].reason for member in here}
    return {person.email: of_address.get(person.email) or _former(person, members) for person in some}


def _former(person: Person, members: dict[int, Member]) -> str:
    """Of an address that no member has any more."""
    member = members.get(person.member_id or 0)
    return why.moved_to(member.email) if member else NO_MEMBER
