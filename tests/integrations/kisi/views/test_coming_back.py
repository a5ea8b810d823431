"""Whoever comes back to a step of connecting finds what was agreed and kept, and nothing that is void (ui.md 4.3)."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiConnection
from integrations.kisi.views import kept_key
from tests.conftest import House
from tests.desk import Desk, Page


@pytest.fixture
def second(house: House, admin: Desk) -> Page:
    """Alice has agreed, and stands before the second step."""
    return admin.press(admin.open("kisi:connect"), "Agree and Continue")


def test_who_has_not_agreed_is_told_of_no_agreement(house, admin):
    assert "Agreed by" not in admin.open("kisi:connect").text


def test_who_agreed_is_told_so_and_goes_on(house, admin, second):
    page = admin.open("kisi:connect")
    assert page.says("Agreed by Alice Adams, today ", "Go on with Group ID and API key")
    assert "/marketplace/kisi/connect/credentials/" in page.html
    assert "Agreed by" not in Desk(admin.staff).open("kisi:connect").text


@pytest.mark.parametrize("status", ["paused", "disconnecting", "disconnected"])
def test_the_third_step_promises_nothing_that_does_not_happen_next(connected, admin, status):
    connected.member("Ana")
    assert admin.open("kisi:connected").says("1 person gets access now")
    KisiConnection.objects.update(status=status)
    assert admin.open("kisi:connected").path == "/marketplace/kisi/"


@pytest.fixture
def keeping(house: House, admin: Desk, second: Page) -> Page:
    """The key works and is kept while she chooses a group."""
    page = admin.press(second, "Connect", group_id="", api_key=house.world.api_key)
    assert "kept for ten minutes" in page.text
    return page


def test_a_kept_key_that_does_not_work_is_asked_for_again(house, admin, keeping):
    house.world.fault(path="/user", times=0, status=401)
    page = admin.press(keeping, "Connect", group_id=house.world.group_id)
    assert "kept for ten minutes" not in page.text
    assert "API key (optional)" not in page.text
    assert kept_key.NAME not in admin.client.session


@pytest.mark.parametrize("status", [429, 500])
def test_a_trouble_of_kisis_costs_nobody_the_key(house, admin, keeping, status):
    house.world.fault(path="/user", times=0, status=status)
    page = admin.press(keeping, "Connect", group_id=house.world.group_id)
    assert page.says("kept for ten minutes")
    house.world.clear_faults()
    assert admin.press(page, "Connect", group_id=house.world.group_id).h1.startswith("Kisi is connected")
