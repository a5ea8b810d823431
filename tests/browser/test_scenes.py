"""Every page beyond the states is sound too: axe, no sideways scroll, one heading, a title, nothing in the console."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser import states
from tests.browser.conftest import Window
from tests.browser.looks import Inspector
from tests.browser.scenes import SCENES
from tests.browser.served import Served

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(170)]
Open = Callable[..., Window]
NO_PAGES = {"mails"}  # they are read elsewhere, and have no heading or title of ours


@pytest.mark.parametrize("name", sorted(SCENES.keys() - NO_PAGES))
def test_every_page_of_a_scene_is_sound(served: Served, windows: Open, name: str) -> None:
    states.settle(served.house)
    desk = windows(served)
    desk.page.context.add_cookies([served.cookie()])
    looker = Inspector(desk)
    for page in SCENES[name](served, desk):
        looker.look(name=page)
    assert looker.wrong == []
