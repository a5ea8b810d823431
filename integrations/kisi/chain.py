"""The five things between a subscription and an open door, each with tick, cross or clock. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.access.errors import GroupGone
from integrations.access.policy import Decision
from integrations.kisi import explain, heard, wording
from integrations.kisi.doors import Facts
from integrations.kisi.models import KisiConnection, KisiGrant, Look
from members.slots import Tag

YES, NO, WAITS = Tag("Yes", "ok"), Tag("No", "bad"), Tag("Waiting", "info")
NO_WONDER, UNKNOWN = Tag("No", "idle"), Tag("Not known", "idle")
State = KisiGrant.State
TRIES_AGAIN = "The last try did not go through. Core tries again by itself."
UNSETTLED = (State.GRANTING, State.REVOKING, State.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Link:
    question: str
    tag: Tag
    text: str = ""


@dataclass(frozen=True, slots=True)
class Chain:
    """What is true of one person, as Kisi said at `at` and as the ledger knows since.

    No `links` where the answer is of another time of the connection. `is_behind`: Core's facts changed since.
    """

    links: tuple[Link, ...]
    at: datetime
    is_live: bool
    is_behind: bool = False

    @property
    def holds(self) -> bool:
        return bool(self.links) and all(link.tag == YES for link in self.links)

    @property
    def summary(self) -> str:
        """One sentence, for the banner and for whoever listens."""
        if self.holds:
            return "All five are in order: the door should open."
        open_ends = [link for link in self.links if link.tag != YES]
        return "; ".join(f"{link.question}: {link.tag.word.lower()}" for link in open_ends) + "."


@dataclass(frozen=True, slots=True)
class _Case:
    connection: KisiConnection
    name: str
    seen: Look
    row: KisiGrant | None
    decision: Decision | None
    reason: str
    was_removed: bool = False  # since Kisi was asked

    @property
    def is_wanted(self) -> bool:
        return self.decision is not None and self.decision.allowed

    @property
    def is_confirmed(self) -> bool:
        """The ledger knows it, and later than the look."""
        row = self.row
        if row is None or row.state != State.GRANTED or row.confirmed_at is None:
            return False
        return row.confirmed_at >= self.seen.at

    @property
    def is_in(self) -> bool:
        return self.is_confirmed or (self.seen.is_in_group and not self.was_removed)

    @property
    def is_known(self) -> bool:
        return self.is_confirmed or (self.seen.user_id is not None and not self.was_removed)

    @property
    def is_unanswered(self) -> bool:
        return bool(self.seen.failure) and not self.is_confirmed

    @property
    def is_at_work(self) -> bool:
        """Whether Core is about to change something for this person."""
        if (
            not self.connection.is_writing
            or self.connection.is_ending
            or (self.row and (self.row.exempt or self.row.managed))
        ):
            return False
        if self.row and (self.row.is_parked or self.row.state == State.GRANTED):
            return False
        return self.is_wanted and not self.is_in

    @property
    def is_postponed(self) -> bool:
        """Whether the next try has its time, and that is still to come."""
        row = self.row
        return row is not None and row.retry_at is not None and row.retry_at > timezone.now()

    @property
    def is_unsettled(self) -> bool:
        """Whether Core itself has yet to ask about this person, or to do what the answer asks for."""
        row = self.row
        if row is None or row.exempt or row.state not in UNSETTLED:
            return False
        return row.retry_at <= timezone.now() if row.retry_at else not row.is_parked


def lately(facts: Facts, now: datetime) -> Look | None:
    """What Kisi said of the member's address, if somebody asked it a short while ago."""
    if facts.connection is None or not facts.member.email:
        return None
    mine = Look.objects.with_what_came_since()
    return mine.filter(
        connection=facts.connection, email=facts.member.email, at__gt=now - Look.SHOWN_FOR
    ).first()


def of_member(facts: Facts, now: datetime) -> Chain | None:
    """The five lines about a member, if there was such an answer."""
    seen = lately(facts, now)
    return of_lately(facts, seen) if seen else None


def of_look(facts: Facts, seen: Look) -> Chain:
    """The same for this answer, however old."""
    return of_lately(facts, Look.objects.with_what_came_since().get(pk=seen.pk))


def of_lately(facts: Facts, seen: Any) -> Chain:
    """The same for an answer that `lately` found."""
    assert facts.connection is not None
    is_gone = facts.row is None and not facts.decision.allowed and seen.is_in_group
    removed = is_gone and seen.removed_since
    name, decision = facts.member.first_name, facts.decision
    case = _Case(facts.connection, name, seen, _row(facts), decision, facts.reason, removed)
    return replace(_chain(case), is_behind=seen.changed_since)


def is_outdated(connection: KisiConnection, seen: Look) -> bool:
    """Whether the connection is not the one any more that gave this answer, or failed to."""
    is_over = seen.failure or connection.is_ending
    since = [connection.key_set_at, connection.status_since if is_over else None]
    return any(at is not None and at > seen.at for at in since)


def _row(facts: Facts) -> KisiGrant | None:
    """The open one; the last one too where it says that Kisi manages somebody whom Core lets in no more."""
    is_managed = facts.past is not None and facts.past.managed and not facts.decision.allowed
    return facts.past if is_managed else facts.row


def of_address(connection: KisiConnection, seen: Look) -> Chain:
    """The same about an address that no member has."""
    rows = KisiGrant.objects.open().with_words(connection.gym.today(seen.at))
    row = rows.filter(connection=connection, email=seen.email).first()
    return _chain(_Case(connection, seen.email, seen, row, None, "no member of this gym has this address"))


