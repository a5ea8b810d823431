"""The one choke point over real HTTP: every row of sync.md 8, tries and limits."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from integrations.access import errors
from integrations.access.errors import (
    AlreadyExists,
    Forbidden,
    Gone,
    GroupGone,
    IncompleteRead,
    KeyRejected,
    KeyTooWeak,
    NoAnswer,
    PersonError,
    Refused,
    SlowDown,
    StopRun,
)
from integrations.kisi.simulator import Kind, World, serve
from tests.integrations.kisi.faults import ANA, NO_ANSWERS

# Each row of the table of answers


def test_a_401_stops_the_run_and_asks_for_a_new_key(caller):
    caller.world.revoke_key()
    with pytest.raises(KeyRejected) as told:
        caller.kisi.me()
    assert isinstance(told.value, StopRun)
    assert (told.value.status, told.value.call) == (401, "GET /user")
    assert told.value.said == "Authentication is required to access this resource."


def test_a_401_without_a_body_means_the_same(caller):
    caller.world.switch(bad_key_body="empty")
    caller.world.revoke_key()
    with pytest.raises(KeyRejected):
        caller.kisi.me()


def test_a_403_on_a_check_or_a_list_says_that_the_key_is_too_weak(caller):
    caller.world.weaken_key()
    for look in (caller.kisi.organization_rights, caller.kisi.users, lambda: caller.kisi.group(1)):
        with pytest.raises(KeyTooWeak):
            look()


def test_a_403_on_a_person_concerns_that_person_only(caller):
    caller.world.weaken_key(role_id="observer")
    for act in (lambda: caller.kisi.create_user(**ANA), lambda: caller.kisi.delete_user(99)):
        with pytest.raises(Forbidden) as told:
            act()
        assert isinstance(told.value, PersonError)


def test_a_404_of_the_group_says_that_the_group_is_gone(caller):
    with pytest.raises(GroupGone):
        caller.kisi.group(999)


@pytest.mark.parametrize("act", ["user", "delete_user", "right", "remove_right"])
def test_a_404_of_a_person_or_a_right_says_that_it_is_gone(caller, act):
    with pytest.raises(Gone):
        getattr(caller.kisi, act)(999)


def test_a_404_on_a_new_right_says_that_the_person_is_gone(caller):
    with pytest.raises(Gone):
        caller.kisi.add_right(user_id=999, group_id=caller.world.group_id, notify=False)


@pytest.mark.parametrize("status", ["409", "422"])
def test_a_409_or_a_422_naming_a_taken_address_says_that_the_person_exists(caller, status):
    caller.world.switch(duplicate_user=status)
    caller.kisi.create_user(**ANA)
    with pytest.raises(AlreadyExists) as told:
        caller.kisi.create_user(**ANA)
    assert told.value.status == int(status)


def test_a_right_that_is_there_says_so(caller):
    user = caller.world.add_user("ana@example.com")
    caller.world.switch(duplicate_assignment="409")
    right = {"user_id": user.id, "group_id": caller.world.group_id, "notify": False}
    caller.kisi.add_right(**right)
    with pytest.raises(AlreadyExists):
        caller.kisi.add_right(**right)


def test_another_422_carries_kisis_own_words(caller):
    with pytest.raises(Refused) as told:
        caller.kisi.create_user(**(ANA | {"email": "no address"}))
    assert (told.value.status, told.value.said) == (422, "email can't be blank or invalid")


def test_a_400_is_a_refusal_too(caller):
    caller.world.fault(method="POST", path="/users", status=400)
    with pytest.raises(Refused):
        caller.kisi.create_user(**ANA)


@pytest.mark.parametrize("body", ["json", "empty", "html"])
def test_a_429_slows_everybody_down_once_and_is_not_tried_again(caller, body):
    caller.world.switch(rate_limit=1, too_many_body=body)
    caller.kisi.me()
    with pytest.raises(SlowDown) as told:
        caller.kisi.me()
    assert told.value.retry_after is None
    assert caller.gate.slowed == [None]
    assert caller.asked() == ["GET /user"] * 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("2.5", 2.5),
        ("-3", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_nonsense_is_nothing(caller, header, seconds):
    caller.world.fault(status=429, headers={"Retry-After": header})
    with pytest.raises(SlowDown) as told:
        caller.kisi.me()
    assert told.value.retry_after == seconds
    assert caller.gate.slowed == [seconds]


def test_retry_after_is_read_as_a_date_too(caller):
    then = datetime.now(UTC) + timedelta(seconds=90)
    caller.world.fault(status=429, headers={"Retry-After": format_datetime(then, usegmt=True)})
    with pytest.raises(SlowDown) as told:
        caller.kisi.me()
    assert 80 < told.value.retry_after <= 91


@pytest.mark.parametrize("fault", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_an_unusable_answer_to_a_read_is_asked_for_three_times(caller, fault):
    caller.world.fault(method="GET", times=0, **fault)
    with pytest.raises(NoAnswer) as told:
        caller.kisi.me()
    assert not told.value.wrote
    assert caller.asked() == ["GET /user"] * 3
    assert caller.gate.answers == [(False, False)] * 3
    assert caller.slept == [0.5, 1.0]


@pytest.mark.parametrize("fault", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_an_unusable_answer_to_a_write_leaves_it_uncertain_after_one_try(caller, fault):
    caller.world.fault(method="POST", times=0, **fault)
    with pytest.raises(NoAnswer) as told:
        caller.kisi.create_user(**ANA)
    assert told.value.wrote
    assert caller.asked() == ["POST /users"]
    assert caller.gate.answers == [(True, False)]
    assert caller.slept == []


@pytest.mark.parametrize("fault", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_a_read_that_works_on_the_third_try_is_good(caller, fault):
    caller.world.fault(method="GET", times=2, **fault)
    assert caller.kisi.me().id == caller.world.owner.id
    assert caller.gate.answers == [(False, False), (False, False), (False, True)]


@pytest.mark.parametrize("status", [402, 405, 408, 418, 451])
def test_a_4xx_that_means_nothing_is_no_answer_and_not_asked_for_again(caller, status):
    """Kisi suspends a key after too many bad requests (kisi-api.md 5)."""
    caller.world.fault(times=0, status=status)
    with pytest.raises(NoAnswer) as told:
        caller.kisi.me()
    assert (told.value.status, caller.asked()) == (status, ["GET /user"])
    with pytest.raises(NoAnswer) as told:
        caller.kisi.delete_user(1)
    assert told.value.wrote
    assert caller.gate.answers == [(False, False), (True, False)]


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_check_is_never_answered_with_one_persons_error(caller, status):
    caller.world.fault(method="GET", path="/(user|organization)", times=0, status=status)
    for look in (caller.kisi.me, caller.kisi.organization):
        with pytest.raises(NoAnswer):
            look()


def test_a_server_that_is_not_there_is_no_connection(call_as):
    with serve(World.small()) as gone:
        pass
    caller = call_as(url=gone.url)
    with pytest.raises(NoAnswer, match="no connection"):
        caller.kisi.me()


def test_a_connection_that_was_closed_while_idle_costs_no_error(caller, served):
    """A keep-alive that the other side ended is noticed on the next call."""
    caller.kisi.me()
    served._server.hang_up()
    assert caller.kisi.create_user(**ANA).email == "ana@example.com"


def test_calls_share_one_connection(caller, served):
    caller.kisi.me()
    user = caller.kisi.create_user(**ANA)
    with pytest.raises(Gone):
        caller.kisi.user(999)
    caller.kisi.delete_user(user.id)
    assert len(served._server._open) == 1


# Limits


def test_a_slow_drip_ends_at_the_total_deadline(call_as):
    """Every byte comes in time, the whole never would."""
    caller = call_as(read=5.0, total=0.5)
    caller.world.fault(method="POST", kind=Kind.DRIP, pause=0.1)
    before = time.monotonic()
    with pytest.raises(NoAnswer, match="too slowly"):
        caller.kisi.create_user(**ANA)
    assert time.monotonic() - before < 1.5


def test_a_silent_server_ends_at_the_read_timeout(call_as):
    caller = call_as(read=0.2)
    held = caller.world.fault(method="POST", kind=Kind.PASS, hold=True)
    with pytest.raises(NoAnswer, match="no answer in time"):
        caller.kisi.create_user(**ANA)
    held.let_go()


def test_a_huge_answer_is_not_read_to_its_end(caller):
    caller.world.fault(method="POST", kind=Kind.HUGE, size=500 * 1024 * 1024)
    before = time.monotonic()
    with pytest.raises(NoAnswer, match="too large"):
        caller.kisi.create_user(**ANA)
    assert time.monotonic() - before < 5


def test_the_defaults_are_three_ten_and_twenty_seconds(caller):
    limits = caller.kisi._http.timeouts
    assert (limits.connect, limits.read, limits.total) == (3.0, 10.0, 20.0)


def test_a_redirect_is_never_followed_and_takes_the_key_nowhere(caller):
    elsewhere = World.small(rate_limit=0)
    with serve(elsewhere) as other:
        for status in (301, 302, 303, 307, 308):
            caller.world.fault(times=3, status=status, headers={"Location": f"{other.url}/user"})
            with pytest.raises(NoAnswer):
                caller.kisi.me()
    assert elsewhere.requests == []


def test_proxies_of_the_environment_are_not_asked(caller, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert caller.kisi.me().id == caller.world.owner.id


def test_a_netrc_file_replaces_no_key(caller, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert caller.kisi.me().id == caller.world.owner.id


def test_partner_headers_and_the_contact_go_with_every_call(caller):
    caller.world.switch(partner_headers_required=True)
    caller.kisi.me()
    caller.kisi.create_user(**ANA)
    told = {(call.integration, call.contact) for call in caller.world.requests}
    assert told == {("core", "help@core.example")}


def test_the_gate_is_asked_before_every_try(caller):
    caller.world.fault(times=2, status=500)
    caller.kisi.me()
    caller.kisi.create_user(**ANA)
    assert caller.gate.entered == [False, False, False, True]
    assert caller.kisi.calls == 4


def test_a_deprecation_is_logged_once_for_each_resource(caller, caplog):
    headers = {"Deprecation": "Sat, 1 Aug 2026 00:00:00 GMT", "Sunset": "Mon, 1 Feb 2027 00:00:00 GMT"}
    caller.world.fault(times=0, kind=Kind.ANSWER, status=404, headers=headers)
    for look in (caller.kisi.user, caller.kisi.user, caller.kisi.right):
        with pytest.raises(Gone):
            look(1)
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(told) == 2
    assert "/users" in told[0] and "1 Feb 2027" in told[0] and "/role_assignments" in told[1]


def test_every_class_of_error_names_call_status_and_words():
    classes = [KeyRejected, KeyTooWeak, GroupGone, Gone, Forbidden, AlreadyExists, Refused, IncompleteRead]
    for cls in (*classes, errors.WrongOrganization, errors.Conflict, NoAnswer, SlowDown):
        error = cls("no such thing", status=404, call="GET /users/1")
        assert str(error) == "GET /users/1 404 no such thing"
