"""Activity in sentences: events and runs, with the names that stand in the person table. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Trim

from integrations.kisi import acts, heard
from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection, SyncRun
from members.gyms import name_of
from members.models import Member
from members.words import counted, lasting, people

Kind = AccessEvent.Kind
ERASED = "Somebody whose data was erased"
WHO = "{who}"
WRONG_ORGANIZATION = KisiConnection.Status.WRONG_ORGANIZATION.label
UNSAID = (heard.SILENT, heard.ODD)  # of a connection, whose state says as much
# By kind; a cause that stands in the sentence is not told again beside it.
WORDS: dict[str, str] = {
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
    Kind.MANAGED: "{who} is managed in Kisi ({cause})",
    Kind.REFUSED: "{who} could not be updated",
    Kind.STATUS: "Connection: {cause}",
    Kind.SETTING: "Setting changed: {cause}",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row: an event of a run or of its own, or (without `event_id`) a whole run and some of its events.

    `before`, `who` and `after` make the sentence, so that only the name is a link. `said` are Kisi's own words only;
    what Core says instead of them is `found`, and ends the sentence.
    """

    at: datetime
    kind: str
    before: str
    who: str = ""
    after: str = ""
    email: str = ""
    member_id: int | None = None
    caused_by: str = ""
    said: str = ""
    found: str = ""
    event_id: int | None = None
    run_id: int | None = None
    some: tuple[Line, ...] = ()
    has_more: bool = False

    @property
    def what(self) -> str:
        return f"{self.before}{self.who}{self.after}"

    @property
    def is_run(self) -> bool:
        return self.event_id is None


def lines(events: QuerySet[AccessEvent]) -> list[Line]:
    """Events as sentences, in one query however many there are."""
    rows = list(named(events))
    names = Counter(name for name, _ in {(row.person_name, row.person_email) for row in rows})
    return [_line(row, is_shared=names[row.person_name] > 1) for row in rows]


def named(events: QuerySet[AccessEvent]) -> QuerySet[Any]:
    """The same events with `person_name`, `person_email`, `by_name`, what was done in Core before them, and `member`
    and `run` while they exist.
    """
    person = AccessPerson.objects.filter(pk=OuterRef("person_id"))
    user = get_user_model().objects.filter(pk=OuterRef("by_id"))
    email = Cast(NullIf("email", Value("")), CharField())
    full = NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value(""))
    called = user.annotate(called=Coalesce(full, email, "username"))
    member = Member.objects.filter(pk=OuterRef("member_id"), gym_id=OuterRef("gym_id"))
    return events.annotate(
        member=Subquery(member.values("pk")),
        run=Subquery(SyncRun.objects.filter(pk=OuterRef("run_id")).values("pk")),
        person_name=Subquery(person.values("name")),
        person_email=Subquery(person.values("email")),
        by_name=Subquery(called.values("called")),
        **acts.before(),
    )


def run_line(run: SyncRun, some: Sequence[Line] = (), *, has_more: bool = False) -> Line:
    """A run as one row; `some` are the first of its events."""
    caused_by = name_of(run.by) or cause_of(some, has_more=has_more) or run.because
    said = next((line.said for line in some if line.said), "")
    return Line(
        at=run.started_at,
        kind="run",
        before=run_words(run),
        caused_by=caused_by,
        said=said,
        run_id=run.pk,
        some=tuple(some),
        has_more=has_more,
    )


def cause_of(some: Sequence[Line], *, has_more: bool) -> str:
    """The one thing that all a run did was caused by; "" where there are several, or more that is not known."""
    causes = {line.caused_by for line in some}
    cause = causes.pop() if len(causes) == 1 else ""
    return "" if has_more and not acts.is_of_many(cause) else cause


def run_words(run: SyncRun) -> str:
    """Daily check: 14 people, 2 changes"""
    return f"{run_name(run)}: {', '.join(_told(run))}"


def run_name(run: SyncRun) -> str:
    return run.because[:1].upper() + run.because[1:] or "Sync"


def _told(run: SyncRun) -> list[str]:
    if run.state == SyncRun.State.RUNNING:
        return [f"running, {run.done:,} of {people(run.total)}" if run.total else "running"]
    looked_at = run.read_so_far or run.done
    changes = run.granted + run.revoked + run.adopted
    said = [people(looked_at)] if looked_at else []
    said.append(counted(changes, "change", "changes") if changes else "nothing changed")
    said += [f"{count:,} {word}" for count, word in ((run.failed, "failed"), (run.held, "held")) if count]
    if run.state != SyncRun.State.FINISHED:
        said.append(f"{run.state} ({run.reason})" if run.reason else run.state)
    return said


def _line(row: Any, *, is_shared: bool) -> Line:
    words = WORDS[row.kind]
    before, mark, after = (part.replace("{cause}", row.cause) for part in words.partition(WHO))
    who = _called(row, is_shared=is_shared) if mark else ""
    after += f", held for {lasting(row.held_for)}" if row.held_for else ""
    found = _found(row)
    after += f": {found}" if found and (mark or found not in UNSAID) else ""
    return Line(
        at=row.at,
        kind=row.kind,
        before=before if who or not mark else f"{before}{ERASED}",
        who=who,
        after=after,
        email=row.person_email or "",
        member_id=row.member,
        caused_by=row.by_name or acts.told(row) or ("" if "{cause}" in words else row.cause),
        said="" if found else row.kisi_said,
        found=found,
        event_id=row.pk,
        run_id=row.run,
    )


def _found(row: Any) -> str:
    """What Core itself kept where Kisi's words would stand, in words for people; "" where Kisi said it."""
    if row.cause == WRONG_ORGANIZATION and row.kind == Kind.STATUS and row.kisi_said:
        return heard.core_says(row.kisi_said) or f"Core found that the key belongs to {row.kisi_said}"
    return heard.core_says(row.kisi_said)


def _called(row: Any, *, is_shared: bool) -> str:
    """The name; with the address where there is no name or two share one; "" once erased."""
    name, email = row.person_name or "", row.person_email or ""
    return f"{name} ({email})" if name and email and is_shared else name or email
