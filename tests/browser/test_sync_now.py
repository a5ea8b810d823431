"""Sync now in a browser: what the page says stays true from the press to the outcome, and no rule is broken."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from integrations.kisi.simulator.faults import Kind
from tests.browser.conftest import Window
from tests.browser.served import Served

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(170)]
Open = Callable[..., Window]
LONGER_THAN_A_SECOND = 1.3  # from then on the pressed button says that it is busy
REPORTS = (
    "window.reports = []; addEventListener('securitypolicyviolation', e => reports.push(e.violatedDirective))"
)


@pytest.fixture
def desk(served: Served, windows: Open) -> Window:
    """Ana's page; she has access."""
    house = served.house
    house.connect()
    ana = house.member("Ana Ruiz")
    house.sync()
    assert house.inside() == ["ana"]
    window = windows(served)
    window.page.add_init_script(REPORTS)
    window.page.context.add_cookies([served.cookie()])
    window.open(f"/members/{ana.pk}/")
    return window


def test_from_the_press_to_the_outcome(served: Served, desk: Window) -> None:
    page, house = desk.page, served.house
    tag = page.locator("#door-access .title .tag")
    house.world.fault(path="/users", kind=Kind.PASS, delay=LONGER_THAN_A_SECOND)
    page.get_by_role("button", name="Sync now for").click()
    expect(page.get_by_role("button", name="Asking Kisi")).to_be_visible()
    expect(page.locator(".checks .ok")).to_have_count(5)
    expect(tag).to_have_text("Can get in")
    expect(page.locator("#door-access")).to_contain_text("Core is checking Kisi now.")
    house.sync()
    expect(page.locator("#door-access")).not_to_contain_text("Core is checking Kisi now.")
    expect(tag).to_have_class("tag ok")
    expect(page.locator("#door-access")).not_to_contain_text("Core is at work")
    assert page.evaluate("reports") == []


def test_who_was_suspended_and_is_not_any_more(served: Served, desk: Window) -> None:
    page, house = desk.page, served.house
    tag = page.locator("#door-access .title .tag")
    for is_suspended, word in ((True, "Suspended"), (False, "Can get in")):
        house.world.suspend("ana@example.com", is_on=is_suspended)
        page.get_by_role("button", name="Sync now for").click()
        expect(tag).to_have_text(word)
        house.sync()
        expect(page.locator("#door-access")).not_to_contain_text("Core is at work")
        expect(tag).to_have_text(word)
        page.reload()
        expect(tag).to_have_text(word)
