"""Finding out in a browser: preview and exactly that, Sync now in five lines, live checks, the test at the door."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import KISI, Window
from tests.browser.demo import Demo, until
from tests.browser.looks import Inspector

pytestmark = [pytest.mark.long, pytest.mark.timeout(170)]
Open = Callable[..., Window]
ANSWERED_WITHIN = 10.0


def connected(window: Open, **options: object) -> Window:
    desk = window(**options)
    desk.sign_in()
    if not desk.is_connected():
        desk.connect()
    desk.becomes("Connected")
    return desk


def somebody(running: Demo) -> dict[str, object]:
    """One of those who hold a right in the group by Core."""
    inside = running.inside()
    people = [user for user in running.kisi()["users"] if user["email"] in inside]
    return next(user for user in people if user["name"].endswith("Abadi"))


@pytest.mark.parametrize("scripts", [True, False])
def test_a_preview_shows_what_was_taken_by_hand_and_applies_exactly_that(
    running: Demo, window: Open, scripts: bool
) -> None:
    desk = connected(window, java_script_enabled=scripts)
    person = somebody(running)
    running.play("edit", do="remove_right", email=person["email"])
    assert person["email"] not in running.inside()
    desk.press("Preview")
    _wait_for(desk, "nothing has been changed", scripts)
    assert "1 person is put back" in desk.text()
    assert person["name"] in desk.text()
    assert person["email"] not in running.inside()
    if scripts:
        Inspector(desk).look(name="preview")
    desk.press("Apply this change")
    _wait_for(desk, "applied", scripts)
    assert "1 applied." in desk.text()
    assert person["email"] in running.inside()
    if scripts:
        inspector = Inspector(desk)
        inspector.look(name="applied")
        assert inspector.wrong == []


def test_sync_now_is_answered_in_five_lines_and_goes_on_by_itself(running: Demo, window: Open) -> None:
    desk = connected(window)
    person = somebody(running)
    desk.member(str(person["name"]))
    running.play("edit", do="remove_right", email=person["email"])
    begun = time.monotonic()
    desk.page.get_by_role("button", name="Sync now for").click()
    expect(desk.page.locator(".checks li")).to_have_count(5, timeout=ANSWERED_WITHIN * 1000)
    assert time.monotonic() - begun < ANSWERED_WITHIN
    expect(desk.page.locator(".checks .ok")).to_have_count(5, timeout=15_000)
    assert person["email"] in running.inside()
    assert desk.page.evaluate("document.activeElement.tagName") != "BODY"
    inspector = Inspector(desk)
    inspector.look(name="five lines")
    assert inspector.wrong == []


def test_without_scripts_sync_now_answers_too(running: Demo, window: Open) -> None:
    desk = connected(window, java_script_enabled=False)
    desk.member(str(somebody(running)["name"]))
    begun = time.monotonic()
    desk.press("Sync now for")
    assert time.monotonic() - begun < ANSWERED_WITHIN
    assert "Kisi was asked about" in desk.text()
    assert desk.page.locator(".checks li").count() == 5


def test_the_checks_find_a_dead_key_within_ten_seconds_and_lead_to_what_helps(
    running: Demo, window: Open
) -> None:
    desk = connected(window)
    desk.open(f"{KISI}troubleshooting/")
    desk.press("Check")
    assert "Checked:" in desk.text()
    running.play("faults", status=401, times=0)
    begun = time.monotonic()
    desk.press("Check again")
    assert time.monotonic() - begun < ANSWERED_WITHIN
    running.clear_faults()
    assert desk.page.locator(".checks .bad").count() >= 1
    inspector = Inspector(desk)
    inspector.look(name="a dead key")
    desk.press("Check again")
    desk.page.get_by_label("Email").fill(str(somebody(running)["email"]))
    desk.press("Find")
    assert desk.page.locator("#person .checks .ok").count() == 5
    inspector.look(name="a person found")
    assert inspector.wrong == []


def test_the_test_at_the_door_is_recorded(running: Demo, window: Open) -> None:
    desk = connected(window)
    name = str(somebody(running)["name"])
    desk.open(f"{KISI}move-in/")
    desk.page.get_by_label("Find a member by name or email").fill(name)
    desk.press("Find")
    desk.press(f"Sync this person now ({name})")
    expect(desk.page.get_by_role("button", name="Record the test")).to_be_visible(timeout=15_000)
    inspector = Inspector(desk)
    inspector.look(name="the test")
    desk.press("Record the test")
    assert desk.page.title().startswith("Error: ")
    desk.page.get_by_label(re.compile("I saw the door open")).check()
    desk.press("Record the test")
    assert f"saw the door open for {name}" in desk.text()
    inspector.look(name="recorded")
    assert inspector.wrong == []


def _wait_for(desk: Window, end: str, scripts: bool) -> None:
    """With scripts the page comes by itself; without, it is loaded again."""
    if scripts:
        expect(desk.page.locator("h1")).to_contain_text(f": {end}", timeout=40_000)
        return

    def is_there() -> bool:
        desk.page.reload()
        return desk.heading().endswith(f": {end}")

    until(is_there, within=40, what=end, every=0.5)
