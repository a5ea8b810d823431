"""A run: lease, slices, reads, plan, brake, apply, record. One holder at a time, safe to call at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from integrations.access.errors import IncompleteRead, NoAnswer, StopRun
from integrations.access.facts import WITHOUT_CALL, Change, Kind, Plan
from integrations.kisi.models import KisiConnection, KisiGrant, Preview, Read, SyncRun
from integrations.kisi.sync import applying, left_alone, reading, standing
from integrations.kisi.sync.apply import apply
from integrations.kisi.sync.checks import check, keep_watch, probe
from integrations.kisi.sync.clearing import clear_left_behind
from integrations.kisi.sync.clock import Clock, DatabaseClock
from integrations.kisi.sync.grant import meet
from integrations.kisi.sync.lease import Lease, LeaseLost
from integrations.kisi.sync.logbook import Logbook
from integrations.kisi.sync.planning import make_plan
from integrations.kisi.sync.session import InTrouble, Later, Session
from integrations.kisi.sync.switching import farewells
from integrations.vault import VaultError
from plans.dates import apply_reached_dates

SLICE = timedelta(seconds=20)
PLAN_AFRESH = timedelta(seconds=5)
TRIES_PER_SLICE = 3
SHORT_WAIT = timedelta(seconds=30)
MANY_GRANTS = 50
Tried = Counter[tuple[Kind, str]]
Planner = Callable[[Session, Logbook], Plan]


class Outcome(StrEnum):
    """`more`: work is left, wake again; `waits`: something is due later; `taken`: somebody else holds it."""

    DONE = "done"
    MORE = "more"
    WAITS = "waits"
    STOPPED = "stopped"
    TAKEN = "taken"
    LOST = "lost"


def run(connection_id: int, *, clock: Clock | None = None) -> Outcome:
    """Do what this connection owes now, for one slice; raises nothing that Kisi or another holder may cause."""
    clock = clock or DatabaseClock.started()
    lease = Lease.acquire(connection_id, clock)
    if lease is None:
        return Outcome.TAKEN
    try:
        return _hold(lease, clock)
    except LeaseLost:
        return Outcome.LOST
    except BaseException:
        lease.drop()
        raise


def run_to_the_end(connection_id: int, *, clock: Clock | None = None) -> Outcome:
    """The same without giving the worker back, until nothing more can be done now (commands, tests)."""
    clock = clock or DatabaseClock.started()
    outcome = run(connection_id, clock=clock)
    while outcome is Outcome.MORE:
        outcome = run(connection_id, clock=clock)
    return outcome


def _hold(lease: Lease, clock: Clock) -> Outcome:
    """Slices until nobody asks for more; a slice that is not done gives the worker back and asks again."""
    while True:
        outcome = _slice(lease, clock)
        if outcome is Outcome.MORE:
            KisiConnection.objects.filter(pk=lease.connection_id).update(look_again=True)
            lease.give_back(even_if_asked=True)
            return outcome
        if lease.give_back():
            return outcome
        lease.take_request()


def _slice(lease: Lease, clock: Clock) -> Outcome:
    connection = KisiConnection.objects.select_related("gym").get(pk=lease.connection_id)
    if not standing.may_work(connection, now=clock.now()):
        return Outcome.WAITS
    try:
        session = Session.open(connection, lease, clock)
    except VaultError:
        standing.key_cannot_be_opened(connection, now=clock.now())
        return Outcome.STOPPED
    book = Logbook(session)
    try:
        return _work(session, book)
    except StopRun as error:
        standing.stop(session, error)
        return _ended(book, str(error))
    except InTrouble:
        standing.in_trouble(session)
        return _ended(book, "Kisi did not answer")
    except NoAnswer as error:
        return _no_answer(session, book, error)
    except Later as later:
        standing.wait_until(session, later.until)
        return Outcome.WAITS


def _ended(book: Logbook, reason: str) -> Outcome:
    book.end(SyncRun.State.STOPPED, reason)
    return Outcome.STOPPED


def _no_answer(session: Session, book: Logbook, error: NoAnswer) -> Outcome:
    """A check or a list got no answer: nothing concluded; five in a row mean trouble."""
    book.begin(Read.LEDGER)
    try:
        session.raise_if_in_trouble()
        standing.wait_until(session, session.clock.now() + SHORT_WAIT)
    except InTrouble:
        standing.in_trouble(session)
    return _ended(book, str(error))


def _work(session: Session, book: Logbook) -> Outcome:
    is_another_try = _come_back(session)
    left_alone.follow(session.connection, session.today)
    preview = applying.asked(session)
    if preview is not None:
        return _apply_preview(session, book, preview)
    book.resume()
    if is_another_try and book.try_again():
        check(session)
    keep_watch(session)
    _read_kisi(session, book)
    if _changes(session, book) is Outcome.MORE:
        return Outcome.MORE
    clear_left_behind(session, book)
    book.finish()
    _leave(session)
    return Outcome.DONE


def _come_back(session: Session) -> bool:
    """After a wait: probe what was broken, and take the wait away. Whether there was one."""
    if standing.needs_probe(session.connection):
        probe(session)
        standing.heal(session)
        return True
    if session.connection.retry_at is None:
        return False
    session.connection.retry_at = None
    session.connection.save(update_fields=["retry_at"])
    return True


def _apply_preview(session: Session, book: Logbook, preview: Preview) -> Outcome:
    """Exactly its lines, in a run of its own; what else is owed is for the next slice."""
    if applying.begin(session, book, preview):
        if _changes(session, book, applying.planner(preview)) is Outcome.MORE:
            return Outcome.MORE
        applying.finish(session, preview)
    book.finish()
    return Outcome.MORE


def _read_kisi(session: Session, book: Logbook) -> None:
    """What was asked for beyond the ledger; an incomplete list concludes nothing, the ledger's work goes on."""
    wanted = Read(session.connection.want_read)
    if wanted is Read.LEDGER or session.connection.is_leaving:
        return
    book.begin(wanted)
    try:
        reading.read(session, wanted)
    except IncompleteRead as error:
        book.incomplete(str(error))
        session.raise_if_in_trouble()
    _was_read(session.connection, wanted)


