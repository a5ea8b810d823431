"""Plans: turned on, turned off beside another, the list that moved meanwhile, archived, without Kisi."""

from __future__ import annotations

from collections.abc import Iterator

from plans.models import Plan, Subscription
from tests.browser import states
from tests.browser.conftest import Window
from tests.browser.scenes.kinds import Scene
from tests.browser.served import Served
from tests.factories import PlanFactory, SubscriptionFactory

BOX = "24-hr access"


def turned_on(served: Served, desk: Window) -> Iterator[str]:
    club = Plan.objects.get(name="Day Pass Club")
    _turn(desk, club)
    yield "plan-on-asked"
    desk.press("Turn on for")
    yield "plan-on-saved"


def turned_off(served: Served, desk: Window) -> Iterator[str]:
    """Some keep it through another plan; then the list moves while it is read."""
    plan = served.house.plan
    other = PlanFactory(gym=served.house.gym, name="Night Owl", price="59.00")
    for member in list(plan.gym.members.filter(subscriptions__plan=plan)[:3]):
        SubscriptionFactory(member=member, plan=other)
    _turn(desk, plan)
    yield "plan-off-some-keep"
    Subscription.objects.filter(plan=plan).order_by("pk").last().delete()
    served.house.member("Zoe Quinn")
    desk.press("Turn off and remove")
    yield "plan-off-moved"
    desk.press("Turn off and remove")
    yield "plan-off-saved"


def many(served: Served, desk: Window) -> Iterator[str]:
    """More names than a page shows at once."""
    served.house.members(70)
    _turn(desk, served.house.plan)
    yield "plan-off-many"


def archived(served: Served, desk: Window) -> Iterator[str]:
    desk.open(f"/plans/{served.house.plan.pk}/")
    desk.press("Archive plan")
    yield "plan-archived"
    desk.open("/plans/")
    yield "plans-archived"


def without_kisi(served: Served, desk: Window) -> Iterator[str]:
    states.never(served.house)
    desk.open("/plans/new/")
    yield "plan-new-without-kisi"
    desk.page.get_by_label("Name").fill(served.house.plan.name)
    desk.page.get_by_label("Price").fill("a lot")
    desk.press("Save plan")
    yield "plan-new-wrong"


def _turn(desk: Window, plan: Plan) -> None:
    desk.open(f"/plans/{plan.pk}/")
    desk.page.get_by_label(BOX).click()
    desk.press("Save plan")


SCENES: dict[str, Scene] = {
    "plan-on": turned_on,
    "plan-off": turned_off,
    "plan-off-many": many,
    "plan-archived": archived,
    "plan-without-kisi": without_kisi,
}
