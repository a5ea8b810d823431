"""A real browser in front of the whole program; skipped where there is no Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser import demo
from tests.browser.demo import Demo, until

HERE = Path(__file__).parent
KISI = "/marketplace/kisi/"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
DESK = {"width": 1280, "height": 900}
Start = Callable[[], Demo]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All in one process: one demo at a time is enough for a small machine."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if not Path(CHROMIUM).exists():
                item.add_marker(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}: set CHROMIUM"))


@dataclass
class Window:
    """One page with everything that went wrong in it, and the few verbs of a person at a desk."""

    page: Page
    demo: Demo
    wrong: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.demo.url + path)

    def sign_in(self, role: str = "admin") -> None:
        email, password = self.demo.sign_in(role)
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
        self.page.get_by_label("Group ID").fill(self.demo.printed["group_id"])
        self.page.get_by_label("API key").fill(self.demo.printed["api_key"])
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
def window(browser: Browser, running: Demo) -> Iterator[Callable[..., Window]]:
    """Open a window; nothing may go wrong in it until the test is over."""
    contexts: list[BrowserContext] = []
    windows: list[Window] = []

    def open_window(**options: Any) -> Window:
        context = browser.new_context(**({"viewport": DESK} | options))
        contexts.append(context)
        windows.append(_listen(Window(context.new_page(), running)))
        return windows[-1]

    yield open_window
    for context in contexts:
        context.close()
    assert [line for opened in windows for line in opened.wrong] == []


def _listen(window: Window) -> Window:
    """Errors of scripts, of the console (a CSP report is one) and requests to anybody else."""
    page = window.page
    page.set_default_timeout(10_000)
    page.on("pageerror", lambda error: window.wrong.append(f"script: {error}"))
    page.on(
        "console", lambda said: window.wrong.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("request", lambda asked: _judge(window, asked.url))
    return window


def _judge(window: Window, url: str) -> None:
    if not url.startswith((window.demo.url, "about:", "data:")):
        window.wrong.append(f"request to {url}")