def _chain(case: _Case) -> Chain:
    links: tuple[Link, ...] = ()
    if not is_outdated(case.connection, case.seen):
        links = (_entitled(case), _found(case), _in_group(case), _not_suspended(case), _opens_doors(case))
    waits = any(link.tag is WAITS for link in links) and not (case.is_unanswered or case.is_postponed)
    return Chain(links, case.seen.at, _is_at_it(case.connection) and (waits or case.is_unsettled))


def _is_at_it(connection: KisiConnection) -> bool:
    """Whether Core writes, or was just asked to try whether Kisi answers again."""
    return connection.is_writing or (connection.is_broken and connection.look_again)


def _entitled(case: _Case) -> Link:
    no = NO if case.decision is not None else NO_WONDER
    return Link("Entitled in Core", YES if case.is_wanted else no, _sentence(case.reason))


def _found(case: _Case) -> Link:
    question = "Found in Kisi"
    if case.is_known:
        return Link(question, YES, f"As {case.seen.email}.")
    if case.is_unanswered:
        return Link(question, WAITS, _unanswered(case))
    if case.is_at_work:
        making = f"Core is making the Kisi profile of {case.name}."
        return Link(question, WAITS, TRIES_AGAIN if case.is_postponed else making)
    if case.was_removed:
        return Link(question, NO_WONDER, "Core has removed the access since.")
    no = NO if case.is_wanted else NO_WONDER
    return Link(question, no, f"Kisi has nobody with the address {case.seen.email}.")


def _in_group(case: _Case) -> Link:
    question = "In the group"
    if case.is_in:
        return Link(question, *_inside(case))
    if case.is_unanswered:
        return Link(question, WAITS, _unanswered(case))
    return Link(question, *_outside(case))


def _inside(case: _Case) -> tuple[Tag, str]:
    row, not_ours = case.row, "Core did not give this access, so Core does not remove it."
    is_named = case.connection.is_ending and row is not None and row.is_let_go
    if case.is_wanted and not is_named:
        return YES, f"{case.connection.group_name}."
    if row is None:
        return YES, not_ours
    if row.exempt:
        return YES, "Left to Kisi by an admin."
    if row.managed:
        return YES, _managed(case, row)
    if case.connection.is_ending:
        return (WAITS, "Core is removing the access.") if is_named else (YES, not_ours)
    if case.connection.in_transition and row.origin == KisiGrant.Origin.ADOPTED:
        return YES, "Core did not create this access, and you have not cut over."
    if row.is_held:
        return YES, "The removal is held until an admin decides."
    if row.is_kept:
        return YES, "An admin kept this access."
    if row.is_parked:
        return YES, _refused(row, "Kisi refused the removal")
    later = wording.later(case.connection) or (explain.READS_FIRST if case.connection.must_read_first else "")
    if later:
        return WAITS, f"Core removes the access {later}."
    return WAITS, TRIES_AGAIN if case.is_postponed else "Core is removing the access."


def _outside(case: _Case) -> tuple[Tag, str]:
    row = case.row
    if row is not None and row.exempt:
        return NO_WONDER, "Left to Kisi by an admin: Core neither gives nor removes access."
    if row is not None and row.managed:
        return NO_WONDER, _managed(case, row)
    if not case.is_wanted:
        return NO_WONDER, "As it should be."
    if row is not None and row.is_parked:
        return NO, _refused(row, "Kisi refused")
    if case.connection.is_ending:
        return NO, "Kisi is being disconnected, so Core gives nobody access any more."
    if row is not None and row.state == State.GRANTED:
        then = "Once syncing is resumed, Sync now" if case.connection.status == "paused" else "Sync now"
        return NO, f"Taken out in Kisi since. {then} on the page of {case.name} puts that right."
    standing = wording.standing(case.connection, wording.Counts())
    if standing is not None:
        return WAITS, f"{standing.heading}."
    return WAITS, TRIES_AGAIN if case.is_postponed else f"Core is adding {case.name}."


def _refused(row: KisiGrant, what: str) -> str:
    """With Kisi's own words; where Core has none of them, what Core found."""
    own = heard.kisi_says(row.last_error)
    return f"{what}: “{own}”." if own else f"{heard.plain(row.last_error)}."


def _managed(case: _Case, row: KisiGrant) -> str:
    return f"Managed in Kisi: {case.name} {row.managed}. Core never touches that."


def _not_suspended(case: _Case) -> Link:
    question = "Not suspended in Kisi"
    if case.is_unanswered:
        return Link(question, WAITS, _unanswered(case))
    if not case.is_known and case.is_at_work:
        return Link(question, WAITS, "Known once Kisi has the person.")
    if not case.is_known:
        return Link(question, UNKNOWN, "Only somebody whom Kisi knows can be.")
    if case.seen.is_suspended:
        return Link(question, NO, "Suspended: no door opens. Only someone in Kisi can lift that.")
    return Link(question, YES)


def _opens_doors(case: _Case) -> Link:
    doors, has = case.connection.doors, case.seen.has_doors
    if case.connection.status == KisiConnection.Status.GROUP_GONE:
        return Link("Group opens doors", NO, f"{wording.shut(case.connection)}.")
    if case.seen.failure == GroupGone.__name__:
        return Link("Group opens doors", NO, "Kisi does not show this group to the key.")
    if has or (has is None and doors):
        named = f" ({', '.join(doors)})" if doors else ""
        return Link(f"Group opens doors{named}", YES)
    return Link("Group opens doors", NO, "This group opens no doors yet. Add doors to it in Kisi.")


def _unanswered(case: _Case) -> str:
    return f"{explain.failure(case.seen.failure).heading}. {explain.who_acts(case.seen.failure)}"


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."
