"""sync.md 8: a key whose owner lost the role that changes people is found out, probed and comes back by itself."""

import pytest
from django.core import mail

from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.vault import Secret
from tests.factories import StaffFactory
from tests.stories import written

Status, Trouble = KisiConnection.Status, KisiGrant.Trouble


@pytest.fixture
def keeper(house):
    """Ten members inside; the key is an administrator's, who is not the owner."""
    world = house.world
    keeper = world.add_user("keeper@example.com", "Kim Keeper")
    world.make_admin(keeper)
    StaffFactory(gym=house.gym)
    house.connect(key=Secret(world.add_key(keeper)))
    house.members(10)
    house.sync()
    house.calls()
    return keeper


def demote(house, keeper, role="observer"):
    """In Kisi somebody gives the key's owner another role in the organization."""
    for right in house.world.rights_of(keeper.email):
        house.world.remove_right(right)
    house.world.make_admin(keeper, role_id=role)


def pause(house, *numbers):
    for number in numbers:
        house.subscription(house.gym.members.get(email=f"p{number:03d}@example.com")).pause()


def test_three_refusals_in_a_row_find_the_weak_key(house, keeper):
    demote(house, keeper)
    pause(house, 1, 2)
    house.member("Ana")
    house.sync()
    assert house.connection.status == Status.KEY_TOO_WEAK


def test_three_refusals_in_a_row_find_it_though_each_came_in_a_run_of_its_own(house, keeper):
    """A gym changes one person at a time."""
    demote(house, keeper)
    for number in (1, 2):
        pause(house, number)
        house.sync()
    assert house.connection.status == Status.CONNECTED
    house.member("Ana")
    house.sync()
    assert house.connection.status == Status.KEY_TOO_WEAK


def test_a_good_change_between_starts_the_row_afresh(house, keeper):
    """Two whom Kisi does not let go, and a third much later: no reason to doubt the key."""
    right = {"method": "DELETE", "path": r"/role_assignments/\d+", "status": 403}
    for number in (1, 2):
        house.world.fault(**right)
        pause(house, number)
        house.sync()
    house.member("Ana")
    house.sync()
    house.calls()
    house.world.fault(**right)
    pause(house, 3)
    house.sync()
    assert house.calls().count("GET /user") == 1
    assert house.connection.status == Status.CONNECTED


def test_a_probe_of_a_key_that_is_still_too_weak_does_not_come_back(house, keeper):
    """Else everybody would be tried and refused every quarter of an hour, and mailed about."""
    demote(house, keeper)
    pause(house, 1, 2, 3)
    house.sync()
    told = len(mail.outbox)
    for _ in range(4):
        house.clock.forward(minutes=16)
        house.sync()
        assert house.connection.status == Status.KEY_TOO_WEAK
    assert written(house) == []
    assert house.world.count("DELETE") == 3
    assert len(mail.outbox) == told


def test_a_key_that_is_strong_again_comes_back_and_what_waited_goes_out(house, keeper):
    demote(house, keeper)
    pause(house, 1, 2, 3)
    house.sync()
    demote(house, keeper, role="administrator")
    house.clock.forward(minutes=16)
    house.sync()
    assert house.connection.status == Status.CONNECTED
    assert len(house.inside()) == 7
    assert not house.connection.grants.open().exclude(trouble=Trouble.NONE).exists()
