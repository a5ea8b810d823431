"""Removing who was left behind in a former group: by name first, and exactly those (product.md 2.3)."""

from __future__ import annotations

import pytest

from integrations.kisi.simulator import Kind
from integrations.kisi.simulator.rows import Group
from integrations.kisi.sync import connecting, switching
from integrations.vault import Secret
from tests.conftest import House

REMOVE = "Remove the access of 2 people"
EMAILS = ["p000@example.com", "p001@example.com"]


def use(house: House, group_id: int) -> None:
    key = Secret(house.world.api_key)
    connecting.update_credentials(house.connection, key=key, group_id=group_id, clock=house.clock)
    house.sync()


@pytest.fixture
def upstairs(connected: House) -> Group:
    """Two people had access, and the gym has moved to another group."""
    connected.members(2)
    connected.sync()
    group = connected.world.add_group("Upstairs", [connected.world.add_door("Upstairs")])
    use(connected, group.id)
    return group


def test_they_are_named_before_anything_is_removed(connected, upstairs, admin):
    assert admin.open("kisi:overview").says("Left behind: 2 people", "P000", "P001", "Remove them")
    page = admin.open("kisi:left-behind")
    assert page.h1 == "Remove who was left behind?"
    assert page.says(
        "2 people lose access in a former group P000 P001",
        "Nothing changes in Upstairs, the group in use now: who gets in there still does.",
    )
    connected.sync()
    assert connected.world.in_group() == EMAILS


def test_removing_them_takes_only_the_right_in_the_former_group(connected, upstairs, admin):
    page = admin.press(admin.open("kisi:left-behind"), REMOVE)
    assert page.says("Access of 2 people in the former group is being removed.")
    connected.sync()
    assert connected.world.in_group() == []
    assert connected.world.in_group(upstairs) == EMAILS
    assert "Left behind" not in admin.open("kisi:overview").text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 422, "body": '{"error": "Is in use"}'}, "Kisi said: “Is in use”"),
        ({"kind": Kind.HTML, "status": 502}, "Kisi did not answer as expected"),
    ],
)
def test_who_could_not_be_removed_is_listed_again_with_why(connected, upstairs, admin, answer, words):
    connected.world.fault(method="DELETE", path="/role_assignments.*", times=0, **answer)
    admin.press(admin.open("kisi:left-behind"), REMOVE)
    for _ in range(6):
        connected.sync()
        connected.clock.forward(minutes=20)
    for page in ("kisi:overview", "kisi:left-behind"):
        assert admin.open(page).says("P000", f"could not be removed: {words}")


def test_a_list_that_moved_is_shown_again_and_nothing_is_removed(connected, upstairs, admin):
    page = admin.open("kisi:left-behind")
    connected.connection.grants.filter(closed_how="left_behind", email=EMAILS[0]).update(closed_how="gone")
    page = admin.press(page, REMOVE)
    assert page.says("No longer on it: P000.", "1 person loses access in a former group")
    connected.sync()
    assert connected.world.in_group() == EMAILS


def test_a_post_that_names_nobody_removes_nobody(connected, upstairs, admin):
    admin.post("kisi:left-behind")
    connected.sync()
    assert connected.world.in_group() == EMAILS


def test_somebody_of_two_former_groups_is_listed_by_group_and_counted_once(connected, upstairs, admin):
    third = connected.world.add_group("Third", [])
    use(connected, third.id)
    first = connected.world.group_id
    for name in ("kisi:overview", "kisi:left-behind"):
        page = admin.open(name)
        assert page.says(
            f"P000 p000@example.com (group {first})", f"P000 p000@example.com (group {upstairs.id})"
        )
    assert admin.open("kisi:overview").says("Left behind: 2 people")
    page = admin.press(admin.open("kisi:left-behind"), REMOVE)
    assert page.says("Access of 2 people in the former group is being removed.")
    connected.sync()
    assert connected.world.in_group(upstairs) == connected.world.in_group() == []
    assert connected.world.in_group(third) == EMAILS


def test_back_in_the_first_group_the_old_page_removes_nobody_there(connected, upstairs, admin):
    page = admin.open("kisi:left-behind")
    use(connected, connected.world.group_id)
    page = admin.press(page, REMOVE)
    assert page.says("Check it again.")
    admin.press(page, REMOVE)
    connected.sync()
    assert connected.world.in_group() == EMAILS
    assert connected.world.in_group(upstairs) == []


def test_where_nobody_was_left_behind_there_is_no_such_page(connected, admin):
    assert admin.open("kisi:left-behind").path == "/marketplace/kisi/"


def test_who_left_kisi_is_offered_no_removal_that_nobody_would_do(connected, upstairs, admin):
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    page = admin.open("kisi:overview")
    assert page.says("Left behind: 2 people")
    assert "Remove them" not in page.text
    assert admin.open("kisi:left-behind").path == "/marketplace/kisi/"


def test_the_list_can_be_downloaded_where_it_is_long(connected, upstairs, admin):
    assert "Download" not in admin.open("kisi:left-behind").text
    answer = admin.post("kisi:left-behind", list="csv")
    assert answer.response["Content-Type"].startswith("text/csv")
    assert "P000,p000@example.com" in answer.html
    assert connected.connection.grants.filter(closed_how="left_behind").count() == 2


def test_only_an_admin_may_remove_them(connected, upstairs, staff):
    assert "Remove them" not in staff.open("kisi:overview").text
    assert staff.open("kisi:left-behind").status == 403
    assert staff.post("kisi:left-behind").status == 403
