"""Can this member get in, and why: the one sentence of the member's page. Reads only, calls nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace

from integrations.access.policy import Decision, Reason
from integrations.kisi import heard, why, wording
from integrations.kisi.known import Facts, facts_at, gather_facts
from integrations.kisi.models import KisiConnection, KisiGrant
from members import words
from members.slots import Tag

__all__ = ["Answer", "Facts", "answer", "facts_at", "gather_facts", "of_former", "what_to_do"]
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
UNTIL, KEPT = Tag("Can get in", "warn"), Tag("Kept", "warn")
PRESS = "press Sync now"


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
        notes.append(_shared(facts, tag))
    if tag is CHECKING and facts.connection and facts.connection.is_writing:
        notes.append("Core is checking Kisi now.")
    return Answer(tag, sentence, short, facts.decision, tuple(notes))


def _shared(facts: Facts, tag: Tag) -> str:
    """No subscription opens anything for somebody whom Kisi manages, or in a gym that is not connected."""
    names = [facts.first, *facts.sharers]
    which = "either subscription" if len(names) == 2 else "the subscription of any of them"
    is_open = facts.connection is not None and not facts.connection.is_ending
    so = "" if tag is KISI or not is_open else f", so {which} opens the doors"
    return f"{words.some(names)} share {facts.member.email}: for Kisi they are one person{so}."


def _say(facts: Facts) -> tuple[Tag, str, str]:
    first, reason = facts.first, facts.reason
    connection, row = facts.connection, facts.row
    if connection is None or connection.status == KisiConnection.Status.DISCONNECTED:
        return _left(facts, connection, row) if connection and row else _disconnected(facts)
    if row is not None and row.exempt:
        who = row.exempt_by.get_full_name() or row.exempt_by.get_username() if row.exempt_by else "An admin"
        text = f"Managed in Kisi, not by Core: {who} decided so on {facts.day(row.exempt_at)}."
        return KISI, text, "left to Kisi"
    if row is not None and row.managed:
        return _managed(first, row)
    if connection.is_leaving:
        return _leaving(facts, reason)
    return _wanted(facts, reason) if facts.decision.allowed else _unwanted(facts, reason)


def _disconnected(facts: Facts) -> tuple[Tag, str, str]:
    first, could = facts.first, "could" if facts.decision.allowed else "could not"
    text = (
        "Kisi is not connected, so Core opens no doors. "
        f"By the subscriptions {first} {could} get in: {facts.reason}."
    )
    return Tag("No doors", "idle"), text, "Kisi is not connected"


def _left(facts: Facts, connection: KisiConnection, row: KisiGrant) -> tuple[Tag, str, str]:
    """Of somebody whose access stayed as it was when the gym left Kisi."""
    first, day = facts.first, facts.day(connection.status_since)
    since = f"Kisi was disconnected on {day}, and Core no longer changes it"
    if row.state == State.ABSENT:
        return _disconnected(facts)
    if not (row.state == State.GRANTED or row.is_asked_about):
        return KEPT_OPEN, f"{first} may have kept the access: {since}. Look in Kisi.", "look in Kisi"
    if row.suspended:
        return SUSPENDED, f"{first} was suspended in Kisi, so no door opened: {since}.", "in Kisi"
    return KEPT_OPEN, f"{first} kept the access: {since}.", "kept when Kisi was disconnected"


def _managed(first: str, row: KisiGrant) -> tuple[Tag, str, str]:
    return KISI, f"Managed in Kisi, not by Core: {first} {row.managed}.", row.managed


def _leaving(facts: Facts, reason: str) -> tuple[Tag, str, str]:
    """While a gym that leaves Kisi first takes away what Core gave: nobody gets access any more."""
    first, row, why_so = facts.first, facts.row, "Kisi is being disconnected"
    if row is None or row.state == State.ABSENT:
        last = row or facts.past
        if not facts.decision.allowed or (last is not None and (last.managed or last.other_way)):
            return _outside(facts, reason)
        return NO, f"{first} can't get in: {why_so}, and Core gives nobody access any more.", why_so
    if not row.is_let_go:
        keeps = "keeps" if _is_in(facts, row) else "may keep"
        text = f"{first} {keeps} the access: {why_so}, and Core removes only what it gave."
        return KEPT, text, "not removed with the connection"
    if row.is_parked:
        return _not_removed(facts, row, why_so)
    return WAITS, f"{first} loses access as soon as Kisi confirms it: {why_so}.", why_so


def _wanted(facts: Facts, reason: str) -> tuple[Tag, str, str]:
    first, row, connection = facts.first, facts.row, facts.connection
    if not facts.member.email:
        return (
            FAILED,
            f"{first} can't get in: Kisi knows people by email, and Core has none for {first}.",
            "no email",
        )
    if row is not None and _is_in(facts, row):
        return _inside(facts, row, reason)
    if row is not None and row.state == State.GRANTED:
        press = _press(connection)
        text = f"{first} should get in, but was not in the group when Kisi was asked. {press[:1].upper()}{press[1:]}."
        return WAITS, text, "not in the group"
    if row is not None and row.is_parked:
        refused, said = _refusal(row, "Kisi refused", "Core could not give access")
        act = what_to_do(row, press=_press(connection))
        return FAILED, f"{first} should get in, but {refused}. {act} {said}".rstrip(), refused
    standing = wording.standing(connection, wording.Counts()) if connection else None
    if standing is not None:
        return WAITS, f"{first} should get in, but {_lower(standing.heading)}.", _lower(standing.heading)
    return (
        WAITS,
        f"{first} gets in as soon as Kisi confirms it: {reason}.{_on_the_way(facts)}",
        "to get access",
    )


def _on_the_way(facts: Facts) -> str:
    """When it was sent, or that it has to be sent again; nothing of an attempt that came to its end long ago."""
    row = facts.row
    if row is None:
        return ""
    if row.trouble:
        return " The last try did not go through; Core tries again by itself."
    is_begun = row.intent_at and (row.confirmed_at is None or row.intent_at > row.confirmed_at)
    return f" Sent {facts.moment(row.intent_at)}." if is_begun else ""


def _refusal(row: KisiGrant, by_kisi: str, by_core: str) -> tuple[str, str]:
    """Who it was that stopped, and in what words: what Core itself found out is not put into Kisi's mouth."""
    own = heard.kisi_says(row.last_error)
    if own or not row.last_error:
        return by_kisi, f"Kisi said: “{own}”." if own else ""
    return by_core, f"{heard.plain(row.last_error)}."


