"""The main job in a browser, against the whole program: connect, and the doors follow within seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import KISI, Window
from tests.browser.demo import Demo, until

SECONDS = 5.0
pytestmark = pytest.mark.timeout(170)
Open = Callable[..., Window]


def test_connected_in_three_steps_the_doors_follow_every_press_within_five_seconds(
    running: Demo, window: Open
) -> None:
    desk = window()
    desk.sign_in()
    assert not desk.is_connected(), "this story starts at the beginning: run it first"
    desk.connect()
    assert desk.heading() == "Kisi is connected"
    _everybody_gets_access(desk)
    _pause(desk, "Alma Abadi")
    _rename(desk, "Bo Abadi", "bo.abadi-berg@example.com")
    _delete(desk, "Dina Abadi")
    _turn_the_plan_off_and_on(desk, "Night Owl")


@pytest.mark.long
def test_without_scripts_connecting_and_turning_a_plan_off_and_on_work_all_the_same(
    running: Demo, window: Open
) -> None:
    desk = window(java_script_enabled=False)
    desk.sign_in()
    if desk.is_connected():
        desk.disconnect()
    desk.connect()
    assert desk.heading() == "Kisi is connected"
    desk.becomes("Connected")
    before = running.inside()
    names = _turn(desk, "Night Owl", "off")
    first = _progress(desk)
    until(lambda: len(running.inside()) <= len(before) - 3, within=15, what="three have lost access")
    desk.follow("Reload")
    until(lambda: first < _progress(desk) <= len(names), within=15, what="the numbers grow", every=0.5)
    _turn(desk, "Night Owl", "on")
    desk.becomes("Connected")
    assert running.inside() == before


def _everybody_gets_access(desk: Window) -> None:
    """The page counts them while the simulator gets them, and says when it is done."""
    expect(desk.page.get_by_role("progressbar")).to_be_visible(timeout=15_000)
    desk.open(KISI)
    expect(desk.page.locator("h1")).to_contain_text("Connected", timeout=40_000)
    inside = desk.site.inside()
    assert _count(desk, "have access") == len(inside)
    assert _count(desk, "waiting") == _count(desk, "failed") == _count(desk, "held") == 0
    assert {"alma.abadi@example.com", "ana.ferreira@example.com", "holm.family@example.com"} <= inside
    never = {"devon.okafor@example.com", "gia.abadi@example.com", "ylva.quist@example.com"}
    assert not never & inside  # an administrator of Kisi, somebody paused, somebody without a subscription


def _pause(desk: Window, name: str) -> None:
    """The page asks first; going back changes nothing."""
    desk.member(name)
    desk.follow("Pause")
    assert desk.heading() == f"Pause All Hours for {name.split()[0]}?"
    assert "loses access within seconds" in desk.text()
    desk.follow("Go back")
    desk.follow("Pause")
    desk.page.get_by_label("Cause").fill("payment failed")
    _at_kisi(desk, "Pause and remove access", gone=_address(name), what="pause")
    words = f"{name.split()[0]} can't get in: All Hours is paused (payment failed)."
    until(lambda: _reload(desk) and words in desk.text(), within=SECONDS, what=words)


def _rename(desk: Window, name: str, address: str) -> None:
    desk.member(name)
    desk.follow("Edit details")
    desk.page.get_by_label("Email").fill(address)
    _at_kisi(desk, "Save details", come=address, gone=_address(name), what="rename")
    expect(desk.page.locator("#result")).to_contain_text(f"{address} gets access first")


def _delete(desk: Window, name: str) -> None:
    desk.member(name)
    desk.follow(f"Delete {name}")
    assert desk.heading() == f"Delete {name}?"
    _at_kisi(desk, f"Delete {name} and remove access", gone=_address(name), what="delete")
    until(lambda: _address(name) not in _known(desk), within=SECONDS, what="the profile Core made is gone")


def _turn_the_plan_off_and_on(desk: Window, plan: str) -> None:
    before = desk.site.inside()
    named = _turn(desk, plan, "off")
    assert named
    _watch_progress(desk, "Removing", len(named))
    left = desk.site.inside()
    assert len(before - left) == len(named)
    assert not left - before
    again = _turn(desk, plan, "on")
    assert set(named) <= set(again)
    _watch_progress(desk, "Giving", len(again) + 1)  # who was an administrator in Kisi is looked at as well
    assert desk.site.inside() == before


def _turn(desk: Window, plan: str, way: str) -> list[str]:
    """Tick or untick 24-hr access; the names that the page between shows."""
    desk.open("/plans/")
    desk.follow(plan)
    desk.page.get_by_label("24-hr access").set_checked(way == "on")
    desk.press("Save plan")
    assert desk.heading() == f"Turn {way} 24-hr access for {plan}?"
    names = desk.page.locator("main .names").first.locator("li").all_inner_texts()
    act = "Turn on for" if way == "on" else "Turn off and remove access for"
    desk.press(f"{act} {len(names)} people")
    assert f"{len(names)} people are {'getting' if way == 'on' else 'losing'} access" in desk.text()
    return sorted(names)


def _watch_progress(desk: Window, act: str, total: int) -> None:
    """Numbers that grow on the integration page, without a reload, until it is connected again."""
    desk.open(KISI)
    heading = desk.page.locator("#running")
    expect(heading).to_contain_text(re.compile(rf"access: \d+ of {total} people"), timeout=15_000)
    seen = set()
    until(lambda: _is_done(desk, seen), within=60, what=f"{act} access of {total} people")
    assert len(seen) > 2, f"the page showed {seen} of {total}"
    assert _count(desk, "waiting") == 0


def _progress(desk: Window) -> int:
    """How many people are through, by the words of the page as it is now."""
    heading = desk.page.locator("#running")
    until(lambda: desk.open(KISI) or heading.count(), within=10, what="the run on the page", every=0.3)
    words = heading.inner_text()
    found = re.search(r"(\d+) of \d+ (?:people|person)", words)
    assert found, words
    return int(found[1])


def _is_done(desk: Window, seen: set[str]) -> bool:
    seen.update(desk.page.locator("#running").all_inner_texts())  # at once: it may go at any time
    return "Connected" in desk.page.locator("h1").inner_text()


def _at_kisi(desk: Window, button: str, *, come: str = "", gone: str = "", what: str) -> None:
    """Press, and measure how long Kisi takes to agree."""
    assert gone in desk.site.inside()
    before = time.monotonic()
    desk.press(button)

    def agrees() -> bool:
        inside = desk.site.inside()
        return gone not in inside and (not come or come in inside)

    until(agrees, within=SECONDS, what=f"{what} at Kisi")
    took = time.monotonic() - before
    print(f"{what}: at Kisi {took:.2f} s after the press")
    assert took < SECONDS


def _known(desk: Window) -> set[str]:
    return {user["email"] for user in desk.site.kisi()["users"]}


def _reload(desk: Window) -> bool:
    return desk.page.reload() is not None


def _count(desk: Window, word: str) -> int:
    item = desk.page.locator(".counts li", has_text=word)
    return int(item.locator("b").inner_text().replace(",", ""))


def _address(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@example.com"
