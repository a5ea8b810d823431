"""What was done, found or decided at one connection: searched, paged, newest first. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BooleanField, Case, Exists, F, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from integrations.kisi import acts
from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection, SyncRun
from integrations.kisi.timeline import Line, lines, run_line

Kind = AccessEvent.Kind
PER_PAGE, SOME, BATCH = 50, 2, 500
RUNS = "runs"
NEWEST = ("-when", "-is_run", "-pk")
WHAT = (
    ("given", "Access given"),
    ("removed", "Access removed"),
    ("taken-over", "Taken over"),
    ("put-back", "Put back"),
    ("held", "Held"),
    ("refused", "Refused"),
    (RUNS, "Runs"),
    ("settings", "Settings"),
)
KINDS: dict[str, tuple[str, ...]] = {
    "given": (Kind.GRANTED,),
    "removed": (Kind.REVOKED,),
    "taken-over": (Kind.ADOPTED,),
    "put-back": (Kind.REPAIRED, Kind.DRIFT),
    "held": (Kind.HELD, Kind.ALLOWED, Kind.KEPT, Kind.RETURNED),
    "refused": (Kind.REFUSED, Kind.MANAGED),
    "settings": (Kind.STATUS, Kind.SETTING, Kind.EXEMPTED),
}


@dataclass(frozen=True, slots=True)
class Search:
    """What is asked for; `until` is the first instant that no longer counts."""

    words: str = ""
    what: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.words or self.what or self.since or self.until)

    @property
    def folds(self) -> bool:
        """Whether a run stands for its events: not where single events are asked for."""
        return not self.words and self.what in ("", RUNS)


@dataclass(frozen=True, slots=True)
class Part:
    """One page of the rows."""

    lines: list[Line]
    number: int
    has_older: bool


Mark = tuple[datetime, bool, int]  # when, whether it is a run, its id


def page(connection: KisiConnection, search: Search, number: int) -> Part:
    """Runs and what belongs to none, or the single events that are asked for."""
    if search.words and not search.what:  # one by one, so that neither is searched any further than is shown
        return _part(
            connection, [_marked(_runs(connection, search)), _marked(_events(connection, search))], number
        )
    return _part(connection, [_marks(connection, search, folds=search.folds)], number)


def page_of_run(connection: KisiConnection, run: SyncRun, number: int) -> Part:
    """The events of one run."""
    return _part(connection, [_marked(_events_of(connection).filter(run_id=run.pk))], number)


def everything(connection: KisiConnection, search: Search) -> Iterator[Line]:
    """All that matches, with the runs beside their events, a batch at a time."""
    marks = _marks(connection, search, folds=False).iterator(chunk_size=BATCH)
    while some := list(islice(marks, BATCH)):
        yield from _load(connection, some, previews=0)


def count(connection: KisiConnection, search: Search) -> int:
    return _marks(connection, search, folds=search.folds).count()


def _part(connection: KisiConnection, parts: Sequence[QuerySet[Any, Mark]], number: int) -> Part:
    """The page of that number of all parts together, or the last one there is."""
    found = _slice(parts, number)
    if not found and number > 1:
        number = max(1, -(-sum(marks.count() for marks in parts) // PER_PAGE))
        found = _slice(parts, number)
    return Part(_load(connection, found[:PER_PAGE], previews=SOME), number, len(found) > PER_PAGE)


def _slice(parts: Sequence[QuerySet[Any, Mark]], number: int) -> list[Mark]:
    """One more than fits, to know whether there are older ones."""
    start = (number - 1) * PER_PAGE
    end = start + PER_PAGE + 1
    if len(parts) == 1:
        return list(parts[0][start:end])
    return sorted((mark for marks in parts for mark in marks[:end]), reverse=True)[start:end]


def _marks(connection: KisiConnection, search: Search, *, folds: bool) -> QuerySet[Any, Mark]:
    runs, events = _runs(connection, search), _events(connection, search)
    if search.what:
        return _marked(runs if search.what == RUNS else events)
    if folds:
        events = events.exclude(run_id__in=_runs_of(connection).order_by().values("pk"))
    both = _marked(runs).order_by().union(_marked(events).order_by(), all=True)
    return both.order_by(*NEWEST)


def _marked(rows: QuerySet[Any]) -> QuerySet[Any, Mark]:
    is_run = rows.model is SyncRun
    at = F("started_at") if is_run else F("at")
    marked = rows.annotate(when=at, is_run=Value(is_run, BooleanField()))
    return marked.order_by(*NEWEST).values_list("when", "is_run", "pk")


def _events_of(connection: KisiConnection) -> QuerySet[AccessEvent]:
    return AccessEvent.objects.filter(connection_id=connection.pk)


def _runs_of(connection: KisiConnection) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(connection=connection)


def _events(connection: KisiConnection, search: Search) -> QuerySet[AccessEvent]:
    events = _events_of(connection)
    if search.what:
        events = events.filter(kind__in=KINDS.get(search.what, ()))
    if search.since:
        events = events.filter(at__gte=search.since)
    if search.until:
        events = events.filter(at__lt=search.until)
    return _telling(events, connection, search.words)


def _telling(events: QuerySet[AccessEvent], connection: KisiConnection, words: str) -> QuerySet[AccessEvent]:
    """Those that tell of each word."""
    if words:
        events = events.alias(actor=acts.actor())
    for word in words.split():
        events = events.filter(_tells_of(connection, word))
    return events


def _tells_of(connection: KisiConnection, word: str) -> Q:
    """Of a person by that name or address, or by who or what caused it or what Kisi said."""
    named = Q(name__icontains=word) | Q(email__icontains=word)
    people = AccessPerson.objects.filter(named, gym_id=connection.gym_id)
    told = Q(person_id__in=people.values("pk")) | Q(cause__icontains=word) | Q(kisi_said__icontains=word)
    return told | _done_by(connection, _called(word))


def _done_by(connection: KisiConnection, users: QuerySet[Any]) -> Q:
    """Of what these people did here, or what followed from a change they made in Core."""
    followed = Q(Exists(acts.made_by(connection.gym_id, users)), actor__in=users.values("pk"))
    return Q(by_id__in=users.values("pk")) | followed


def _called(word: str) -> QuerySet[Any]:
    """Whoever signs in by that name or address."""
    named = Q(first_name__icontains=word) | Q(last_name__icontains=word)
    return get_user_model().objects.filter(named | Q(email__icontains=word) | Q(username__icontains=word))


def _runs(connection: KisiConnection, search: Search) -> QuerySet[SyncRun]:
    """Those that were under way in that time; by a word: its cause, who asked, its end, or whom it concerned."""
    runs = _runs_of(connection)
    if search.since:
        runs = runs.filter(Q(finished_at__gte=search.since) | Q(finished_at=None))
    if search.until:
        runs = runs.filter(started_at__lt=search.until)
    for word in search.words.split():
        events = _telling(_events_of(connection).filter(run_id__isnull=False), connection, word)
        told = Q(because__icontains=word) | Q(reason__icontains=word) | Q(by__in=_called(word).values("pk"))
        runs = runs.filter(told | Q(pk__in=events.values("run_id")) if search.what == RUNS else told)
    return runs


def _load(connection: KisiConnection, marks: Sequence[Mark], *, previews: int) -> list[Line]:
    """The rows behind the marks, in their order; of each run the first few events."""
    run_ids = [pk for _, is_run, pk in marks if is_run]
    runs = SyncRun.objects.select_related("by").in_bulk(run_ids) if run_ids else {}
    shown = Q(pk__in=[pk for _, is_run, pk in marks if not is_run])
    if run_ids and previews:
        shown |= Q(pk__in=_first(connection, run_ids, previews + 1))
    told = lines(_events_of(connection).filter(shown))
    single = {line.event_id: line for line in told}
    inside: dict[int, list[Line]] = {pk: [] for pk in run_ids}
    for line in sorted(told, key=lambda line: line.kind != Kind.REFUSED):
        if line.run_id in inside:
            inside[line.run_id].append(line)
    return [
        run_line(runs[pk], inside[pk][:previews], has_more=len(inside[pk]) > previews)
        if is_run
        else single[pk]
        for _, is_run, pk in marks
    ]


def _first(connection: KisiConnection, run_ids: Sequence[int], number: int) -> QuerySet[Any]:
    """The first few events of each run, what was refused before the rest."""
    order = Case(When(kind=Kind.REFUSED, then=0), default=1)
    rank = Window(RowNumber(), partition_by="run_id", order_by=[order, "-at", "-pk"])
    ranked = _events_of(connection).filter(run_id__in=run_ids).annotate(rank=rank)
    return ranked.filter(rank__lte=number).order_by().values("pk")
