"""sync.md 8: coming back with a new key: the ledger stays, and no removal goes before one complete full read."""

import pytest

from integrations.access.errors import KeyRejected
from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import connecting, deciding, switching
from integrations.vault import Secret
from tests.stories import read_kisi, written

Status, State = KisiConnection.Status, KisiGrant.State
GROUP_LIST = {"method": "GET", "path": "/role_assignments", "query": "group_id="}


@pytest.fixture
def gone(connected):
    """Four people inside, and the gym has left Kisi."""
    connected.members(4)
    connected.sync()
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    connected.calls()
    return connected


def reconnect(house, key=""):
    connecting.reconnect(house.connection, key=Secret(key or house.world.api_key), clock=house.clock)


def test_the_ledger_stays_and_every_row_is_looked_at_singly(gone):
    reconnect(gone)
    assert set(gone.connection.grants.values_list("state", flat=True)) == {State.UNCERTAIN}
    gone.sync()
    assert gone.connection.grants.filter(state=State.GRANTED).count() == 4
    assert set(gone.connection.grants.values_list("origin", flat=True)) == {"created"}
    assert written(gone) == []


def test_what_changed_meanwhile_is_done(gone):
    gone.subscription(gone.gym.members.get(first_name="P000")).pause()
    gone.member("Ana")
    reconnect(gone)
    gone.sync()
    assert gone.inside() == ["ana", "p001", "p002", "p003"]


def test_no_removal_goes_before_one_complete_full_read(gone):
    gone.subscription(gone.gym.members.get(first_name="P000")).pause()
    gone.world.fault(kind=Kind.SHORT, times=0, **GROUP_LIST)
    reconnect(gone)
    for _ in range(3):
        read_kisi(gone, Read.FULL)
        gone.clock.forward(hours=1)
    assert "p000" in gone.inside()
    assert not [call for call in written(gone) if call.startswith("DELETE")]
    gone.world.clear_faults()
    read_kisi(gone, Read.FULL)
    assert "p000" not in gone.inside()


def test_grants_need_not_wait_for_the_full_read(gone):
    gone.world.fault(kind=Kind.SHORT, times=0, **GROUP_LIST)
    gone.member("Ana")
    reconnect(gone)
    gone.sync()
    assert "ana" in gone.inside()


def test_a_key_that_does_not_work_leaves_the_gym_disconnected(gone):
    with pytest.raises(KeyRejected):
        reconnect(gone, key="0" * 32)
    assert gone.connection.status == Status.DISCONNECTED
    assert gone.connection.grants.filter(state=State.GRANTED).count() == 4


def test_a_key_of_another_organization_that_has_the_same_group_number_leaves_all_rows_behind(gone):
    """Two organizations, each with a group of that number: nothing of the old ledger holds there."""
    other = gone.world.add_organization("Elsewhere", owner=("Otto", "otto@example.com"))
    KisiConnection.objects.update(group_id=other.group_id)
    gone.connection.grants.update(kisi_group_id=gone.world.group_id)
    reconnect(gone, key=other.api_key)
    gone.sync()
    assert len(deciding.left_behind(gone.connection)) == 4
    assert len(gone.world.in_group(gone.world.store.groups.rows[other.group_id])) == 4
    assert gone.inside() == ["p000", "p001", "p002", "p003"]


def test_somebody_left_to_kisi_stays_so_in_another_organization(gone):
    other = gone.world.add_organization("Elsewhere", owner=("Otto", "otto@example.com"))
    deciding.leave_to_kisi(gone.connection, gone.grant("p000").member, by=None, now=gone.clock.now())
    KisiConnection.objects.update(group_id=other.group_id)
    gone.connection.grants.update(kisi_group_id=gone.world.group_id)
    reconnect(gone, key=other.api_key)
    gone.sync()
    row = gone.grant("p000")
    assert (row.exempt, row.kisi_user_id, row.organization_id) == (True, None, other.id)
    assert len(gone.world.in_group(gone.world.store.groups.rows[other.group_id])) == 3
    assert "p000" in gone.inside()


def test_somebody_removed_by_hand_meanwhile_comes_back_without_a_mail(gone):
    gone.world.delete_user("p000@example.com")
    gone.world.forget_requests()
    reconnect(gone)
    gone.sync()
    assert "p000" in gone.inside()
    assert gone.world.outbox == []
