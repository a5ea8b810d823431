"""A real browser in front of the whole program; skipped where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser import demo
from tests.browser.demo import Demo, until
from tests.browser.served import Served
from tests.conftest import House

HERE = Path(__file__).parent
KISI = "/marketplace/kisi/"
MAIN_STORY = "test_main_job.py"  # from before Kisi is connected
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESK = {"width": 1280, "height": 900}
Start = Callable[[], Demo]
COUNT_SHIFTS = """
  window.shift = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) window.shift += entry.value; })
    .observe({type: "layout-shift", buffered: true});
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All in one process: one demo at a time is enough for a small machine; its main story is told first."""
    items.sort(key=lambda item: item.path != HERE / MAIN_STORY)
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if not Path(CHROMIUM).exists():
                item.add_marker(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}: set CHROMIUM"))


class Site(Protocol):
    """A Core that answers, and what is printed of it: the Group ID and the API key."""

    printed: dict[str, str]

    @property
    def url(self) -> str: ...

    def sign_in(self, role: str) -> tuple[str, str]: ...

    def inside(self) -> set[str]: ...


@dataclass
class Window:
    """One page with everything that went wrong in it, and the few verbs of a person at a desk."""

    page: Page
    site: Site
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.site.url + path)

    def sign_in(self, role: str = "admin") -> None:
        email, password = self.site.sign_in(role)
        self.open("/accounts/login/")
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.press("Sign in")

    def press(self, words: str) -> None:
        """A button, until the page that answers is there."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=words).click()

    def follow(self, words: str, *, within: str = "main") -> None:
        with self.page.expect_navigation():
            self.page.locator(within).get_by_role("link", name=words).first.click()

    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def member(self, name: str) -> None:
        """Find somebody in the members list and open the page."""
        self.open(f"/members/?q={name.replace(' ', '+')}")
        self.follow(name)

    def state(self) -> str:
        """The one word of the integration page."""
        return self.page.locator("h1 .tag").inner_text()

    def is_connected(self) -> bool:
        self.open(KISI)
        return self.state() not in ("Not connected", "Disconnected")

    def becomes(self, state: str, *, within: float = 45) -> None:
        """Reload the integration page until it says so; works without scripts."""

        def is_so() -> bool:
            self.open(KISI)
            return self.state() == state

        until(is_so, within=within, what=f"{state} on the page", every=0.5)

    def disconnect(self) -> None:
        """Everybody keeps the access they have."""
        self.open("/marketplace/kisi/disconnect/")
        self.page.get_by_label("Leave everybody's access as it is").check()
        self.press("Disconnect Kisi")

    def connect(self) -> None:
        """The three steps, with the printed Group ID and key."""
        self.open("/marketplace/")
        self.follow("Connect Kisi")
        if "Reconnect" in self.heading():
            self.follow("Use another group")
        self.press("Agree and Continue")
        self.page.get_by_label("Group ID").fill(self.site.printed["group_id"])
        self.page.get_by_label("API key").fill(self.site.printed["api_key"])
        self.press("Connect")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as engine:
        running = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The whole program, once for all tests here, which run in the order of their files."""
    started = demo.start(tmp_path_factory.mktemp("demo"))
    yield started
    if started.process.poll() is None:
        started.stop()


@pytest.fixture
def windows(browser: Browser) -> Iterator[Callable[..., Window]]:
    """Open a window at a site; nothing may go wrong in it until the test is over."""
    contexts: list[BrowserContext] = []
    opened: list[Window] = []

    def open_window(site: Site, **options: Any) -> Window:
        context = browser.new_context(**({"viewport": DESK} | options))
        contexts.append(context)
        opened.append(_listen(Window(context.new_page(), site)))
        return opened[-1]

    yield open_window
    for context in contexts:
        context.close()
    assert [line for window in opened for line in window.wrong] == []


@pytest.fixture
def window(running: Demo, windows: Callable[..., Window]) -> Callable[..., Window]:
    """The same, at the demo."""
    return lambda **options: windows(running, **options)


@pytest.fixture
def served(house: House, live_server: LiveServer) -> Served:
    """A gym and its simulated Kisi in this process, before anything is connected; the test is the worker."""
    return Served(house, live_server.url)


def _listen(window: Window) -> Window:
    """Errors of scripts, of the console (a CSP report is one) and requests to anybody else."""
    page = window.page
    page.set_default_timeout(10_000)
    page.add_init_script(COUNT_SHIFTS)
    page.on("pageerror", lambda error: window.wrong.append(f"script: {error}"))
    page.on(
        "console", lambda said: window.wrong.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("request", lambda asked: _judge(window, asked.url))
    return window


def _judge(window: Window, url: str) -> None:
    if not url.startswith((window.site.url, "about:", "data:")):
        window.wrong.append(f"request to {url}")
