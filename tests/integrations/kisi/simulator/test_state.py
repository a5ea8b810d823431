"""The state file and the switches' texts."""

from __future__ import annotations

import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.kisi.simulator import Switches, UnknownSwitch, World, serve, state
from integrations.kisi.simulator.switches import parsed
from tests.integrations.kisi.simulator.conftest import Api


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "kisi.json"


def test_everything_survives_a_restart(path, clock):
    first = World.kept_in(path, now=clock, rate_limit=0)
    with serve(first) as server:
        api = Api(server.url, first.api_key)
        right = api.new_right(api.new_user().json()["id"], first.group_id, valid_until="2027-01-01T00:00:00Z")
    again = World.kept_in(path, now=clock)
    assert (again.api_key, again.group_id) == (first.api_key, first.group_id)
    assert state.snapshot(again.store) == state.snapshot(first.store)
    with serve(again) as server:
        shown = Api(server.url, first.api_key).get(f"/role_assignments/{right.json()['id']}")
    assert shown.json() == right.json()


def test_ids_are_not_used_again_after_a_restart(path):
    first = World.kept_in(path)
    gone = first.add_user("ana@example.com", "Ana")
    first.delete_user(gone)
    first.flush()
    assert World.kept_in(path).add_user("bo@example.com", "Bo").id == gone.id + 1


def test_a_change_is_written_soon_without_being_asked(path):
    world = World.kept_in(path)
    world.flush()
    world.add_user("ana@example.com", "Ana")
    deadline = time.monotonic() + 5
    while "ana@example.com" not in path.read_text() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "ana@example.com" in path.read_text()


def test_the_file_is_whole_json_for_its_owner_only(path):
    state.write(path, state.snapshot(World.demo().store))
    assert json.loads(path.read_text())["tables"]["users"]["last"] == 16
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["kisi.json"]


def test_two_that_write_one_file_at_once_leave_it_whole(path):
    saved = state.snapshot(World.demo().store)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: state.write(path, saved), range(200)))
    assert json.loads(path.read_text())["tables"]["users"]["last"] == 16
    assert [file.name for file in path.parent.iterdir()] == ["kisi.json"]


def test_without_a_file_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    World.demo().flush()
    assert list(tmp_path.iterdir()) == []


def test_switches_are_read_from_text():
    texts = parsed(["rate_limit=0", "query_lag_seconds=1.5", "milliseconds=on", "retry_after=date"])
    switches = Switches().changed(**texts)
    assert (switches.rate_limit, switches.query_lag_seconds) == (0, 1.5)
    assert (switches.milliseconds, switches.retry_after) == (True, "date")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nope=1", "No switch is called nope"),
        ("retry_after=soon", "retry_after is one of off, seconds, date"),
        ("milliseconds=maybe", "milliseconds is one of on, off"),
        ("rate_limit=many", "rate_limit needs a number"),
        ("rate_limit", "rate_limit is not SWITCH=VALUE"),
    ],
)
def test_a_wrong_switch_is_refused_in_words(text, words):
    with pytest.raises(UnknownSwitch, match=words):
        Switches().changed(**parsed([text]))
