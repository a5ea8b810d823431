"""The members list in a browser: what is searched and chosen while typing stands in the address."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import states
from tests.browser.conftest import Window
from tests.browser.served import Served

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(170)]
Open = Callable[..., Window]


@pytest.fixture
def desk(served: Served, windows: Open) -> Window:
    states.settle(served.house)
    window = windows(served)
    window.page.context.add_cookies([served.cookie()])
    window.open("/members/")
    return window


def test_typing_puts_the_search_into_the_address_and_back_keeps_it(desk: Window) -> None:
    page = desk.page
    page.get_by_label("Search by name or email").press_sequentially("novak")
    expect(page.locator("#found caption")).to_have_text("1 member")
    assert desk.page.url.endswith("/members/?q=novak")
    desk.follow("Ivo Novak")
    page.go_back()
    expect(page.get_by_label("Search by name or email")).to_have_value("novak")
    expect(page.locator("#found caption")).to_have_text("1 member")
    page.reload()
    expect(page.locator("#found caption")).to_have_text("1 member")


def test_what_is_chosen_goes_into_the_address_with_what_is_searched(desk: Window) -> None:
    page = desk.page
    page.get_by_label("Door access").select_option("Can get in")
    expect(page.locator("#found caption")).to_have_text("12 members")
    page.get_by_label("Cause").select_option("Active")
    page.wait_for_url("**/members/?access=in&cause=active")
    page.get_by_label("Sort by").select_option("Newest first")
    page.wait_for_url("**/members/?access=in&cause=active&sort=newest")
    page.reload()
    expect(page.get_by_label("Cause")).to_have_value("active")
    expect(page.locator("#found th a").first).to_have_text("Lena Vogel")
