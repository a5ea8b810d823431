"""The run's own row: begun when there is something to tell, kept over slices, ended with a reason."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max, Q
from django_guid import get_guid, set_guid

from integrations.kisi.models import AccessEvent, KisiConnection, Read, SyncRun
from integrations.kisi.sync.session import Session

Kind = AccessEvent.Kind
ANOTHER_TRY = "another try"

_COUNTED = {
    Kind.GRANTED: "granted",
    Kind.REPAIRED: "granted",
    Kind.REVOKED: "revoked",
    Kind.ADOPTED: "adopted",
    Kind.REFUSED: "failed",
}


@dataclass(slots=True)
class Logbook:
    session: Session

    def resume(self) -> None:
        """Go on with the run that an earlier slice, or a holder that died, left open."""
        running = SyncRun.objects.filter(
            connection=self.session.connection, state=SyncRun.State.RUNNING
        ).first()
        self.session.run = running
        if running is not None:
            _follow(running.trace)
        if self.session.connection.wanted_because:
            self.begin(Read.LEDGER)

    def try_again(self) -> bool:
        """After a run that was cut short there is one that has an end, also where nothing is owed any more."""
        last = SyncRun.objects.filter(connection=self.session.connection).first()
        if self.session.run is not None or last is None or last.state != SyncRun.State.STOPPED:
            return False
        self.session.connection.wanted_because = ANOTHER_TRY
        self.begin(Read.LEDGER)
        return True

    def begin(self, read: Read) -> None:
        """Open a run, or raise the read of the one that is open."""
        run = self.session.run
        if run is None:
            self.session.run = self._open(read)
        elif run.read < read:
            run.read = read
            run.save(update_fields=["read"])

    def _open(self, read: Read) -> SyncRun:
        connection = self.session.connection
        _follow(connection.wanted_trace)
        run = SyncRun.objects.create(
            connection=connection,
            read=read,
            because=connection.wanted_because or "subscription change",
            by_id=connection.wanted_by_id,
            trace=get_guid() or "",
            started_at=self.session.clock.now(),
        )
        taken = KisiConnection.objects.filter(pk=connection.pk, wanted_because=connection.wanted_because)
        taken.update(wanted_because="", wanted_by=None, wanted_trace="")
        connection.wanted_because, connection.wanted_by_id, connection.wanted_trace = "", None, ""
        return run

    def owes(self, changes: int) -> int:
        """The estimate for the page, what is done plus what the fresh plan still owes; by how much it grew."""
        run = self._run()
        before, run.total = run.total, run.done + changes
        run.save(update_fields=["total"])
        return run.total - before

    def did(self, kind: AccessEvent.Kind | None) -> None:
        run = self._run()
        run.done += 1
        run.calls += self._calls()
        counter = _COUNTED.get(kind) if kind else None
        if counter:
            setattr(run, counter, getattr(run, counter) + 1)
        run.save(update_fields=["done", "calls", *([counter] if counter else [])])

    def holds(self, people: int) -> None:
        self.begin(Read.LEDGER)
        run = self._run()
        run.held += people
        run.save(update_fields=["held"])

    def incomplete(self, reason: str) -> None:
        """The read concluded nothing; the run goes on with the ledger and ends as incomplete."""
        run = self._run()
        run.reason = reason
        run.save(update_fields=["reason"])

    def finish(self) -> None:
        """All is done: the next trouble, whenever it comes, is probed soon again."""
        if self.session.connection.probes:
            KisiConnection.objects.filter(pk=self.session.connection.pk).update(probes=0)
        run = self.session.run
        if run is None:
            return
        run.total = max(run.done, 0)
        state = SyncRun.State.INCOMPLETE if run.reason else SyncRun.State.FINISHED
        self.end(state, run.reason)

    def end(self, state: SyncRun.State, reason: str) -> None:
        run = self.session.run
        if run is None:
            return
        run.state, run.reason, run.finished_at = state, reason, self.session.clock.now()
        run.calls += self._calls()
        run.failed = _still_failed(run) if run.failed else 0
        run.save(update_fields=["state", "reason", "finished_at", "total", "calls", "failed"])
        self.session.run = None

    def _run(self) -> SyncRun:
        if self.session.run is None:
            self.begin(Read.LEDGER)
        assert self.session.run is not None
        return self.session.run

    def _calls(self) -> int:
        calls, self.session.gate.calls = self.session.gate.calls, 0
        return calls


def _still_failed(run: SyncRun) -> int:
    """How many people the run could not help, however often each was tried: their last event in it says so."""
    told = AccessEvent.objects.filter(run_id=run.pk, kind__in=_COUNTED).order_by()
    latest = told.values("person_id").annotate(latest=Max("pk")).values("latest")
    return AccessEvent.objects.filter(pk__in=latest, kind=Kind.REFUSED).count()


def _follow(trace: str) -> None:
    """What is logged and kept from here on carries the id of whoever asked for it."""
    if trace:
        set_guid(trace)


def last_good(connection: KisiConnection, read: Read) -> SyncRun | None:
    """The latest run that read at least this much of Kisi, whole."""
    good = Q(state=SyncRun.State.FINISHED, read__gte=read)
    return SyncRun.objects.filter(good, connection=connection).order_by("-started_at").first()
