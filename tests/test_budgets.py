"""What a page may cost: as many questions, as much HTML and about as much time for 10,000 members as for 100."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.kisi.models import AccessEvent, Heartbeat, KisiConnection, Preview, SyncRun
from members.models import Gym, Staff
from tests.crowd import fill
from tests.desk import Desk
from tests.factories import GymFactory, StaffFactory
from tests.town import connect

pytestmark = [pytest.mark.long, pytest.mark.django_db, pytest.mark.timeout(600)]
QUESTIONS = 12
BYTES = 60_000
RATIO = 2.0
LOOKS = 9


@dataclass(frozen=True)
class Address:
    """A page by name, of one thing of the gym where it is about one, with what is searched."""

    name: str
    about: str = ""
    query: dict[str, str] | None = None
    more: dict[str, str] | None = None
    like: str = ""  # the page that shows as many rows in the small gym as this one in the large
    is_poll: bool = False  # for the part that a page asks for again

    def of(self, gym: Gym) -> str:
        return reverse(self.name, kwargs=(THINGS[self.about](gym) if self.about else {}) | (self.more or {}))


def _member(gym: Gym) -> dict[str, Any]:
    return {"member_id": gym.members.order_by("pk")[1].pk}


def _subscription(gym: Gym) -> dict[str, Any]:
    member = gym.members.order_by("pk")[1]
    return {"member_id": member.pk, "subscription_id": member.subscriptions.get().pk}


THINGS: dict[str, Callable[[Gym], dict[str, Any]]] = {
    "member": _member,
    "subscription": _subscription,
    "plan": lambda gym: {"plan_id": gym.plans.get().pk},
    "run": lambda gym: {"run_id": SyncRun.objects.filter(connection__gym=gym)[0].pk},
    "preview": lambda gym: {"preview_id": Preview.objects.get(connection__gym=gym).pk},
    "event": lambda gym: {"event_id": AccessEvent.objects.filter(gym_id=gym.pk)[0].pk},
}
PAGES = {
    "dashboard": Address("dashboard"),
    "marketplace": Address("marketplace"),
    "plans": Address("plans:list"),
    "a plan": Address("plans:detail", "plan"),
    "members": Address("members:list"),
    "members searched": Address("members:list", query={"q": "last1"}, like="members"),
    "members who can get in": Address("members:list", query={"access": "in"}),
    "members who wait": Address("members:list", query={"access": "waiting"}, like="members"),
    "members who can't": Address("members:list", query={"access": "out"}),
    "members who are paused": Address("members:list", query={"cause": "paused"}, like="members"),
    "members who share": Address("members:list", query={"cause": "shared"}, like="members"),
    "members to be tried again": Address("members:list", query={"cause": "retry"}, like="members"),
    "members by state and cause": Address("members:list", query={"access": "in", "cause": "active"}),
    "members, newest first": Address("members:list", query={"sort": "newest"}),
    "members by last name": Address("members:list", query={"sort": "last-name"}),
    "members by door access": Address("members:list", query={"sort": "access"}),
    "a member": Address("members:detail", "member"),
    "a member edited": Address("members:edit", "member"),
    "a member paused": Address("subscriptions:act", "subscription", more={"action": "pause"}),
    "a member deleted": Address("members:delete", "member"),
    "members who expired": Address("members:list", query={"cause": "expired"}, like="members"),
    "a plan added": Address("plans:new"),
    "a member added": Address("members:new"),
    "a subscription added": Address("subscriptions:new", "member"),
    "a subscription cancelled later": Address(
        "subscriptions:act", "subscription", more={"action": "schedule-cancel"}
    ),
    "a help page": Address("kisi:help", more={"topic": "move-in"}),
    "overview": Address("kisi:overview"),
    "the status again": Address("kisi:overview", is_poll=True),
    "a member's doors again": Address("kisi:sync-member", "member", is_poll=True),
    "first sync forecast": Address("kisi:connected"),
    "credentials": Address("kisi:credentials"),
    "rules": Address("kisi:rules"),
    "a preview": Address("kisi:preview-shown", "preview"),
    "those who get access by it": Address("kisi:preview-shown", "preview", query={"show": "give"}),
    "disconnect": Address("kisi:disconnect"),
    "who can get in": Address("kisi:people"),
    "activity": Address("kisi:activity"),
    "activity searched": Address("kisi:activity", query={"q": "last1", "what": "given"}),
    "activity of somebody": Address("kisi:activity", query={"q": "Ada Admin"}),
    "a run": Address("kisi:activity-run", "run"),
    "an event": Address("kisi:activity-event", "event"),
    "needs attention": Address("kisi:attention"),
    "held removals": Address("kisi:held"),
    "troubleshooting": Address("kisi:troubleshooting"),
    "move-in": Address("kisi:move-in"),
    "move-in searched": Address("kisi:move-in", query={"q": "last1"}),
    "cut-over": Address("kisi:cut-over"),
}


@dataclass
class Cost:
    questions: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Visitor:
    """An admin's browser at a gym."""

    gym: Gym
    desk: Desk

    def look(self, page: Address) -> Any:
        headers = {"HX-Request": "true"} if page.is_poll else {}
        return self.desk.client.get(page.of(self.gym), page.query, headers=headers)


