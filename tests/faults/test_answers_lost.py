"""An answer that was lost after the call took effect: nobody twice, nobody left behind, nobody left out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.kisi.models import KisiGrant
from integrations.kisi.simulator import Kind
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import (
    DELETE_RIGHT,
    DELETE_USER,
    POST_RIGHT,
    POST_USER,
    READ_PERSON,
    beat,
    doubles,
    fresh_calls,
    is_settled,
)
from tests.faults.table import fault

ANA = "ana@example.com"
LOST = {"kind": Kind.LOST, "after_effect": True}
POSTS = pytest.mark.parametrize("call", [POST_USER, POST_RIGHT], ids=["person", "right"])
DELETES = pytest.mark.parametrize("call", [DELETE_RIGHT, DELETE_USER], ids=["right", "person"])


def silent_about_people(house: House) -> None:
    """Nobody can be read singly for now: what was lost stays unclear."""
    house.world.fault(status=500, times=0, **READ_PERSON)


@fault(20, "POST times out after creating", expected="one user, linked", first=True)
@POSTS
def test_a_post_that_took_effect_unheard_makes_one_person(
    connected: House, saw: Saw, call: dict[str, Any]
) -> None:
    connected.world.fault(times=2, every=2, **call, **LOST)
    for name in ("Ana", "Ben", "Cleo", "Dan"):
        connected.member(name)
    connected.sync()
    took = beat(connected, minutes=30, done=lambda: is_settled(connected))
    user = connected.world.person(ANA)
    row = connected.grant("ana")
    assert is_settled(connected)
    assert row.kisi_user_id == user.id
    assert row.role_assignment_id == connected.world.rights_of(ANA)[0].id
    assert row.origin == KisiGrant.Origin.CREATED
    twice = doubles(connected)
    assert twice == 0
    saw(f"{call['path']}: everybody once, linked", f"{twice} duplicates, settled in {took.seconds} s")


@fault(21, "20, then the membership ends before the retry", expected="gone within 10 min", first=True)
@POSTS
def test_somebody_made_unheard_who_ends_before_the_retry_is_found_and_removed(
    connected: House, saw: Saw, call: dict[str, Any]
) -> None:
    connected.world.fault(**call, **LOST)
    silent_about_people(connected)
    ana = connected.member("Ana")
    connected.sync()
    assert connected.world.user_by_email(ANA)
    connected.subscription(ana).cancel_now(today=connected.today())
    connected.world.clear_faults()
    inside = beat(connected, minutes=20, done=lambda: connected.inside() == [])
    known = inside + beat(connected, minutes=20, done=lambda: connected.world.user_by_email(ANA) is None)
    assert connected.inside() == []
    assert connected.world.user_by_email(ANA) is None
    assert not connected.connection.grants.open().exists()
    assert known <= timedelta(minutes=10)
    saw(
        f"{call['path']}: found and removed without a wake-up",
        f"{inside.seconds / 60:.1f} min wrongly admitted, {known.seconds / 60:.1f} min wrongly known",
    )


@fault(22, "DELETE times out after deleting, then resume", expected="let in by the ledger path", first=True)
@DELETES
def test_a_payer_who_resumes_after_an_unheard_removal_is_let_in_again(
    connected: House, saw: Saw, call: dict[str, Any]
) -> None:
    ana = connected.member("Ana")
    connected.sync()
    connected.world.fault(**call, **LOST)
    silent_about_people(connected)
    subscription = connected.subscription(ana)
    subscription.pause()
    connected.sync()
    assert connected.inside() == []
    connected.world.clear_faults()
    subscription.resume(today=connected.today())
    connected.calls()
    resumed = connected.clock.now()
    connected.sync()
    beat(connected, minutes=20, done=lambda: connected.inside() == ["ana"])
    assert connected.inside() == ["ana"]
    assert not [call for call in fresh_calls(connected) if "group_id=" in call.query]
    seconds = (connected.clock.now() - resumed).total_seconds()
    assert seconds < 60
    saw(f"{call['path']}: back by the ledger alone", f"{seconds:.2f} s locked out after the resume")
