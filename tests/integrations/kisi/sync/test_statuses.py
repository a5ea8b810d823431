"""sync.md 8: five answers in a row that were none, probes, coming back, and one mail per cause and hour."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command

from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking
from integrations.vault import Secret
from tests.factories import StaffFactory
from tests.stories import read_kisi, written

CHECK = {"method": "GET", "path": "/user"}
POST_USER = {"method": "POST", "path": "/users"}
ANY_WRITE = {"method": "(POST|PATCH|DELETE)", "path": ".*"}
Status, State, Trouble = KisiConnection.Status, KisiGrant.State, KisiGrant.Trouble


def status(house):
    return house.connection.status


def wait(house):
    """Seconds until it is tried again."""
    return round((house.connection.retry_at - house.clock.now()).total_seconds())


# In trouble


def test_five_reads_in_a_row_without_an_answer_mean_trouble(connected):
    connected.member("Ana")
    connected.world.fault(status=500, times=0, **CHECK)
    connected.sync()
    assert status(connected) == Status.CONNECTED
    assert wait(connected) == pytest.approx(30, abs=2)
    connected.clock.forward(seconds=31)
    connected.sync()
    assert status(connected) == Status.IN_TROUBLE
    assert connected.calls().count("GET /user") == 6


def test_five_writes_in_a_row_without_an_answer_mean_trouble_though_reads_are_good(connected):
    """Each is looked at in between: those good reads must not reset the count."""
    connected.members(6)
    for method in ("POST", "PATCH", "DELETE"):
        connected.world.fault(method=method, path=".*", status=503, times=0)
    connected.sync()
    assert status(connected) == Status.IN_TROUBLE
    assert len(written_at_all(connected)) == 5
    assert connected.inside() == []


def written_at_all(house):
    return [call for call in house.world.writes() if call.status != 200]


def test_writes_that_fail_are_counted_over_runs(connected):
    connected.world.fault(method="POST", path="/users", status=503, times=0)
    for name in ("Ana", "Ben", "Cleo"):
        connected.member(name)
        connected.sync()
        connected.clock.forward(minutes=2)
    assert status(connected) == Status.IN_TROUBLE


def test_a_good_write_between_ends_the_row(connected):
    connected.members(8)
    connected.world.fault(method="POST", path="/users", status=503, every=4, times=0)
    connected.sync()
    assert status(connected) == Status.CONNECTED


def test_the_probe_comes_after_thirty_seconds_and_doubles_to_fifteen_minutes(connected):
    connected.member("Ana")
    connected.world.fault(status=500, times=0, **CHECK)
    connected.sync()
    connected.clock.forward(seconds=31)
    waits = []
    for _ in range(8):
        connected.sync()
        waits.append(wait(connected))
        connected.clock.forward(seconds=waits[-1] + 1)
    assert waits == pytest.approx([30, 60, 120, 240, 480, 900, 900, 900], abs=3)


def test_in_trouble_nobodys_access_changes_and_the_backlog_drains_by_itself(connected):
    members = connected.members(4)
    connected.sync()
    connected.world.fault(path=".*", status=500, times=0)
    connected.subscription(members[0]).pause()
    connected.member("Ana")
    for _ in range(5):
        connected.sync()
        connected.clock.forward(minutes=16)
    assert status(connected) == Status.IN_TROUBLE
    assert connected.inside() == ["p000", "p001", "p002", "p003"]
    connected.world.clear_faults()
    connected.sync()
    assert status(connected) == Status.CONNECTED
    assert connected.inside() == ["ana", "p001", "p002", "p003"]


def test_kisi_in_trouble_for_writes_only_is_tried_with_one_write_at_a_time(connected):
    """The checks are good, so that it heals; the next failing write is trouble again, and the wait grows."""
    connected.members(6)
    connected.world.fault(method="POST", path="/users", status=503, times=0)
    connected.sync()
    waits = []
    for _ in range(3):
        waits.append(wait(connected))
        connected.clock.forward(seconds=waits[-1] + 1)
        before = connected.world.count("POST")
        connected.sync()
        assert connected.world.count("POST") - before == 1
    assert waits == pytest.approx([30, 60, 120], abs=3)
    connected.world.clear_faults()
    for _ in range(4):
        connected.clock.forward(minutes=16)
        connected.sync()
    assert len(connected.inside()) == 6
    assert status(connected) == Status.CONNECTED
    assert connected.connection.probes == 0


# Probes and coming back

BREAKS = {
    Status.NEEDS_NEW_KEY: {"status": 401, **CHECK},
    Status.KEY_TOO_WEAK: {"status": 403, **CHECK},
    Status.GROUP_GONE: {"status": 404, "method": "GET", "path": r"/groups/\d+"},
    Status.WRONG_ORGANIZATION: {
        "kind": Kind.PASS,
        "change": lambda me: me | {"organization_id": 99},
        **CHECK,
    },
}
BROKEN = pytest.mark.parametrize("broken", list(BREAKS))


def break_it(house, broken):
    house.member("Ana")
    house.world.fault(times=0, **BREAKS[broken])
    house.sync()
    assert status(house) == broken
    house.calls()


@BROKEN
def test_a_broken_connection_is_probed_every_fifteen_minutes_and_not_before(connected, broken):
    break_it(connected, broken)
    connected.clock.forward(minutes=14)
    connected.sync()
    assert connected.calls() == []
    connected.clock.forward(minutes=2)
    connected.sync()
    assert 1 <= len(connected.calls()) <= 2
    assert status(connected) == broken


@BROKEN
def test_a_broken_connection_heals_by_itself_and_the_backlog_goes_out(connected, broken):
    break_it(connected, broken)
    connected.world.clear_faults()
    connected.clock.forward(minutes=16)
    connected.sync()
    assert status(connected) == Status.CONNECTED
    assert connected.inside() == ["ana"]


@BROKEN
def test_sync_now_probes_a_broken_connection_at_once(connected, broken):
    break_it(connected, broken)
    connected.world.clear_faults()
    read_kisi(connected, Read.LEDGER)
    assert status(connected) == Status.CONNECTED


@BROKEN
def test_kisi_sync_probes_a_broken_connection_at_once(connected, broken):
    break_it(connected, broken)
    connected.world.clear_faults()
    call_command("kisi_sync", gym=connected.gym.slug, apply=True)
    assert status(connected) == Status.CONNECTED
    assert connected.inside() == ["ana"]


@BROKEN
def test_a_broken_connection_fails_nobody(connected, broken):
    """It is the connection's trouble: nobody's row is marked, counted or made to wait."""
    break_it(connected, broken)
    assert not connected.connection.grants.exclude(trouble="", failures=0, retry_at=None).exists()


def test_coming_back_clears_the_waits_and_the_parks_by_403_that_the_bad_time_caused(connected):
    connected.member("Ana")
    connected.member("Ben")
    connected.sync()
    waits = {"retry_at": connected.clock.now() + timedelta(hours=6), "failures": 4, "state": State.UNCERTAIN}
    connected.connection.grants.filter(email__startswith="ana").update(trouble=Trouble.UNCLEAR, **waits)
    connected.connection.grants.filter(email__startswith="ben").update(trouble=Trouble.FORBIDDEN, **waits)
    KisiConnection.objects.update(status=Status.KEY_TOO_WEAK, retry_at=connected.clock.now())
    connected.sync()
    assert set(connected.connection.grants.values_list("trouble", "failures", "state")) == {
        ("", 0, State.GRANTED)
    }


def test_coming_back_leaves_whom_kisi_refuses_parked(connected):
    connected.world.fault(status=422, times=0, **POST_USER)
    connected.member("Ana")
    connected.sync()
    KisiConnection.objects.update(status=Status.NEEDS_NEW_KEY, retry_at=connected.clock.now())
    connected.calls()
    connected.sync()
    assert status(connected) == Status.CONNECTED
    assert written(connected) == []
    assert connected.grant("ana").is_parked


def test_a_key_that_cannot_be_opened_is_a_missing_key_and_never_an_empty_gym(connected):
    connected.members(2)
    connected.sync()
    KisiConnection.objects.update(sealed_key="nonsense")
    connected.calls()
    read_kisi(connected, Read.FULL)
    assert status(connected) == Status.NEEDS_NEW_KEY
    assert connected.calls() == []
    assert connected.inside() == ["p000", "p001"]


# Mails


def subjects():
    return [message.subject.partition(": ")[2] for message in mail.outbox]


def test_a_dead_key_is_mailed_once_and_not_once_per_member(connected):
    StaffFactory(gym=connected.gym)
    connected.members(20)
    connected.world.revoke_key()
    connected.sync()
    assert subjects() == ["enter a new Kisi API key"]


def test_one_mail_per_cause_and_hour(connected):
    StaffFactory(gym=connected.gym)
    break_it(connected, Status.KEY_TOO_WEAK)
    for _ in range(3):
        connected.clock.forward(minutes=16)
        connected.sync()
    assert len(mail.outbox) == 1


def test_the_all_clear_is_mailed_once(connected):
    StaffFactory(gym=connected.gym)
    break_it(connected, Status.GROUP_GONE)
    connected.world.clear_faults()
    for _ in range(3):
        connected.clock.forward(minutes=16)
        connected.sync()
    assert subjects() == ["Kisi no longer has your group", "door access is in order again"]


def test_a_slow_or_silent_kisi_is_shown_and_not_mailed(connected):
    StaffFactory(gym=connected.gym)
    connected.member("Ana")
    connected.world.fault(status=429, headers={"Retry-After": "60"}, **CHECK)
    connected.sync()
    connected.world.fault(status=500, times=0, **CHECK)
    for _ in range(4):
        connected.clock.forward(minutes=16)
        connected.sync()
    assert status(connected) == Status.IN_TROUBLE
    assert mail.outbox == []


def test_only_admins_of_this_gym_are_mailed(connected):
    admin = StaffFactory(gym=connected.gym)
    StaffFactory(gym=connected.gym, role="staff")
    StaffFactory()
    connected.member("Ana")
    connected.world.revoke_key()
    connected.sync()
    assert [message.to for message in mail.outbox] == [[admin.user.email]]


# A dead key shows though nothing changes


def test_a_dead_key_is_noticed_within_fifteen_minutes_though_nothing_is_owed(connected):
    connected.member("Ana")
    connected.sync()
    connected.world.revoke_key()
    for _ in range(3):
        connected.clock.forward(minutes=5)
        connected.sync()
    assert status(connected) == Status.NEEDS_NEW_KEY
    assert connected.inside() == ["ana"]


def test_a_new_key_of_the_same_person_goes_on_where_the_old_one_stopped(connected):
    connected.member("Ana")
    key = connected.world.add_key(connected.world.owner)
    connected.world.revoke_key()
    connected.sync()
    connection = connected.connection
    connection.set_key(Secret(key))
    connection.save()
    asking.ask(connection, Read.LEDGER, because="new key", now=connected.clock.now())
    connected.sync()
    assert connected.inside() == ["ana"]