def _was_read(connection: KisiConnection, wanted: Read) -> None:
    """The read that was asked for is made, unless it was asked for again meanwhile: pages may be older."""
    same = KisiConnection.objects.filter(pk=connection.pk, want_read=wanted)
    same.filter(wanted_because=connection.wanted_because).update(want_read=Read.LEDGER)


def _changes(session: Session, book: Logbook, planner: Planner = make_plan) -> Outcome:
    until = session.clock.now() + SLICE
    tried: Tried = Counter()
    while True:
        apply_reached_dates(session.clock.now(), session.connection.gym)
        plan = planner(session, book)
        todo = [change for change in plan.changes if tried[change.kind, change.email] < TRIES_PER_SLICE]
        if not todo:
            return Outcome.DONE
        _prepare(session, book, todo)
        _carry_out(session, book, todo, tried, until)
        if session.clock.now() >= until:
            return Outcome.MORE


def _prepare(session: Session, book: Logbook, todo: list[Change]) -> None:
    """Before the first write of a lease: the checks; before many new grants: everybody Kisi knows.

    Once, not in every slice: whom Kisi knows already is kept in the ledger.
    """
    calls = [change for change in todo if change.kind not in WITHOUT_CALL]
    if not calls:
        return
    book.begin(Read.LEDGER)
    fresh = book.owes(len(calls))
    check(session)
    grants = [change.wanted for change in calls if change.kind is Kind.GRANT and change.wanted]
    if min(fresh, len(grants)) > MANY_GRANTS and not session.asked_for_everybody:
        session.asked_for_everybody = True
        session.known_users = reading.everybody(session)
        meet(session, grants)


def _carry_out(session: Session, book: Logbook, todo: list[Change], tried: Tried, until: datetime) -> None:
    """As much of the plan as fits before it is time to look afresh."""
    afresh = min(until, session.clock.now() + PLAN_AFRESH)
    for change in todo:
        tried[change.kind, change.email] += 1
        done = apply(session, change)
        if change.kind not in WITHOUT_CALL:
            book.did(done)
        if session.clock.now() >= afresh:
            return


def _leave(session: Session) -> None:
    """A disconnect with removal is over when nothing is owed any more, and nobody is tried again later."""
    rows = KisiGrant.objects.open().filter(connection=session.connection, retry_at__isnull=False)
    if session.connection.status != KisiConnection.Status.DISCONNECTING:
        return
    if not rows.filter(email__in=farewells(session.connection)).exists():
        standing.disconnected(session)
