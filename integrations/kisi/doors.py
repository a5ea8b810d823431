"""Can this member get in, and why: the one sentence of the member's page. Reads only, calls nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from integrations.access.policy import Decision, Entry, Person, Reason, decide
from integrations.kisi import entries, wording
from integrations.kisi.entries import Holders
from integrations.kisi.models import KisiConnection, KisiGrant
from members import words
from members.models import Gym, Member
from members.slots import Tag
from plans.models import Subscription

State, Trouble, Status = KisiGrant.State, KisiGrant.Trouble, Subscription.Status
YES, NO = Tag("Can get in", "ok"), Tag("Can't get in", "idle")
WAITS, FAILED, HELD, KISI = (
    Tag("Waiting", "info"),
    Tag("Failed", "bad"),
    Tag("Held", "warn"),
    Tag("In Kisi", "idle"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """`decision` is Core's rule for the address; `notes` stand below the sentence."""

    tag: Tag
    sentence: str
    short: str
    decision: Decision
    notes: tuple[str, ...] = ()


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

    @property
    def reason(self) -> str:
        return because(self.decision, is_cancelled=self.is_cancelled)

    def day(self, at: datetime | None) -> str:
        return words.day(self._local(at).date()) if at else "an earlier day"

    def moment(self, at: datetime | None) -> str:
        return words.moment(self._local(at), self.today) if at else "an earlier day"

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self.connection.gym.zone if self.connection else UTC)


def answer(facts: Facts) -> Answer:
    tag, sentence, short = _say(facts)
    notes = []
    if facts.sharers:
        names = " and ".join([facts.member.first_name, *facts.sharers])
        notes.append(
            f"{names} share {facts.member.email}: for Kisi they are one person, "
            "so either subscription opens the doors."
        )
    return Answer(tag, sentence, short, facts.decision, tuple(notes))


def gather_facts(gym: Gym, members: Sequence[Member], today: date) -> dict[int, Facts]:
    """The facts of these members, in a fixed number of queries however many they are."""
    connection = KisiConnection.objects.select_related("gym", "status_by").filter(gym=gym).first()
    return facts_at(connection, gym, members, today)


def facts_at(
    connection: KisiConnection | None, gym: Gym, members: Sequence[Member], today: date
) -> dict[int, Facts]:
    """The same, at a connection that is known already: in one query, and one for the ledger."""
    holders = entries.of(gym, members)
    by_email = _rows(connection, {member.email for member in members if member.email})
    return {
        member.pk: _facts(member, holders, by_email.get(member.email), connection, today)
        for member in members
    }


def _rows(connection: KisiConnection | None, emails: set[str]) -> dict[str, KisiGrant]:
    if connection is None or not emails:
        return {}
    rows = KisiGrant.objects.telling().filter(connection=connection, email__in=emails)
    return {row.email: row for row in rows.select_related("kept_by", "exempt_by")}


def _facts(
    member: Member, holders: Holders, known: KisiGrant | None, connection: KisiConnection | None, today: date
) -> Facts:
    theirs = holders.entries(member.pk)
    decision = decide(Person(tuple(theirs)), today)
    sharers = tuple(other.first_name for other in holders.sharing(member.pk))
    row, past = (None, known) if known and known.state == State.CLOSED else (known, None)
    cancelled = _is_cancelled(theirs, decision)
    return Facts(member, decision, row, connection, today, sharers, cancelled, past)


def reasons(gym: Gym, rows: Sequence[KisiGrant], today: date) -> dict[str, str]:
    """Why each of these people should not have access on `today`, by address."""
    return reasons_by(entries.of(gym, members_of(rows)), rows, today)


def members_of(rows: Iterable[KisiGrant]) -> list[Member]:
    return [row.member for row in rows if row.member]


def reasons_by(holders: Holders, rows: Sequence[KisiGrant], today: date) -> dict[str, str]:
    """The same of people whose subscriptions are known already."""
    return {row.email: _why_not(holders, row.member_id or 0, today) for row in rows}


def _why_not(holders: Holders, member_id: int, today: date) -> str:
    if member_id not in holders.by_id:
        return "no longer a member"
    theirs = holders.entries(member_id)
    decision = decide(Person(tuple(theirs)), today)
    return because(decision, is_cancelled=_is_cancelled(theirs, decision))


def _is_cancelled(theirs: list[Entry], decision: Decision) -> bool:
    """Whether the subscription that decides was cancelled from its last day on."""
    ends = [e for e in theirs if (e.plan, e.ends_on) == (decision.plan, decision.until)]
    return decision.until is not None and any(e.status == Status.PENDING_CANCEL for e in ends)


def _say(facts: Facts) -> tuple[Tag, str, str]:
    first, reason = facts.member.first_name, facts.reason
    connection, row = facts.connection, facts.row
    if connection is None or connection.status == KisiConnection.Status.DISCONNECTED:
        could = "could" if facts.decision.allowed else "could not"
        text = f"Kisi is not connected, so Core opens no doors. By the subscriptions {first} {could} get in: {reason}."
        return Tag("No doors", "idle"), text, "Kisi is not connected"
    if row is not None and row.exempt:
        who = row.exempt_by.get_full_name() or row.exempt_by.get_username() if row.exempt_by else "An admin"
        text = f"Managed in Kisi, not by Core: {who} decided so on {facts.day(row.exempt_at)}."
        return KISI, text, "left to Kisi"
    if row is not None and row.managed:
        return _managed(first, row)
    return _wanted(facts, reason) if facts.decision.allowed else _unwanted(facts, reason)


