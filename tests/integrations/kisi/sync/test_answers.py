"""sync.md 8, the table: what each of Kisi's answers does to the person, the run and the connection."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
import time_machine
from django.utils import timezone

from integrations.kisi.models import KisiConnection, KisiGrant, Pace, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking, runs
from tests.stories import mixed, mixed_is_done, read_kisi, sentence, written

ANA = "ana@example.com"
POST_USER = {"method": "POST", "path": "/users"}
POST_RIGHT = {"method": "POST", "path": "/role_assignments"}
DELETE_RIGHT = {"method": "DELETE", "path": r"/role_assignments/\d+"}
CHECK = {"method": "GET", "path": "/user"}
CALLS_OF_MIXED = 27
Status, State, Trouble = KisiConnection.Status, KisiGrant.State, KisiGrant.Trouble


def group_path(house):
    return {"method": "GET", "path": f"/groups/{house.world.group_id}"}


def rights(house):
    """Every right there is, as ids: nobody's access changed while this stays the same."""
    return set(house.world.store.assignments.rows)


# 401: stop at once, nobody's access touched


@pytest.mark.parametrize("call", range(CALLS_OF_MIXED))
def test_a_401_at_any_call_stops_at_once_and_touches_nobodys_access(connected, call):
    mixed(connected)
    connected.world.fault(path=".*", status=401, skip=call, times=0)
    assert runs.run(connected.connection.pk, clock=connected.clock) is runs.Outcome.STOPPED
    assert len(connected.calls()) == call + 1
    assert connected.connection.status == Status.NEEDS_NEW_KEY
    before = rights(connected)
    connected.clock.forward(minutes=14)
    connected.sync()
    assert connected.calls() == []
    assert rights(connected) == before
    connected.world.clear_faults()
    connected.clock.forward(minutes=1)
    connected.sync()
    asking.ask(connected.connection, Read.FULL, because="check", now=connected.clock.now())
    for _ in range(3):
        connected.clock.forward(minutes=2)
        connected.sync()
    assert mixed_is_done(connected)


def test_a_key_that_was_revoked_in_kisi_leaves_the_doors_as_they_are(connected):
    members = connected.members(3)
    connected.sync()
    connected.world.revoke_key()
    connected.subscription(members[0]).pause()
    connected.member("Ana")
    connected.sync()
    assert connected.inside() == ["p000", "p001", "p002"]
    assert connected.connection.status == Status.NEEDS_NEW_KEY
    assert not connected.connection.grants.exclude(trouble="").exists()


# 403 on a check or a list


@pytest.mark.parametrize(
    "asked",
    [CHECK, {"method": "GET", "path": "/role_assignments"}, {"method": "GET", "path": "/organization"}],
)
def test_a_403_on_a_check_or_a_list_stops_with_a_key_that_is_too_weak(connected, asked):
    connected.members(2)
    connected.sync()
    connected.world.fault(status=403, times=0, **asked)
    read_kisi(connected, Read.FULL)
    assert connected.connection.status == Status.KEY_TOO_WEAK
    assert written(connected)[4:] == []
    assert connected.inside() == ["p000", "p001"]


# 403 on a person


def test_a_403_on_a_person_parks_that_person_and_the_others_go_on(connected):
    connected.world.fault(status=403, **POST_RIGHT)
    connected.members(3)
    connected.sync()
    assert len(connected.inside()) == 2
    (row,) = connected.connection.grants.exclude(state=State.GRANTED)
    assert row.trouble == Trouble.FORBIDDEN
    assert connected.connection.status == Status.CONNECTED


def test_three_403_in_a_row_run_the_checks_again_and_a_good_key_goes_on(connected):
    connected.world.fault(status=403, times=3, **POST_RIGHT)
    connected.members(5)
    connected.sync()
    calls = connected.calls()
    assert calls.count("GET /user") == 2
    assert len(connected.inside()) == 2
    assert connected.connection.status == Status.CONNECTED


def test_two_403_and_a_good_one_between_them_run_no_checks(connected):
    connected.world.fault(status=403, times=2, every=2, **POST_RIGHT)
    connected.members(5)
    connected.sync()
    assert connected.calls().count("GET /user") == 1


# 404


