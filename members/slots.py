"""A registry that other apps fill at start: Core's pages render what is registered and know nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from members import wording
from members.models import Gym, Member


@dataclass(frozen=True, slots=True)
class Tag:
    """A status in one word; `tone` is ok, info, warn, bad or idle."""

    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a page: a template to include, and its context."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessCell:
    tag: Tag
    reason: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the members list."""

    heading: str
    cells: Callable[[HttpRequest, Sequence[Member]], dict[int, AccessCell]]


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above the members list: `name` in the address, `narrow` for a value out of `choices`.

    Choices are (value, label), under the heading of their group or under ""; without any it is not shown.
    """

    name: str
    label: str
    choices: Callable[[HttpRequest], Mapping[str, Sequence[tuple[str, str]]]]
    narrow: Callable[[HttpRequest, QuerySet[Member], str], QuerySet[Member]]


@dataclass(frozen=True, slots=True)
class Order:
    """A way to sort the members list: `name` in the address; None where there is nothing to sort by."""

    name: str
    label: str
    sort: Callable[[HttpRequest, QuerySet[Member]], QuerySet[Member] | None]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    at: datetime
    text: str
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HealthLine:
    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EffectLine:
    """`has_none`: whoever is said to lose access has none yet."""

    name: str
    email: str
    reason: str = ""
    has_none: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to the doors, by name. `fingerprint` stands for who gains and who loses.

    `keeps` it through another plan, `stays` by the access that is there already.
    `later` says what the doors wait for, such as "once there is a new key"; "" where it takes seconds.
    `keeps_profiles`: whoever loses access stays known to the door system.
    """

    gains: tuple[EffectLine, ...] = ()
    loses: tuple[EffectLine, ...] = ()
    keeps: tuple[EffectLine, ...] = ()
    stays: tuple[EffectLine, ...] = ()
    notes: tuple[str, ...] = ()
    warning: str = ""
    fingerprint: str = ""
    later: str = ""
    keeps_profiles: bool = False

    @classmethod
    def empty(cls) -> Effect:
        return cls()

    @property
    def touches_anybody(self) -> bool:
        return bool(self.gains or self.loses)

    @property
    def losing(self) -> tuple[EffectLine, ...]:
        """Those who have the access that they lose."""
        return tuple(line for line in self.loses if not line.has_none)

    @property
    def denied(self) -> tuple[EffectLine, ...]:
        """Those who have none yet, and get none."""
        return tuple(replace(line, reason="") for line in self.loses if line.has_none)

    @property
    def removals(self) -> int:
        return len(self.losing)

    @property
    def when(self) -> str:
        return self.later or "within seconds"


class ListMoved(Exception):
    """The people concerned are not those that were shown; nothing was changed. Carries the new effect."""

    def __init__(self, effect: Effect) -> None:
        self.effect = effect
        super().__init__("the list changed")


Addresses = Collection[str] | None


@dataclass(frozen=True, slots=True)
class Supposed:
    """What a change would leave, without making it: members who are gone, by id, subscriptions as these rows say.

    The rows are not saved, and know their member and plan.
    """

    leaving: frozenset[int] = frozenset()
    instead: tuple[Any, ...] = ()


class DoorEffects(Protocol):
    """What the doors' keeper answers about a change before it is made, and when it is; `name` for use in a sentence.

    `about` names the only addresses that the change can concern, where they are known; then no others are
    looked at.
    """

    name: str

    def forecast(self, gym: Gym, change: Callable[[], object], *, about: Addresses = None) -> Effect: ...

    def suppose(self, gym: Gym, supposed: Supposed, *, about: Addresses = None) -> Effect: ...

    def carry_out(
        self,
        gym: Gym,
        change: Callable[[], object],
        *,
        by: Any,
        cause: str,
        shown: str,
        about: Addresses = None,
    ) -> Effect: ...


# Member page: first section; after it; the timeline, so many of the newest. Members list: columns (door access
# last), filters, orders.
member_panels: list[Callable[[HttpRequest, Member], Piece | None]] = []
member_sections: list[Callable[[HttpRequest, Member], Piece | None]] = []
member_columns: list[Column] = []
member_filters: list[Filter] = []
member_orders: list[Order] = []
member_cells: list[Callable[[HttpRequest, Sequence[Member]], dict[int, AccessCell]]] = []
member_events: list[Callable[[Member, int], Sequence[TimelineEntry]]] = []
dashboard_tiles: list[Callable[[HttpRequest], Piece | None]] = []
dashboard_sections: list[Callable[[HttpRequest], Piece | None]] = []
# On every page, under the page header.
banners: list[Callable[[HttpRequest], Piece | None]] = []
health_checks: list[Callable[[], Sequence[HealthLine]]] = []
plan_notes: list[Callable[[Gym], str]] = []
door_effects: list[DoorEffects] = []


def doors_name() -> str:
    """How the door system is called in a sentence."""
    return door_effects[0].name if door_effects else wording.DOORS


def forecast_change(gym: Gym, change: Callable[[], object], *, about: Addresses = None) -> Effect:
    """Who would gain or lose access by `change`; nothing is kept of it. Without doors: nobody."""
    return door_effects[0].forecast(gym, change, about=about) if door_effects else Effect.empty()


def forecast_supposed(gym: Gym, supposed: Supposed, *, about: Addresses = None) -> Effect:
    """The same where the change is known beforehand: it is not even tried."""
    return door_effects[0].suppose(gym, supposed, about=about) if door_effects else Effect.empty()


def carry_out_change(
    gym: Gym,
    change: Callable[[], object],
    *,
    by: Any,
    cause: str,
    shown: str,
    about: Addresses = None,
) -> Effect:
    """Make `change` for good, as somebody's word for the people in the list whose fingerprint is `shown`.

    Raises ListMoved, with nothing changed, when the list is another one by now.
    """
    if door_effects:
        return door_effects[0].carry_out(gym, change, by=by, cause=cause, shown=shown, about=about)
    with transaction.atomic():
        change()
    return Effect.empty()


def pieces(registered: Sequence[Callable[..., Piece | None]], *arguments: Any) -> list[Piece]:
    """What the registered makers have to show for these arguments."""
    made = (make(*arguments) for make in registered)
    return [piece for piece in made if piece is not None]
