"""sync.md 7: whatever way the removals come, a batch over the allowance is held; people count, not calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import call_command

from integrations.kisi import tasks
from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking, deciding, runs
from tests.conftest import House
from tests.stories import read_kisi


def by_signal(house: House) -> None:
    """What the message of a save leads to."""
    tasks.sync(house.connection.pk)


def by_sweep(house: House) -> None:
    tasks.sweep()
    runs.run_to_the_end(house.connection.pk, clock=house.clock)


def by_daily(house: House) -> None:
    read_kisi(house, Read.RECENT)


def by_weekly(house: House) -> None:
    read_kisi(house, Read.FULL)


def by_sync_now(house: House) -> None:
    asking.ask(house.connection, Read.LEDGER, because="Sync now", now=house.clock.now())
    house.sync()


def by_sync_now_for_one(house: House) -> None:
    asking.ask_for_person(house.connection, "p000@example.com", because="Sync now", now=house.clock.now())
    house.sync()


def by_command(house: House) -> None:
    with pytest.raises(SystemExit):
        call_command("kisi_sync", gym=house.gym.slug, apply=True)


PATHS = [by_signal, by_sweep, by_daily, by_weekly, by_sync_now, by_sync_now_for_one, by_command]


@pytest.mark.parametrize("path", PATHS)
def test_a_batch_over_the_allowance_is_held_whatever_way_it_comes(
    connected: House, path: Callable[[House], None]
) -> None:
    members = connected.members(10)
    connected.sync()
    connected.plan.subscriptions.filter(member__in=members[:6]).update(status="cancelled")
    path(connected)
    assert len(connected.inside()) == 10
    assert len(deciding.held(connected.connection)) == 6


def test_a_cut_over_takes_only_those_whom_it_named(connected: House) -> None:
    """Six adopted people were shown and confirmed; four more lose their plan at the same moment."""
    KisiConnection.objects.update(sole_source_since=None)
    strangers = connected.members(6, status="cancelled")
    for member in strangers:
        connected.in_kisi(member.first_name, right=True)
    inside = [connected.member(f"Q{number}") for number in range(10)]
    connected.sync()
    read_kisi(connected, Read.FULL)
    named = [member.email for member in strangers]
    deciding.cut_over(connected.connection, named, by=None, now=connected.clock.now())
    connected.plan.subscriptions.filter(member__in=inside[:8]).update(status="cancelled")
    connected.sync()
    assert connected.inside() == [f"q{number}" for number in range(10)]
    assert len(deciding.held(connected.connection)) == 8


def test_one_person_with_many_rights_counts_once(connected: House) -> None:
    """Three removals of two calls each are within an allowance of three people."""
    members = connected.members(10)
    connected.sync()
    for member in members[:3]:
        connected.world.give(member.email)
    connected.plan.subscriptions.filter(member__in=members[:3]).update(status="cancelled")
    connected.sync()
    assert len(connected.inside()) == 7
    assert deciding.held(connected.connection) == []


def test_people_who_are_read_again_first_belong_to_the_batch(connected: House) -> None:
    """After a reconnect every row is unclear: settled one by one, none passes as a batch of one."""
    members = connected.members(10)
    connected.sync()
    connected.plan.subscriptions.filter(member__in=members[:6]).update(status="cancelled")
    connected.connection.grants.filter(email__lte="p004@example.com").update(state="uncertain")
    connected.sync()
    assert len(connected.inside()) == 10
    assert len(deciding.held(connected.connection)) == 6


def test_a_removal_that_was_begun_is_not_held_afterwards(connected: House) -> None:
    """Three went out and their answers were lost, then a batch is held: those three are still carried out."""
    members = connected.members(10)
    connected.sync()
    connected.world.fault(method="DELETE", path="/role_assignments.*", kind=Kind.LOST, times=3)
    connected.world.fault(method="GET", path=r"/users/\d+", status=500, times=3)
    connected.plan.subscriptions.filter(member__in=members[:3]).update(status="cancelled")
    connected.sync()
    connected.plan.subscriptions.filter(member__in=members[3:7]).update(status="cancelled")
    connected.sync()
    connected.clock.forward(hours=1)
    connected.sync()
    assert connected.inside() == [f"p{number:03d}" for number in range(3, 10)]
    assert len(deciding.held(connected.connection)) == 4
