"""sync.md 8: leaving Kisi, with everybody's access as it is, or removing first exactly the people named."""

import pytest

from integrations.kisi.models import KisiConnection, Read, Release
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import deciding, switching
from integrations.kisi.tasks import due
from tests.stories import meanwhile, read_kisi, written

Status = KisiConnection.Status


@pytest.fixture
def gym(house):
    """Old was in Kisi before and is entitled; ten others were let in by Core."""
    house.in_kisi("Old")
    house.member("Old")
    house.connect()
    house.members(10)
    house.sync()
    house.calls()
    return house


def leave(house, names=None):
    rows = switching.created_by_core(house.connection)
    emails = [row.email for row in rows] if names is None else [f"{name}@example.com" for name in names]
    return switching.remove_and_disconnect(house.connection, emails, by=None, now=house.clock.now())


def test_a_disconnect_leaves_everybodys_access_as_it_is(gym):
    before = gym.inside()
    switching.disconnect(gym.connection, by=None, now=gym.clock.now())
    read_kisi(gym, Read.FULL)
    assert gym.calls() == []
    assert gym.inside() == before
    assert due(gym.clock.now()) == []


def test_a_disconnect_with_removal_names_whom_core_let_in(gym):
    assert [row.email for row in switching.created_by_core(gym.connection)] == [
        f"p{number:03d}@example.com" for number in range(10)
    ]


def test_a_disconnect_with_removal_removes_exactly_the_named_and_then_disconnects(gym):
    assert leave(gym, ["p000", "p001"]) == 2
    gym.sync()
    assert gym.connection.status == Status.DISCONNECTED
    assert len(gym.inside()) == 9
    assert "p000" not in gym.inside()
    assert not Release.objects.exists()


def test_it_is_the_admins_word_and_no_brake_holds_it(gym):
    assert leave(gym) == 10
    gym.sync()
    assert gym.inside() == ["old"]


def test_somebody_whose_right_core_did_not_create_stays_though_named(gym):
    assert leave(gym, ["old"]) == 0
    gym.sync()
    assert "old" in gym.inside()
    assert written(gym) == []


def test_while_disconnecting_nobody_is_let_in(gym):
    gym.member("Ana")
    leave(gym, ["p000"])
    gym.sync()
    assert "ana" not in gym.inside()
    assert not [call for call in written(gym) if call.startswith("POST")]


def test_somebody_left_to_kisi_is_not_named(gym):
    member = gym.gym.members.get(first_name="P000")
    deciding.leave_to_kisi(gym.connection, member, by=None, now=gym.clock.now())
    leave(gym)
    gym.sync()
    assert gym.inside() == ["old", "p000"]


def test_stop_keeps_the_rest(gym):
    leave(gym)

    @meanwhile
    def stop():
        switching.stop_disconnecting(gym.connection, by=None, now=gym.clock.now())

    gym.world.fault(method="DELETE", path="/users.*", kind=Kind.PASS, skip=2, run=stop)
    gym.sync()
    assert gym.connection.status == Status.DISCONNECTED
    assert len(gym.inside()) == 11 - 3
    gym.clock.forward(days=1)
    gym.sync()
    assert len(gym.inside()) == 11 - 3


def test_somebody_who_became_staff_meanwhile_is_not_touched_and_does_not_block_the_end(gym):
    gym.world.make_admin("p000@example.com")
    leave(gym)
    gym.sync()
    assert gym.inside() == ["old", "p000"]
    assert gym.connection.status == Status.DISCONNECTED


def test_a_dead_key_stops_a_disconnect_and_it_goes_on_with_a_good_one(gym):
    leave(gym)
    gym.world.fault(path=".*", status=401, times=0)
    gym.sync()
    assert len(gym.inside()) == 11
    assert gym.connection.status == Status.DISCONNECTING
    gym.world.clear_faults()
    gym.clock.forward(minutes=16)
    gym.sync()
    assert gym.inside() == ["old"]
    assert gym.connection.status == Status.DISCONNECTED


def test_a_disconnect_that_lasts_over_several_slices_ends(gym):
    leave(gym)
    gym.world.fault(path=".*", kind=Kind.PASS, times=0, run=lambda: gym.clock.forward(seconds=2))
    gym.sync()
    assert gym.inside() == ["old"]
    assert gym.connection.status == Status.DISCONNECTED


def test_somebody_whose_removal_waits_is_not_forgotten_by_a_disconnect(gym):
    """Until they are gone it is not over."""
    gym.world.fault(method="DELETE", path="/role_assignments.*", kind=Kind.LOST)
    gym.world.fault(method="GET", path=r"/users/\d+", status=500, times=3)
    leave(gym, ["p000"])
    gym.sync()
    for _ in range(3):
        gym.clock.forward(minutes=16)
        gym.sync()
    assert "p000" not in gym.inside()
    assert gym.connection.status == Status.DISCONNECTED
