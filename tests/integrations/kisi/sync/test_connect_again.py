"""A gym that left Kisi and connects anew: to the same group, or to another (sync.md 8)."""

import pytest

from integrations.access.errors import KeyTooWeak
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import connecting, deciding, switching
from integrations.kisi.sync.connecting import GroupTaken
from integrations.vault import Secret
from tests.factories import GymFactory


def test_connecting_anew_to_the_same_group_keeps_the_ledger(connected):
    connected.member("Ana")
    connected.sync()
    row = connected.grant("ana").pk
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    connected.connect()
    assert connected.grant("ana").state == KisiGrant.State.UNCERTAIN
    connected.sync()
    assert connected.grant("ana").pk == row
    assert connected.grant("ana").origin == KisiGrant.Origin.CREATED


def test_connecting_anew_to_another_group_leaves_the_old_rows_behind(connected):
    connected.member("Ana")
    connected.sync()
    other = connected.world.add_group("Second floor", [connected.world.add_door("Upstairs")])
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    connected.connect(group_id=other.id)
    connected.sync()
    assert [row.email for row in deciding.left_behind(connected.connection)] == ["ana@example.com"]
    assert connected.world.in_group(other) == ["ana@example.com"]
    assert connected.inside() == ["ana"]


def test_somebody_left_to_kisi_stays_so_in_the_other_group(connected):
    ana = connected.member("Ana")
    connected.sync()
    deciding.leave_to_kisi(connected.connection, ana, by=None, now=connected.clock.now())
    other = connected.world.add_group("Second floor", [connected.world.add_door("Upstairs")])
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    connected.connect(group_id=other.id)
    connected.sync()
    assert connected.world.in_group(other) == []
    assert connected.grant("ana").exempt
    assert connected.inside() == ["ana"]


def test_a_group_of_another_gym_is_refused_and_nothing_is_saved(connected):
    gym = GymFactory()
    with pytest.raises(GroupTaken):
        connecting.connect(gym, key=Secret(connected.world.api_key), group_id=connected.world.group_id)
    assert not KisiConnection.objects.filter(gym=gym).exists()


def test_a_silent_call_while_somebody_waits_at_the_form_is_given_up_after_three_seconds(house):
    """A run would wait ten for it; three tries of the first call are then half a minute at the page."""
    house.world.fault(path="/user", kind=Kind.PASS, delay=3.5, times=1)
    house.connect()
    assert sum(call == "GET /user" for call in house.calls()) == 2


def test_a_weak_key_is_refused_and_nothing_is_saved(house):
    weak = house.world.add_key(house.world.add_user("desk@example.com", "Front Desk"))
    with pytest.raises(KeyTooWeak):
        house.connect(key=Secret(weak))
    assert not KisiConnection.objects.exists()


def test_three_refusals_in_a_row_by_a_key_that_became_weak_stop_the_run(connected):
    connected.members(5)
    connected.world.fault(method="POST", path="/role_assignments", status=403, times=0)
    connected.world.weaken_key()
    KisiConnection.objects.update(owner_id=None)
    connected.sync()
    assert connected.connection.status == KisiConnection.Status.KEY_TOO_WEAK
