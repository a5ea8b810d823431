"""Can this member get in, and why: the one sentence of the member's page. Reads only, calls nobody."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.access.policy import Decision, Reason
from integrations.kisi import why, wording
from integrations.kisi.known import Facts, facts_at, gather_facts
from integrations.kisi.models import KisiConnection, KisiGrant
from members.slots import Tag

__all__ = ["Answer", "Facts", "answer", "facts_at", "gather_facts", "what_to_do"]
State, Trouble = KisiGrant.State, KisiGrant.Trouble
YES, NO = Tag("Can get in", "ok"), Tag("Can't get in", "idle")
WAITS, FAILED, HELD, KISI = (
    Tag("Waiting", "info"),
    Tag("Failed", "bad"),
    Tag("Held", "warn"),
    Tag("In Kisi", "idle"),
)
SUSPENDED, SHUT = Tag("Suspended", "warn"), Tag("No doors", "warn")
CHECKING, KEPT_OPEN = Tag("Can get in", "info"), Tag("Kept", "idle")


@dataclass(frozen=True, slots=True)
class Answer:
    """`decision` is Core's rule for the address; `notes` stand below the sentence."""

    tag: Tag
    sentence: str
    short: str
    decision: Decision
    notes: tuple[str, ...] = ()


def answer(facts: Facts) -> Answer:
    tag, sentence, short = _say(facts)
    notes = []
    if facts.sharers:
        names = " and ".join([facts.member.first_name, *facts.sharers])
        notes.append(
            f"{names} share {facts.member.email}: for Kisi they are one person, "
            "so either subscription opens the doors."
        )
    if tag is CHECKING and facts.connection and facts.connection.is_writing:
        notes.append("Core is checking Kisi now.")
    return Answer(tag, sentence, short, facts.decision, tuple(notes))


def _say(facts: Facts) -> tuple[Tag, str, str]:
    first, reason = facts.member.first_name, facts.reason
    connection, row = facts.connection, facts.row
    if connection is None or connection.status == KisiConnection.Status.DISCONNECTED:
        return _left(facts, connection, row) if connection and row else _disconnected(facts)
    if row is not None and row.exempt:
        who = row.exempt_by.get_full_name() or row.exempt_by.get_username() if row.exempt_by else "An admin"
        text = f"Managed in Kisi, not by Core: {who} decided so on {facts.day(row.exempt_at)}."
        return KISI, text, "left to Kisi"
    if row is not None and row.managed:
        return _managed(first, row)
    return _wanted(facts, reason) if facts.decision.allowed else _unwanted(facts, reason)


def _disconnected(facts: Facts) -> tuple[Tag, str, str]:
    first, could = facts.member.first_name, "could" if facts.decision.allowed else "could not"
    text = (
        "Kisi is not connected, so Core opens no doors. "
        f"By the subscriptions {first} {could} get in: {facts.reason}."
    )
    return Tag("No doors", "idle"), text, "Kisi is not connected"


def _left(facts: Facts, connection: KisiConnection, row: KisiGrant) -> tuple[Tag, str, str]:
    """Of somebody whose access stayed as it was when the gym left Kisi."""
    first, day = facts.member.first_name, facts.day(connection.status_since)
    since = f"Kisi was disconnected on {day}, and Core no longer changes it"
    if row.state == State.ABSENT:
        return _disconnected(facts)
    if not (row.state == State.GRANTED or row.is_asked_about):
        return KEPT_OPEN, f"{first} may have kept the access: {since}. Look in Kisi.", "look in Kisi"
    if row.suspended:
        return SUSPENDED, f"{first} was suspended in Kisi, so no door opened: {since}.", "suspended in Kisi"
    return KEPT_OPEN, f"{first} kept the access: {since}.", "kept when Kisi was disconnected"


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
    if row is not None and _is_in(facts, row):
        return _inside(facts, row, reason)
    if row is not None and row.state == State.GRANTED:
        text = f"{first} should get in, but was not in the group when Kisi was asked. Press Sync now."
        return WAITS, text, "not in the group"
    if row is not None and row.is_parked:
        text = f"{first} should get in, but Kisi refused. {what_to_do(row)} Kisi said: “{row.last_error}”."
        return FAILED, text, "Kisi refused"
    standing = wording.standing(connection, wording.Counts()) if connection else None
    if standing is not None:
        return WAITS, f"{first} should get in, but {_lower(standing.heading)}.", _lower(standing.heading)
    sent = f" Sent {facts.moment(row.intent_at)}." if row is not None and row.intent_at else ""
    return WAITS, f"{first} gets in as soon as Kisi confirms it: {reason}.{sent}", "waiting for Kisi"


def _is_in(facts: Facts, row: KisiGrant) -> bool:
    """As Kisi confirmed it, or said just now to whoever asked."""
    if row.state in (State.UNCERTAIN, State.GRANTED) and facts.news:
        return facts.news.is_in_group
    return row.state == State.GRANTED or row.is_asked_about


def _inside(facts: Facts, row: KisiGrant, reason: str) -> tuple[Tag, str, str]:
    first, connection = facts.member.first_name, facts.connection
    if facts.news.is_suspended if facts.news else row.suspended:
        text = (
            f"{first} is in the group but suspended in Kisi, so no door opens. "
            "Only someone in Kisi can lift that."
        )
        return SUSPENDED, text, "suspended in Kisi"
    if connection and wording.shut(connection):
        return SHUT, f"{first} should get in, but {wording.shut(connection)}.", wording.shut(connection)
    return YES if row.state == State.GRANTED else CHECKING, _can(first, facts), reason


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
            reason,
        )
    if row.kept_until:
        who = row.kept_by.get_full_name() or row.kept_by.get_username() if row.kept_by else "An admin"
        on = facts.day(row.kept_at)
        text = f"{first} can get in: {who} kept this access on {on} although {reason}."
        return Tag("Kept", "warn"), text, "kept"
    if row.is_parked:
        text = f"{first} can still get in although {reason}: Kisi refused the removal. Kisi said: “{row.last_error}”."
        return FAILED, text, "Kisi refused"
    later = wording.later(connection) if connection else ""
    when = later or "as soon as Kisi confirms it"
    return WAITS, f"{first} loses access {when}: {reason}.", later or "waiting for Kisi"


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
    reason = why.because(facts.decision, cancelled=facts.is_cancelled, whose=facts.whose, dated=False)
    return f"{first} can get in until the end of {why.day(facts.decision.until)}: {reason}."


def _lower(text: str) -> str:
    return text if text.startswith(("Kisi", "Core")) else text[:1].lower() + text[1:]
