"""A sync that Kisi did not let finish: never green until one does, and a press tries again at once (ui.md 4.4)."""

from __future__ import annotations

import pytest

from integrations.kisi import endings
from integrations.kisi.models import KisiConnection, SyncRun
from integrations.kisi.simulator import Kind
from tests.conftest import House
from tests.desk import Desk

HEADING = "The last check of Kisi did not finish"


def press_sync(admin: Desk, house: House) -> None:
    admin.post("kisi:sync")
    house.sync()


@pytest.fixture
def failing(connected: House, admin: Desk) -> House:
    """Kisi answers 500 to everything, and Alice pressed Sync now once."""
    connected.member("Ana")
    connected.sync()
    connected.world.fault(status=500, times=0)
    press_sync(admin, connected)
    return connected


def test_a_sync_that_kisi_stopped_is_not_green(failing, admin):
    page = admin.open("kisi:overview")
    assert page.h1 == "Kisi Check incomplete"
    assert page.says(HEADING, "Core tries again today ")
    assert 'class="tag ok"' not in page.html
    assert failing.connection.status == KisiConnection.Status.CONNECTED


@pytest.mark.parametrize("fault", [{"kind": Kind.LOST}, {"kind": Kind.HTML}, {"status": 404}])
def test_however_kisi_failed(connected, admin, fault):
    connected.sync()
    connected.world.fault(path="/user", times=0, **fault)
    press_sync(admin, connected)
    assert admin.open("kisi:overview").says(HEADING)


def test_a_press_tries_at_once_whether_kisi_answers_again(failing, admin):
    failing.world.clear_faults()
    press_sync(admin, failing)
    page = admin.open("kisi:overview")
    assert page.h1 == "Kisi Connected"
    assert HEADING not in page.text


def test_it_looks_again_by_itself_too(failing, admin):
    failing.world.clear_faults()
    failing.clock.forward(seconds=31)
    failing.sync()
    assert admin.open("kisi:overview").h1 == "Kisi Connected"


def test_it_becomes_green_also_when_nothing_is_owed_any_more(connected, admin):
    ben = connected.member("Ben")
    connected.world.fault(status=500, times=0)
    connected.sync()
    assert admin.open("kisi:overview").says(HEADING)
    connected.world.clear_faults()
    connected.subscription(ben).pause()
    connected.clock.forward(seconds=31)
    connected.sync()
    assert admin.open("kisi:overview").h1 == "Kisi Connected"
    last = SyncRun.objects.first()
    assert (last.state, last.because) == ("finished", "another try")


def test_while_kisi_still_fails_it_is_not_green_though_nothing_is_owed(connected, admin):
    ben = connected.member("Ben")
    connected.world.fault(status=500, times=0)
    connected.sync()
    connected.subscription(ben).pause()
    connected.clock.forward(seconds=31)
    connected.sync()
    assert 'class="tag ok"' not in admin.open("kisi:overview").html


def test_five_in_a_row_are_still_trouble_and_a_press_probes(failing, admin):
    for _ in range(4):
        failing.clock.forward(seconds=31)
        failing.sync()
    assert admin.open("kisi:overview").h1 == "Kisi Kisi not answering"
    failing.world.clear_faults()
    press_sync(admin, failing)
    assert admin.open("kisi:overview").h1 == "Kisi Connected"


def test_a_wait_that_kisi_asked_for_is_kept(connected, admin):
    connected.world.fault(status=429, headers={"Retry-After": "600"}, times=0)
    press_sync(admin, connected)
    until = connected.connection.retry_at
    admin.post("kisi:sync")
    assert connected.connection.retry_at == until
    assert admin.open("kisi:overview").h1 == "Kisi Slowed down"


def test_what_was_resumed_is_green_only_once_kisi_was_read(connected, admin):
    connected.sync()
    SyncRun.objects.create(connection=connected.connection, started_at=connected.clock.now())
    admin.post("kisi:pause")
    admin.post("kisi:resume")
    assert admin.open("kisi:overview").h1 == "Kisi Syncing"
    connected.sync()
    assert admin.open("kisi:overview").h1 == "Kisi Connected"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            "GET /user 401 Authentication is required to access this resource.",
            "Kisi does not accept the API key",
        ),
        ("GET /user 500 An unexpected issue occurred.", "Kisi answered with an error of its own"),
        ("GET /organization 403", "Kisi does not let this key do that"),
        ("GET /groups/7 404 Not found", "Kisi does not show the group to this key"),
        ("GET /user 429 Too many requests", "Kisi asked Core to slow down"),
        ("GET /user no answer within 10 s", "Kisi did not answer as expected"),
        ("GET /user 200 the answer is not JSON", "Kisi did not answer as expected"),
        ("GET /role_assignments an empty page after 1 of 2", "the list ended after 1 of 2 entries"),
        ("GET /users 3 rows of 4", "the list ended after 3 of 4 entries"),
        ("GET /users the total changed from 3 to 4", "the list changed while Core read it"),
        ("GET /users the same row twice", "the same entry stood in the list twice"),
        (
            "GET /users more than 20,000 rows, which Kisi does not list",
            "Kisi lists no more than 20,000 entries",
        ),
        ("Paused", "Paused"),
        ("", ""),
    ],
)
def test_why_it_stopped_is_said_without_codes(reason, words):
    assert endings.why(reason) == words


def test_the_overview_says_it_in_words_and_activity_has_the_raw_text(failing, admin):
    page = admin.open("kisi:overview")
    assert page.says("Last sync: ", "stopped (Kisi answered with an error of its own)")
    assert "GET /user" not in page.text
    for name in ("marketplace", "dashboard"):
        assert admin.open(name).says("stopped (Kisi answered with an error of its own)")
    assert admin.open("kisi:activity").says("GET /user 500")


def test_a_list_with_gaps_is_said_in_words(connected, admin):
    connected.member("Ana")
    connected.sync()
    connected.world.fault(path="/role_assignments", kind=Kind.WRONG_TOTAL, times=0)
    press_sync(admin, connected)
    page = admin.open("kisi:overview")
    assert page.says("The last check of Kisi was incomplete", "incomplete (")
    assert "/role_assignments" not in page.text


def test_after_a_wait_whose_last_sync_had_an_end_there_is_no_other_one(connected):
    connected.member("Ana")
    connected.sync()
    KisiConnection.objects.update(retry_at=connected.clock.now(), look_again=True)
    connected.sync()
    assert connected.connection.retry_at is None
    assert [run.because for run in SyncRun.objects.all()] == ["subscription change"]


def test_the_look_of_every_quarter_of_an_hour_that_got_no_answer_is_one_too(connected, admin):
    connected.sync()
    connected.world.fault(status=500, times=0)
    connected.clock.forward(minutes=16)
    connected.sync()
    assert admin.open("kisi:overview").says(HEADING)
