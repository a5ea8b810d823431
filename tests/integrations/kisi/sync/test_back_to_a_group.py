"""A gym that goes to another group and comes back: nobody is left behind in the group that is in use (sync.md 8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.kisi import numbers
from integrations.kisi.models import KisiGrant, Read
from integrations.kisi.sync import connecting, deciding, switching
from integrations.kisi.sync.deciding import left_behind
from integrations.vault import Secret
from tests.conftest import House
from tests.factories import StaffFactory
from tests.stories import read_kisi, written

State, Closed = KisiGrant.State, KisiGrant.Closed


@pytest.fixture
def two(connected: House) -> Any:
    """Ana and Ben are in the first group; there is a second one, and a third."""
    connected.member("Ana")
    connected.member("Ben")
    connected.sync()
    for name in ("second", "third"):
        door = connected.world.add_door(name)
        setattr(connected, name, connected.world.add_group(name, [door]).id)
    connected.first = connected.world.group_id
    connected.calls()
    return connected


def change(house: Any, group_id: int) -> None:
    key = Secret(house.world.api_key)
    connecting.update_credentials(house.connection, key=key, group_id=group_id, clock=house.clock)


def use(house: Any, *groups: int) -> None:
    for group_id in groups:
        change(house, group_id)
        house.sync()


def connect_to(house: Any, *groups: int) -> None:
    """The long way: leave Kisi, and connect anew."""
    for group_id in groups:
        switching.disconnect(house.connection, by=None, now=house.clock.now())
        house.connect(group_id=group_id)
        house.sync()


def listed(house: Any) -> list[tuple[str, int]]:
    return [(row.email.partition("@")[0], row.kisi_group_id) for row in left_behind(house.connection)]


def remove_all(house: Any) -> int:
    """Whatever rows say that they are left behind, as a page that was open for long may name them."""
    every = house.connection.grants.values_list("pk", flat=True)
    count = deciding.remove_left_behind(house.connection, every, by=None, now=house.clock.now())
    house.sync()
    return count


def in_group(house: Any, group_id: int) -> list[str]:
    group = house.world.store.groups.rows[group_id]
    return [email.partition("@")[0] for email in house.world.in_group(group)]


def counted(house: Any) -> int:
    return numbers.of(house.connection, house.clock.now()).counts.left_behind


WAYS = pytest.mark.parametrize("go", [use, connect_to], ids=["new credentials", "disconnect and connect"])


# nobody in the group in use is left behind


@WAYS
def test_back_in_the_first_group_only_those_of_the_second_are_left_behind(two, go):
    go(two, two.second, two.first)
    assert listed(two) == [("ana", two.second), ("ben", two.second)]
    assert counted(two) == 2


@WAYS
def test_removing_the_left_behind_takes_nobody_out_of_the_group_in_use(two, go):
    go(two, two.second, two.first)
    assert remove_all(two) == 2
    assert two.inside() == ["ana", "ben"]
    assert in_group(two, two.second) == []
    assert listed(two) == []


@WAYS
def test_who_comes_back_keeps_the_right_that_core_made_and_nobody_is_mailed(two, go):
    go(two, two.second)
    written(two)
    mails = len(two.world.outbox)
    go(two, two.first)
    assert written(two) == []
    assert len(two.world.outbox) == mails
    assert {row.origin for row in two.connection.grants.open()} == {"created"}
    assert two.connection.grants.open().filter(state=State.GRANTED).count() == 2


def test_removals_asked_for_just_before_the_gym_came_back_take_nothing(two):
    use(two, two.second)
    named = [row.pk for row in left_behind(two.connection)]
    deciding.remove_left_behind(two.connection, named, by=None, now=two.clock.now())
    use(two, two.first)
    assert two.inside() == ["ana", "ben"]


def test_a_row_that_names_a_right_in_the_group_in_use_is_not_listed_and_takes_nothing(two):
    """As versions before this one left them: closed as left behind in the group that is in use again."""
    ana = two.grant("ana")
    ana.pk, ana.state, ana.closed_how, ana.closed_at = None, State.CLOSED, Closed.LEFT_BEHIND, timezone.now()
    ana.save()
    assert listed(two) == []
    assert counted(two) == 0
    assert remove_all(two) == 0
    ana.closed_how = Closed.CLEARING
    ana.save()
    two.sync()
    assert two.inside() == ["ana", "ben"]
    ana.refresh_from_db()
    assert ana.closed_how == Closed.GONE


def test_a_right_that_an_open_row_stands_for_is_nobodys_left_behind(two):
    """Whatever group the closed row says."""
    ana = two.grant("ana")
    ana.pk, ana.state, ana.closed_how, ana.closed_at = None, State.CLOSED, Closed.LEFT_BEHIND, timezone.now()
    ana.kisi_group_id = two.second
    ana.save()
    assert listed(two) == []
    assert counted(two) == 0


def test_somebody_of_two_former_groups_is_named_twice_and_is_one_person(two):
    use(two, two.second, two.third)
    assert listed(two) == [
        ("ana", two.first),
        ("ana", two.second),
        ("ben", two.first),
        ("ben", two.second),
    ]
    assert counted(two) == 2
    assert remove_all(two) == 2
    assert (two.inside(), in_group(two, two.second), in_group(two, two.third)) == ([], [], ["ana", "ben"])


def test_there_and_back_and_elsewhere_names_each_right_once(two):
    use(two, two.second, two.first, two.third)
    assert sorted(listed(two)) == [
        ("ana", two.first),
        ("ana", two.second),
        ("ben", two.first),
        ("ben", two.second),
    ]


def test_a_right_in_the_group_in_use_is_not_listed_though_no_open_row_knows_it(two):
    two.connection.grants.filter(email="ana@example.com").update(
        state=State.CLOSED, closed_how=Closed.LEFT_BEHIND, closed_at=timezone.now()
    )
    assert listed(two) == []
    assert counted(two) == 0


def test_only_the_people_who_were_named_are_removed(two):
    use(two, two.second)
    ana = left_behind(two.connection)[0]
    count = deciding.remove_left_behind(two.connection, [ana.pk], by=None, now=two.clock.now())
    two.sync()
    assert count == 1
    assert two.inside() == ["ben"]


# people who are not entitled


def keep_ana(house: Any) -> Any:
    """Her subscription has ended, and an admin keeps her."""
    admin = StaffFactory(gym=house.gym, role="admin").user
    house.subscription(house.gym.members.get(first_name="Ana")).pause()
    house.connection.grants.filter(email="ana@example.com").update(held_since=house.clock.now())
    deciding.keep(house.connection, ["ana@example.com"], by=admin, now=house.clock.now())
    return admin


@WAYS
def test_somebody_kept_by_an_admin_is_left_behind_and_still_kept_when_the_gym_comes_back(two, go):
    admin = keep_ana(two)
    until = two.grant("ana").kept_until
    go(two, two.second)
    assert ("ana", two.first) in listed(two)
    assert in_group(two, two.second) == ["ben"]
    go(two, two.first)
    read_kisi(two, Read.FULL)
    assert two.inside() == ["ana", "ben"]
    ana = two.grant("ana")
    assert (ana.kept_by, ana.kept_until) == (admin, until)


def test_somebody_kept_in_the_second_group_is_kept_in_the_first_too(two):
    use(two, two.second)
    admin = keep_ana(two)
    use(two, two.first)
    assert two.inside() == ["ana", "ben"]
    assert (two.grant("ana").kept_by, two.grant("ana").held_since) == (admin, None)


def test_they_are_asked_about_again_when_the_days_are_over(two):
    keep_ana(two)
    use(two, two.second, two.first)
    two.clock.forward(days=KisiGrant.KEPT_FOR / timedelta(days=1) + 1)
    two.sync()
    assert two.grant("ana").held_since is not None
    assert "ana" in two.inside()


@WAYS
def test_somebody_who_ended_meanwhile_is_held_when_the_gym_comes_back(two, go):
    """Left in the first group on purpose: that the gym comes back is nobody's word that they go."""
    go(two, two.second)
    two.subscription(two.gym.members.get(first_name="Ana")).pause()
    two.sync()
    two.clock.forward(hours=25)  # that she went there counts no more
    go(two, two.first)
    read_kisi(two, Read.FULL)
    assert two.inside() == ["ana", "ben"]
    held = deciding.held(two.connection)
    assert [row.email for row in held] == ["ana@example.com"]
    deciding.allow(two.connection, [held[0].email], by=None, now=two.clock.now())
    two.sync()
    assert two.inside() == ["ben"]


