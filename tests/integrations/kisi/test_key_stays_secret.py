"""The canary: a real key, every failure, and it is in nothing that a failure leaves behind."""

from __future__ import annotations

import logging
import traceback

import pytest

from integrations.access.errors import DoorError, KeyRejected, NoAnswer
from integrations.vault import Secret
from tests.integrations.kisi.faults import ANA, NO_ANSWERS

FAILURES = {
    **NO_ANSWERS,
    "401": {"status": 401},
    "403": {"status": 403},
    "404": {"status": 404},
    "422": {"status": 422},
    "429": {"status": 429},
    "a server that repeats the key": {"status": 422, "body": '{"errors": {"key": ["KEY is bad"]}}'},
    "a redirect that repeats the key": {"status": 302, "headers": {"Location": "/?key=KEY"}},
    "a server error that repeats the key": {"status": 500, "body": '{"error": "KEY"}'},
}


def with_key(fault: dict, key: str) -> dict:
    told = dict(fault)
    if "body" in told:
        told["body"] = told["body"].replace("KEY", key)
    if "headers" in told:
        told["headers"] = {name: value.replace("KEY", key) for name, value in told["headers"].items()}
    return told


@pytest.mark.parametrize("fault", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("act", ["read", "write", "list"])
def test_the_key_is_in_no_error_log_or_traceback(caller, caplog, fault, act):
    """The canary: a real key, every failure, everything a failure leaves behind at DEBUG."""
    key = caller.world.api_key
    caplog.set_level(logging.DEBUG)
    caller.world.fault(times=0, **with_key(fault, key))
    acts = {
        "read": lambda: caller.kisi.me(),
        "write": lambda: caller.kisi.create_user(**ANA),
        "list": lambda: caller.kisi.users(),
    }
    with pytest.raises(DoorError) as told:
        acts[act]()
    for text in everything_left_behind(told.value, caplog):
        assert key not in text
    for value in (caller.kisi, caller.kisi._http, caller.kisi._http.key):
        assert key not in f"{value!r} {value!s}"


@pytest.mark.parametrize("key", ["", "schlüssel", "ключ", "two\nlines", "with blank", "nul\0"])
def test_a_key_that_no_header_can_hold_is_rejected_before_any_call(call_as, key, caplog):
    caller = call_as(key or " ")
    caller.kisi._http.key = Secret(key)
    with pytest.raises(KeyRejected) as told:
        caller.kisi.me()
    assert caller.asked() == []
    assert not key or not [text for text in everything_left_behind(told.value, caplog) if key in text]


def test_the_key_is_in_no_error_of_a_server_that_is_gone(call_as, caplog):
    caplog.set_level(logging.DEBUG)
    caller = call_as(url="http://127.0.0.1:9")
    with pytest.raises(NoAnswer) as told:
        caller.kisi.me()
    for text in everything_left_behind(told.value, caplog):
        assert caller.world.api_key not in text


def everything_left_behind(error: BaseException, caplog) -> list[str]:
    """Words of the error and its chain, the log, and the traceback with the locals of our own frames."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=False)
    texts = ["".join(shown.format(chain=True)), *(record.getMessage() for record in caplog.records)]
    texts += [str(vars(record)) for record in caplog.records]
    seen: BaseException | None = error
    while seen is not None:
        texts += [repr(seen), str(seen), repr(seen.args), repr(vars(seen)), *locals_of(seen)]
        seen = seen.__cause__ or seen.__context__
    return texts


def locals_of(error: BaseException) -> list[str]:
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if "/integrations/" in frame.f_code.co_filename]
    return [
        repr(value)
        for frame in ours
        if "/tests/" not in frame.f_code.co_filename
        for value in frame.f_locals.values()
    ]


def test_a_secret_stays_a_secret_in_every_way_of_showing_it():
    key = Secret("a-very-long-key-of-somebody")
    shown = [repr(key), str(key), f"{key}", f"{key!r}", repr([key]), repr({"key": key})]
    assert not [text for text in shown if "somebody" in text]
