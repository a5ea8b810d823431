"""Connecting with everything that can go wrong, another group, and what is left behind in the old one."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.kisi.models import KisiConnection
from tests.browser import states
from tests.browser.conftest import KISI, Window
from tests.browser.scenes.kinds import Scene, unfold
from tests.browser.served import Served
from tests.factories import GymFactory


def refused(served: Served, desk: Window) -> Iterator[str]:
    """The second step: each failure in its own words."""
    house, world = served.house, served.house.world
    weak = world.add_key(world.add_user("desk@example.com", "Front Desk"))
    _agree(served, desk)
    yield from _tried(desk, "missing", "", "")
    yield from _tried(desk, "no-number", "12a", world.api_key)
    yield from _tried(desk, "too-weak", str(world.group_id), weak)
    yield from _tried(desk, "no-group", "999999", world.api_key)
    world.fault(path="/user", status=429, times=0)
    yield from _tried(desk, "busy", str(world.group_id), world.api_key)
    world.clear_faults()
    world.fault(path="/user", status=500, times=0)
    yield from _tried(desk, "odd", str(world.group_id), world.api_key)
    world.clear_faults()
    KisiConnection.objects.create(gym=GymFactory(), group_id=house.world.group_id)
    yield from _tried(desk, "taken", str(world.group_id), world.api_key)


def with_people(served: Served, desk: Window) -> Iterator[str]:
    """The third step: all four kinds of people, their names shown, and Move-in next."""
    house = served.house
    house.member("Old Hand", status="cancelled")
    house.in_kisi("Old")
    house.in_kisi("Cleaner")
    house.member("Zoe Quinn")
    _agree(served, desk)
    yield from _tried(
        desk, "", served.printed["group_id"], served.printed["api_key"], name="connect-3-losers"
    )
    unfold(desk)
    yield "connect-3-names"


def without_doors(served: Served, desk: Window) -> Iterator[str]:
    """The third step: the group opens nothing, and no plan gives access."""
    house = served.house
    house.plan.has_24hr_access = False
    house.plan.save()
    empty = house.world.add_group("Empty", [])
    _agree(served, desk)
    yield from _tried(desk, "", str(empty.id), house.world.api_key, name="connect-3-no-doors")


def another_group(served: Served, desk: Window) -> Iterator[str]:
    """The check page, and the people left behind on the overview."""
    house = served.house
    group = house.world.add_group("Second floor", [house.world.add_door("Upstairs")])
    desk.open(f"{KISI}credentials/")
    _try(desk, str(group.id), house.world.api_key, "Try and save")
    yield "credentials-another-group"
    desk.page.get_by_label("API key").fill(house.world.api_key)
    desk.press(f"Use group {group.id}")
    yield "overview-left-behind"
    house.sync()
    desk.open(KISI)
    yield "overview-left-behind-later"
    desk.open(f"{KISI}left-behind/")
    yield "left-behind"


def other_key(served: Served, desk: Window) -> Iterator[str]:
    """A key of another organization; and a new one that is saved."""
    house = served.house
    other = house.world.add_organization("Summit", owner=("Zoe", "zoe@example.com"))
    desk.open(f"{KISI}credentials/")
    _try(desk, str(house.world.group_id), other.api_key, "Try and save")
    yield "credentials-wrong-organization"
    _try(desk, str(house.world.group_id), house.world.add_key(house.world.owner), "Try and save")
    yield "overview-new-key"


def leaving(served: Served, desk: Window) -> Iterator[str]:
    """Disconnected with the access removed first: asked for, at work, done; then the way back."""
    desk.open(f"{KISI}disconnect/")
    desk.page.get_by_label("First remove the access Core gave").check()
    desk.press("Disconnect Kisi")
    yield "overview-just-disconnecting"
    served.house.sync()
    desk.open(KISI)
    yield "overview-disconnected-empty"
    desk.open(f"{KISI}reconnect/")
    desk.press("Reconnect")
    yield "reconnect-with-errors"


def _agree(served: Served, desk: Window) -> None:
    states.never(served.house)
    desk.open(f"{KISI}connect/")
    desk.press("Agree and Continue")


def _tried(desk: Window, state: str, group: str, key: str, *, name: str = "") -> Iterator[str]:
    desk.open(f"{KISI}connect/credentials/")
    _try(desk, group, key, "Connect")
    yield name or f"connect-2-{state}"


def _try(desk: Window, group: str, key: str, button: str) -> None:
    desk.page.get_by_label("Group ID").fill(group)
    desk.page.get_by_label("API key").fill(key)
    desk.press(button)


SCENES: dict[str, Scene] = {
    "connect-refused": refused,
    "connect-people": with_people,
    "connect-no-doors": without_doors,
    "another-group": another_group,
    "another-key": other_key,
    "leaving": leaving,
}
