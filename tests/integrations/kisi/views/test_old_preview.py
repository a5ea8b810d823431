"""A preview that is not of now says so, and is no green word about what came after it (ui.md 4.4)."""

from __future__ import annotations

import pytest

from integrations.kisi.models import KisiConnection, Preview
from integrations.kisi.sync import preview as previews
from members.models import Change
from tests.conftest import House
from tests.desk import Desk, Page


def made(house: House, admin: Desk) -> Page:
    """A preview by which Core and Kisi agree."""
    admin.press(admin.open("kisi:overview"), "Preview")
    previews.make(Preview.objects.get().pk)
    return admin.open("kisi:preview")


def main(page: Page) -> str:
    return page.html.partition("<main")[2].partition("</main>")[0]


def test_of_now_it_is_a_clear_word(connected, admin):
    page = made(connected, admin)
    assert page.says("Core and Kisi agree", "There is nothing to do.")
    assert "changed since" not in page.text


def test_what_changed_since_is_counted_and_the_tick_is_gone(connected, admin):
    made(connected, admin)
    Change.objects.create(gym=connected.gym, action="paused")
    page = admin.open("kisi:preview")
    assert page.says(
        "1 thing changed in Core since this preview. Make a new one.", "Core and Kisi agreed then"
    )
    assert "#tick" not in main(page)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("paused", "Core changes nothing until that is over."),
        ("disconnecting", "Nothing of it is done any more."),
        ("disconnected", "Nothing of it is done any more."),
    ],
)
def test_where_nothing_may_run_it_offers_nothing_that_leads_nowhere(connected, admin, status, said):
    connected.member("Ana")
    made(connected, admin)
    page = admin.open("kisi:preview")
    assert {"Apply this change", "Make a new preview"} <= set(page.buttons)
    KisiConnection.objects.update(status=status)
    page = admin.open(page.path)
    assert page.says(f"This preview is of the time before. {said}", "1 person gets access", "Back")
    assert page.buttons == ["Sign out"]


def test_a_connection_that_cannot_write_is_said_above_it(connected, admin):
    made(connected, admin)
    KisiConnection.objects.update(status="needs_new_key")
    page = admin.open("kisi:preview")
    assert page.says("Kisi no longer accepts the API key", "Core and Kisi agreed then")
    assert "#tick" not in main(page)
