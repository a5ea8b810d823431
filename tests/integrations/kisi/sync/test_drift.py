"""Changes made in Kisi against Core: repaired, and shown with what Kisi held; a second writer is told from a slip."""

from __future__ import annotations

from datetime import timedelta

from integrations.kisi.models import AccessEvent, KisiConnection, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import drift
from tests.conftest import House
from tests.stories import events, read_kisi, written

ANA = "ana@example.com"


def held(house: House) -> list[str]:
    """What the activity says that Kisi held, oldest first."""
    found = AccessEvent.objects.filter(gym_id=house.gym.pk, kind="drift").order_by("pk")
    return list(found.values_list("cause", flat=True))


def test_a_right_deleted_by_hand_is_put_back_and_shown(connected, ana):
    connected.world.remove_right(connected.world.rights_of(ANA)[0])
    read_kisi(connected, Read.FULL)
    assert held(connected) == ["Kisi no longer held the right"]
    assert events(connected, "repaired") == 1
    assert connected.inside() == ["ana"]


def test_a_profile_deleted_by_hand_is_made_again_and_shown(connected, ana):
    connected.world.delete_user(ANA)
    read_kisi(connected, Read.FULL)
    assert held(connected) == ["Kisi no longer knew the person"]
    assert connected.inside() == ["ana"]


def test_a_right_that_was_given_another_end_is_put_back_and_shown_with_it(connected, ana):
    (right,) = connected.world.rights_of(ANA)
    right.valid_until = connected.clock.now() - timedelta(days=2)
    read_kisi(connected, Read.FULL)
    assert held(connected) == [f"Kisi held a right until {right.valid_until:%Y-%m-%d}"]
    assert connected.inside() == ["ana"]


def test_somebody_suspended_by_hand_is_shown_once_and_not_opened_again(connected, ana):
    connected.world.suspend(ANA)
    for _ in range(2):
        connected.connection.grants.update(state="uncertain")
        connected.sync()
    assert held(connected) == ["suspended in Kisi"]
    assert written(connected) == []


def test_somebody_promoted_by_hand_becomes_protected_and_is_shown_with_the_role(connected, ana):
    connected.world.make_admin(ANA)
    read_kisi(connected, Read.FULL)
    connected.subscription(ana).pause()
    connected.sync()
    assert written(connected) == []
    assert AccessEvent.objects.filter(kind="managed", cause__contains="administrator").exists()


def test_of_doubled_rights_the_one_core_knows_stays(connected, ana):
    (ours,) = connected.world.rights_of(ANA)
    connected.world.give(ANA)
    read_kisi(connected, Read.FULL)
    assert held(connected) == ["Kisi held 2 rights of the same kind"]
    assert [right.id for right in connected.world.rights_of(ANA)] == [ours.id]
    read_kisi(connected, Read.FULL)
    assert len(held(connected)) == 1


def test_while_moving_in_doubled_rights_are_left_alone(connected, ana):
    KisiConnection.objects.update(sole_source_since=None)
    connected.world.give(ANA)
    read_kisi(connected, Read.FULL)
    assert written(connected) == []
    assert held(connected) == ["Kisi held 2 rights of the same kind"]


def test_what_our_own_lost_call_changed_is_no_drift(connected, ana):
    """The removal took effect and its answer was lost; then she resumes: nobody changed anything in Kisi."""
    connected.world.fault(kind=Kind.LOST, after_effect=True, method="DELETE", path="/role_assignments/.*")
    subscription = connected.subscription(ana)
    subscription.pause()
    connected.sync()
    subscription.resume(today=connected.today())
    connected.sync()
    connected.clock.forward(minutes=5)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert held(connected) == []


def test_the_same_person_changed_against_us_three_times_tells_of_a_second_writer(connected, ana):
    connected.member("Ben")
    connected.sync()
    for day in range(3):
        assert drift.second_writers(connected.connection, connected.clock.now()) == [], day
        connected.world.remove_right(connected.world.rights_of(ANA)[0])
        read_kisi(connected, Read.FULL)
    ((person, times),) = drift.second_writers(connected.connection, connected.clock.now())
    assert (person.email, times) == (ANA, 3)
    undone = drift.put_back(connected.connection, connected.clock.now())
    assert len({event.person_id for event in undone}) == 1


def test_a_program_that_gives_access_back_is_a_second_writer_too(connected, ana):
    connected.members(20)
    connected.sync()
    connected.subscription(ana).pause()
    connected.sync()
    for _ in range(3):
        connected.in_kisi("Ana")
        read_kisi(connected, Read.FULL)
        assert "ana" not in connected.inside()
    assert held(connected) == ["Kisi held a right again after Core had removed it"] * 3
    assert [times for _, times in drift.second_writers(connected.connection, connected.clock.now())] == [3]


def test_an_old_quarrel_is_forgotten_after_a_month(connected, ana):
    for _ in range(3):
        connected.world.remove_right(connected.world.rights_of(ANA)[0])
        read_kisi(connected, Read.FULL)
    connected.clock.forward(days=31)
    assert drift.second_writers(connected.connection, connected.clock.now()) == []
