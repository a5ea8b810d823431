"""Alice, an admin, and Bob, who is staff, at the gym of the house."""

from __future__ import annotations

import pytest

from tests.conftest import House
from tests.desk import Desk
from tests.factories import StaffFactory


@pytest.fixture
def admin(house: House) -> Desk:
    return Desk(StaffFactory(gym=house.gym, user__first_name="Alice", user__last_name="Adams", role="admin"))


@pytest.fixture
def staff(house: House) -> Desk:
    return Desk(StaffFactory(gym=house.gym, user__first_name="Bob", user__last_name="Brown", role="staff"))
