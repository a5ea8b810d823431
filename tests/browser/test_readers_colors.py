"""In forced colors, the reader's own, the page one is on, a status and the focus are still told apart."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.conftest import KISI, Window

EDGE = "node => getComputedStyle(node).borderBottomColor"


def test_the_current_tab_a_status_and_the_focus_are_seen(window: Callable[..., Window]) -> None:
    desk = window()
    desk.sign_in()
    if not desk.is_connected():
        desk.connect()
    desk.page.emulate_media(forced_colors="active")
    for path, links in ((KISI, ".tabs"), ("/members/", "nav.main")):
        desk.open(path)
        current = desk.page.locator(f"{links} a[aria-current]").first.evaluate(EDGE)
        others = {link.evaluate(EDGE) for link in desk.page.locator(f"{links} a:not([aria-current])").all()}
        assert current not in others, path
    desk.open(KISI)
    tag = desk.page.locator(".tag").first
    assert tag.evaluate(EDGE) != tag.evaluate("node => getComputedStyle(node).backgroundColor")
    desk.page.keyboard.press("Tab")
    assert desk.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
