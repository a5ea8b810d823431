"""A connection with nothing to do is looked at: a dead key is noticed, and events are written once."""

import pytest
from django.core import mail
from django.db import DatabaseError, transaction

from integrations.kisi.models import AccessEvent, KisiConnection
from tests.factories import StaffFactory

Status = KisiConnection.Status


def test_a_dead_key_is_noticed_within_fifteen_minutes_and_mailed_once(connected):
    StaffFactory(gym=connected.gym, user__email="boss@example.com")
    connected.member("Ana")
    connected.sync()
    connected.world.revoke_key()
    for _ in range(3):
        connected.clock.forward(minutes=5)
        connected.sync()
    assert connected.connection.status == Status.NEEDS_NEW_KEY
    assert [(m.to, m.subject) for m in mail.outbox] == [
        (["boss@example.com"], "Harbor Gym: enter a new Kisi API key")
    ]
    assert connected.inside() == ["ana"]


def test_between_the_looks_nothing_is_asked_of_kisi(connected):
    connected.clock.forward(minutes=9)
    connected.sync()
    assert connected.calls() == []
    connected.clock.forward(minutes=2)
    connected.sync()
    assert connected.calls() == ["GET /user", f"GET /groups/{connected.world.group_id}"]


def test_a_group_that_lost_its_doors_is_noticed_and_one_that_has_them_again_too(connected):
    world, links = connected.world, connected.world.store.group_locks.rows
    taken = dict(links)
    links.clear()
    connected.clock.forward(minutes=11)
    connected.sync()
    assert connected.connection.doors == []
    links.update(taken)
    connected.clock.forward(minutes=11)
    connected.sync()
    assert connected.connection.doors == ["Front door"]
    assert world.group_id == connected.connection.group_id


def test_an_event_is_never_changed(connected):
    event = AccessEvent.objects.first()
    with pytest.raises(DatabaseError, match="written once"), transaction.atomic():
        AccessEvent.objects.filter(pk=event.pk).update(cause="something else")
