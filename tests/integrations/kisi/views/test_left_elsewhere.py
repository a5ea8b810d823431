"""Who was left in another organization: no right there is this key's, and no 404 of it is an answer (sync.md 8)."""

from __future__ import annotations

import pytest

from integrations.kisi.models import AccessEvent, KisiGrant
from integrations.kisi.sync import connecting, deciding, switching
from integrations.vault import Secret
from tests.conftest import House

TWO = ["p000", "p001"]


@pytest.fixture
def moved(connected: House) -> House:
    """Two people had access; the gym left Kisi as it was, and came back with a group of another organization."""
    connected.members(2)
    connected.sync()
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    other = connected.world.add_organization("Summit", owner=("Zoe", "zoe@example.com"))
    connected.connect(key=Secret(other.api_key), group_id=other.group_id)
    connected.sync()
    connected.calls()
    return connected


def test_they_are_named_and_no_removal_is_promised(moved, admin):
    page = admin.open("kisi:overview")
    assert page.says("Left behind: 2 people", "P000 (in another organization)", "See what you can do")
    assert "Remove them" not in page.text
    page = admin.open("kisi:left-behind")
    assert page.says(
        "2 people were left in another organization P000 P001",
        "The key of Summit opens nothing there, so Core can't remove them.",
        "They keep that access until somebody removes them in Kisi.",
    )
    assert "lose access" not in page.text
    assert page.buttons == ["Sign out", "Take 2 people off this list"]


def test_asked_all_the_same_kisi_is_asked_nothing_and_nobody_is_said_to_be_out(moved, admin):
    rows = [row.pk for row in deciding.left_behind(moved.connection)]
    assert deciding.remove_left_behind(moved.connection, rows, by=admin.user, now=moved.clock.now()) == 0
    KisiGrant.objects.filter(pk__in=rows).update(closed_how="clearing")  # asked for before the gym went
    moved.sync()
    assert moved.inside() == TWO
    assert [call for call in moved.calls() if call.startswith("GET /role_assignments/")] == []
    assert deciding.left_behind(moved.connection).count() == 2
    assert not AccessEvent.objects.filter(kind="revoked").exists()


def test_they_are_taken_off_the_list_by_name_and_keep_what_they_have(moved, admin):
    page = admin.press(admin.open("kisi:left-behind"), "Take 2 people off this list")
    assert page.says("2 people are no longer listed. Core changed nothing in Kisi.")
    assert "Left behind" not in page.text
    moved.sync()
    assert moved.inside() == TWO
    assert admin.open("kisi:activity").says("taken off the list", "Alice Adams")


def test_beside_them_whoever_is_within_reach_is_removed(moved, admin):
    here = moved.connection.group_id
    second = moved.world.add_group("Upstairs", [moved.world.add_door("Roof")])
    group = moved.world.store.groups.rows[here]
    second.organization_id = group.organization_id
    key = moved.connection.api_key()
    connecting.update_credentials(moved.connection, key=key, group_id=second.id, clock=moved.clock)
    moved.sync()
    page = admin.open("kisi:left-behind")
    assert page.says("2 people lose access in a former group", "2 people were left in another organization")
    admin.press(page, "Remove the access of 2 people")
    moved.sync()
    assert moved.world.in_group(group) == []
    assert moved.inside() == TWO
    assert admin.open("kisi:overview").says("Left behind: 2 people")
