"""Faults: what is answered, and what took effect all the same."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from integrations.kisi.simulator import Fault, Kind

RANGE = "X-Collection-Range"


@pytest.fixture
def ana(world):
    return world.add_user("ana@example.com", "Ana Ruiz")


@pytest.fixture
def three(world):
    for name in ("ana", "bo", "cy"):
        world.give(world.add_user(f"{name}@example.com", name.title()))
    return world


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 502, 503])
def test_any_status_comes_with_kisis_error_body_and_no_effect(api, world, status):
    world.fault(method="POST", path="/users", status=status)
    answer = api.new_user()
    assert answer.status_code == status
    assert answer.json()["code"] == f"{status:06d}"
    assert world.user_by_email("ana@example.com") is None
    assert api.new_user().status_code == 200


def test_a_422_comes_with_kisis_other_error_body(api, world):
    world.fault(status=422)
    assert list(api.get("/user").json()) == ["errors"]


def test_a_given_body_and_headers_are_sent_as_they_are(api, world):
    world.fault(Fault(status=422, body='{"errors": {"email": ["is on a blacklist"]}}'))
    world.fault(status=429, headers={"Retry-After": "7"})
    world.fault(status=502, body="<html>Bad gateway</html>")
    world.fault(status=302, headers={"Location": "http://elsewhere.example/"})
    assert api.get("/user").json()["errors"] == {"email": ["is on a blacklist"]}
    assert api.get("/user").headers["Retry-After"] == "7"
    html = api.get("/user")
    assert (html.status_code, html.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert api.get("/user").headers["Location"] == "http://elsewhere.example/"


def test_faults_are_played_in_order_and_only_where_they_match(api, world):
    world.fault(path="/user", status=500)
    world.fault(path="/user", status=503)
    world.fault(path=r"/users/\d+", status=404, times=2)
    assert [api.get("/user").status_code for _ in range(3)] == [500, 503, 200]
    assert api.get("/users").status_code == 200
    assert [api.get("/users/1").status_code for _ in range(3)] == [404, 404, 200]


def test_a_fault_can_wait_its_turn_repeat_and_last(api, world):
    world.fault(path="/user", status=500, skip=1)
    world.fault(path="/login", status=500, every=3, times=0)
    assert [api.get("/user").status_code for _ in range(3)] == [200, 500, 200]
    assert [api.get("/login").status_code for _ in range(6)] == [200, 200, 500] * 2
    world.clear_faults()
    assert api.get("/login").status_code == 200


def test_a_fault_can_hit_one_key_only(api, world, as_key):
    second = as_key(world.add_key(world.owner))
    world.fault(path="/user", status=401, key=world.api_key[-4:], times=0)
    assert (api.get("/user").status_code, second.get("/user").status_code) == (401, 200)


def test_a_lost_answer_after_the_effect_leaves_the_effect(api, world, ana):
    world.fault(method="POST", path="/users", kind=Kind.LOST, after_effect=True)
    with pytest.raises(requests.ConnectionError):
        api.new_user("bo@example.com")
    assert world.user_by_email("bo@example.com") is not None
    right = world.give(ana)
    world.fault(method="DELETE", path="/role_assignments/.*", kind=Kind.LOST, after_effect=True)
    with pytest.raises(requests.ConnectionError):
        api.delete(f"/role_assignments/{right.id}")
    assert not world.can_unlock(ana)
    assert [call.status for call in world.requests] == [0, 0]


def test_an_answer_lost_before_the_effect_changes_nothing(api, world):
    world.fault(method="POST", path="/users", kind=Kind.LOST)
    with pytest.raises(requests.ConnectionError):
        api.new_user()
    assert world.user_by_email("ana@example.com") is None


def test_a_500_after_the_effect_hides_the_effect(api, world):
    world.fault(method="POST", path="/users", status=500, after_effect=True)
    assert api.new_user().status_code == 500
    assert api.new_user().status_code == 409


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_delay_runs_into_the_callers_timeout(api, world, after_effect):
    world.fault(method="POST", path="/users", kind=Kind.PASS, delay=30, after_effect=after_effect)
    with pytest.raises(requests.ReadTimeout):
        api.session.post(f"{api.url}/users", json={"user": {"email": "ana@example.com"}}, timeout=0.1)
    assert (world.user_by_email("ana@example.com") is not None) is after_effect


def test_a_held_request_waits_until_it_is_let_go(api, world, ana):
    held = world.fault(method="DELETE", kind=Kind.PASS, hold=True)
    right = world.give(ana)
    caller = threading.Thread(target=api.delete, args=(f"/role_assignments/{right.id}",))
    caller.start()
    assert held.reached.wait(5)
    assert world.can_unlock(ana)
    held.let_go()
    caller.join(5)
    assert not world.can_unlock(ana)


def test_leaving_the_server_lets_held_requests_go(world, server, api):
    held = world.fault(kind=Kind.PASS, hold=True)
    caller = threading.Thread(target=api.get, args=("/user",))
    caller.start()
    assert held.reached.wait(5)
    world.clear_faults()
    caller.join(5)
    assert not caller.is_alive()


@pytest.mark.parametrize(
    ("kind", "rows", "named"),
    [
        (Kind.EMPTY, 0, "*/0"),
        (Kind.SHORT, 3, "0-9/4"),
        (Kind.SHRUNK, 3, "0-9/3"),
        (Kind.DOUBLED, 4, "0-9/4"),
        (Kind.WRONG_TOTAL, 4, "0-9/5"),
        (Kind.LOW_TOTAL, 4, "0-9/3"),
        (Kind.NO_RANGE, 4, None),
    ],
)
def test_a_list_can_lie(api, three, kind, rows, named):
    three.fault(path="/role_assignments", kind=kind)
    answer = api.get("/role_assignments")
    assert answer.status_code == 200
    assert (len(answer.json()), answer.headers.get(RANGE)) == (rows, named)
    assert len({row["id"] for row in answer.json()}) == (3 if kind is Kind.DOUBLED else rows)
    assert len(api.get("/role_assignments").json()) == 4


def test_a_list_can_be_an_object(api, three):
    three.fault(path="/role_assignments", kind=Kind.NOT_ARRAY)
    assert isinstance(api.get("/role_assignments").json(), dict)


def test_json_can_be_cut_or_shorter_than_promised(api, three):
    three.fault(kind=Kind.TRUNCATED)
    with pytest.raises(ValueError, match=r"."):
        api.get("/role_assignments").json()
    three.fault(kind=Kind.WRONG_LENGTH)
    with pytest.raises(requests.RequestException):
        api.get("/role_assignments")


def test_a_page_of_somebody_else_comes_with_200(api, three):
    three.fault(kind=Kind.HTML)
    answer = api.get("/role_assignments")
    assert (answer.status_code, answer.text[:6]) == (200, "<html>")


def test_a_body_can_drip_or_be_huge(api, three):
    three.fault(path="/user", kind=Kind.DRIP, pause=0.5)
    started = time.monotonic()
    with api.session.get(f"{api.url}/user", stream=True, timeout=5) as answer:
        answer.raw.read(2)
    assert time.monotonic() - started > 0.9
    three.fault(kind=Kind.HUGE, size=1_000_000)
    assert len(api.get("/users").content) == 1_000_000


def test_the_true_answer_can_be_changed(api, three):
    def without_ids(rows):
        return [{key: value for key, value in row.items() if key != "id"} for row in rows]

    three.fault(path="/users", kind=Kind.PASS, change=without_ids)
    assert all("id" not in user for user in api.get("/users").json())


def test_rows_can_move_between_pages(api, three):
    def shift():
        three.delete_user("ana@example.com")
        three.add_user("dee@example.com", "Dee")

    three.fault(path="/users", kind=Kind.PASS, run=shift)
    first, second = api.get("/users", limit=2, offset=0), api.get("/users", limit=2, offset=2)
    assert first.headers[RANGE].endswith("/4")
    assert second.headers[RANGE].endswith("/4")
    assert "bo@example.com" not in [user["email"] for user in first.json() + second.json()]


def test_a_misspelt_fault_is_an_error(world):
    with pytest.raises(TypeError):
        world.fault(stauts=500)
