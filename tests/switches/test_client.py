"""The client's whole day, call by call, under every single alternative: typed answers, or the typed error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from integrations.access.errors import AlreadyExists, DoorError, Forbidden, Gone, NoAnswer, Refused, SlowDown
from integrations.kisi.client import KisiClient
from integrations.kisi.rows import Right, User
from integrations.kisi.simulator import World, serve
from integrations.kisi.simulator.switches import alternatives
from integrations.vault import Secret
from tests.switches.conftest import StillClock

T = TypeVar("T")
SINGLES = [(name, value) for name, values in alternatives().items() for value in values]
ANA, BEN = "ana@example.com", "ben@example.com"


@dataclass
class Gate:
    """Four calls a second, on a clock of its own; a 429 costs a second."""

    clock: StillClock

    def enter(self, *, write: bool) -> None:
        self.clock.sleep(0.25)

    def answered(self, *, write: bool, ok: bool) -> None: ...

    def slow_down(self, retry_after: float | None) -> None:
        self.clock.sleep(1.0)


@dataclass
class Day:
    """One client at one Kisi; a call that met a 429 is made again, as the sync does."""

    kisi: KisiClient
    world: World

    def ask(self, verb: str, /, *args: Any, **facts: Any) -> Any:
        for _ in range(5):
            try:
                return getattr(self.kisi, verb)(*args, **facts)
            except SlowDown:
                continue
        raise AssertionError("Kisi stayed busy")

    def refused(self, *errors: type[DoorError], call: Callable[[], object]) -> None:
        with pytest.raises(errors):
            call()

    def makes_ana(self) -> User:
        facts = {"name": "Ana", "mark": {"made_by": "core"}, "send_emails": True}
        return self.ask("create_user", email=ANA, **facts)

    def gives(self, user: User) -> Right:
        return self.ask("add_right", user_id=user.id, group_id=self.world.group_id, notify=False)


@contextmanager
def day_at(**switches: Any) -> Iterator[Day]:
    """Ben has a right, Rafa one by a team."""
    clock = StillClock()
    world = World.small(now=clock.now, **switches)
    world.give(world.add_user(BEN, "Ben"))
    world.add_team("Coaches", [world.add_user("rafa@example.com", "Rafa")], world.group)
    with serve(world) as server:
        kisi = KisiClient(
            base_url=server.url,
            key=Secret(world.api_key),
            gate=Gate(clock),
            contact="help@core.example",
            sleep=clock.sleep,
        )
        yield Day(kisi, world)


def looks_around(day: Day) -> None:
    """Every read before a write."""
    world, owner = day.world, day.world.owner
    assert (day.ask("me").id, day.ask("me").organization_name) == (owner.id, "Small Gym")
    is_shown = world.switches.organization_shows_owner
    assert day.ask("organization").owner_id == (owner.id if is_shown else None)
    assert day.ask("group", world.group_id).doors_count == 1
    assert day.ask("doors", world.group_id) == ("Front door",)
    rights = {(right.assignee_type, right.email) for right in day.ask("group_rights", world.group_id)}
    assert rights == {("User", BEN), ("Team", "")}
    assert [right.user_id for right in day.ask("organization_rights")] == [owner.id]
    assert {user.email for user in day.ask("users")} == {owner.email, BEN, "rafa@example.com"}
    assert day.ask("team_members") == {world.person("rafa@example.com").id}
    assert [user.email for user in day.ask("find_users", "Ben@example.com")] == [BEN]


def lets_ana_in(day: Day) -> tuple[User, Right]:
    ana = day.makes_ana()
    assert ana.email == ANA
    right = day.gives(ana)
    assert (right.user_id, right.applies_to_id, right.role_id) == (ana.id, day.world.group_id, "group_basic")
    held = [held for held in day.ask("rights_of", ana.id) if held.scope == "group"]
    assert held == [day.ask("right", right.id)]
    assert BEN in day.world.in_group() and ANA in day.world.in_group()
    return ana, right


def does_it_twice(day: Day, ana: User) -> list[Right]:
    """A known address, a right that is there: the client says so, or a second row is made."""
    day.refused(AlreadyExists, call=day.makes_ana)
    assert [user.id for user in day.ask("find_users", ANA)] == [ana.id]
    if day.world.switches.duplicate_assignment == "new_row":
        return [day.gives(ana)]
    day.refused(AlreadyExists, Refused, call=lambda: day.gives(ana))
    return []


def puts_ana_out(day: Day, ana: User, rights: list[Right]) -> None:
    day.ask("rename_user", ana.id, name="Ana Ruiz")
    assert day.ask("user", ana.id).name == "Ana Ruiz"
    for right in rights:
        day.ask("remove_right", right.id)
        day.refused(Gone, call=lambda right=right: day.ask("remove_right", right.id))
        day.refused(Gone, call=lambda right=right: day.ask("right", right.id))
    day.ask("delete_user", ana.id)
    day.refused(Gone, call=lambda: day.ask("delete_user", ana.id))
    assert day.world.in_group() == [BEN]


def test_the_day_at_the_kisi_of_the_fact_sheet():
    with day_at() as day:
        looks_around(day)
        ana, right = lets_ana_in(day)
        puts_ana_out(day, ana, [right, *does_it_twice(day, ana)])


@pytest.mark.parametrize(("name", "value"), SINGLES, ids=[f"{name}={value}" for name, value in SINGLES])
def test_the_day_under_a_single_alternative(name, value):
    with day_at(**{name: value}) as day:
        looks_around(day)
        if name == "past_due":
            day.refused(Forbidden, NoAnswer, Refused, call=day.makes_ana)
            day.world.switch(past_due="no")
        ana, right = lets_ana_in(day)
        rights = [right, *does_it_twice(day, ana)]
        if name == "suspend_after_bad_requests":
            day.refused(DoorError, call=day.kisi.me)
            day.world.switch(suspend_after_bad_requests=0)
            day.world.forgive_key()
        puts_ana_out(day, ana, rights)
