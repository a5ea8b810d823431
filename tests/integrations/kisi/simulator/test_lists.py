"""Pages, ranges, order: how every list is cut."""

from __future__ import annotations

import pytest

RANGE = "X-Collection-Range"


@pytest.fixture
def fifteen(world):
    for number in range(14):
        world.give(world.add_user(f"p{number:02}@example.com", f"Person {number:02}"))
    return world


def test_a_list_is_a_bare_array_with_the_requested_range(api, fifteen):
    answer = api.get("/role_assignments", limit=10, offset=10)
    assert len(answer.json()) == 5
    assert answer.headers[RANGE] == "10-19/15"


def test_role_assignments_come_ten_at_a_time_and_users_fifty(api, fifteen):
    assert len(api.get("/role_assignments").json()) == 10
    assert api.get("/users").headers[RANGE] == "0-49/15"


@pytest.mark.parametrize(
    ("path", "most"),
    [("/users", 100), ("/members", 100), ("/role_assignments", 250), ("/groups", 250), ("/locks", 250)],
)
def test_a_limit_over_the_most_is_clamped_or_refused(api, world, path, most):
    assert api.get(path, limit=9999).headers[RANGE].startswith(f"0-{most - 1}/")
    world.switch(over_max_limit="422")
    assert "limit" in api.get(path, limit=9999).json()["errors"]


def test_a_page_may_hold_fewer_rows_than_was_asked_for(api, fifteen):
    fifteen.switch(most_per_page=4)
    answer = api.get("/role_assignments", limit=250)
    assert (len(answer.json()), answer.headers[RANGE]) == (4, "0-3/15")
    assert len(api.get("/users", offset=12).json()) == 3


def test_an_empty_list_has_a_starred_range(api, world):
    answer = api.get("/team_memberships")
    assert (answer.json(), answer.headers[RANGE]) == ([], "*/0")
    world.switch(empty_range="0-0/0")
    assert api.get("/team_memberships").headers[RANGE] == "0-0/0"
    world.switch(empty_range="missing")
    assert RANGE not in api.get("/team_memberships").headers


def test_an_offset_past_the_end_is_an_empty_page_with_the_total(api, fifteen):
    answer = api.get("/users", offset=100, limit=10)
    assert (answer.json(), answer.headers[RANGE]) == ([], "100-109/15")
    fifteen.switch(offset_past_end="star")
    assert api.get("/users", offset=100).headers[RANGE] == "*/15"


def test_an_offset_over_the_cap_is_refused(api, world):
    assert "offset" in api.get("/users", offset=20_001).json()["errors"]
    world.switch(offset_over_cap="400")
    assert api.get("/users", offset=20_001).status_code == 400
    world.switch(offset_over_cap="empty")
    assert api.get("/users", offset=20_001).json() == []


def test_ids_name_the_rows_wanted(api, fifteen):
    assert [row["id"] for row in api.get("/users", ids="2, 4,999").json()] == [2, 4]


def test_sort_goes_both_ways(api, fifteen):
    up = [user["name"] for user in api.get("/users", sort="name").json()]
    down = [user["name"] for user in api.get("/users", sort="-name").json()]
    assert up == sorted(up, key=str.lower) == down[::-1]
    rights = api.get("/role_assignments", sort="-user.name", limit=2).json()
    assert [right["user"]["name"] for right in rights] == ["Person 13", "Person 12"]


def test_the_default_order_is_nothing_to_rely_on(api, fifteen):
    assert [row["id"] for row in api.get("/users", limit=2).json()] == [1, 2]
    fifteen.switch(default_order="newest")
    assert [row["id"] for row in api.get("/users", limit=2).json()] == [15, 14]
    fifteen.switch(default_order="random")
    pages = {tuple(row["id"] for row in api.get("/users").json()) for _ in range(5)}
    assert len(pages) > 1


def test_resource_types_and_milliseconds_are_switches(api, world):
    assert api.get("/users/1").json()["resource_type"] == "User"
    assert api.get("/users/1").json()["created_at"] == "2026-06-10T12:00:00Z"
    world.switch(resource_types=False, milliseconds=True)
    right = api.get("/role_assignments").json()[0]
    assert "resource_type" not in right
    assert "resource_type" not in right["assignee"]
    assert right["created_at"] == "2026-06-10T12:00:00.000Z"
