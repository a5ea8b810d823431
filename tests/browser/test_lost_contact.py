"""A page that asks Core again and again says so when no answer comes, and takes it back when one does."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import KISI, Window
from tests.browser.served import Served

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(170)]
POLL = "**/marketplace/kisi/?seen=*"
OF_NO_ANSWER = ("ERR_FAILED", "htmx:sendError", "htmx:afterRequest")
EVERY = 31  # seconds; a quiet page asks each half minute


def test_two_lost_polls_are_said_and_the_next_answer_takes_it_back(
    served: Served, windows: Callable[..., Window]
) -> None:
    served.house.connect()
    served.house.member("Ana Ruiz")
    served.house.sync()
    desk = windows(served)
    page = desk.page
    page.clock.install()
    page.context.add_cookies([served.cookie()])
    desk.open(KISI)
    as_of = page.locator("#as-of")
    for _ in ("once", "and once more"):
        said = as_of.inner_text()
        page.route(POLL, lambda route: route.abort())
        ask(desk)
        expect(as_of).to_have_text(said)
        ask(desk)
        expect(as_of).to_contain_text("This page lost contact with Core at ")
        expect(as_of).to_contain_text("Reload to see how things are now.")
        page.unroute(POLL)
        ask(desk)
        expect(as_of).to_contain_text("As of ")
    desk.wrong[:] = [line for line in desk.wrong if not any(word in line for word in OF_NO_ANSWER)]


def ask(desk: Window) -> None:
    with desk.page.expect_request(POLL):
        desk.page.clock.fast_forward(EVERY * 1000)
