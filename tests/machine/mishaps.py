"""What can go wrong while a run is under way: faults of Kisi, a crash, somebody who does something meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from integrations.kisi.simulator import Fault, Kind
from tests.machine import desk, edits
from tests.machine.clock import VirtualClock
from tests.machine.scene import Scene
from tests.machine.traffic import Meanwhile

LISTS = "/(role_assignments|users|team_memberships)"
FAULTS: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "500 though it was done": {"status": 500, "after_effect": True},
    "429": {"status": 429},
    "429 for 7 s": {"status": 429, "headers": (("Retry-After", "7"),)},
    "429 for 300 s": {"status": 429, "headers": (("Retry-After", "300"),)},
    "no answer": {"kind": Kind.LOST},
    "no answer though it was done": {"kind": Kind.LOST, "after_effect": True},
    "HTML": {"kind": Kind.HTML},
    "empty": {"kind": Kind.EMPTY, "path": LISTS},
    "truncated": {"kind": Kind.TRUNCATED},
    "short": {"kind": Kind.SHORT, "path": LISTS},
    "short and says so": {"kind": Kind.SHRUNK, "path": LISTS},
    "doubled": {"kind": Kind.DOUBLED, "path": LISTS},
    "wrong total": {"kind": Kind.WRONG_TOTAL, "path": LISTS},
}
OF_WRITES = ("500", "500 though it was done", "429", "no answer", "no answer though it was done", "truncated")
SILENCE = Fault(kind=Kind.LOST, times=0)
STALLED = 100  # seconds, longer than a lease


@dataclass(frozen=True, slots=True)
class Mishap:
    """Nothing goes wrong. `until_it_is_missed`: seconds until somebody does something after a process died."""

    name: str = "nothing goes wrong"
    until_it_is_missed: int = STALLED

    def prepare(self, scene: Scene) -> None: ...

    def clear(self, scene: Scene) -> None:
        """Whatever was not met by this run never happens."""
        scene.world.clear_faults()
        scene.traffic.expect([])
        scene.clock.fuse = None


@dataclass(frozen=True, slots=True)
class Faulty(Mishap):
    """Kisi answers badly: each fault meets `times` calls of its method, after `skip` good ones.

    `then_silence`: from the first spoilt answer to the end of the run nothing is answered at all.
    """

    name: str = "faults"
    faults: tuple[tuple[str, str, int, int], ...] = ()
    then_silence: bool = False

    def prepare(self, scene: Scene) -> None:
        then = (lambda: scene.traffic.add(SILENCE)) if self.then_silence else None
        for what, method, skip, times in self.faults:
            fault = replace(Fault(**FAULTS[what]), method=method, skip=skip, times=times, run=then)
            scene.world.fault(fault)


@dataclass(frozen=True, slots=True)
class Crashing(Mishap):
    """The process is killed at one of its looks at the clock, or when its `call` was done and not yet answered."""

    name: str = "crash"
    looks: int = 0
    call: int | None = None

    def prepare(self, scene: Scene) -> None:
        if self.call is None:
            scene.clock.fuse = self.looks
        else:
            scene.traffic.expect([Meanwhile(self.call, lambda: _burn(scene.clock), after_effect=True)])


@dataclass(frozen=True, slots=True)
class Interrupted(Mishap):
    """While Kisi answers one call, others act: on the connection, on a member, or by starting a second run."""

    name: str = "meanwhile"
    act: str = "second run"
    call: int = 0
    after_effect: bool = False
    who: int = 0

    def prepare(self, scene: Scene) -> None:
        scene.traffic.expect([Meanwhile(self.call, lambda: self._act(scene), self.after_effect)])

    def _act(self, scene: Scene) -> None:
        if self.act == "second run":
            _second_run(scene)
        elif self.act == "stalled, second run":
            scene.forward(seconds=STALLED)
            _second_run(scene)
        elif self.act == "stalled, second run dies":
            scene.forward(seconds=STALLED)
            _second_run(scene, dies_after=self.who)
        elif self.act in _EDITS:
            scene.change(_EDITS[self.act](scene, self.who))
        else:
            getattr(desk, self.act)(scene)


_EDITS: dict[str, Any] = {
    "pause a member": edits.pause,
    "resume a member": edits.resume,
    "delete a member": edits.delete,
    "somebody joins": lambda scene, who: edits.add(scene, who, 0),
    "an address changes": lambda scene, who: edits.change_email(scene, who, who + 3),
}
DURING = [
    *("second run", "stalled, second run", "stalled, second run dies", "stalled, second run dies"),
    *("pause", "disconnect", "remove_and_disconnect"),
    *_EDITS,
]


def _second_run(scene: Scene, *, dies_after: int | None = None) -> None:
    """Another worker with a clock of its own; when it dies after so many looks at that, its lease stands."""
    ours = scene.clock
    scene.clock = VirtualClock(ours.traveller, fuse=dies_after)
    try:
        scene.run()
    finally:
        scene.clock = ours


def _burn(clock: VirtualClock) -> None:
    clock.fuse = 0


_OF_ANY = st.tuples(
    st.sampled_from(sorted(FAULTS)), st.sampled_from(["GET", "*"]), st.integers(0, 5), st.integers(1, 6)
)
_OF_WRITES = st.tuples(
    st.sampled_from(OF_WRITES),
    st.sampled_from(["POST", "DELETE", "PATCH"]),
    st.integers(0, 2),
    st.integers(1, 3),
)
LOST_WRITE = st.builds(
    lambda what, method, skip, silence: Faulty(faults=((what, method, skip, 1),), then_silence=silence),
    st.sampled_from(["no answer though it was done", "500 though it was done", "truncated", "no answer"]),
    st.sampled_from(["POST", "DELETE"]),
    st.sampled_from([0, 0, 1, 2]),
    st.sampled_from([True, True, False]),
)
MISHAP = st.one_of(
    st.just(Mishap()),
    st.just(Mishap()),
    st.builds(Faulty, faults=st.lists(_OF_WRITES, min_size=1, max_size=2).map(tuple)),
    st.builds(Faulty, faults=st.lists(_OF_ANY, min_size=1, max_size=2).map(tuple)),
    st.builds(Crashing, looks=st.integers(0, 60), until_it_is_missed=st.sampled_from([STALLED, STALLED, 1])),
    st.builds(Crashing, call=st.integers(0, 12), until_it_is_missed=st.sampled_from([STALLED, STALLED, 1])),
    st.builds(
        Interrupted,
        act=st.sampled_from(DURING),
        call=st.integers(0, 8),
        after_effect=st.booleans(),
        who=st.integers(0, 15),
    ),
)
