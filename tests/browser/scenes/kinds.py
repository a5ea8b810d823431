"""What a scene is: given a settled gym and a window of its admin, it opens pages and names each once it is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.browser.conftest import Window
from tests.browser.served import Served

Scene = Callable[[Served, Window], Iterator[str]]
