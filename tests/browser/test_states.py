"""Every state of a connection on the pages that show it: whole, accessible, still, and green only when it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import causes, states
from tests.browser.causes import CAUSES
from tests.browser.conftest import KISI, Window
from tests.browser.looks import Inspector
from tests.browser.served import Served
from tests.browser.states import STATES

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(170)]
Open = Callable[..., Window]
SHOWS_IT = {
    "overview": KISI,
    "dashboard": "/",
    "marketplace": "/marketplace/",
    "attention": f"{KISI}attention/",
}


@pytest.fixture
def settled(served: Served) -> Served:
    states.settle(served.house)
    return served


@pytest.fixture
def desk(settled: Served, windows: Open) -> Window:
    return _at_work(settled, windows, "admin")


@pytest.mark.parametrize("name", STATES)
def test_a_state_is_said_in_one_word_and_is_sound_on_every_page_that_shows_it(
    settled: Served, desk: Window, name: str
) -> None:
    STATES[name].make(settled.house)
    looker = Inspector(desk)
    for page, path in _pages(settled, name).items():
        desk.open(path)
        if page != "member":
            _is_green_only_when_it_is(looker, page, name)
        looker.look() if page == "overview" else looker.glance()
    assert looker.wrong == []


@pytest.mark.long
@pytest.mark.parametrize("role", ["admin", "staff"])
@pytest.mark.parametrize("name", STATES)
def test_a_state_is_sound_in_every_light(settled: Served, windows: Open, name: str, role: str) -> None:
    desk = _at_work(settled, windows, role)
    STATES[name].make(settled.house)
    looker = Inspector(desk)
    for path in _pages(settled, name).values():
        desk.open(path)
        looker.look()
    assert looker.wrong == []


def test_each_reason_why_somebody_can_or_cannot_get_in_has_a_sound_page(
    settled: Served, desk: Window
) -> None:
    looker = Inspector(desk)
    for name, member in causes.make(settled.house).items():
        desk.open(f"/members/{member.pk}/")
        if CAUSES[name].words not in desk.text():
            looker.wrong.append(f"{name}: “{CAUSES[name].words}” is not in {desk.text()[:300]}")
        looker.glance(name=name)
    assert looker.wrong == []


def _pages(settled: Served, state: str) -> dict[str, str]:
    pages = SHOWS_IT | {"member": f"/members/{states.ana(settled.house).pk}/"}
    return {name: path for name, path in pages.items() if (state, name) != ("never", "attention")}


def _at_work(settled: Served, windows: Open, role: str) -> Window:
    desk = windows(settled)
    desk.page.context.add_cookies([settled.cookie(role)])
    return desk


def _is_green_only_when_it_is(looker: Inspector, page: str, state: str) -> None:
    tags = looker.page.locator("main .tag").all_inner_texts()
    if state != "connected" and looker.page.locator("main .tag.ok").count():
        looker.wrong.append(f"{page} has something green in {state}: {tags}")
    if STATES[state].tag not in tags and (state, page) != ("never", "dashboard"):
        looker.wrong.append(f"{page} does not say {STATES[state].tag}, but {tags}")
