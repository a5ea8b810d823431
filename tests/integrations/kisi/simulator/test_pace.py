"""The rate limit: five calls a second and person, all keys together; and how fast the simulator itself is."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from integrations.kisi.simulator import serve


@pytest.fixture
def limited(world):
    world.switch(rate_limit=5)
    return world


def statuses(api, number):
    return [api.get("/user").status_code for _ in range(number)]


def test_the_sixth_call_of_a_second_is_429(api, limited, clock):
    assert statuses(api, 7) == [200] * 5 + [429] * 2
    clock.forward(seconds=1)
    assert statuses(api, 6) == [200] * 5 + [429]


def test_the_window_slides(api, limited, clock):
    clock.forward(milliseconds=900)
    assert statuses(api, 5) == [200] * 5
    clock.forward(milliseconds=200)
    assert statuses(api, 1) == [429]
    clock.forward(milliseconds=800)
    assert statuses(api, 1) == [200]


def test_the_window_can_be_fixed(api, limited, clock):
    limited.switch(rate_window="fixed")
    clock.forward(milliseconds=900)
    assert statuses(api, 6) == [200] * 5 + [429]
    clock.forward(milliseconds=200)
    assert statuses(api, 5) == [200] * 5


def test_all_keys_of_one_person_share_the_limit(api, limited, as_key):
    second = as_key(limited.add_key(limited.owner))
    assert statuses(api, 3) + statuses(second, 3) == [200] * 5 + [429]


def test_another_person_has_a_limit_of_their_own(api, limited, as_key):
    admin = limited.add_user("admin@example.com", "Admin")
    limited.make_admin(admin)
    statuses(api, 5)
    assert statuses(as_key(limited.add_key(admin)), 5) == [200] * 5


def test_calls_without_a_valid_key_are_limited_by_address(limited, as_key):
    assert statuses(as_key("wrong"), 3) + statuses(as_key("other"), 3) == [401] * 5 + [429]


def test_a_429_says_so_in_json_and_without_retry_after(api, limited):
    statuses(api, 5)
    answer = api.get("/user")
    assert answer.json()["code"] == "000429"
    assert "Retry-After" not in answer.headers


def test_retry_after_comes_in_seconds_or_as_a_date(api, limited, clock):
    statuses(api, 5)
    limited.switch(retry_after="seconds")
    assert api.get("/user").headers["Retry-After"] == "1"
    limited.switch(retry_after="date")
    assert parsedate_to_datetime(api.get("/user").headers["Retry-After"]) > clock.at


@pytest.mark.parametrize(("body", "start"), [("empty", ""), ("html", "<html>")])
def test_the_body_of_a_429_can_be_anything(api, limited, body, start):
    limited.switch(too_many_body=body)
    statuses(api, 5)
    answer = api.get("/user")
    assert answer.status_code == 429
    assert answer.text.startswith(start)
    assert "json" not in answer.headers.get("Content-Type", "")


def test_the_answers_may_tell_how_many_calls_are_left(api, limited):
    assert "X-RateLimit-Limit" not in api.get("/user").headers
    limited.switch(rate_limit_headers=True)
    left = [api.get("/user").headers["X-RateLimit-Remaining"] for _ in range(5)]
    assert left == ["3", "2", "1", "0", "0"]
    assert api.get("/user").headers["X-RateLimit-Limit"] == "5"
    limited.switch(rate_limit=0)
    assert "X-RateLimit-Limit" not in api.get("/user").headers


def test_a_refused_write_has_no_effect(api, limited):
    statuses(api, 5)
    assert api.new_user().status_code == 429
    assert limited.user_by_email("ana@example.com") is None


def test_zero_switches_the_limit_off(api, limited):
    limited.switch(rate_limit=0)
    assert set(statuses(api, 20)) == {200}


def test_five_hundred_calls_a_second_on_one_connection(api):
    """Measured in the processor's time of both sides: others may be using this machine too."""
    started = time.process_time()
    for _ in range(300):
        assert api.get("/user").status_code == 200
    assert 300 / (time.process_time() - started) > 500


def test_a_stopped_server_answers_nobody(world):
    with requests.Session() as session:
        with serve(world) as server:
            session.get(f"{server.url}/user", timeout=5)
        with pytest.raises(requests.ConnectionError):
            session.get(f"{server.url}/user", timeout=5)
