"""A finger finds every control, and a slow computer shows a page within a second (ui.md 6)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import states
from tests.browser.conftest import KISI, Window
from tests.browser.looks import PHONE
from tests.browser.served import Served

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(170)]
PAGES = (
    "/",
    "/members/",
    "/members/new/",
    "/plans/",
    "/marketplace/",
    KISI,
    f"{KISI}activity/",
    f"{KISI}attention/",
    f"{KISI}attention/held/",
    f"{KISI}move-in/",
    f"{KISI}rules/",
    f"{KISI}troubleshooting/",
    f"{KISI}disconnect/",
)
A_FINGER, A_POINTER = 44, 24  # px; WCAG 2.2, 2.5.5 and 2.5.8
SLOWER, MOST_SECONDS, TIMES = 4, 1.0, 3  # the quickest counts: the machine has other work
TOO_SMALL = """least => [...document.querySelectorAll("button, .button, select, .tabs a, nav.main a,"
    + " input:not([type=hidden], [type=checkbox], [type=radio])")]
  .filter(node => node.checkVisibility() && node.getBoundingClientRect().height < least)
  .map(node => node.outerHTML.slice(0, 80))"""
BOXES_TOO_SMALL = """least => [...document.querySelectorAll("input[type=checkbox], input[type=radio]")]
  .filter(node => node.checkVisibility())
  .map(node => [node, ...node.labels].map(part => part.getBoundingClientRect().height))
  .filter(heights => Math.max(...heights) < least).length"""
LARGEST_PAINT = """() => new Promise(tell => new PerformanceObserver(list =>
  tell(list.getEntries().at(-1).startTime / 1000)
).observe({type: "largest-contentful-paint", buffered: true}))"""


@pytest.fixture
def at_a_gym(served: Served, windows: Callable[..., Window]) -> Callable[..., Window]:
    """A gym with people in many states; windows that are signed in there."""
    states.settle(served.house)

    def window(**options: object) -> Window:
        opened = windows(served, **options)
        opened.page.context.add_cookies([served.cookie()])
        return opened

    return window


def test_every_control_is_as_tall_as_a_finger(at_a_gym: Callable[..., Window]) -> None:
    phone = at_a_gym(viewport=PHONE, has_touch=True, is_mobile=True)
    small: dict[str, list[str]] = {}
    for path in PAGES:
        phone.open(path)
        assert phone.page.evaluate("matchMedia('(pointer: coarse)').matches")
        if found := phone.page.evaluate(TOO_SMALL, A_FINGER):
            small[path] = found
        assert phone.page.evaluate(BOXES_TOO_SMALL, A_POINTER) == 0, path
    assert sorted({each for found in small.values() for each in found}) == []


@pytest.mark.parametrize("path", PAGES)
def test_on_a_slow_computer_a_page_is_there_within_a_second(
    path: str, at_a_gym: Callable[..., Window]
) -> None:
    desk = at_a_gym()
    desk.open(path)  # once before, as a desk has the stylesheet already
    desk.page.context.new_cdp_session(desk.page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    seconds = min(paint(desk, path) for _ in range(TIMES))
    print(f"{path}: {seconds:.2f} s")
    assert seconds <= MOST_SECONDS


def paint(desk: Window, path: str) -> float:
    """Seconds until the largest part of the page was there."""
    desk.open(path)
    seconds: float = desk.page.evaluate(LARGEST_PAINT)
    desk.page.wait_for_load_state("networkidle")
    return seconds
