"""Finding out: activity, runs and single events, who can get in, the checks, one person, the help pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from integrations.kisi.models import AccessEvent, SyncRun
from integrations.kisi.views.topics import TOPICS
from members.models import Member
from plans.models import Subscription
from tests.browser import states
from tests.browser.conftest import KISI, Window
from tests.browser.scenes.kinds import Scene, unfold
from tests.browser.served import Served

ACTIVITY, TROUBLE = f"{KISI}activity/", f"{KISI}troubleshooting/"


def activity(served: Served, desk: Window) -> Iterator[str]:
    """The list with every kind of row, searched, and what one run and one event say."""
    _live(served)
    desk.open(ACTIVITY)
    yield "activity-lively"
    desk.open(f"{ACTIVITY}?q=ana")
    yield "activity-searched"
    desk.open(f"{ACTIVITY}?q=nobody")
    yield "activity-none-found"
    desk.open(f"{ACTIVITY}?since=2026-12-24&until=2026-01-01")
    yield "activity-odd-dates"
    for number, run in enumerate(SyncRun.objects.order_by("pk")):
        desk.open(f"{ACTIVITY}runs/{run.pk}/")
        yield f"activity-run-{number}"
    for kind in dict.fromkeys(AccessEvent.objects.order_by("pk").values_list("kind", flat=True)):
        event = AccessEvent.objects.filter(kind=kind).latest("pk")
        desk.open(f"{ACTIVITY}events/{event.pk}/")
        yield f"activity-event-{kind}"


def who_can_get_in(served: Served, desk: Window) -> Iterator[str]:
    house = served.house
    house.members(60, ends_on=house.today() + timedelta(days=12), status="pending_cancel")
    house.sync()
    for name, query in (("pages", ""), ("second-page", "?page=2"), ("whole", "?all=1")):
        desk.open(f"{KISI}people/{query}")
        yield f"people-{name}"


def nobody_can(served: Served, desk: Window) -> Iterator[str]:
    Subscription.objects.update(status="paused")
    served.house.connection.grants.all().delete()
    desk.open(f"{KISI}people/")
    yield "people-nobody"


def checks(served: Served, desk: Window) -> Iterator[str]:
    """All in order, with a problem, and one person looked up in Kisi."""
    served.house.sync()
    desk.open(TROUBLE)
    desk.press("Check again")
    yield "troubleshooting-in-order"
    served.house.world.fault(status=401, times=0)
    desk.press("Check again")
    yield "troubleshooting-problem"
    served.house.world.clear_faults()
    unfold(desk)
    for name, email in (("found", "ana@example.com"), ("unknown", "nobody@example.com"), ("wrong", "ana")):
        desk.page.get_by_label("Email").fill(email)
        desk.press("Find")
        yield f"troubleshooting-person-{name}"


def topics(served: Served, desk: Window) -> Iterator[str]:
    for topic in TOPICS:
        desk.open(f"{KISI}help/{topic}/")
        yield f"help-{topic}"


def dashboard(served: Served, desk: Window) -> Iterator[str]:
    """With a past and a week ahead; and of a gym that is new."""
    _live(served)
    soon = served.house.today() + timedelta(days=3)
    served.house.member("Zoe Quinn", status="pending_active", starts_on=soon)
    served.house.member("Yara Blum", status="pending_cancel", ends_on=soon)
    ana = states.ana(served.house)
    desk.open(f"/members/{ana.pk}/edit/")
    desk.page.get_by_label("Last name").fill("Ruiz Ortega")
    desk.press("Save details")
    yield "member-saved"
    desk.open("/")
    yield "dashboard-lively"
    desk.open(f"/members/{ana.pk}/")
    yield "member-lively"


def new_gym(served: Served, desk: Window) -> Iterator[str]:
    states.never(served.house)
    Subscription.objects.all().delete()
    Member.objects.all().delete()
    served.house.gym.plans.all().delete()
    for name, path in (("dashboard", "/"), ("plans", "/plans/"), ("members", "/members/")):
        desk.open(path)
        yield f"{name}-new-gym"


def _live(served: Served) -> None:
    """A week with removals, somebody refused, somebody put back, and a run that failed."""
    house = served.house
    house.in_kisi("Cleaner")
    Subscription.objects.filter(member__first_name="Cleo").update(status="paused", cause="moved away")
    house.world.remove_right(house.world.rights_of("ben@example.com")[0])
    house.world.fault(method="POST", path="/users", status=422, times=1)
    house.member("Refused Person")
    house.sync()
    house.world.clear_faults()
    week = SyncRun.objects.earliest("pk")
    SyncRun.objects.filter(pk=week.pk).update(started_at=timezone.now() - timedelta(days=3))


SCENES: dict[str, Scene] = {
    "activity": activity,
    "who-can-get-in": who_can_get_in,
    "nobody-can-get-in": nobody_can,
    "checks": checks,
    "topics": topics,
    "lively": dashboard,
    "new-gym": new_gym,
}
