"""Core's own sync is silent: said on every page, and never green (design.md, Celery)."""

from datetime import timedelta

from integrations.kisi import glance, tasks
from integrations.kisi.models import Heartbeat


def face(house, **later):
    return glance.look(house.connection, house.clock.now() + timedelta(**later)).face.tag.word


def test_a_worker_that_never_came_is_noticed_fifteen_minutes_after_connecting(connected):
    assert face(connected) == "Connected"
    assert face(connected, minutes=16) == "Sync stopped"


def test_a_fresh_sign_of_life_keeps_the_page_green(connected):
    later = connected.clock.now() + timedelta(hours=3)
    tasks.beat_heart("worker", later)
    assert face(connected, hours=3, minutes=14) == "Connected"
    assert face(connected, hours=3, minutes=16) == "Sync stopped"


def test_the_older_sign_of_life_counts(connected):
    tasks.beat_heart("worker", connected.clock.now())
    Heartbeat.objects.create(name="beat", at=connected.clock.now() - timedelta(minutes=20))
    assert face(connected) == "Sync stopped"


def test_owed_work_is_watched_closely_before_its_run_has_begun(connected):
    """A page opened between the press and the run would else show the progress half a minute late."""
    assert not glance.look(connected.connection, connected.clock.now()).is_live
    connected.member("Ana")
    assert glance.look(connected.connection, connected.clock.now()).is_live
