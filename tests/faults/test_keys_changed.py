"""Another key: put in while a run is out, of another organization, or sealed with a key that is gone."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections as databases

from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Kind, Organization
from integrations.kisi.sync import connecting, runs
from integrations.kisi.sync.checks import OtherOrganization
from integrations.vault import Secret
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import (
    POST_USER,
    at_work,
    beat,
    doubles,
    end,
    fresh_calls,
    is_settled,
    people_in,
    taken,
)
from tests.faults.table import fault
from tests.stories import read_kisi, second_gym

Status, State = KisiConnection.Status, KisiGrant.State


# 35


@contextmanager
def running(house: House) -> Iterator[list[runs.Outcome]]:
    """A run in a thread of its own, as a worker would do it; its outcome when it is over."""
    outcomes: list[runs.Outcome] = []

    def work() -> None:
        outcomes.append(runs.run_to_the_end(house.connection.pk, clock=house.clock))
        databases.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield outcomes
    finally:
        house.world.clear_faults()
        worker.join(30)


@fault(35, "Key replaced while a run is in flight", expected="fence raised; GET /user with the new key first")
@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_replaced_during_a_run_is_not_used_again(connected: House, saw: Saw) -> None:
    for number in range(6):
        connected.member(f"N{number}")
    old, new = connected.world.api_key[-4:], connected.world.add_key(connected.world.owner)
    held = connected.world.fault(kind=Kind.PASS, hold=True, skip=2, **POST_USER)
    with running(connected) as outcomes:
        assert held.reached.wait(10)
        in_flight = len(connected.world.requests)
        group_id = connected.world.group_id
        connecting.update_credentials(
            connected.connection, key=Secret(new), group_id=group_id, clock=connected.clock
        )
    assert outcomes == [runs.Outcome.LOST]
    connected.sync()
    beat(connected, minutes=10, done=lambda: is_settled(connected))
    later = connected.world.requests[in_flight:]
    assert (later[0].path, later[0].key) == ("/user", new[-4:])
    assert is_settled(connected)
    assert doubles(connected) == 0
    with_old = sum(call.key == old for call in later)
    assert with_old == 0
    saw(
        "the run stopped, all done with the new key",
        f"{with_old} calls with the old key after the one in flight",
    )


# 36


def elsewhere(house: House) -> Organization:
    """Another organization that happens to have a group and people of its own."""
    other = house.world.add_organization("Elsewhere", owner=("Otto", "otto@example.com"))
    house.world.give(house.world.add_user("w00000@example.com", "W", organization=other))
    return other


@fault(36, "Key of another organisation", expected="refused, no writes, links kept", first=True)
def test_a_new_key_of_another_organization_is_refused(connected: House, saw: Saw) -> None:
    at_work(connected, 5)
    other = elsewhere(connected)
    fresh_calls(connected)
    with pytest.raises(OtherOrganization):
        connecting.update_credentials(
            connected.connection, key=Secret(other.api_key), group_id=other.group_id, clock=connected.clock
        )
    with pytest.raises(OtherOrganization):
        connecting.update_credentials(
            connected.connection,
            key=Secret(other.api_key),
            group_id=connected.world.group_id,
            clock=connected.clock,
        )
    assert connected.connection.status == Status.CONNECTED
    assert connected.connection.key_last4 == connected.world.api_key[-4:]
    nothing_written(connected, saw, "refused when it was entered")


@fault(
    36, "Stored key turns into another organisation's", expected="refused, no writes, links kept", first=True
)
def test_a_stored_key_that_becomes_another_organizations_stops_every_run(connected: House, saw: Saw) -> None:
    members = at_work(connected, 5)
    other = elsewhere(connected)
    KisiConnection.objects.update(group_id=other.group_id)
    connection = connected.connection
    connection.set_key(Secret(other.api_key))
    connection.save()
    end(connected, members[:1])
    connected.member("Ana")
    fresh_calls(connected)
    for read in (Read.LEDGER, Read.RECENT, Read.FULL):
        read_kisi(connected, read)
        beat(connected, minutes=20)
    assert connected.connection.status == Status.WRONG_ORGANIZATION
    nothing_written(connected, saw, "refused at the first call of every run")


def nothing_written(house: House, saw: Saw, seen: str) -> None:
    calls = fresh_calls(house)
    writes = sum(call.method != "GET" for call in calls)
    assert writes == 0
    assert house.connection.grants.filter(state=State.GRANTED).count() == 5
    assert taken(house) == 0
    saw(f"{seen}, links kept", f"{writes} writes in {len(calls)} calls")


# 37


OLD, NEW, LOST = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n", b"l"))


@fault(
    37, "Master key rotated half way", expected="works with both keys, and after the rest with the new one"
)
def test_a_rotation_that_stopped_half_way_stops_no_gym(
    house: House, settings: Any, saw: Saw, capsys: Any
) -> None:
    gyms = sealed_with_old(house, settings)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    half = gyms[0].connection
    half.set_key(half.api_key())
    half.save()
    works = [adds(gym, f"Half{number}") for number, gym in enumerate(gyms)]
    call_command("rotate_keys")
    assert "1 sealed anew" in capsys.readouterr().out
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    works += [adds(gym, f"Whole{number}") for number, gym in enumerate(gyms)]
    assert all(works)
    removals = taken(house)
    assert removals == 0
    saw("every gym works, half way and after", f"{sum(works)} of 4 granted, {removals} removals")


@fault(37, "Unknown master key id", expected="needs new key, never “no key = nobody”")
def test_a_key_that_no_master_key_opens_is_asked_for_anew(house: House, settings: Any, saw: Saw) -> None:
    gyms = sealed_with_old(house, settings)
    settings.FIELD_ENCRYPTION_KEYS = [LOST]
    for gym in gyms:
        end(gym, list(gym.gym.members.all()[:1]))
        read_kisi(gym, Read.FULL)
        beat(gym, minutes=60)
        assert gym.connection.status == Status.NEEDS_NEW_KEY
        assert len(people_in(gym)) == 3
    removals = taken(house)
    assert removals == 0
    update = {"key": Secret(house.world.api_key), "group_id": house.connection.group_id, "clock": house.clock}
    connecting.update_credentials(house.connection, **update)
    house.sync()
    assert len(people_in(house)) == 2
    saw("needs new key, nobody touched; works with the key entered again", f"{removals} removals before that")


def sealed_with_old(house: House, settings: Any) -> list[House]:
    """Two gyms of one organization with three people each, their keys sealed with the old master key."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    house.connect()
    annex, _ = second_gym(house)
    for place, gym in enumerate((house, annex)):
        for number in range(3):
            gym.member(f"P{place}{number}")
        gym.sync()
    return [house, annex]


def adds(house: House, name: str) -> bool:
    house.member(name)
    house.sync()
    return name.lower() in people_in(house)
