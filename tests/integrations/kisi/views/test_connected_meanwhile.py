"""Two windows at the second step of connecting: the second finds what the first has made, and replaces nothing."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.sync import connecting, switching
from integrations.kisi.sync.connecting import GymConnected
from integrations.vault import Secret
from tests.conftest import House
from tests.desk import Desk, Page
from tests.stories import meanwhile


@pytest.fixture
def second(house: House) -> int:
    return house.world.add_group("Second floor", [house.world.add_door("Upstairs")]).id


@pytest.fixture
def tabs(house: House, admin: Desk) -> tuple[Page, Page]:
    """Two windows that stand at the second step."""
    admin.press(admin.open("kisi:connect"), "Agree and Continue")
    return admin.open("kisi:connect-credentials"), admin.open("kisi:connect-credentials")


def press(house: House, desk: Desk, tab: Page, group_id: int) -> Page:
    return desk.press(tab, "Connect", group_id=group_id, api_key=house.world.api_key)


def said(group: str, group_id: int) -> str:
    return (
        f"This gym is connected already, to the group {group}, ID {group_id}. Nothing you entered was saved."
    )


def test_another_group_in_the_second_window_is_refused_and_the_first_stays(house, admin, tabs, second):
    press(house, admin, tabs[0], house.world.group_id)
    before = KisiConnection.objects.values().get()
    page = press(house, admin, tabs[1], second)
    assert page.path == "/marketplace/kisi/"
    assert page.says(
        said("24-hr Access", house.world.group_id), "To use another group, update the credentials here."
    )
    assert KisiConnection.objects.values().get() == before


def test_the_same_group_in_both_windows_is_no_other_gyms(house, admin, tabs):
    press(house, admin, tabs[0], house.world.group_id)
    page = press(house, admin, tabs[1], house.world.group_id)
    assert page.says(said("24-hr Access", house.world.group_id))
    assert "Each gym needs a group of its own" not in page.text


@pytest.mark.parametrize("same", [True, False])
def test_of_two_at_the_same_moment_the_one_that_saves_last_is_refused(house, admin, tabs, second, same):
    """The other window is done while this one still reads Kisi."""
    first, gym = house.world.group_id, house.gym
    other = meanwhile(
        lambda: KisiConnection.objects.create(gym=gym, group_id=first, group_name="24-hr Access")
    )
    house.world.fault(
        method="GET", path="/role_assignments", query="group_id=", times=1, kind="pass", run=other
    )
    page = press(house, admin, tabs[0], first if same else second)
    assert page.says(said("24-hr Access", first))
    assert KisiConnection.objects.get().group_id == first


def test_a_connection_that_was_made_while_kisi_was_read_is_found_before_anything_is_saved(house, second):
    house.connect()
    before = KisiConnection.objects.values().get()
    with pytest.raises(GymConnected):
        connecting.connect(house.gym, key=Secret(house.world.api_key), group_id=second, clock=house.clock)
    assert KisiConnection.objects.values().get() == before


def test_a_gym_that_left_kisi_connects_as_ever(house, admin, second):
    house.connect()
    switching.disconnect(house.connection, by=None, now=house.clock.now())
    admin.press(admin.open("kisi:connect"), "Agree and Continue")
    press(house, admin, admin.open("kisi:connect-credentials"), second)
    assert house.connection.group_id == second


def test_a_group_that_seems_empty_is_read_once_more_by_the_first_sync(house, admin, tabs):
    press(house, admin, tabs[0], house.world.group_id)
    assert house.connection.want_read == Read.FULL


@pytest.mark.parametrize("who", ["Stranger", "Ana"])
def test_a_group_that_somebody_was_found_in_is_not(house, admin, tabs, who):
    house.member("Ana")
    house.in_kisi(who)
    press(house, admin, tabs[0], house.world.group_id)
    assert house.connection.want_read == Read.LEDGER