def build(count: int) -> tuple[Gym, Staff]:
    gym = GymFactory(name=f"Gym of {count}")
    staff = StaffFactory(gym=gym, role="admin", user__first_name="Ada", user__last_name="Admin")
    fill(gym, connect(gym, count), count, by=staff.user)
    return gym, staff


@pytest.fixture
def visitors() -> dict[int, Visitor]:
    """Of a small gym and of a large one; both cross over from another platform."""
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    gyms = {count: build(count) for count in (100, 10_000)}
    KisiConnection.objects.update(doors=["Front door"])
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")
    return {count: Visitor(gym, Desk(staff)) for count, (gym, staff) in gyms.items()}


def cost(look: Callable[[], Any]) -> Cost:
    """What one look asks and weighs, after one that fills what is filled once; untimed."""
    look()
    with CaptureQueriesContext(database) as asked:
        response = look()
    assert response.status_code == 200
    return Cost(len(asked), len(response.content), 0.0)


def compared(few: Callable[[], Any], many: Callable[[], Any]) -> tuple[Cost, Cost]:
    """Both, timed in turns, so that whatever else the machine does slows both; the middle one of the looks."""
    costs = cost(few), cost(many)
    taken: list[tuple[float, float]] = [(_seconds(few), _seconds(many)) for _ in range(LOOKS)]
    for known, seconds in zip(costs, zip(*taken, strict=True), strict=True):
        known.seconds = median(seconds)
    return costs


def _seconds(look: Callable[[], object]) -> float:
    before = time.perf_counter()
    look()
    return time.perf_counter() - before


def broken(few: Cost, many: Cost) -> list[str]:
    """Which budgets the page does not keep."""
    rules = {
        "as many questions": many.questions == few.questions,
        "few questions": many.questions <= QUESTIONS,
        "small": many.bytes < BYTES,
        "quick": many.seconds <= RATIO * few.seconds,
    }
    return [rule for rule, is_kept in rules.items() if not is_kept]


def test_ten_thousand_members_cost_what_a_hundred_do(visitors, capsys):
    wrong, known = [], dict[str, float]()
    for page, address in PAGES.items():
        few, many = compared(*(partial(visitor.look, address) for visitor in visitors.values()))
        few.seconds = known[page] = max(few.seconds, known.get(address.like, 0.0))
        said = f"{page}: {few.questions} and {many.questions} questions, {many.bytes:,} bytes, "
        said += f"{1000 * few.seconds:.0f} and {1000 * many.seconds:.0f} ms"
        with capsys.disabled():
            print(f"\n  {said}", end="")
        if failed := broken(few, many):
            wrong.append((said, failed))
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"questions": 11}, "as many questions"),
        ({"questions": 13}, "few questions"),
        ({"bytes": BYTES}, "small"),
        ({"seconds": 0.0401}, "quick"),
    ],
)
def test_a_page_over_its_budget_is_told(change, rule):
    few, many = Cost(12, 1000, 0.02), Cost(12, 1000, 0.04)
    assert broken(few, many) == []
    for name, value in change.items():
        setattr(many, name, value)
    assert rule in broken(few, many)
