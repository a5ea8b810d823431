"""Kisi's list changes while it is read, so that rows slip over the edge of a page: nobody is taken for gone."""

from __future__ import annotations

from itertools import count
from random import Random

import pytest

from integrations.access.errors import Gone
from integrations.kisi.client import KisiClient
from integrations.kisi.models import KisiGrant, Read, SyncRun
from integrations.kisi.simulator import Assignment, Kind
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.stage import GROUP_LIST, at_work, client, fresh_calls, taken
from tests.faults.table import fault
from tests.stories import read_kisi

State = KisiGrant.State
EARLY, MEMBERS, LATE, A_PAGE = (12, 18), 8, 2, 6


class BusyGroup:
    """Between any two pages an early stranger goes and a late one comes: what follows slips up, the total stays."""

    def __init__(self, house: House) -> None:
        self._world = house.world
        self._number, self._random = count(), Random(28)
        at_work(house, MEMBERS)
        self._members = [row for row in house.world.store.assignments if row.role_id == "group_basic"]
        self._strangers: list[Assignment] = []
        house.world.fault(
            kind=Kind.PASS, times=0, change=lambda rows: rows[:A_PAGE], run=self.slip, **GROUP_LIST
        )

    @property
    def member_rights(self) -> list[int]:
        return [right.id for right in self._members]

    def members_inside(self) -> set[int]:
        return set(self.member_rights) & set(self._world.store.assignments.rows)

    def gather(self) -> None:
        """The strangers stand around the members again, most of them before."""
        store = self._world.store.assignments
        for right in self._strangers:
            self._world.delete_user(self._world.store.users.rows[right.assignee_id])
        others = [right for right in store if right not in self._members]
        early = [self._come() for _ in range(self._random.randint(*EARLY))]
        late = [self._come() for _ in range(LATE)]
        self._strangers = early + late
        ordered = [*others, *early, *self._members, *late]
        store.rows = {right.id: right for right in ordered}

    def slip(self) -> None:
        first = self._strangers.pop(0)
        self._world.delete_user(self._world.store.users.rows[first.assignee_id])
        self._strangers.append(self._come())

    def _come(self) -> Assignment:
        return self._world.give(self._world.add_user(f"s{next(self._number)}@example.com", "Stranger"))


@fault(
    28, "List changes while paging (1 deleted, 1 added a page)", expected="no false conclusion", first=True
)
def test_a_list_that_shifts_while_it_is_read_takes_nobody_for_gone(connected: House, saw: Saw) -> None:
    group, walks = BusyGroup(connected), 10
    inside = group.members_inside()
    fresh_calls(connected)
    for _ in range(walks):
        group.gather()
        read_kisi(connected, Read.FULL)
        assert SyncRun.objects.latest("pk").state == SyncRun.State.FINISHED  # the list agreed with itself
    singly = sum(call.path.startswith("/users/") for call in fresh_calls(connected))
    assert singly > 0  # a live member was missing from it
    assert group.members_inside() == inside
    assert connected.connection.grants.open().filter(state=State.GRANTED).count() == MEMBERS
    deletes = taken(connected)
    assert deletes == 0
    saw(
        f"lists looked whole; {singly} missing members read singly",
        f"{deletes} false deletes in {walks} walks",
    )


@fault(28, "List changes while paging, 1,000 walks", expected="no false conclusion")
@pytest.mark.timeout(600)
def test_a_thousand_walks_of_a_shifting_list_take_nobody_for_gone(connected: House, saw: Saw) -> None:
    """The client alone, and what a run asks next: whoever was missing, singly."""
    group, kisi = BusyGroup(connected), client(connected)
    walks = lacking = false = 0
    while walks < 1000:
        group.gather()
        listed = {right.id for right in kisi.group_rights(connected.world.group_id)}
        walks += sum("offset=0" in call.query for call in fresh_calls(connected))
        missing = [right_id for right_id in group.member_rights if right_id not in listed]
        lacking += bool(missing)
        false += sum(is_gone(kisi, right_id) for right_id in missing)
    assert lacking > 0
    assert false == 0
    saw(
        f"{lacking} of them looked whole and lacked a live member",
        f"{false} false deletes in {walks:,} walks",
    )


def is_gone(kisi: KisiClient, right_id: int) -> bool:
    try:
        kisi.right(right_id)
    except Gone:
        return True
    return False