def _is_in(facts: Facts, row: KisiGrant) -> bool:
    """As Kisi confirmed it, or said just now to whoever asked."""
    if row.state in (State.UNCERTAIN, State.GRANTED) and facts.news:
        return facts.news.is_in_group
    return row.state == State.GRANTED or row.is_asked_about


def _inside(facts: Facts, row: KisiGrant, reason: str) -> tuple[Tag, str, str]:
    first, connection = facts.first, facts.connection
    bar = _bar(facts, row)
    if bar is not None and bar[0] is SUSPENDED:
        return SUSPENDED, f"{bar[1]} Only someone in Kisi can lift that.", "in Kisi"
    if connection and wording.shut(connection):
        return SHUT, f"{first} should get in, but {wording.shut(connection)}.", wording.shut(connection)
    return YES if row.state == State.GRANTED else CHECKING, _can(first, facts), reason


def _unwanted(facts: Facts, reason: str) -> tuple[Tag, str, str]:
    first, row, connection = facts.first, facts.row, facts.connection
    if row is None or row.state == State.ABSENT:
        return _outside(facts, reason)
    if connection and connection.in_transition and row.origin == KisiGrant.Origin.ADOPTED:
        return _still(
            facts, row, "Core did not create this access, and you have not cut over", "until cut-over"
        )
    if row.is_held:
        told = f"the removal is held since {facts.moment(row.held_since)} because {reason}"
        return HELD, _still(facts, row, told, "")[1], reason
    if row.is_kept:
        who = row.kept_by.get_full_name() or row.kept_by.get_username() if row.kept_by else "An admin"
        told = f"{who} kept this access on {facts.day(row.kept_at)} although {reason}"
        return _still(facts, row, told, "kept")
    if row.is_parked:
        return _not_removed(facts, row, reason)
    later = wording.later(connection) if connection else ""
    when = later or "as soon as Kisi confirms it"
    again = (
        " The last try did not go through; Core tries again by itself." if row.trouble and not later else ""
    )
    return WAITS, f"{first} loses access {when}: {reason}.{again}", later or "to lose access"


