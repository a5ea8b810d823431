"""Two gyms that must not see each other, and who works there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from members import slots
from members.models import Gym, Staff
from tests.desk import Desk
from tests.factories import GymFactory, StaffFactory
from tests.members.doors import Doors


@pytest.fixture
def gym(db: None) -> Gym:
    return GymFactory(name="Harbor Gym", slug="harbor", timezone="Europe/Berlin")


@pytest.fixture
def other_gym(db: None) -> Gym:
    return GymFactory(name="Summit Gym", slug="summit")


@pytest.fixture
def alice(gym: Gym) -> Staff:
    """An admin of Harbor."""
    return StaffFactory(gym=gym, user__first_name="Alice", user__last_name="Adams", role="admin")


@pytest.fixture
def bob(gym: Gym) -> Staff:
    """Staff of Harbor."""
    return StaffFactory(gym=gym, user__first_name="Bob", user__last_name="Brown", role="staff")


@pytest.fixture
def charlie(other_gym: Gym) -> Staff:
    """An admin of Summit."""
    return StaffFactory(gym=other_gym, user__first_name="Charlie", role="admin")


@pytest.fixture
def signed_in() -> Callable[[Staff | None], Client]:
    def browser(staff: Staff | None) -> Client:
        client = Client()
        if staff is not None:
            client.force_login(staff.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return browser


@pytest.fixture
def at_desk(signed_in: Callable[[Staff | None], Client], bob: Staff) -> Client:
    """Bob's browser."""
    return signed_in(bob)


@pytest.fixture
def no_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Core alone: nobody put anything into its pages."""
    for name in (
        "member_panels",
        "member_cells",
        "member_events",
        "dashboard_tiles",
        "banners",
        "health_checks",
        "plan_notes",
        "door_effects",
    ):
        monkeypatch.setattr(slots, name, [])


@pytest.fixture
def doors(no_doors: None) -> Doors:
    """Doors that a test moves; nobody else has put anything into Core's pages."""
    kept = Doors()
    slots.door_effects.append(kept)
    return kept


@pytest.fixture
def desk(bob: Staff) -> Desk:
    """Bob at Harbor's front desk."""
    return Desk(bob)
