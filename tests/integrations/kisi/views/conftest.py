"""Alice, an admin, and Bob, who is staff, at the gym of the house; beat and worker alive."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.kisi.models import Heartbeat
from tests.conftest import House
from tests.desk import Desk
from tests.factories import StaffFactory


@pytest.fixture
def admin(house: House) -> Desk:
    return Desk(StaffFactory(gym=house.gym, user__first_name="Alice", user__last_name="Adams", role="admin"))


@pytest.fixture
def staff(house: House) -> Desk:
    return Desk(StaffFactory(gym=house.gym, user__first_name="Bob", user__last_name="Brown", role="staff"))


@pytest.fixture
def alive(connected: House, settings: object) -> House:
    """Beat and worker gave a sign of life just now."""
    Heartbeat.objects.create(name="worker", at=timezone.now())
    return connected