def _still(facts: Facts, row: KisiGrant, told: str, short: str) -> tuple[Tag, str, str]:
    """Of a right that stays although Core would not give it; it opens nothing while something else bars the doors."""
    first, bar = facts.first, _bar(facts, row)
    if bar is not None:
        return bar[0], f"{bar[1]} {told[:1].upper()}{told[1:]}.", short
    if short == "kept":
        return KEPT, f"{first} can get in: {told}.", short
    return UNTIL, f"{first} can still get in: {told}.", short


def _bar(facts: Facts, row: KisiGrant) -> tuple[Tag, str] | None:
    """What keeps a right from opening any door, and how the sentence then begins."""
    first, connection = facts.first, facts.connection
    if facts.news.is_suspended if facts.news else row.suspended:
        return SUSPENDED, f"{first} is in the group but suspended in Kisi, so no door opens."
    if connection and wording.shut(connection):
        return SHUT, f"{first} can't get in: {wording.shut(connection)}."
    return None


def _not_removed(facts: Facts, row: KisiGrant, reason: str) -> tuple[Tag, str, str]:
    first, bar = facts.first, _bar(facts, row)
    refused, said = _refusal(row, "Kisi refused the removal", "Core could not remove the access")
    can = "can still" if row.role_assignment_id is not None else "may still"
    text = f"{first} {can} get in although {reason}: {refused}."
    if bar is not None:
        text = f"{bar[1]} But {_lower(refused)}, although {reason}."
    return FAILED, f"{text} {said}".rstrip(), refused.removesuffix(" the removal")


def _outside(facts: Facts, reason: str) -> tuple[Tag, str, str]:
    """Without a right of ours: out, unless the last read of this person showed another way in."""
    first, last = facts.first, facts.row or facts.past
    if last is not None and last.managed:
        return _managed(first, last)
    if last is not None and last.other_way:
        text = f"Core gives {first} no access, but a Kisi team or another group may. Look in Kisi."
        return KISI, text, "another way in"
    yet = " yet" if facts.decision.reason is Reason.STARTS else ""
    return NO, f"{first} can't get in{yet}: {reason}.", reason


def of_former(facts: Facts, row: KisiGrant) -> str:
    """What becomes of a right under an address the member had before: by that address, for it opens the doors alone."""
    if row.exempt:
        return f"The door access of {row.email} is left to Kisi: Core neither gives nor removes it."
    mine = replace(facts, row=row, past=None, seen=None, called=row.email)
    comes_first = facts.decision.allowed and facts.member.email and not _is_settled(facts)
    if comes_first and _bar(mine, row) is None:
        return f"{row.email} can still get in until Kisi has confirmed {facts.member.email}."
    return _unwanted(mine, why.moved_to(facts.member.email))[1]


def _is_settled(facts: Facts) -> bool:
    """Has access, or gets none from Core: then the former address need not wait."""
    row = facts.row
    return row is not None and (row.state == State.GRANTED or row.exempt or bool(row.managed))


def _press(connection: KisiConnection | None) -> str:
    """What leads to a try at once: the button is not there while syncing is paused."""
    is_paused = connection is not None and connection.status == KisiConnection.Status.PAUSED
    return "resume syncing and press Sync now" if is_paused else PRESS


def what_to_do(row: KisiGrant, *, press: str = PRESS) -> str:
    said = {
        Trouble.REFUSED: "Correct the member's details; Core then tries by itself.",
        Trouble.FORBIDDEN: f"An owner has to allow it in Kisi; then {press}.",
        Trouble.CONFLICT: "Someone has to look in Kisi, which knows this address twice or under another person.",
    }
    return said.get(Trouble(row.trouble), "Core tries again by itself.")


def _can(first: str, facts: Facts) -> str:
    if facts.decision.until is None:
        return f"{first} can get in: {facts.reason}."
    if facts.goes_on is not None:
        which = facts.goes_on.plan if facts.goes_on.plan != facts.decision.plan else "its next subscription"
        return f"{first} can get in: {facts.reason}, and {which} goes on from there."
    reason = why.because(facts.decision, cancelled=facts.is_cancelled, whose=facts.whose, dated=False)
    return f"{first} can get in until the end of {why.day(facts.decision.until)}: {reason}."


def _lower(text: str) -> str:
    return text if text.startswith(("Kisi", "Core")) else text[:1].lower() + text[1:]
