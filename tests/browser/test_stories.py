"""What people do, told once by keyboard alone and once without scripts, and every way connecting can fail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from integrations.kisi.models import KisiConnection
from integrations.kisi.simulator import Kind
from tests.browser import states
from tests.browser.conftest import KISI, Window
from tests.browser.looks import Inspector
from tests.browser.served import Served
from tests.factories import GymFactory

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True), pytest.mark.timeout(170)]
Open = Callable[..., Window]
MOST_TABS = 60
FOCUS = r"""() => {
  const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const label = at.labels && at.labels[0] ? at.labels[0].innerText : '';
  return {
    name: (at.innerText || at.getAttribute('aria-label') || label).replace(/\s+/g, ' ').trim(),
    is_body: at === document.body, seen: box.width > 0 && box.top < innerHeight && box.bottom > 0,
    ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 3,
  };
}"""
KEY_UNTRIED = "Enter the key again: Core has not tried it, and keeps no key before it works."
ODD = "Kisi did not answer as expected."


@pytest.fixture
def desk(served: Served, windows: Open) -> Window:
    return _signed_in(served, windows)


@pytest.fixture
def plain(served: Served, windows: Open) -> Window:
    """Signed in, without scripts."""
    return _signed_in(served, windows, java_script_enabled=False)


class TestByKeyboardAlone:
    def test_from_the_sign_in_to_connected(self, served: Served, windows: Open) -> None:
        desk = windows(served)
        email, password = served.sign_in("admin")
        served.house.members(2)
        desk.open("/marketplace/")
        keys = desk.page.keyboard
        _tab_to(desk.page, "Email")
        keys.type(email)
        _tab_to(desk.page, "Password")
        keys.type(password)
        _enter(desk, "Sign in")
        _enter(desk, "Connect Kisi")
        _enter(desk, "Agree and Continue")
        _tab_to(desk.page, "Group ID")
        keys.type(served.printed["group_id"])
        _tab_to(desk.page, "API key")
        keys.type(served.printed["api_key"])
        _enter(desk, "Connect")
        assert desk.heading() == "Kisi is connected"
        served.house.sync()
        _enter(desk, "Open Kisi")
        assert desk.state() == "Connected"
        assert served.inside() == {"p000@example.com", "p001@example.com"}

    def test_a_plan_is_turned_off(self, served: Served, desk: Window) -> None:
        states.settle(served.house)
        desk.open(f"/plans/{served.house.plan.pk}/")
        _tab_to(desk.page, "24-hr access")
        desk.page.keyboard.press("Space")
        _enter(desk, "Save plan")
        _enter(desk, "Turn off and remove access for 12 people")
        assert desk.page.evaluate("document.activeElement.id") == "result"
        served.house.sync()
        assert served.inside() == set()

    def test_held_removals_are_chosen_and_allowed(self, served: Served, desk: Window) -> None:
        states.settle(served.house)
        states.held(served.house)
        desk.open("/")
        _enter(desk, "Review 7 removals")
        names = desk.page.locator("main tbody label bdi").all_inner_texts()
        for name in names[:2]:
            _tab_to(desk.page, name)
            desk.page.keyboard.press("Space")
        _enter(desk, "Remove access for selected people")
        assert "Access of 2 people is being removed." in desk.text()
        served.house.sync()
        assert len(served.inside()) == 10

    def test_move_in_is_finished_by_cutting_over(self, served: Served, desk: Window) -> None:
        _moving_in(served)
        desk.open(KISI)
        _enter(desk, "Cut over")
        _enter(desk, "Cut over and remove access for 1 person")
        assert desk.page.evaluate("document.activeElement.id") == "problems"
        _tab_to(desk.page, "From now on Core alone decides")
        desk.page.keyboard.press("Space")
        _enter(desk, "Cut over and remove access for 1 person")
        served.house.sync()
        assert served.inside() == {"ana@example.com", "cleaner@example.com"}

    def test_the_first_tab_offers_to_skip_to_the_content(self, served: Served, desk: Window) -> None:
        states.settle(served.house)
        desk.open(KISI)
        desk.page.keyboard.press("Tab")
        assert desk.page.evaluate(FOCUS)["name"] == "Skip to the content"
        desk.page.keyboard.press("Enter")
        desk.page.keyboard.press("Tab")
        assert desk.page.evaluate("document.querySelector('main').contains(document.activeElement)")


class TestWithoutScripts:
    def test_held_removals_are_allowed_one_by_one_and_the_rest_kept(
        self, served: Served, plain: Window
    ) -> None:
        states.settle(served.house)
        states.held(served.house)
        plain.open("/")
        plain.follow("Review 7 removals")
        boxes = plain.page.locator("main td input[type=checkbox], main th input[type=checkbox]")
        assert boxes.count() == 7
        plain.press("Remove access for selected people")
        assert plain.page.title().startswith("Error: ")
        assert "Select at least one person" in plain.text()
        boxes.nth(0).check()
        boxes.nth(1).check()
        plain.press("Remove access for selected people")
        assert "Access of 2 people is being removed." in plain.text()
        served.house.sync()
        assert len(served.inside()) == 10
        plain.open(f"{KISI}attention/held/")
        for number in range(5):
            boxes.nth(number).check()
        plain.press("Keep access for selected people")
        assert "5 people keep their access." in plain.text()
        served.house.sync()
        assert len(served.inside()) == 10
        plain.open(KISI)
        assert plain.state() == "Connected"

    def test_move_in_is_finished_by_cutting_over(self, served: Served, plain: Window) -> None:
        _moving_in(served)
        plain.open(KISI)
        assert plain.state() == "Moving in"
        plain.follow("Cut over")
        assert plain.heading() == "Make Core the only source?"
        assert "1 person loses access" in plain.text()
        plain.press("Cut over and remove access for 1 person")
        assert "Confirm that Core alone decides" in plain.text()
        plain.page.locator("main input[type=checkbox]").check()
        plain.press("Cut over and remove access for 1 person")
        assert "Core is the only source now. 1 person loses access." in plain.text()
        served.house.sync()
        assert served.inside() == {"ana@example.com", "cleaner@example.com"}

    def test_leaving_removes_what_core_gave(self, served: Served, plain: Window) -> None:
        states.settle(served.house)
        served.house.in_kisi("Cleaner")
        plain.open(f"{KISI}disconnect/")
        plain.press("Disconnect Kisi")
        assert "Choose what happens to the access" in plain.text()
        plain.page.get_by_label("First remove the access Core gave (12 people)").check()
        plain.press("Disconnect Kisi")
        assert plain.state() == "Disconnecting"
        served.house.sync()
        assert served.inside() == {"cleaner@example.com"}
        plain.open(KISI)
        assert plain.state() == "Disconnected"


class TestTheForecastIsWhatHappens:
    """The names on the page between are the names that change at the doors, and nobody else."""

    def test_turning_a_plan_off_and_on(self, served: Served, desk: Window) -> None:
        house = served.house
        states.settle(house)
        house.member("Both Plans")
        house.sync()
        club = house.gym.plans.get(name="Day Pass Club")
        before = served.inside()
        named = _turn(desk, club.pk, True)
        assert named == {"Mila Frost", "Nils Berg"}
        house.sync()
        assert served.inside() - before == {"mila@example.com", "nils@example.com"}
        assert _turn(desk, club.pk, False) == named
        house.sync()
        assert served.inside() == before

    def test_a_list_that_moved_is_shown_again_with_what_moved(self, served: Served, desk: Window) -> None:
        house = served.house
        states.settle(house)
        _ask(desk, house.plan.pk, False)
        house.member("Late Comer")
        house.sync()
        desk.press("Turn off and remove access for 12 people")
        assert "The list changed while you were reading: 1 more, 0 fewer. Check it again." in desk.text()
        assert len(served.inside()) == 13
        desk.press("Turn off and remove access for 13 people")
        house.sync()
        assert served.inside() == set()


class TestConnectingFails:
    """Each failure is said in place, the key field is empty, nothing is saved; then the right key connects."""

    def test_every_failure_and_then_the_right_key(self, served: Served, desk: Window) -> None:
        world, looker = served.house.world, Inspector(desk)
        weak = world.add_key(world.add_user("desk@example.com", "Front Desk"))
        taken = KisiConnection.objects.create(gym=GymFactory(), group_id=4711)
        desk.open(f"{KISI}connect/")
        desk.press("Agree and Continue")
        for group, key, fault, words in (
            ("", "", {}, ("Enter the Group ID", "Enter the API key")),
            ("twelve", "x", {}, ("Group ID must be a number", KEY_UNTRIED)),
            (None, "not-a-key-of-anybody", {}, ("Kisi does not accept this API key.",)),
            (None, weak, {}, ("Front Desk, whose key this is, may not change people in Kisi.",)),
            ("999999", None, {}, ("This key sees no group 999999 in Small Gym.", "This key works.")),
            (str(taken.group_id), None, {}, ("This group is already connected in Core.", "This key works.")),
            (None, None, {"status": 429}, ("Kisi is busy with other requests for this key.",)),
            (None, None, {"status": 500}, (ODD,)),
            (None, None, {"kind": Kind.HTML}, (ODD,)),
            (None, None, {"kind": Kind.LOST}, (ODD,)),
        ):
            if fault:
                world.fault(path="/user", times=0, **fault)
            self._try(served, desk, group, key)
            world.clear_faults()
            looker.wrong += [f"{words}: {wrong}" for wrong in self._wrong(desk, words)]
        looker.look(name="connecting failed")
        assert looker.wrong == []
        assert not KisiConnection.objects.filter(gym=served.house.gym).exists()
        self._try(served, desk, None, None)
        assert desk.heading() == "Kisi is connected"

    def _try(self, served: Served, desk: Window, group: str | None, key: str | None) -> None:
        desk.open(f"{KISI}connect/credentials/")
        typed = served.printed["group_id"] if group is None else group
        desk.page.get_by_label("Group ID").fill(typed)
        desk.page.get_by_label("API key").fill(served.printed["api_key"] if key is None else key)
        desk.press("Connect")

    def _wrong(self, desk: Window, words: tuple[str, ...]) -> list[str]:
        page, said = desk.page, desk.text()
        wrong = [f"“{sentence}” is not said" for sentence in words if sentence not in said]
        if not page.title().startswith("Error: "):
            wrong.append(f"the title is {page.title()}")
        if page.get_by_label("API key").input_value():
            wrong.append("the key is still there")
        if page.evaluate("document.activeElement.id") != "problems":
            wrong.append("the summary has no focus")
        return wrong


def _signed_in(served: Served, windows: Open, **options: object) -> Window:
    found = windows(served, **options)
    found.page.context.add_cookies([served.cookie()])
    return found


def _moving_in(served: Served) -> None:
    """Connected to a group in which one person is entitled, one left the gym, and one is nobody Core knows."""
    house = served.house
    house.member("Ana")
    house.member("Old Timer", status="cancelled")
    for name in ("Ana", "Old", "Cleaner"):
        house.in_kisi(name)
    house.connect(by=states.staff(house).user)
    house.sync()


def _tab_to(page: Page, words: str) -> None:
    """Press Tab until it is reached; wherever the focus is on the way, it is seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at["is_body"]:
            continue
        assert at["ring"] and at["seen"], f"the focus is not seen at {at}"
        if at["name"].startswith(words):
            return
    raise AssertionError(f"no Tab leads to {words}")


def _enter(desk: Window, words: str) -> None:
    _tab_to(desk.page, words)
    with desk.page.expect_navigation():
        desk.page.keyboard.press("Enter")


def _ask(desk: Window, plan_id: int, opens: bool) -> set[str]:
    """Tick or untick 24-hr access; the names on the page between."""
    desk.open(f"/plans/{plan_id}/")
    desk.page.get_by_label("24-hr access").set_checked(opens)
    desk.press("Save plan")
    expect(desk.page.locator("h1")).to_contain_text("24-hr access")
    return set(desk.page.locator("main .names").first.locator("li").all_inner_texts())


def _turn(desk: Window, plan_id: int, opens: bool) -> set[str]:
    named = _ask(desk, plan_id, opens)
    act = "Turn on for" if opens else "Turn off and remove access for"
    desk.press(f"{act} {len(named)} people")
    return named
