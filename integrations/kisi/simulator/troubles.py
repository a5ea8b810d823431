"""Kisi's troubles by name: the faults of the fact sheet's section 11, point 13, ready to be armed. Arms none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from integrations.kisi.simulator.api.answers import HTML_ERROR
from integrations.kisi.simulator.faults import Fault, Kind

if TYPE_CHECKING:
    from integrations.kisi.simulator.world import World

TOO_SLOW = 60.0  # seconds; longer than any caller waits
BURST = 3


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


def page_shift(world: World, *, whose: str = "", query: str = "offset=0", times: int = 1) -> Fault:
    """After the first page of `/role_assignments` a right on it is given anew: what follows moves up by one.

    The total stays, somebody who is there is on no page, nobody is out. `whose` is an address, else the first.
    """

    def shift() -> None:
        held = world.rights_of(whose) if whose else list(world.store.assignments)
        row = next(row for row in held if row.applies_to_type == "Group")
        world.store.drop_assignment(row)
        world.store.add_assignment(row)

    path = "/role_assignments"
    return Fault(method="GET", path=path, query=query, kind=Kind.PASS, run=shift, times=times)


def named(name: str) -> Fault:
    """ValueError for a name that is none; the message has them all."""
    if name not in TROUBLES:
        raise ValueError(f"No trouble is called {name}. There are: {', '.join(TROUBLES)}")
    return TROUBLES[name]
