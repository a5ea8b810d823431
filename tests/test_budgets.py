"""What a page may cost: as many questions, as much HTML and about as much time for 10,000 members as for 100."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.kisi.models import Heartbeat
from members.models import Gym, Staff
from tests.crowd import fill
from tests.desk import Desk
from tests.factories import GymFactory, StaffFactory
from tests.town import connect

pytestmark = [pytest.mark.long, pytest.mark.django_db, pytest.mark.timeout(300)]
QUESTIONS = 12
BYTES = 60_000
RATIO = 2.0
UNTIMED = ("dashboard",)  # its look at the ledger is the sync's own
FLOOR = 0.200  # seconds in which nobody waits, and in which a busy machine measures itself
PAGES = {
    "dashboard": ("dashboard", {}),
    "who can get in": ("kisi:people", {}),
    "members": ("members:list", {}),
    "members searched": ("members:list", {"q": "last1"}),
    "members who can get in": ("members:list", {"access": "in"}),
    "members who wait": ("members:list", {"access": "waiting"}),
    "members who are paused": ("members:list", {"access": "paused"}),
    "members, newest first": ("members:list", {"sort": "newest"}),
    "activity": ("kisi:activity", {}),
    "activity searched": ("kisi:activity", {"q": "last1", "what": "given"}),
}


@dataclass
class Cost:
    questions: int
    bytes: int
    seconds: float


def build(count: int) -> tuple[Gym, Staff]:
    gym = GymFactory(name=f"Gym of {count}")
    fill(gym, connect(gym, count), count)
    return gym, StaffFactory(gym=gym)


@pytest.fixture
def desks() -> dict[int, Desk]:
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    return {count: Desk(build(count)[1]) for count in (100, 10_000)}


def cost(desk: Desk, name: str, query: dict[str, str]) -> Cost:
    """The quickest of seven looks, after one that fills what is filled once."""
    address = reverse(name)
    desk.client.get(address, query)
    with CaptureQueriesContext(database) as asked:
        response = desk.client.get(address, query)
    assert response.status_code == 200
    return Cost(len(asked), len(response.content), min(_seconds(lambda: desk.client.get(address, query))))


def _seconds(look: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(7):
        before = time.perf_counter()
        look()
        taken.append(time.perf_counter() - before)
    return taken


def test_ten_thousand_members_cost_what_a_hundred_do(desks, capsys):
    wrong = []
    for page, (name, query) in PAGES.items():
        few, many = (cost(desks[count], name, query) for count in (100, 10_000))
        said = f"{page}: {few.questions} and {many.questions} questions, {many.bytes:,} bytes, "
        said += f"{1000 * few.seconds:.0f} and {1000 * many.seconds:.0f} ms"
        with capsys.disabled():
            print(f"\n  {said}", end="")
        slow = page not in UNTIMED and many.seconds > max(RATIO * few.seconds, FLOOR)
        if many.questions != few.questions or many.questions > QUESTIONS or many.bytes > BYTES or slow:
            wrong.append(said)
    assert wrong == []
