"""Leaving Kisi: in the middle of a run, and a gym that somebody wants to delete. Nobody is left with a right."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import ProtectedError

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, SyncRun
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import switching
from plans.models import Subscription
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import DELETE_RIGHT, POST_RIGHT, POST_USER, at_work, beat, fresh_calls
from tests.faults.table import fault
from tests.stories import meanwhile

Status = KisiConnection.Status


# 38


@fault(38, "Disconnect mid-sync", expected="at most the call in flight; the state is final", first=True)
@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT, DELETE_RIGHT], ids=["person", "right", "removal"])
def test_a_disconnect_in_the_middle_of_a_run_ends_it(
    connected: House, saw: Saw, call: dict[str, Any]
) -> None:
    members = at_work(connected, 6)
    for number in range(6):
        connected.member(f"N{number}")
    connected.subscription(members[0]).pause()
    connected.subscription(members[1]).pause()

    @meanwhile
    def leave() -> None:
        switching.disconnect(connected.connection, by=None, now=connected.clock.now())

    armed = connected.world.fault(kind=Kind.PASS, run=leave, **call)
    connected.sync()
    calls = fresh_calls(connected)
    assert armed.hits == 1
    in_flight = next(place for place, one in enumerate(calls) if is_it(one, call))
    writes = sum(one.method != "GET" for one in calls[in_flight + 1 :])
    assert writes == 0
    beat(connected, minutes=60)
    assert fresh_calls(connected) == []
    assert connected.connection.status == Status.DISCONNECTED
    assert not SyncRun.objects.filter(state=SyncRun.State.RUNNING).exists()
    saw(
        f"{call['method']} {call['path']}: over at once, and for good",
        f"{writes} writes after the one in flight",
    )


def is_it(one: Any, call: dict[str, Any]) -> bool:
    return one.method == call["method"] and one.path.split("/")[1] == call["path"].split("/")[1]


# 39


@fault(39, "Gym deleted while connected", expected="refused until it is disconnected and empty")
def test_a_gym_is_not_deleted_before_everybody_is_out_of_kisi(connected: House, saw: Saw) -> None:
    for number in range(3):
        connected.member(f"N{number}")
    connected.sync()
    Subscription.objects.all().delete()
    connected.plan.delete()
    refused = [is_refused(connected)]
    connected.gym.members.all().delete()
    refused.append(is_refused(connected))
    now, named = connected.clock.now(), ["n0@example.com", "n1@example.com", "n2@example.com"]
    switching.remove_and_disconnect(connected.connection, named, by=None, now=now)
    connected.sync()
    assert connected.connection.status == Status.DISCONNECTED
    assert connected.inside() == []
    refused.append(is_refused(connected))
    forget(connected)
    connected.gym.delete()
    orphans = len(connected.inside()) + len(list(connected.world.store.users)) - 1
    assert refused == [True, True, True]
    assert orphans == 0
    saw("refused while there is a connection; possible once it is empty and removed", f"{orphans} orphans")


def is_refused(house: House) -> bool:
    try:
        house.gym.delete()
    except ProtectedError:
        return True
    return False


def forget(house: House) -> None:
    """What an operator removes by hand when a gym is gone for good."""
    connection = house.connection
    KisiGrant.objects.filter(connection=connection).delete()
    SyncRun.objects.filter(connection=connection).delete()
    house.gym.changes.all().delete()
    connection.delete()
    assert AccessEvent.objects.exists()  # what was done stays known
