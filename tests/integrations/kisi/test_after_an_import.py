"""PostgreSQL's statistics are old after a bulk import; what is asked then costs about what it costs later."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.db import connection as database
from django.urls import reverse
from django.utils import timezone

from integrations.kisi.models import KisiGrant
from integrations.kisi.sync import gather
from members.models import Member
from plans.models import Subscription
from tests.conftest import House, on_sqlite
from tests.crowd import fill
from tests.desk import Desk
from tests.factories import StaffFactory

pytestmark = [
    pytest.mark.skipif(on_sqlite(), reason="it is PostgreSQL that plans by statistics"),
    pytest.mark.django_db(transaction=True),
]
PEOPLE, RATIO, LOOKS = 3000, 12.0, 3
GROWN = [model._meta.db_table for model in (Member, Subscription, KisiGrant)]
Look = Callable[[House], Callable[[], object]]


@pytest.fixture
def imported(connected: House) -> House:
    """Three thousand people whom the database's statistics do not know of."""
    with database.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        for table in GROWN:
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    fill(connected.gym, connected.connection, PEOPLE)
    return connected


def ledger(house: House) -> Callable[[], object]:
    now = timezone.now()
    return lambda: gather.everything(house.connection, house.gym.today(now), now)


def differences(house: House) -> Callable[[], object]:
    now = timezone.now()
    return lambda: gather.differences(house.connection, house.gym.today(now), now)


def forecast_of_the_first_sync(house: House) -> Callable[[], object]:
    client = Desk(StaffFactory(gym=house.gym, role="admin")).client
    return lambda: client.get(reverse("kisi:connected"))


def who_shares_an_address(house: House) -> Callable[[], object]:
    client = Desk(StaffFactory(gym=house.gym, role="admin")).client
    return lambda: client.get(reverse("members:list"), {"access": "shared"})


@pytest.mark.parametrize("look", [ledger, differences, forecast_of_the_first_sync, who_shares_an_address])
def test_a_look_is_as_quick_with_statistics_from_before_the_import(imported: House, look: Look):
    act = look(imported)
    before = quickest(act)
    with database.cursor() as cursor:
        for table in GROWN:
            cursor.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
        cursor.execute("ANALYZE")
    assert before < RATIO * quickest(act)


def quickest(act: Callable[[], object]) -> float:
    """Seconds; the least of a few, whatever else the machine does."""
    return min(seconds(act) for _ in range(LOOKS))


def seconds(act: Callable[[], object]) -> float:
    before = time.perf_counter()
    act()
    return time.perf_counter() - before
