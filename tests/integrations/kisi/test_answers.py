"""What an answer means, by status, words and whom it concerns. No HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.access.errors import (
    AlreadyExists,
    DoorError,
    Forbidden,
    Gone,
    GroupGone,
    KeyRejected,
    KeyTooWeak,
    Refused,
    SlowDown,
)
from integrations.kisi.transport.answers import About, names_taken_address, refusal, retry_after, value, words
from integrations.kisi.transport.wire import Reply, Unusable

CHECK, GROUP, SEARCH, PERSON = About.CHECK, About.GROUP, About.SEARCH, About.PERSON
NOTHING = None  # no usable answer
TABLE = {
    400: {CHECK: NOTHING, GROUP: NOTHING, SEARCH: Refused, PERSON: Refused},
    401: {CHECK: KeyRejected, GROUP: KeyRejected, SEARCH: KeyRejected, PERSON: KeyRejected},
    403: {CHECK: KeyTooWeak, GROUP: KeyTooWeak, SEARCH: KeyTooWeak, PERSON: Forbidden},
    404: {CHECK: NOTHING, GROUP: GroupGone, SEARCH: NOTHING, PERSON: Gone},
    409: {CHECK: NOTHING, GROUP: NOTHING, SEARCH: NOTHING, PERSON: AlreadyExists},
    422: {CHECK: NOTHING, GROUP: NOTHING, SEARCH: Refused, PERSON: Refused},
    429: {CHECK: SlowDown, GROUP: SlowDown, SEARCH: SlowDown, PERSON: SlowDown},
    302: {CHECK: NOTHING, GROUP: NOTHING, SEARCH: NOTHING, PERSON: NOTHING},
    405: {CHECK: NOTHING, GROUP: NOTHING, SEARCH: NOTHING, PERSON: NOTHING},
    500: {CHECK: NOTHING, GROUP: NOTHING, SEARCH: NOTHING, PERSON: NOTHING},
}
CASES = [(status, about, meant) for status, row in TABLE.items() for about, meant in row.items()]
TAKEN = {"errors": {"email": ["has already been taken"]}}

some = settings(derandomize=True, database=None, deadline=None, max_examples=200)


def same(text: str) -> str:
    return text


def refused(status: int, about: About, body: bytes = b"", **headers: str) -> DoorError:
    return refusal(Reply(status, headers, body), about, "GET /x", hide=same)


@pytest.mark.parametrize(("status", "about", "meant"), CASES)
def test_an_answer_means_what_the_table_says(status, about, meant):
    if meant is NOTHING:
        with pytest.raises(Unusable) as told:
            refused(status, about)
        assert told.value.again is (status not in range(400, 500))
    else:
        assert type(refused(status, about)) is meant


@some
@given(st.integers(100, 999), st.sampled_from(About), st.binary(max_size=50), st.text(max_size=10))
def test_any_answer_is_a_typed_error_or_unusable(status, about, body, header):
    with suppress(Unusable):
        refusal(Reply(status, {"Retry-After": header}, body), about, "GET /x", hide=same)


anything: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "errors", "message", "email"]), part)
    ),
    max_leaves=8,
)


@some
@given(anything)
def test_the_words_of_any_json_are_one_short_line_that_a_database_stores(body):
    line = words(json.dumps(body).encode(), same)
    assert len(line.encode()) <= 2000
    assert not line or line.isprintable()
    assert names_taken_address(json.dumps(body).encode()) in (True, False)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"error": "Access denied.", "message": "no"}, "Access denied."),
        ({"errors": {"email": ["is bad", "is old"], "name": "is odd"}}, "email is bad, is old; name is odd"),
        ({"error": "", "errors": {}, "message": "Sorry"}, "Sorry"),
        ({"errors": ["one", 2]}, "['one', 2]"),
        ({"error": "two\n lines\r\n\0and\x1b[31m more\ud800"}, "two lines and [31m more"),
        ({"error": 17}, "17"),
        ([], ""),
        (None, ""),
    ],
)
def test_kisis_words_are_read_in_the_order_of_their_names(body, line):
    assert words(json.dumps(body).encode(), same) == line


def test_long_words_are_cut_between_letters():
    line = words(json.dumps({"error": "é" * 3000}).encode(), same)
    assert line == "é" * 1000


@pytest.mark.parametrize(
    "body",
    [
        TAKEN,
        {"errors": {"email": "has already been taken"}},
        {"errors": {"user.email": ["Already exists"]}},
        {"error": "Email has already been taken"},
    ],
)
def test_an_address_that_is_taken_is_a_person_who_exists(body):
    assert type(refused(422, PERSON, json.dumps(body).encode())) is AlreadyExists
    assert type(refused(400, PERSON, json.dumps(body).encode())) is Refused


@pytest.mark.parametrize(
    "body",
    [
        {"errors": {"email": ["can't be blank or invalid"]}},
        {"errors": {"email": ["is invalid"], "name": ["has already been taken"]}},
        {"errors": {"email": 7}},
        {"errors": {"email": None}},
        {"errors": "email"},
        {"errors": []},
        [],
        "taken",
    ],
)
def test_any_other_422_is_a_refusal(body):
    assert type(refused(422, PERSON, json.dumps(body).encode())) is Refused


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "soon",
        "-1",
        "nan",
        "inf",
        "Wed, 21 Oct 2015 07:28:00 GMT",
        "Wed, 21 Oct 2099 07:28:00",
        "Wed, 21 Oct 2099 07:28:00 +99999999999999999999",
        "Wed, 99 Oct 99999 07:28:00 GMT",
    ],
)
def test_a_wait_that_makes_no_sense_is_unsaid(header):
    assert retry_after(header) is None


def test_a_wait_is_a_number_or_a_date():
    then = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after("7") == 7.0
    assert 80 < (retry_after(format_datetime(then, usegmt=True)) or 0) <= 91


def test_a_good_answer_may_be_empty_and_must_else_be_json():
    assert value(Reply(204, {}, b"whatever")) is None
    assert value(Reply(200, {}, b" \n")) is None
    assert value(Reply(200, {}, b"null")) is None
    assert value(Reply(200, {}, b"[1]")) == [1]
    for raw in (b"<html>", b"{", b"[" * 200_000, b'{"a": "\xff"}'):
        with pytest.raises(Unusable, match="not JSON"):
            value(Reply(200, {}, raw))