def _managed(first: str, row: KisiGrant) -> tuple[Tag, str, str]:
    return KISI, f"Managed in Kisi, not by Core: {first} {row.managed}.", row.managed


def _wanted(facts: Facts, reason: str) -> tuple[Tag, str, str]:
    first, row, connection = facts.member.first_name, facts.row, facts.connection
    if not facts.member.email:
        return (
            FAILED,
            f"{first} can't get in: Kisi knows people by email, and Core has none for {first}.",
            "no email",
        )
    if row is not None and row.state == State.GRANTED:
        if row.suspended:
            text = (
                f"{first} is in the group but suspended in Kisi, so no door opens. "
                "Only someone in Kisi can lift that."
            )
            return Tag("Suspended", "warn"), text, "suspended in Kisi"
        return YES, _can(first, facts), reason
    if row is not None and row.is_parked:
        text = f"{first} should get in, but Kisi refused. {what_to_do(row)} Kisi said: “{row.last_error}”."
        return FAILED, text, "Kisi refused"
    standing = wording.standing(connection, wording.Counts()) if connection else None
    if standing is not None:
        return WAITS, f"{first} should get in, but {_lower(standing.heading)}.", _lower(standing.heading)
    sent = f" Sent {facts.moment(row.intent_at)}." if row is not None and row.intent_at else ""
    return WAITS, f"{first} gets in as soon as Kisi confirms it: {reason}.{sent}", "waiting for Kisi"


def _unwanted(facts: Facts, reason: str) -> tuple[Tag, str, str]:
    first, row, connection = facts.member.first_name, facts.row, facts.connection
    if row is None or row.state == State.ABSENT:
        return _outside(facts, reason)
    if connection and connection.in_transition and row.origin == KisiGrant.Origin.ADOPTED:
        text = f"{first} can still get in: Core did not create this access, and you have not cut over."
        return Tag("Can get in", "warn"), text, "until cut-over"
    if row.held_since:
        return (
            HELD,
            f"{first} can still get in: the removal is held since {facts.moment(row.held_since)} because {reason}.",
            "held",
        )
    if row.kept_until:
        who = row.kept_by.get_full_name() or row.kept_by.get_username() if row.kept_by else "An admin"
        on = facts.day(row.kept_at)
        text = f"{first} can get in: {who} kept this access on {on} although {reason}."
        return Tag("Kept", "warn"), text, "kept"
    if row.is_parked:
        text = f"{first} can still get in although {reason}: Kisi refused the removal. Kisi said: “{row.last_error}”."
        return FAILED, text, "Kisi refused"
    return WAITS, f"{first} loses access as soon as Kisi confirms it: {reason}.", "waiting for Kisi"


def _outside(facts: Facts, reason: str) -> tuple[Tag, str, str]:
    """Without a right of ours: out, unless the last read of this person showed another way in."""
    first, last = facts.member.first_name, facts.row or facts.past
    if last is not None and last.managed:
        return _managed(first, last)
    if last is not None and last.other_way:
        text = f"Core gives {first} no access, but a Kisi team or another group may. Look in Kisi."
        return KISI, text, "another way in"
    yet = " yet" if facts.decision.reason is Reason.STARTS else ""
    return NO, f"{first} can't get in{yet}: {reason}.", reason


def because(decision: Decision, *, is_cancelled: bool = False) -> str:
    """The reason as the second half of a sentence, without the full stop."""
    plan = decision.plan
    cause = f" ({decision.cause})" if decision.cause else ""
    said = {
        Reason.ACTIVE: f"{plan} is active",
        Reason.ENDS: f"{plan} is cancelled from then" if is_cancelled else f"{plan} ends then",
        Reason.STARTS: f"{plan} starts on {_date(decision.on)}",
        Reason.PAUSED: f"{plan} is paused{cause}",
        Reason.EXPIRED: f"{plan} expired" + (f" on {_date(decision.on)}" if decision.on else "") + cause,
        Reason.CANCELLED: f"{plan} was cancelled"
        + (f" on {_date(decision.on)}" if decision.on else "")
        + cause,
        Reason.NO_24HR_ACCESS: f"{plan} has no 24-hr access",
        Reason.NO_SUBSCRIPTION: "there is no subscription",
    }
    return said[decision.reason]


def what_to_do(row: KisiGrant) -> str:
    said = {
        Trouble.REFUSED: "Correct the member's details; Core then tries by itself.",
        Trouble.FORBIDDEN: "An owner has to allow it in Kisi; then press Sync now.",
        Trouble.CONFLICT: "Someone has to look in Kisi, which knows this address twice or under another person.",
    }
    return said.get(Trouble(row.trouble), "Core tries again by itself.")


def _can(first: str, facts: Facts) -> str:
    if facts.decision.until is None:
        return f"{first} can get in: {facts.reason}."
    return f"{first} can get in until the end of {_date(facts.decision.until)}: {facts.reason}."


def _date(day: date | None) -> str:
    return words.day(day) if day else "a date not set"


def _lower(text: str) -> str:
    return text if text.startswith(("Kisi", "Core")) else text[:1].lower() + text[1:]
