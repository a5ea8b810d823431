"""sync.md 8: a disconnect with removal takes access from exactly the people named, and then it is over."""

from datetime import timedelta

import pytest

from integrations.kisi.models import KisiConnection, Release
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking, connecting, deciding, switching
from integrations.vault import Secret

Status = KisiConnection.Status
DELETE = {"method": "DELETE", "path": "/role_assignments.*"}


@pytest.fixture
def four(connected):
    connected.members(4)
    connected.sync()
    return connected


def leave(house):
    emails = [row.email for row in switching.created_by_core(house.connection)]
    return switching.remove_and_disconnect(house.connection, emails, by=None, now=house.clock.now())


def minutes(house, count):
    for _ in range(count):
        house.clock.forward(minutes=1)
        house.sync()


def over_and_empty(house):
    return (house.connection.status, house.inside()) == (Status.DISCONNECTED, [])


def test_it_ends_though_an_answer_is_lost(four):
    leave(four)
    four.world.fault(**DELETE, kind=Kind.LOST, after_effect=True, times=1)
    four.sync()
    minutes(four, 10)
    assert over_and_empty(four)


def test_it_ends_where_a_right_was_taken_by_hand_and_is_looked_for(four):
    four.world.remove_right(four.world.rights_of("p000@example.com")[0])
    asking.ask_for_person(four.connection, "p000@example.com", because="press", now=four.clock.now())
    leave(four)
    four.sync()
    minutes(four, 10)
    assert over_and_empty(four)


def test_it_goes_on_with_those_named_when_a_new_key_comes_after_eight_days(four):
    leave(four)
    four.world.fault(path=".*", status=401, times=0)
    four.sync()
    four.clock.forward(days=8)
    four.sync()
    four.world.clear_faults()
    connection = four.connection
    connecting.update_credentials(
        connection, key=Secret(four.world.api_key), group_id=connection.group_id, clock=four.clock
    )
    four.sync()
    assert over_and_empty(four)


def test_who_was_allowed_to_go_tomorrow_goes_with_the_others(four):
    tomorrow = four.today() + timedelta(days=1)
    deciding.give_word(
        four.connection,
        "p000@example.com",
        cause="allowed the day before",
        by=None,
        now=four.clock.now(),
        due_on=tomorrow,
    )
    leave(four)
    four.sync()
    assert over_and_empty(four)


def test_who_has_a_new_address_since_goes_with_the_others(four):
    ana = four.member("Ana")
    four.sync()
    ana.email = "ana.ruiz@example.com"
    ana.save()
    leave(four)
    four.sync()
    assert over_and_empty(four)


def test_who_waits_for_another_try_is_not_tried_before(four):
    leave(four)
    four.world.fault(**DELETE, kind=Kind.LOST, after_effect=True, times=1)
    four.world.fault(method="GET", path="/users/.*", status=422, times=0)
    four.sync()
    row = four.connection.grants.open().get()
    assert row.trouble == "refused"
    four.calls()
    minutes(four, 3)
    assert [call for call in four.calls() if "/users/" in call] == []


@pytest.fixture
def stuck(four):
    """Left; Kisi did not let three of the four go."""
    leave(four)
    four.world.fault(**DELETE, status=422, times=3)
    four.sync()
    assert (four.connection.status, len(four.inside())) == (Status.DISCONNECTED, 3)
    assert Release.objects.count() == 3
    return four


def test_its_words_are_void_when_the_gym_comes_back(stuck):
    connecting.reconnect(stuck.connection, key=Secret(stuck.world.api_key), clock=stuck.clock)
    assert not Release.objects.exists()


def test_its_words_are_void_when_the_gym_connects_anew(stuck):
    stuck.connect()
    assert not Release.objects.exists()


def test_a_gym_that_is_leaving_is_not_connected_anew_and_goes_on_leaving(four):
    leave(four)
    with pytest.raises(connecting.GymConnected):
        four.connect()
    four.sync()
    assert over_and_empty(four)
