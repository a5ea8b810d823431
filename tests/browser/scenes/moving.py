"""Moving in: the test at the door, and the cut-over with and without people who lose by it."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.kisi.models import KisiConnection
from plans.models import Subscription
from tests.browser import states
from tests.browser.conftest import KISI, Window
from tests.browser.scenes.kinds import Scene
from tests.browser.served import Served

MOVE_IN, CUT_OVER = f"{KISI}move-in/", f"{KISI}move-in/cut-over/"
SAW = "input[name=saw]"


def step_by_step(served: Served, desk: Window) -> Iterator[str]:
    states.moving_in(served.house)
    for name, query in (("found", "ana"), ("many-found", "e"), ("none-found", "nobody"), ("no-plan", "mila")):
        desk.open(f"{MOVE_IN}?q={query}")
        yield f"move-in-{name}"
    desk.open(f"{MOVE_IN}?member={states.ana(served.house).pk}")
    yield "move-in-chosen"
    desk.press("Sync this person now")
    yield "move-in-asked"
    served.house.sync()
    desk.page.reload()
    yield "move-in-answered"
    desk.press("Record the test")
    yield "move-in-not-seen"
    desk.page.locator(SAW).check()
    desk.press("Record the test")
    yield "move-in-recorded"
    desk.open(CUT_OVER)
    desk.press("Cut over")
    yield "cut-over-with-errors"
    desk.page.locator("input[type=checkbox]").check()
    desk.press("Cut over")
    yield "move-in-finished"


def moved_meanwhile(served: Served, desk: Window) -> Iterator[str]:
    """The list of those who lose changed while it was read."""
    states.moving_in(served.house)
    desk.open(CUT_OVER)
    Subscription.objects.filter(member__first_name="Cleo").update(status="active")
    desk.page.locator("input[type=checkbox]").check()
    desk.press("Cut over")
    yield "cut-over-moved"


def nobody_loses(served: Served, desk: Window) -> Iterator[str]:
    KisiConnection.objects.update(sole_source_since=None)
    desk.open(CUT_OVER)
    yield "cut-over-nobody"


def no_plan(served: Served, desk: Window) -> Iterator[str]:
    KisiConnection.objects.update(sole_source_since=None)
    served.house.plan.has_24hr_access = False
    served.house.plan.save()
    desk.open(MOVE_IN)
    yield "move-in-no-plans"
    desk.open(CUT_OVER)
    yield "cut-over-no-plans"


SCENES: dict[str, Scene] = {
    "move-in": step_by_step,
    "cut-over-moved": moved_meanwhile,
    "cut-over-nobody": nobody_loses,
    "move-in-no-plan": no_plan,
}
