"""The simulator's own side for other processes, and the page a person watches."""

from __future__ import annotations

import pytest
import requests

from integrations.kisi.simulator import World, serve


def test_state_tells_who_can_open_what_and_is_no_call(api, world):
    world.give(world.add_user("ana@example.com", "Ana"))
    api.get("/user")
    state = api.control("GET", "state").json()
    assert state["who_can_open"] == {"Front door": ["ana@example.com"]}
    assert state["calls"]["by_route"] == {"GET /user": 1}
    assert [user["email"] for user in state["users"]] == ["owner@example.com", "ana@example.com"]
    assert state["users"][1]["rights"][0]["role_id"] == "group_basic"
    assert state["switches"]["rate_limit"] == 0
    assert world.api_key not in str(state)
    assert world.count() == 1


def test_the_control_side_and_the_page_are_not_limited(api, world):
    world.switch(rate_limit=1)
    for _ in range(3):
        assert api.control("GET", "state").status_code == 200
        assert requests.get(f"{api.url}/", timeout=5).status_code == 200
    assert api.get("/user").status_code == 200


def test_faults_are_armed_and_cleared(api, world):
    fault = {"method": "GET", "path": "/user", "status": 503, "times": 0, "headers": {"Retry-After": "7"}}
    assert api.control("POST", "faults", fault).json() == {"armed": 1}
    assert api.get("/user").headers["Retry-After"] == "7"
    assert api.control("GET", "state").json()["faults"][0]["hits"] == 1
    assert api.control("DELETE", "faults").json() == {"armed": 0}
    assert api.get("/user").status_code == 200


def test_a_trouble_is_armed_by_its_name(api, world):
    api.control("POST", "faults", {"name": "bad gateway", "path": "/user", "times": 2})
    assert [api.get(path).status_code for path in ("/users", "/user", "/user", "/user")] == [
        200,
        502,
        502,
        200,
    ]
    assert "No trouble is called odd" in api.control("POST", "faults", {"name": "odd"}).json()["error"]


def test_another_process_can_have_rows_move_between_pages(api, world):
    for name in ("ana", "bo", "cy"):
        world.add_user(f"{name}@example.com", name.title())
    edits = [
        {"do": "delete_user", "email": "ana@example.com"},
        {"do": "add_user", "email": "dee@example.com"},
    ]
    api.control("POST", "faults", {"path": "/users", "kind": "pass", "then": edits})
    first, second = api.get("/users", limit=2), api.get("/users", limit=2, offset=2)
    assert "bo@example.com" not in [user["email"] for user in first.json() + second.json()]
    assert first.headers["X-Collection-Range"].endswith("/4")
    assert second.headers["X-Collection-Range"].endswith("/4")


@pytest.mark.parametrize("fault", [{"stauts": 1}, {"kind": "odd"}, {"path": "("}, ["no"]])
def test_a_misspelt_fault_is_400_and_says_what_is_wrong(api, fault):
    answer = api.control("POST", "faults", fault)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_switches_turn_by_name(api, world):
    assert api.control("POST", "switches", {"duplicate_user": "422"}).json()["duplicate_user"] == "422"
    assert world.switches.duplicate_user == "422"
    assert "one of 409, 422" in api.control("POST", "switches", {"duplicate_user": "x"}).json()["error"]
    assert "No switch is called nope" in api.control("POST", "switches", {"nope": "1"}).json()["error"]


def test_edits_are_made_as_by_hand_in_the_dashboard(api, world):
    def edit(**values):
        return api.control("POST", "edit", values)

    assert edit(do="add_user", email="ana@example.com", name="Ana").json() == {"done": "add_user"}
    edit(do="give", email="ana@example.com")
    assert world.can_unlock("ana@example.com")
    edit(do="suspend", email="ana@example.com")
    assert not world.can_unlock("ana@example.com")
    edit(do="unsuspend", email="ana@example.com")
    edit(do="remove_right", email="ana@example.com")
    assert world.rights_of("ana@example.com") == []
    edit(do="make_admin", email="ana@example.com")
    assert [right.role_id for right in world.rights_of("ana@example.com")] == ["administrator"]
    edit(do="add_team", name="Coaches", members=["ana@example.com"])
    assert world.can_unlock("ana@example.com")
    edit(do="delete_user", email="ana@example.com")
    assert world.user_by_email("ana@example.com") is None
    edit(do="revoke_key")
    assert api.get("/user").status_code == 401


@pytest.mark.parametrize(
    "values",
    [
        {"do": "fly"},
        {"do": "suspend"},
        {"do": "suspend", "email": "x@example.com"},
        {"do": "remove_right", "id": 99},
        {"do": "add_team"},
        {"do": "give", "email": "owner@example.com", "group_id": 99},
    ],
)
def test_an_impossible_edit_is_400(api, values):
    assert api.control("POST", "edit", values).status_code == 400


def test_the_control_side_refuses_other_hosts_and_web_forms(api):
    url = f"{api.url}/_simulator/"
    renamed = requests.get(url + "state", headers={"Host": "rebound.example"}, timeout=5)
    form = requests.post(url + "edit", data='{"do": "revoke_key"}', timeout=5)
    assert (renamed.status_code, form.status_code) == (403, 403)
    assert api.get("/user").status_code == 200


def page(api, path="/"):
    answer = requests.get(api.url + path, timeout=5)
    assert answer.headers["Content-Type"].startswith("text/html")
    return answer.text


def test_the_page_shows_doors_people_calls_and_mails(api, world):
    api.new_right(api.new_user().json()["id"], world.group_id)
    world.add_team("Coaches", ["ana@example.com"])
    world.suspend(world.add_user("bo@example.com", "Bo Lind"))
    text = page(api)
    assert "<title>Kisi simulator</title>" in text
    for words in (
        "Front door",
        "Ana Ruiz",
        "Team Coaches",
        "Suspended",
        "Owner",
        "POST /users",
        "user.create",
    ):
        assert words in text
    assert world.api_key not in text
    assert f"…{world.api_key[-4:]}" in text


def test_the_page_looks_again_by_itself_or_stands_still(api):
    assert '<meta http-equiv="refresh" content="2">' in page(api)
    assert "http-equiv" not in page(api, "/?still")


def test_the_page_escapes_what_others_wrote(api, world):
    world.add_user("<i>@example.com", "<script>alert(1)</script>")
    world.give("<i>@example.com")
    api.get("/users", query="<b>&")
    api.get("/<img src=x>")
    text = page(api)
    assert "<script>" not in text and "<img" not in text and "<i>@" not in text
    assert "&lt;script&gt;" in text


def test_the_page_of_a_big_gym_stays_readable(clock):
    world = World.small(now=clock)
    for number in range(1_000):
        world.give(world.add_user(f"p{number}@example.com", f"Person {number}"))
    with serve(world) as server:
        text = requests.get(server.url, timeout=5).text
    assert "1000 people" in text
    assert "and 940 more" in text
    assert "801 more are not shown" in text
