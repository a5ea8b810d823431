"""Every page at a desk and on a phone, in the light and in the dark: axe, width, heading, title."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.conftest import KISI, Window
from tests.browser.demo import Demo, until
from tests.browser.looks import Inspector, crawl

pytestmark = pytest.mark.timeout(170)
Open = Callable[..., Window]
EVERY_KIND = {
    *("/", "/plans/", "/plans/new/", "/plans/N/", "/members/", "/members/new/", "/members/N/"),
    *("/members/N/edit/", "/members/N/delete/", "/members/N/subscriptions/new/"),
    *("/members/N/subscriptions/N/pause/", "/members/N/subscriptions/N/cancel-now/"),
    *(
        "/marketplace/",
        KISI,
        f"{KISI}activity/",
        f"{KISI}attention/",
        f"{KISI}move-in/",
        f"{KISI}troubleshooting/",
        f"{KISI}help/move-in/",
        f"{KISI}credentials/",
    ),
    *(f"{KISI}rules/", f"{KISI}disconnect/", "/accounts/2fa/"),
}


@pytest.fixture
def admin(window: Open) -> Inspector:
    """At the integration page of a connected gym."""
    desk = window()
    desk.sign_in()
    if not desk.is_connected():
        desk.connect()
    desk.becomes("Connected")
    return Inspector(desk)


def test_every_page_an_admin_can_reach_by_links_is_sound(admin: Inspector) -> None:
    admin.window.member("Carla Bianchi")  # active: every act is offered
    kinds = crawl(admin, begin=["/", admin.path], most={"/members/N/": 5})
    assert kinds >= EVERY_KIND
    assert admin.wrong == []


def test_every_page_for_staff_is_sound(running: Demo, window: Open) -> None:
    desk = window()
    desk.open("/accounts/login/")
    staff = Inspector(desk)
    staff.look()
    desk.sign_in("staff")
    for path in ("/", "/marketplace/", KISI, f"{KISI}activity/", f"{KISI}attention/"):
        desk.open(path)
        staff.look()
    desk.open(f"{KISI}rules/")
    assert desk.heading() == "Only admins can open this page"
    staff.look()
    assert desk.wrong and all("403" in line for line in desk.wrong)
    desk.wrong.clear()
    assert staff.wrong == []


def test_what_a_press_leads_to_is_sound(admin: Inspector) -> None:
    """Errors of forms, and the page between press and done."""
    desk = admin.window
    for path, button in (
        ("/plans/new/", "Save plan"),
        ("/members/new/", "Add member"),
        (f"{KISI}credentials/", "Try and save"),
        (f"{KISI}disconnect/", "Disconnect Kisi"),
    ):
        desk.open(path)
        desk.press(button)
        assert desk.page.title().startswith("Error: ")
        assert desk.page.evaluate("document.activeElement.id") == "problems"
        admin.look(name=f"{path} with errors")
    desk.open("/plans/")
    desk.follow("All Hours")
    desk.page.get_by_label("24-hr access").uncheck()
    desk.press("Save plan")
    admin.look(name="turn a plan off")
    assert admin.wrong == []


def test_paused_held_and_without_a_key_the_pages_are_sound(running: Demo, admin: Inspector) -> None:
    desk = admin.window
    desk.open(KISI)
    desk.press("Pause")
    assert desk.state() == "Paused"
    assert desk.page.evaluate("document.activeElement.id") == "result"
    admin.look(name="paused")
    desk.press("Resume")
    _hold(running, desk)
    for path in (KISI, f"{KISI}attention/", f"{KISI}attention/held/", "/", "/marketplace/"):
        desk.open(path)
        admin.look(name=f"{path} while removals are held")
    _needs_a_key(running, desk)
    for path in (KISI, "/"):
        desk.open(path)
        admin.look(name=f"{path} without a key")
    assert admin.wrong == []


def _hold(running: Demo, desk: Window) -> None:
    """More people than the limit expire at once by the clock."""
    chosen = "select s.id from plans_subscription s join plans_plan p on p.id = s.plan_id"
    chosen += " where p.name = 'All Hours' and s.status = 'active' order by s.id limit 8"
    running.sql(f"update plans_subscription set status = 'expired' where id in ({chosen})")  # noqa: S608
    desk.press("Sync now")
    desk.becomes("Removals held")


def _needs_a_key(running: Demo, desk: Window) -> None:
    running.play("faults", status=401, times=0)
    desk.open(KISI)
    desk.press("Sync now")
    desk.becomes("Needs new key")
    running.clear_faults()
    until(lambda: not running.kisi()["faults"], within=5, what="the key works again")
