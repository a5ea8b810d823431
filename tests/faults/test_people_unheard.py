"""Changes that no signal tells of, and members who vanish while they are worked on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database

from integrations.kisi.models import KisiGrant
from integrations.kisi.simulator import Kind
from members.models import Member
from plans.models import Plan, Subscription
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import DELETE_RIGHT, POST_RIGHT, POST_USER, at_work, beat, doubles, is_settled
from tests.faults.table import fault
from tests.stories import meanwhile

State = KisiGrant.State


# 51


def by_update(house: House, folder: Path) -> None:
    Subscription.objects.filter(member__first_name="W00000").update(status="paused")


def by_bulk_create(house: House, folder: Path) -> None:
    (new,) = Member.objects.bulk_create([Member(gym=house.gym, first_name="New", email="new@example.com")])
    Subscription.objects.bulk_create([Subscription(member=new, plan=house.plan, starts_on=house.today())])


def by_raw_sql(house: House, folder: Path) -> None:
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE plans_subscription SET status = 'cancelled' WHERE id = (SELECT MIN(id) FROM plans_subscription)"
        )


def by_loaddata(house: House, folder: Path) -> None:
    """What a fixture brings, a plan included."""
    fields: dict[str, Any] = {"gym": house.gym.pk, "first_name": "New", "email": "new@example.com"}
    rows = [
        _row("plans.plan", 9001, {"gym": house.gym.pk, "name": "Loaded", "has_24hr_access": True}),
        _row("members.member", 9001, fields | {"changed_at": house.clock.now().isoformat()}),
        _row("plans.subscription", 9001, {"member": 9001, "plan": 9001, "starts_on": f"{house.today()}"}),
    ]
    rows[0]["fields"]["changed_at"] = rows[2]["fields"]["changed_at"] = house.clock.now().isoformat()
    path = folder / "new.json"
    path.write_text(json.dumps(rows))
    call_command("loaddata", str(path), verbosity=0)


def _row(model: str, pk: int, fields: dict[str, Any]) -> dict[str, Any]:
    return {"model": model, "pk": pk, "fields": fields}


def by_bulk_update_of_plans(house: House, folder: Path) -> None:
    """The two on the small plan lose their access at once."""
    Plan.objects.filter(name="Small").update(has_24hr_access=False)


WAYS: list[Callable[[House, Path], None]] = [
    by_update,
    by_bulk_create,
    by_raw_sql,
    by_loaddata,
    by_bulk_update_of_plans,
]


@fault(
    51, "QuerySet.update, bulk_create, raw SQL, loaddata", expected="found by the sweep <= 5 min", first=True
)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_change_that_sends_no_signal_is_found_by_the_sweep(
    connected: House, saw: Saw, way: Callable[[House, Path], None], tmp_path: Path
) -> None:
    at_work(connected, 8)
    small = Plan.objects.create(gym=connected.gym, name="Small", has_24hr_access=True)
    connected.member("Sue", plan=small)
    connected.sync()
    before = connected.inside()
    way(connected, tmp_path)
    took = beat(connected, minutes=20, done=lambda: connected.inside() != before)
    assert connected.inside() != before
    assert took.total_seconds() <= 5 * 60 + 5
    beat(connected, minutes=6)
    changed = sorted(set(connected.inside()) ^ set(before))
    assert len(changed) == 1
    saw(f"{way.__name__}: {changed[0]}", f"{took.seconds} s")


# 52


@fault(52, "Member deleted while their sync is in flight", expected="gone at Kisi, row closed", first=True)
@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT], ids=["person", "right"])
@pytest.mark.parametrize("before", [False, True], ids=["after the effect", "answer lost"])
def test_a_member_who_is_deleted_while_access_is_given_is_not_left_behind(
    connected: House, saw: Saw, call: dict[str, Any], before: bool
) -> None:
    ana = connected.member("Ana")
    kind = Kind.LOST if before else Kind.PASS
    connected.world.fault(kind=kind, after_effect=True, run=meanwhile(ana.delete), **call)
    connected.sync()
    took = beat(connected, minutes=30, done=lambda: connected.world.user_by_email(ana.email) is None)
    beat(connected, minutes=5)
    orphans = len(list(connected.world.store.users)) - 1 + len(connected.inside())
    assert orphans == 0
    assert not connected.connection.grants.open().exists()
    how = "answer lost" if before else "answered"
    saw(f"{call['path']}, {how}: gone, row closed", f"{orphans} orphans, {took.seconds} s")


@fault(52, "Member deleted while their removal is in flight", expected="gone at Kisi, row closed", first=True)
def test_a_member_who_is_deleted_while_access_is_removed_is_gone_once(connected: House, saw: Saw) -> None:
    ana = connected.member("Ana")
    connected.sync()
    connected.subscription(ana).pause()
    connected.world.fault(kind=Kind.PASS, run=meanwhile(ana.delete), **DELETE_RIGHT)
    connected.sync()
    orphans = len(list(connected.world.store.users)) - 1 + len(connected.inside())
    assert orphans == 0
    assert not connected.connection.grants.open().exists()
    assert not Member.objects.exists()
    saw("removed, row closed", f"{orphans} orphans")


# 53


@fault(53, "Member deleted and re-added, same email, in 1 s", expected="one user, new person", first=True)
@pytest.mark.parametrize("when", ["between runs", "while a run removes", "a run in between"])
def test_a_member_who_is_deleted_and_added_again_is_one_person(connected: House, saw: Saw, when: str) -> None:
    old = connected.member("Ana Ruiz", email="ana@example.com")
    connected.sync()

    def add_again() -> None:
        connected.member("Anna Ruiz", email="ana@example.com")

    if when == "while a run removes":
        connected.world.fault(kind=Kind.PASS, run=meanwhile(add_again), **DELETE_RIGHT)
        old.delete()
        connected.sync()
    else:
        old.delete()
        if when == "a run in between":
            connected.sync()
        connected.clock.forward(seconds=1)
        add_again()
    connected.sync()
    beat(connected, minutes=15, done=lambda: is_settled(connected))
    assert is_settled(connected)
    new = connected.gym.members.get()
    row = connected.grant("ana")
    assert row.member_id == new.pk != old.pk
    assert connected.world.person("ana@example.com").name == "Anna Ruiz"
    twice = doubles(connected)
    assert twice == 0
    saw(f"{when}: one Kisi person, the new member's", f"{twice} duplicates")