def test_a_404_of_the_group_stops_everything(connected):
    members = connected.members(2)
    connected.sync()
    connected.calls()
    connected.world.delete_group(connected.world.group)
    connected.subscription(members[0]).pause()
    connected.member("Ana")
    connected.sync()
    assert connected.connection.status == Status.GROUP_GONE
    assert written(connected) == []
    assert connected.connection.grants.open().filter(state=State.GRANTED).count() == 2


def test_a_404_of_a_person_who_is_wanted_makes_them_again(connected):
    connected.member("Ana")
    connected.sync()
    connected.world.delete_user(ANA)
    asking.ask_for_person(connected.connection, ANA, because="button", now=connected.clock.now())
    connected.sync()
    assert connected.inside() == ["ana"]


# 422 and 400: parked with Kisi's words


@pytest.mark.parametrize("status", [422, 400])
def test_a_refusal_parks_the_person_with_kisis_words(connected, status):
    words = '{"errors": {"email": ["is on a blocked domain"]}}'
    connected.world.fault(status=status, body=words, times=0, **POST_USER)
    ana = connected.member("Ana")
    connected.sync()
    row = connected.grant("ana")
    assert (row.trouble, row.is_parked) == (Trouble.REFUSED, True)
    assert row.last_error == "email is on a blocked domain"
    assert "Kisi said: “email is on a blocked domain”." in sentence(connected, ana)


@pytest.fixture
def parked(connected):
    connected.world.fault(status=422, **POST_USER)
    ana = connected.member("Ana")
    connected.sync()
    assert connected.grant("ana").is_parked
    connected.calls()
    return ana


def test_no_schedule_no_command_and_no_full_read_tries_a_parked_person(connected, parked):
    for read in Read:
        connected.clock.forward(days=8)
        read_kisi(connected, read)
    assert written(connected) == []


def test_a_changed_address_tries_a_parked_person_again(connected, parked):
    parked.email = "anna@example.com"
    parked.save()
    connected.sync()
    assert connected.inside() == ["anna"]


def test_a_changed_name_tries_a_parked_person_again(connected, parked):
    parked.last_name = "Ruiz"
    parked.save()
    connected.sync()
    assert connected.inside() == ["ana"]


def test_another_change_of_the_member_does_not_try_a_parked_person_again(connected, parked):
    connected.subscription(parked).save()
    connected.sync()
    assert written(connected) == []


def test_the_end_and_a_new_start_try_a_parked_person_again(connected, parked):
    connected.subscription(parked).pause()
    connected.sync()
    connected.subscription(parked).resume(today=connected.today())
    connected.sync()
    assert connected.inside() == ["ana"]


def test_the_button_for_all_of_a_kind_tries_them_again(connected, parked):
    count = asking.retry(
        connected.connection, trouble=Trouble.REFUSED, because="button", now=connected.clock.now()
    )
    connected.sync()
    assert count == 1
    assert connected.inside() == ["ana"]


def test_the_button_for_one_member_tries_that_member_again(connected, parked):
    asking.ask_for_person(connected.connection, ANA, because="button", now=connected.clock.now())
    connected.sync()
    assert connected.inside() == ["ana"]


# 429


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("1.5", 1.5),
        ("100000", 15 * 60),
        ("soon", 2),
        ("-4", 2),
        ("nan", 2),
        (None, 2),
        ("date", 30),
    ],
)
def test_a_429_pushes_the_pace_by_what_kisi_says(connected, header, seconds):
    if header == "date":
        header = format_datetime(timezone.now() + timedelta(seconds=30), usegmt=True)
    headers = {"Retry-After": header} if header is not None else {}
    connected.world.fault(status=429, headers=headers, **POST_USER)
    connected.member("Ana")
    before = connected.clock.now()
    connected.sync()
    pace = Pace.objects.get(kisi_user_id=connected.connection.own_user_id)
    assert abs((pace.next_at - before).total_seconds() - seconds) < 3
    assert pace.slow_until - before > timedelta(minutes=9)


def test_a_429_stops_the_run_fails_nobody_and_the_rest_comes_later(connected):
    connected.members(3)
    connected.world.fault(status=429, headers={"Retry-After": "60"}, skip=1, **POST_USER)
    connected.sync()
    assert connected.connection.status == Status.THROTTLED
    assert len(connected.calls()) == 2 + 2 + 1
    assert not connected.connection.grants.exclude(trouble="").exists()
    connected.sync()
    assert connected.calls() == []
    connected.clock.forward(seconds=61)
    connected.sync()
    assert len(connected.inside()) == 3
    assert connected.connection.status == Status.CONNECTED


