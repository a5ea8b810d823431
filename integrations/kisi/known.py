"""What is known of a member's door access: Core's rule, the ledger, who shares the address. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.access.policy import Decision
from integrations.kisi import entries, why
from integrations.kisi.entries import Holders
from integrations.kisi.models import KisiConnection, KisiGrant, Look
from members import words
from members.models import Gym, Member

State = KisiGrant.State


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about one member's door access."""

    member: Member
    decision: Decision
    row: KisiGrant | None
    connection: KisiConnection | None
    today: date
    sharers: tuple[str, ...] = ()
    is_cancelled: bool = False  # what gives access until a day was cancelled from then
    past: KisiGrant | None = None  # the last row of an address that has none open
    whose: str = ""  # first name of whoever's subscription decides, where it is not the member's own
    seen: Look | None = None  # what Kisi said when somebody asked just now
    goes_on: Decision | None = None  # what gives access from the day after its end
    called: str = ""  # by the address, where it is another one than the member's

    @property
    def first(self) -> str:
        return self.called or self.member.first_name

    @property
    def reason(self) -> str:
        return why.because(self.decision, cancelled=self.is_cancelled, whose=self.whose)

    @property
    def news(self) -> Look | None:
        """What Kisi said later than the ledger knows, and than anything was begun."""
        seen, row = self.seen, self.row
        if seen is None or seen.failure or row is None:
            return None
        known = [at for at in (row.confirmed_at, row.intent_at) if at is not None]
        return seen if all(at < seen.at for at in known) else None

    def day(self, at: datetime | None) -> str:
        return words.day(self._local(at).date()) if at else "an earlier day"

    def moment(self, at: datetime | None) -> str:
        return words.moment(self._local(at), self.today) if at else "an earlier day"

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.connection.gym.zone if self.connection else UTC)


def gather_facts(gym: Gym, members: Sequence[Member], today: date) -> dict[int, Facts]:
    """The facts of these members, in a fixed number of queries however many they are."""
    connection = KisiConnection.objects.select_related("gym", "status_by").filter(gym=gym).first()
    return facts_at(connection, gym, members, today)


def facts_at(
    connection: KisiConnection | None, gym: Gym, members: Sequence[Member], today: date
) -> dict[int, Facts]:
    """The same, at a connection that is known already: in one query, and one for the ledger."""
    holders = entries.of(gym, members)
    by_email = _rows(connection, {member.email for member in members if member.email}, today)
    return {
        member.pk: _facts(member, holders, by_email.get(member.email), connection, today)
        for member in members
    }


def facts_and_former(
    connection: KisiConnection | None, gym: Gym, member: Member, today: date
) -> tuple[Facts, list[KisiGrant]]:
    """The same of one member; and in as many queries the rights under addresses that nobody has any more."""
    holders = entries.of(gym, [member])
    found: list[KisiGrant] = []
    if connection is not None:
        found = list(_told(connection, Q(email=member.email) & ~Q(email="") | _former(member), today))
    here = next((row for row in found if row.email == member.email), None)
    if here is None and member.email and not holders.sharing(member.pk):
        here = next((row for row in found if row.exempt), None)  # such a word goes along with the address
    facts = _facts(member, holders, here, connection, today)
    is_over = connection is None or connection.is_ending
    return facts, [] if is_over else [row for row in found if row.email != member.email and row is not here]


def _former(member: Member) -> Q:
    """Rights this member still has elsewhere, and what an admin left to Kisi there."""
    here = Member.objects.filter(gym=member.gym_id, email=OuterRef("email"))
    has_right = Q(role_assignment_id__isnull=False) & ~Q(state=State.ABSENT) | Q(exempt=True)
    return has_right & Q(~Exists(here), ~Q(state=State.CLOSED), member=member)


def _rows(connection: KisiConnection | None, emails: set[str], today: date) -> dict[str, KisiGrant]:
    if connection is None or not emails:
        return {}
    return {row.email: row for row in _told(connection, Q(email__in=emails), today)}


def _told(connection: KisiConnection, which: Q, today: date) -> QuerySet[KisiGrant]:
    rows = KisiGrant.objects.telling().with_words(today).filter(which, connection=connection)
    return rows.select_related("kept_by", "exempt_by")


def _facts(
    member: Member, holders: Holders, known: KisiGrant | None, connection: KisiConnection | None, today: date
) -> Facts:
    decision, whose = why.judge(holders, member.pk, today)
    sharers = tuple(other.first_name for other in holders.sharing(member.pk))
    row, past = (None, known) if known and known.state == State.CLOSED else (known, None)
    theirs = holders.entries(member.pk)
    cancelled, after = why.is_cancelled(theirs, decision), why.goes_on(theirs, decision)
    return Facts(member, decision, row, connection, today, sharers, cancelled, past, whose, goes_on=after)
