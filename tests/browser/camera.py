"""Takes pictures of a page, light and dark, at a desk and on a phone, into a folder that nobody keeps."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import DESK, Window
from tests.browser.looks import PHONE

FOLDER = Path(__file__).resolve().parents[2] / ".screenshots"


def shoot(desk: Window, page: str, state: str) -> None:
    """Four files: page-state-width-theme.png."""
    shoot_scene(desk, f"{page}-{state}")


def shoot_scene(desk: Window, name: str) -> None:
    """The page that is open, in both widths and both themes."""
    FOLDER.mkdir(exist_ok=True)
    for size in (DESK, PHONE):
        desk.page.set_viewport_size(size)
        for theme in ("light", "dark"):
            desk.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            path = FOLDER / f"{name}-{size['width']}-{theme}.png"
            desk.page.screenshot(path=path, full_page=True, animations="disabled")
    desk.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    desk.page.set_viewport_size(DESK)


def open_and_shoot(desk: Window, page: str, state: str, path: str) -> None:
    desk.open(path)
    shoot(desk, page, state)


def shoot_otherwise(desk: Window, name: str) -> None:
    """The page that is open on paper, and in the few colors that a person has chosen for everything."""
    FOLDER.mkdir(exist_ok=True)
    for way, media in (("print", {"media": "print"}), ("forced", {"forced_colors": "active"})):
        desk.page.emulate_media(**media)
        desk.page.screenshot(path=FOLDER / f"{name}-{way}.png", full_page=True, animations="disabled")
        desk.page.emulate_media(media="screen", forced_colors="none")
