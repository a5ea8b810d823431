"""sync.md 6 and 8: a pause stops at once, keeps everybody's access, and forgets nothing."""

from integrations.kisi.models import KisiConnection, Read, SyncRun
from integrations.kisi.sync import asking, switching
from integrations.kisi.tasks import due
from tests.stories import read_kisi, written

Status = KisiConnection.Status


def pause(house):
    switching.pause(house.connection, by=None, now=house.clock.now())


def resume(house):
    switching.resume(house.connection, by=None, now=house.clock.now())


def test_while_paused_nothing_is_asked_and_nothing_is_sent(connected):
    members = connected.members(2)
    connected.sync()
    pause(connected)
    connected.calls()
    connected.subscription(members[0]).pause()
    connected.member("Ana")
    for read in Read:
        read_kisi(connected, read)
        connected.clock.forward(hours=12)
    assert connected.calls() == []
    assert connected.inside() == ["p000", "p001"]


def test_a_paused_connection_is_never_due(connected):
    pause(connected)
    asking.ask(connected.connection, Read.FULL, because="x", now=connected.clock.now())
    assert due(connected.clock.now()) == []


def test_what_waited_is_sent_after_the_pause(connected):
    members = connected.members(4)
    connected.sync()
    pause(connected)
    connected.subscription(members[0]).pause()
    connected.member("Ana")
    resume(connected)
    connected.sync()
    assert connected.inside() == ["ana", "p001", "p002", "p003"]


def test_after_a_pause_kisi_is_compared_once(connected):
    connected.member("Ana")
    connected.sync()
    pause(connected)
    connected.world.remove_right(connected.world.rights_of("ana@example.com")[0])
    resume(connected)
    connected.sync()
    assert connected.inside() == ["ana"]


def test_a_long_pause_with_many_ends_is_no_way_around_the_brake(connected):
    members = connected.members(10)
    connected.sync()
    pause(connected)
    for member in members[:6]:
        connected.subscription(member).cancel_now(today=connected.today())
    connected.clock.forward(days=40)
    resume(connected)
    connected.sync()
    assert len(connected.inside()) == 10
    assert connected.connection.grants.filter(held_since__isnull=False).count() == 6


def test_a_pause_ends_the_running_run_and_says_so(connected):
    connected.connection.runs.create(started_at=connected.clock.now(), state=SyncRun.State.RUNNING)
    pause(connected)
    run = connected.connection.runs.get()
    assert (run.state, run.reason) == (SyncRun.State.STOPPED, "Paused")


def test_a_broken_connection_that_is_paused_is_not_probed(connected):
    connected.member("Ana")
    connected.world.fault(method="GET", path="/user", status=401, times=0)
    connected.sync()
    pause(connected)
    connected.calls()
    connected.clock.forward(hours=1)
    connected.sync()
    assert connected.calls() == []
    assert connected.connection.status == Status.PAUSED


def test_who_paused_and_when_is_kept(connected, django_user_model):
    ada = django_user_model.objects.create_user("ada")
    switching.pause(connected.connection, by=ada, now=connected.clock.now())
    assert connected.connection.status_by == ada
    assert written(connected) == []
