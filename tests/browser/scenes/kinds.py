"""What a scene is: given a settled gym and a window of its admin, it opens pages and names each once it is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.browser.conftest import Window
from tests.browser.served import Served

Scene = Callable[[Served, Window], Iterator[str]]


def unfold(desk: Window) -> None:
    """Open everything that is folded; what a person unfolds may push the rest down, so that does not count."""
    for summary in desk.page.locator("main summary").all():
        summary.click()
    desk.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
    desk.page.evaluate("window.shift = 0")
