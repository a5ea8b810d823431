"""What the files of a page weigh, and what it fetches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.conftest import KISI, Window
from tests.browser.served import Served

STATIC = Path(__file__).resolve().parents[2] / "config" / "static"
MOST = {"style.css": 20_000, "app.js": 2_000}
MOST_REQUESTS = 6
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("name", MOST)
def test_a_file_that_every_page_loads_is_small(name: str) -> None:
    assert (STATIC / name).stat().st_size < MOST[name]


@pytest.mark.django_db(transaction=True)
def test_a_page_fetches_little_and_from_nobody_else(served: Served, windows: Callable[..., Window]) -> None:
    desk = windows(served)
    desk.page.context.add_cookies([served.cookie()])
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))
    for path in ("/", "/members/", KISI):
        asked.clear()
        desk.open(path)
        desk.page.wait_for_load_state("networkidle")
        assert len(asked) <= MOST_REQUESTS, asked
