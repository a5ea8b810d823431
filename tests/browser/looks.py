"""What must be true of every page, however it is looked at: axe, no sideways scroll, one heading, a title."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESK, Window

PHONE = {"width": 390, "height": 844}
ZOOMED = {"width": 320, "height": 800}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
MOST_SHIFT = 0.05
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}

SPACED_OUT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; "
    + "word-spacing: .16em !important; } p { margin-bottom: 2em !important; }");
  document.adoptedStyleSheets = [sheet];
  const wide = document.documentElement.scrollWidth;
  const cut = [...document.querySelectorAll("main *:not(input, textarea, select)")]
    .filter(node => ["hidden", "clip"].includes(getComputedStyle(node).overflowX) && !node.closest(".sr")
      && node.scrollWidth > node.clientWidth + 1)
    .map(node => "cut off: " + node.outerHTML.slice(0, 60));
  document.adoptedStyleSheets = [];
  return wide > innerWidth ? ["scrolls sideways: " + wide, ...cut] : cut;
}"""


@dataclass
class Inspector:
    """Looks at pages, and remembers their titles and what was wrong."""

    window: Window
    titles: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.window.page

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def look(self, *, name: str = "") -> None:
        """At a desk in the light, on a phone in the dark, zoomed in to 400 %."""
        name = name or self.path
        self.glance(name=name)
        self._axe(f"{name} at a desk")
        self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        self.page.set_viewport_size(PHONE)
        self._axe(f"{name} on a phone")
        self.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        self.page.set_viewport_size(DESK)

    def glance(self, *, name: str = "") -> None:
        """What takes no time to see: nothing moved, one heading, a title of its own, no sideways scroll."""
        name = name or self.path
        self._stillness(name)
        self._heading_and_title(name)
        for size in (DESK, PHONE, ZOOMED):
            self.page.set_viewport_size(size)
            wide = self.page.evaluate("document.documentElement.scrollWidth")
            if wide > size["width"]:
                self._say(f"{name} scrolls sideways: {wide} at {size['width']} px")
        self._spacing(name)
        self.page.set_viewport_size(DESK)

    def _spacing(self, name: str) -> None:
        """Nothing is lost when a reader spaces the text out (WCAG 1.4.12)."""
        self.page.set_viewport_size(PHONE)
        cut = self.page.evaluate(SPACED_OUT)
        if cut:
            self._say(f"{name} with spaced text: {', '.join(cut[:3])}")

    def links(self) -> Iterator[str]:
        """The addresses in Core that this page leads to, but lists to take away."""
        hrefs = self.page.locator("a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        for href in hrefs:
            address = urljoin(self.page.url, href).partition("#")[0]
            if address.startswith(self.window.site.url) and ".csv" not in address:
                yield address.removeprefix(self.window.site.url)

    def _stillness(self, name: str) -> None:
        """Nothing moved under the reader's eyes while the page came."""
        shift = self.page.evaluate("window.shift || 0")
        if shift > MOST_SHIFT:
            self._say(f"{name} shifts by {shift:.3f}")

    def _heading_and_title(self, name: str) -> None:
        headings = self.page.locator("h1").count()
        title = self.page.title()
        other = self.titles.setdefault(title, self.path)
        if headings != 1:
            self._say(f"{name} has {headings} h1")
        if not re.search(r"\S+ – .+Core$|\S+ – Core$", title):
            self._say(f"{name} is titled “{title}”")
        if other != self.path:
            self._say(f"{name} has the title of {other}: “{title}”")

    def _axe(self, where: str) -> None:
        found: list[dict[str, Any]] = Axe().run(self.page, options=OPTIONS).response["violations"]
        for violation in found:
            nodes = ", ".join(node["html"][:120] for node in violation["nodes"][:3])
            self._say(f"{where}: {violation['id']}: {nodes}")

    def _say(self, what: str) -> None:
        self.wrong.append(what)


def crawl(inspector: Inspector, *, begin: list[str], most: dict[str, int]) -> set[str]:
    """Follow every link, one page of each kind (`most` may allow more); the kinds."""
    waiting, seen = list(begin), dict[str, int]()
    known = set(waiting)
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if seen.get(kind, 0) >= most.get(kind, 1):
            continue
        seen[kind] = seen.get(kind, 0) + 1
        inspector.window.open(address)
        inspector.look(name=address)
        for link in inspector.links():
            if link not in known:
                known.add(link)
                waiting.append(link)
    return set(seen)


def kind_of(address: str) -> str:
    """`/members/12/` and `/members/7/?page=2` are of one kind."""
    return re.sub(r"(?<=/)\d+(?=/)", "N", urlsplit(address).path)
