"""The rules of the game: what may happen in any order. After every step nothing forbidden was done."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from integrations.kisi import tasks
from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.sync import schedule
from tests.machine import desk, edits, hand, oracles
from tests.machine.choices import DAYS, PAUSES, PLAN, RUN, STARTS, STATUSES, WAY, WHO, Way
from tests.machine.figures import Figures
from tests.machine.mishaps import LOST_WRITE, MISHAP, Mishap
from tests.machine.scene import Scene, Start
from tests.machine.traffic import Meanwhile


class Machine(RuleBasedStateMachine):
    def __init__(self, scene: Scene, figures: Figures) -> None:
        super().__init__()
        self.scene = scene
        self.figures = figures
        self.began = self.is_switched_off = False

    @initialize(start=STARTS, oracle=st.sampled_from("QS"), allows=st.booleans())
    def begin(self, start: Start, oracle: str, allows: bool) -> None:
        self.oracle, self.allows = oracle, allows
        self.scene.begin(start)
        self.began = True
        self.figures.examples += 1
        self.figures.members += len(self.scene.members())

    # Core

    def _change(self, act: edits.Act, way: Way) -> None:
        self._happened("inert edit" if act is edits.nothing else "edit")
        if act is edits.nothing:
            return
        self.scene.change(act, worded=way.worded, heard=way.heard)
        self.scene.forward(seconds=1)
        if way.run is not None:
            self._run(way.run)

    @rule(where=WHO, plan=PLAN, way=WAY)
    def add(self, where: int, plan: int, way: Way) -> None:
        self._change(edits.add(self.scene, where, plan), way)

    @rule(who=WHO, plan=PLAN, way=WAY)
    def add_subscription(self, who: int, plan: int, way: Way) -> None:
        self._change(edits.add_subscription(self.scene, who, plan), way)

    @rule(who=WHO, way=WAY)
    def cancel(self, who: int, way: Way) -> None:
        self._change(edits.cancel(self.scene, who), way)

    @rule(who=WHO, way=WAY)
    def pause(self, who: int, way: Way) -> None:
        self._change(edits.pause(self.scene, who), way)

    @rule(who=WHO, way=WAY)
    def resume(self, who: int, way: Way) -> None:
        self._change(edits.resume(self.scene, who), way)

    @rule(who=WHO, days=DAYS, way=WAY)
    def pending_cancel(self, who: int, days: int, way: Way) -> None:
        self._change(edits.pending_cancel(self.scene, who, days), way)

    @rule(who=WHO, way=WAY)
    def undo_cancel(self, who: int, way: Way) -> None:
        self._change(edits.undo_cancel(self.scene, who), way)

    @rule(who=WHO, days=st.integers(1, 3), way=WAY)
    def pending_start(self, who: int, days: int, way: Way) -> None:
        self._change(edits.pending_start(self.scene, who, days), way)

    @rule(who=WHO, way=WAY)
    def delete(self, who: int, way: Way) -> None:
        self._change(edits.delete(self.scene, who), way)

    @rule(who=WHO, where=WHO, way=WAY)
    def change_email(self, who: int, where: int, way: Way) -> None:
        self._change(edits.change_email(self.scene, who, where), way)

    @rule(who=WHO, other=WHO, at_once=st.booleans(), way=WAY)
    def swap_emails(self, who: int, other: int, at_once: bool, way: Way) -> None:
        self._change(edits.swap_emails(self.scene, who, other, at_once=at_once), way)

    @rule(plan=PLAN, way=WAY)
    def plan_flag_flip(self, plan: int, way: Way) -> None:
        self._change(edits.flip_plan(self.scene, plan), way)

    @rule(first=WHO, count=st.integers(1, 6), status=st.sampled_from(STATUSES), run=RUN)
    def bulk_update(self, first: int, count: int, status: str, run: Mishap | None) -> None:
        self._change(edits.bulk_update(self.scene, first, count, status), Way(run=run))

    @rule(who=WHO, days=st.integers(-2, 2))
    def bulk_update_of_a_date(self, who: int, days: int) -> None:
        self._change(edits.bulk_dates(self.scene, who, days), Way())

    @rule(who=WHO, mishap=LOST_WRITE, worded=st.booleans())
    def pause_and_resume(self, who: int, mishap: Mishap, worded: bool) -> None:
        """Out and in again, and the run between goes wrong."""
        member = edits.who_can_get_in(self.scene, who)
        self._change(edits.pause_all(self.scene, member), Way(worded, heard=True, run=mishap))
        self._change(edits.resume_all(self.scene, member), Way(heard=True))

    @rule(where=WHO, mishap=LOST_WRITE)
    def join_and_leave(self, where: int, mishap: Mishap) -> None:
        """In and out again, and the run between goes wrong."""
        self._change(edits.add_a_newcomer(self.scene, where), Way(heard=True, run=mishap))
        self._change(edits.delete(self.scene, -1), Way(worded=True, heard=True))

    # Time and runs

    @rule(seconds=st.sampled_from(PAUSES))
    def advance_clock(self, seconds: int) -> None:
        self.scene.forward(seconds=seconds)

    @rule(mishap=MISHAP)
    def worker(self, mishap: Mishap) -> None:
        self._run(mishap)

    @rule(mishap=MISHAP)
    def worker_once_more(self, mishap: Mishap) -> None:
        """The same: most of what can go wrong goes wrong while a run is under way."""
        self._run(mishap)

    @rule()
    def look(self) -> None:
        """Every 30 s: whoever asked, whose wait is over, whose holder died."""
        self.scene.forward(seconds=30)
        if self.scene.connection.pk in tasks.due(self.scene.now()):
            self.scene.run()

    @rule(mishap=MISHAP)
    def sweep(self, mishap: Mishap) -> None:
        self.scene.forward(minutes=5)
        schedule.request_overdue(self.scene.now())
        if KisiConnection.objects.live().filter(pk=self.scene.connection.pk).exists():
            self._run(mishap)

    @rule(mishap=MISHAP)
    def daily(self, mishap: Mishap) -> None:
        self._run(mishap, ask=Read.RECENT)

    @rule(mishap=MISHAP)
    def full(self, mishap: Mishap) -> None:
        self._run(mishap, ask=Read.FULL)

    def _run(self, mishap: Mishap, ask: Read | None = None) -> None:
        self._happened(mishap.name)
        mishap.prepare(self.scene)
        outcome = self.scene.run(ask=ask)
        mishap.clear(self.scene)
        self._happened("the process died" if outcome is None else f"run {outcome}")
        self.scene.forward(seconds=1 if outcome else mishap.until_it_is_missed)

    # Kisi and the key

    @rule(act=st.sampled_from(hand.ACTS), who=WHO)
    def dashboard(self, act: str, who: int) -> None:
        self._happened(f"by hand: {act}" if hand.edit(self.scene, act, who) else "inert edit by hand")

    @rule(trouble=st.sampled_from(["revoke_key", "weaken_key"]), call=st.integers(0, 8), lasts=st.booleans())
    def trouble_with_the_key(self, trouble: str, call: int, lasts: bool) -> None:
        """In the middle of a run; it lasts, or is mended and found to be so at the next probe."""
        self._happened(trouble)
        self.scene.traffic.expect([Meanwhile(call, lambda: getattr(hand, trouble)(self.scene))])
        self.scene.run()
        self.scene.traffic.expect([])
        if not lasts:
            self.mend_the_key()

    @precondition(lambda self: self.began and not hand.key_is_good(self.scene))
    @rule()
    def mend_the_key(self) -> None:
        hand.restore_key(self.scene)
        self.scene.forward(minutes=16)
        self.scene.run()

    # The admin

    @rule(act=st.sampled_from(["pause", "disconnect", "remove_and_disconnect"]), works=st.booleans())
    def switch_off(self, act: str, works: bool) -> None:
        self._happened(act)
        getattr(desk, act)(self.scene)
        if works:
            self.scene.run()

    @precondition(lambda self: self.is_switched_off)
    @rule()
    def come_back(self) -> None:
        desk.resume(self.scene)
        desk.reconnect(self.scene)

    @precondition(lambda self: self.is_switched_off)
    @rule(mishap=MISHAP)
    def come_back_and_work(self, mishap: Mishap) -> None:
        self.come_back()
        self._run(mishap)

    @precondition(lambda self: self.is_switched_off)
    @rule()
    def come_back_after_a_day(self) -> None:
        self.scene.forward(days=1)
        self.come_back()
        self.scene.run()

    @rule(act=st.sampled_from(["allow", "keep", "new_key", "cut_over"]))
    def admin(self, act: str) -> None:
        self._happened(act)
        getattr(desk, act)(self.scene)

    @rule(act=st.sampled_from(["leave_to_kisi", "take_back", "take_back"]), who=st.integers(0, 2))
    def exempt(self, act: str, who: int) -> None:
        getattr(desk, act)(self.scene, who)

    # What holds

    @invariant()
    def nothing_forbidden_was_done(self) -> None:
        if self.began:
            self.figures.steps += 1
            self._require_own_pace()
            self.is_switched_off = self.scene.connection.status in ("paused", "disconnected")
            assert not self.scene.watch.problems, "\n".join(self.scene.watch.problems)

    def _require_own_pace(self) -> None:
        """A call that Kisi's own limiter refuses is counted there and never comes to the traffic."""
        limited = self.scene.world.calls.total - self.scene.traffic.seen
        assert not limited, f"Kisi's own limit was met {limited} times"

    def teardown(self) -> None:
        if not self.began:
            return
        try:
            if not self.scene.watch.problems:
                self._judge()
        finally:
            self._count()
            self.scene.clear()

    def _judge(self) -> None:
        judge = oracles.by_the_ledger if self.oracle == "Q" else oracles.after_a_full_read
        if self.allows:
            desk.allow(self.scene)
        wrong = judge(self.scene) or oracles.is_quiet(self.scene)
        found = [*self.scene.watch.problems, *wrong]
        assert not found, "\n".join([f"oracle {self.oracle}:", *found])

    def _count(self) -> None:
        watch = self.scene.watch
        self.figures.calls += self.scene.traffic.seen
        self.figures.writes += watch.writes
        self.figures.removals += watch.losses.count

    def _happened(self, what: str) -> None:
        self.figures.happened[what] += 1