def test_429_without_a_time_doubles_from_two_seconds(connected):
    connected.member("Ana")
    connected.world.fault(status=429, times=4, **CHECK)
    waits = []
    for _ in range(4):
        before = connected.clock.now()
        connected.sync()
        waits.append(round((connected.connection.retry_at - before).total_seconds()))
        connected.clock.forward(seconds=waits[-1] + 1)
    assert waits == [2, 4, 8, 16]


def test_a_429_halves_the_pace_for_ten_minutes(connected, settings):
    """On a clock that stands still, so that a busy machine is no shorter wait."""
    settings.KISI_CALLS_PER_SECOND = 4
    with time_machine.travel(timezone.now(), tick=False):
        connected.world.fault(status=429, headers={"Retry-After": "0"}, **CHECK)
        connected.member("Ana")
        connected.sync()
        connected.clock.forward(seconds=1)
        connected.clock.slept = 0
        connected.members(2)
        connected.sync()
        slow = connected.clock.slept / len(connected.calls())
        connected.clock.forward(minutes=11)
        connected.clock.slept = 0
        connected.gym.members.exclude(first_name="Ana").update(last_name="Ruiz")
        connected.sync()
        fast = connected.clock.slept / len(connected.calls())
    assert 0.35 < slow < 0.5
    assert 0.15 < fast < 0.25


# No usable answer


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 500},
        {"kind": Kind.HTML},
        {"status": 200, "body": "{not json"},
        {"status": 200, "body": "[]"},
        {"kind": Kind.LOST},
        {"status": 302, "headers": {"Location": "/users"}},
    ],
)
def test_a_read_without_a_usable_answer_is_tried_three_times(connected, fault):
    connected.member("Ana")
    connected.world.fault(times=2, **CHECK, **fault)
    connected.sync()
    assert connected.calls()[:3] == ["GET /user"] * 3
    assert connected.inside() == ["ana"]


def test_a_write_without_a_usable_answer_is_sent_once_and_is_uncertain(connected):
    connected.member("Ana")
    connected.world.fault(status=500, **POST_RIGHT)
    connected.world.fault(method="GET", path=r"/users/\d+", status=500, times=0)
    connected.sync()
    assert connected.grant("ana").state == State.UNCERTAIN
    assert connected.calls().count("POST /role_assignments") == 1


def test_a_redirect_is_never_followed(connected):
    connected.world.fault(status=302, headers={"Location": "/organization"}, times=0, **CHECK)
    connected.member("Ana")
    connected.sync()
    assert set(connected.calls()) == {"GET /user"}


# Another organization, another person


def test_a_key_of_another_organization_stops_before_any_write(connected):
    members = connected.members(2)
    connected.sync()
    connected.calls()
    other = connected.world.add_organization("Elsewhere", owner=("Otto", "otto@example.com"))
    swap_key(connected, other.api_key)
    connected.subscription(members[0]).pause()
    connected.member("Ana")
    read_kisi(connected, Read.FULL)
    assert connected.calls() == ["GET /user"]
    assert connected.connection.status == Status.WRONG_ORGANIZATION
    assert "Elsewhere" in connected.connection.status_said
    assert connected.connection.grants.filter(state=State.GRANTED).count() == 2


def test_a_stored_key_that_became_another_persons_stops_before_any_write(connected):
    connected.members(2)
    connected.sync()
    connected.calls()
    connected.in_kisi("Ada", right=False)
    connected.world.make_admin("ada@example.com")
    swap_key(connected, connected.world.add_key("ada@example.com"))
    connected.member("Ana")
    connected.sync()
    assert connected.calls() == ["GET /user"]
    assert connected.connection.status == Status.WRONG_ORGANIZATION


def swap_key(house, secret):
    """The same key answers for somebody else from now on."""
    world = house.world
    mine, theirs = world.store.login_by_secret(world.api_key), world.store.login_by_secret(secret)
    mine.user_id, mine.organization_id = theirs.user_id, theirs.organization_id
