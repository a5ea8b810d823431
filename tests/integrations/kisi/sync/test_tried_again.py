"""*Retry* on a removal that is then not tried: it has not failed, and nobody is woken for it."""

import pytest

from integrations.kisi.sync import asking, deciding
from integrations.kisi.tasks import due

DELETE = {"method": "DELETE", "path": "/role_assignments.*", "status": 422, "times": 1}


def press(house):
    asking.retry(house.connection, trouble="refused", because="retry", now=house.clock.now())
    house.sync()


def is_left_in_peace(house, name):
    row = house.grant(name)
    house.clock.forward(seconds=30)
    return (row.trouble, row.retry_at, due(house.clock.now())) == ("", None, [])


@pytest.fixture
def parked_among_many(connected):
    """Kisi refused to take P000's right; five more are to go, over the limit."""
    members = connected.members(12)
    connected.sync()
    connected.world.fault(**DELETE)
    connected.subscription(members[0]).pause()
    connected.sync()
    assert connected.grant("p000").trouble == "refused"
    for member in members[1:6]:
        connected.subscription(member).pause()
    return connected


def test_a_removal_that_is_held_has_not_failed(parked_among_many):
    press(parked_among_many)
    assert parked_among_many.grant("p000").held_since
    assert is_left_in_peace(parked_among_many, "p000")


def test_somebody_kept_has_not_failed(parked_among_many):
    press(parked_among_many)
    house = parked_among_many
    house.connection.grants.filter(email="p000@example.com").update(trouble="refused")
    deciding.keep(house.connection, ["p000@example.com"], by=None, now=house.clock.now())
    house.sync()
    assert is_left_in_peace(house, "p000")


def test_a_former_address_waits_for_the_new_one_and_has_not_failed(connected):
    ana = connected.member("Ana")
    connected.members(3)
    connected.sync()
    connected.world.fault(**DELETE)
    connected.subscription(ana).pause()
    connected.sync()
    assert connected.grant("ana").trouble == "refused"
    connected.subscription(ana).resume(today=connected.today())
    connected.world.fault(method="POST", path="/users", status=422, times=0)
    ana.email = "ana.ruiz@example.com"
    ana.save()
    connected.sync()
    press(connected)
    assert is_left_in_peace(connected, "ana")
    assert "ana" in connected.inside()


def test_a_former_address_of_somebody_who_does_not_pay_is_tried_at_once(connected):
    ana = connected.member("Ana")
    connected.members(3)
    connected.sync()
    connected.world.fault(**DELETE)
    connected.subscription(ana).pause()
    connected.sync()
    ana.email = "ana.ruiz@example.com"
    ana.save()
    press(connected)
    assert "ana" not in connected.inside()
