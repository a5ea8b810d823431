"""Kisi's troubles by name: the faults of the fact sheet's section 11, point 13, ready to be armed. Arms none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from integrations.kisi.simulator.api.answers import HTML_ERROR
from integrations.kisi.simulator.faults import Fault, Kind

if TYPE_CHECKING:
    from integrations.kisi.simulator.world import World

TOO_SLOW = 60.0  # seconds; longer than any caller waits
BURST = 4


def _html(status: int, words: str) -> Fault:
    return Fault(status=status, body=HTML_ERROR.format(f"{status} {words}"))


TROUBLES: dict[str, Fault] = {
    "key refused": Fault(status=401),
    "not allowed": Fault(status=403),
    "not found": Fault(status=404),
    "exists already": Fault(status=409),
    "not acceptable": Fault(status=422),
    "one call too many": Fault(status=429),
    "burst of too many": Fault(status=429, times=BURST),
    "too many, with a time": Fault(status=429, times=BURST, headers=(("Retry-After", "3"),)),
    "internal error": _html(500, "Internal Server Error"),
    "bad gateway": _html(502, "Bad Gateway"),
    "not available": _html(503, "Service Unavailable"),
    "internal error after the effect": replace(_html(500, "Internal Server Error"), after_effect=True),
    "lost before the effect": Fault(kind=Kind.LOST),
    "lost after the effect": Fault(kind=Kind.LOST, after_effect=True),
    "too slow before the effect": Fault(kind=Kind.PASS, delay=TOO_SLOW),
    "too slow after the effect": Fault(kind=Kind.PASS, delay=TOO_SLOW, after_effect=True),
    "cut JSON": Fault(kind=Kind.TRUNCATED),
    "shorter than promised": Fault(kind=Kind.WRONG_LENGTH),
    "somebody else's page": Fault(kind=Kind.HTML),
    "no array": Fault(kind=Kind.NOT_ARRAY),
    "empty list": Fault(kind=Kind.EMPTY),
    "short list": Fault(kind=Kind.SHORT),
    "short list, total agrees": Fault(kind=Kind.SHRUNK),
    "a row twice": Fault(kind=Kind.DOUBLED),
    "total too high": Fault(kind=Kind.WRONG_TOTAL),
    "total too low": Fault(kind=Kind.LOW_TOTAL),
    "missing header": Fault(kind=Kind.NO_RANGE),
}


def page_shift(world: World, *, path: str = "/role_assignments", times: int = 1) -> Fault:
    """Between two pages the first right in the group is given anew: everybody after it moves up by one.

    Ask with `offset=0` in mind: the total stays, somebody who is there is on no page, nobody is wrongly out.
    """

    def shift() -> None:
        held = [row for row in world.store.assignments if row.applies_to_type == "Group"]
        if held:
            world.store.drop_assignment(held[0])
            world.store.add_assignment(held[0])

    return Fault(method="GET", path=path, query="offset=0", kind=Kind.PASS, run=shift, times=times)


def named(name: str) -> Fault:
    """ValueError for a name that is none; the message has them all."""
    if name not in TROUBLES:
        raise ValueError(f"No trouble is called {name}. There are: {', '.join(TROUBLES)}")
    return TROUBLES[name]
