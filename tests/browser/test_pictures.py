"""A picture of every page and state, to be looked at by people: `make screenshots`."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.browser import camera, causes, states
from tests.browser.camera import open_and_shoot, shoot, shoot_otherwise, shoot_scene
from tests.browser.conftest import KISI, Window
from tests.browser.scenes import SCENES
from tests.browser.served import Served
from tests.browser.states import STATES

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
Open = Callable[..., Window]
IN_EVERY_STATE = {
    "dashboard": "/",
    "marketplace": "/marketplace/",
    "overview": KISI,
    "attention": f"{KISI}attention/",
    "move-in": f"{KISI}move-in/",
}
ELSEWHERE = {
    "held": {"held": f"{KISI}attention/held/", "members": "/members/"},
    "failed": {"members": "/members/"},
    "moving-in": {"cut-over": f"{KISI}move-in/cut-over/"},
    "disconnected": {"reconnect": f"{KISI}reconnect/"},
    "needs-new-key": {"credentials": f"{KISI}credentials/", "troubleshooting": f"{KISI}troubleshooting/"},
}
PAGES = {
    "plans": "/plans/",
    "plan-new": "/plans/new/",
    "members": "/members/",
    "members-none-found": "/members/?q=nobody",
    "member-new": "/members/new/",
    "activity": f"{KISI}activity/",
    "rules": f"{KISI}rules/",
    "credentials": f"{KISI}credentials/",
    "disconnect": f"{KISI}disconnect/",
    "troubleshooting": f"{KISI}troubleshooting/",
    "connected": f"{KISI}connect/done/",
    "two-steps": "/accounts/2fa/",
    "password": "/accounts/password/change/",
    "sign-out": "/accounts/logout/",
    "not-found": "/none/",
}
OF_A_MEMBER = ("edit/", "delete/", "subscriptions/new/")
FOR_STRANGERS = {"sign-in": "/accounts/login/", "forgot": "/accounts/password/reset/"}


@pytest.fixture
def desk(served: Served, windows: Open) -> Window:
    states.settle(served.house)
    found = windows(served)
    found.page.context.add_cookies([served.cookie()])
    return found


@pytest.mark.parametrize("state", STATES)
def test_pictures_of_a_state(served: Served, desk: Window, state: str) -> None:
    STATES[state].make(served.house)
    some = ("dashboard", "marketplace", "overview") if state == "never" else tuple(IN_EVERY_STATE)
    pages = {page: IN_EVERY_STATE[page] for page in some} | ELSEWHERE.get(state, {})
    pages["member"] = f"/members/{states.who(served.house).pk}/"
    for page, path in pages.items():
        open_and_shoot(desk, page, state, path)


def test_pictures_of_each_reason(served: Served, desk: Window) -> None:
    for name, member in causes.make(served.house).items():
        open_and_shoot(desk, "member", f"because-{name}", f"/members/{member.pk}/")
    open_and_shoot(desk, "members", "every-reason", "/members/")
    open_and_shoot(desk, "attention", "every-reason", f"{KISI}attention/")


def test_pictures_of_every_other_page(served: Served, desk: Window) -> None:
    ana = f"/members/{states.ana(served.house).pk}/"
    for page, path in PAGES.items():
        open_and_shoot(desk, page, "connected", path)
    for part in OF_A_MEMBER:
        open_and_shoot(desk, f"member-{part.strip('/').replace('/', '-')}", "connected", ana + part)
    desk.open(ana)
    for link in desk.page.locator("main a").evaluate_all("all => all.map(a => a.getAttribute('href'))"):
        if found := re.search(r"/subscriptions/\d+/([a-z-]+)/", link):
            open_and_shoot(desk, f"subscription-{found[1]}", "connected", link)
    desk.wrong.clear()  # not-found answers 404


def test_pictures_after_a_press(served: Served, desk: Window) -> None:
    desk.open("/plans/")
    desk.follow("Open Door")
    shoot(desk, "plan", "connected")
    desk.page.get_by_label("24-hr access").uncheck()
    desk.press("Save plan")
    shoot(desk, "plan-off", "asked")
    for page, path, button in (
        ("plan-new", "/plans/new/", "Save plan"),
        ("member-new", "/members/new/", "Add member"),
        ("credentials", f"{KISI}credentials/", "Try and save"),
        ("disconnect", f"{KISI}disconnect/", "Disconnect Kisi"),
    ):
        desk.open(path)
        desk.press(button)
        shoot(desk, page, "with-errors")
    desk.open(KISI)
    desk.press("Pause")
    shoot(desk, "overview", "just-paused")


def test_pictures_of_connecting(served: Served, windows: Open) -> None:
    for name in states.PEOPLE:
        served.house.member(name)
    served.house.in_kisi("Mara")
    desk = windows(served)
    for page, path in FOR_STRANGERS.items():
        open_and_shoot(desk, page, "stranger", path)
    desk.page.context.add_cookies([served.cookie()])
    open_and_shoot(desk, "connect-1", "new", f"{KISI}connect/")
    desk.press("Agree and Continue")
    shoot(desk, "connect-2", "new")
    desk.page.get_by_label("Group ID").fill(served.printed["group_id"])
    desk.page.get_by_label("API key").fill("not a key of anybody")
    desk.press("Connect")
    shoot(desk, "connect-2", "wrong-key")
    desk.page.get_by_label("API key").fill(served.printed["api_key"])
    desk.press("Connect")
    shoot(desk, "connect-3", "new")


@pytest.mark.parametrize("scene", SCENES)
def test_pictures_of_a_scene(served: Served, desk: Window, scene: str) -> None:
    for name in SCENES[scene](served, desk):
        shoot_scene(desk, name)
    desk.wrong.clear()  # pages that say no answer 4xx, which the console tells


def test_pictures_on_paper_and_in_forced_colors(served: Served, desk: Window) -> None:
    states.held(served.house)
    for name, path in {
        **IN_EVERY_STATE,
        **ELSEWHERE["held"],
        "member": f"/members/{states.ana(served.house).pk}/",
        "people": f"{KISI}people/?all=1",
        "plan": f"/plans/{served.house.plan.pk}/",
    }.items():
        desk.open(path)
        shoot_otherwise(desk, name)


@pytest.mark.parametrize("name", ["forecast", "held", "member"])
def test_small_pictures_for_the_readme(served: Served, desk: Window, name: str) -> None:
    """Into .screenshots too: whoever likes one better than the stored one makes it small and stores it."""
    if name == "forecast":
        desk.open(f"/plans/{served.house.plan.pk}/")
        desk.page.get_by_label("24-hr access").uncheck()
        desk.press("Save plan")
    elif name == "held":
        states.held(served.house)
        desk.open(f"{KISI}attention/held/")
    else:
        desk.open(f"/members/{states.ana(served.house).pk}/")
        desk.page.get_by_role("button", name="Sync now").click()
        desk.page.get_by_role("heading", name="Kisi was asked").wait_for()
        served.house.sync()
        desk.page.reload()
    desk.page.set_viewport_size({"width": 1100, "height": 720})
    desk.page.screenshot(path=camera.FOLDER / f"readme-{name}.png")