def test_somebody_left_to_kisi_stays_so_there_and_back(two):
    ana = two.gym.members.get(first_name="Ana")
    deciding.leave_to_kisi(two.connection, ana, by=None, now=two.clock.now())
    two.subscription(ana).pause()
    use(two, two.second, two.first)
    read_kisi(two, Read.FULL)
    assert two.inside() == ["ana", "ben"]
    assert two.grant("ana").exempt


@pytest.fixture
def moving(house: House) -> Any:
    """Old has access that Core did not make, and no plan; the gym has not cut over."""
    house.in_kisi("Old")
    house.member("Old", status="cancelled")
    house.member("Ana")
    house.connect()
    house.sync()
    house.first = house.world.group_id
    house.second = house.world.add_group("second", [house.world.add_door("second")]).id
    return house


def test_before_the_cut_over_somebody_of_another_platform_stays_in_whatever_group_is_tried(moving):
    use(moving, moving.second, moving.first)
    read_kisi(moving, Read.FULL)
    assert moving.inside() == ["ana", "old"]
    assert deciding.held(moving.connection) == []
    assert moving.connection.in_transition


@pytest.mark.parametrize("groups", [("first",), ("second", "first")])
def test_connecting_anew_before_the_cut_over_makes_core_no_only_source(moving, groups):
    """The rows are unclear until they are read: that is no proof that nobody would lose access."""
    connect_to(moving, *(getattr(moving, name) for name in groups))
    read_kisi(moving, Read.FULL)
    assert moving.connection.in_transition
    assert moving.inside() == ["ana", "old"]
