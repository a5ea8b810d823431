"""Rows of Kisi as typed facts: old and new names, odd spellings, and any JSON at all. No HTTP."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.kisi import rows
from integrations.kisi.rows import WrongShape
from members.fields import normalize_email

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
USER = {"id": 3, "email": "ana@example.com"}
RIGHT = {"id": 1, "role_id": "group_basic", "user_id": 3, "user": USER, "scope": "group", "group_id": 9}
PARSERS = [
    rows.me,
    rows.organization,
    rows.group,
    rows.user,
    rows.right,
    rows.team_member,
    rows.door,
    rows.lock,
]
# fmt: off
NAMES = [
    "id", "user_id", "group_id", "email", "name", "role_id",
    "scope", "applies_to_type", "applies_to_id", "assignee_type", "assignee_id", "assignee",
    "user", "valid_from", "valid_until", "created_at", "organization", "organization_id",
    "metadata", "place", "lock", "lock_id", "member_type", "member_id",
    "locks_count", "access_enabled",
]
# fmt: on

some = settings(derandomize=True, database=None, deadline=None, max_examples=150)
plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
plain |= st.sampled_from(["User", "Team", "group", "7", "2026-07-01T12:00:00Z", "group_basic"])
anything = st.recursive(
    plain,
    lambda part: st.lists(part, max_size=2) | st.dictionaries(st.sampled_from(NAMES), part),
    max_leaves=8,
)


@some
@given(st.dictionaries(st.sampled_from(NAMES), anything), st.sampled_from(PARSERS))
def test_any_object_is_a_fact_or_of_the_wrong_shape(row, parse):
    with suppress(WrongShape):
        parse(row)


@some
@given(st.text())
def test_addresses_are_compared_as_core_keeps_its_own(text):
    assert rows.same_address(text) == normalize_email(text)


def test_the_old_form_and_the_new_form_are_the_same_right():
    new = {
        "id": 1,
        "role_id": "group_basic",
        "assignee_type": "User",
        "assignee_id": 3,
        "assignee": USER,
        "applies_to_type": "Group",
        "applies_to_id": 9,
    }
    assert rows.right(new) == rows.right(RIGHT) == rows.right(new | RIGHT)
    assert rows.right(new | {"user_id": None, "group_id": None}) == rows.right(RIGHT)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"assignee_type": "Team", "assignee_id": 3}, "Team"),
        ({"assignee_type": "Guest", "assignee_id": 3}, "Guest"),
        ({"assignee_type": "Robot", "assignee_id": 3}, "other"),
        ({"assignee_type": {}}, "other"),
        ({"user_id": None, "assignee_team_id": 3}, "Team"),
        ({"user_id": None, "guest_id": 3}, "Guest"),
        ({"user_id": None}, "other"),
    ],
)
def test_a_right_of_a_team_a_guest_or_something_else_is_nobodys(row, kind):
    found = rows.right({"id": 1, "role_id": "group_basic", "scope": "group", "group_id": 9} | row)
    assert (found.assignee_type, found.user_id) == (kind, None)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"role_id": None},
        {"role_id": ""},
        {"user_id": None, "assignee_type": "User"},
        {"user_id": 4, "assignee_id": 3, "assignee_type": "User"},
        {"group_id": None},
        {"group_id": 8, "applies_to_id": 9},
        {"applies_to_type": "Place"},
        {"valid_until": "tomorrow"},
        {"valid_until": 20260701},
        {"user": "ana"},
    ],
)
def test_a_right_that_says_too_little_or_two_things_is_of_the_wrong_shape(change):
    with pytest.raises(WrongShape):
        rows.right(RIGHT | change)


@pytest.mark.parametrize("told", ["team", "Region", "", 7])
def test_a_reach_that_we_do_not_know_is_unknown(told):
    assert rows.right(RIGHT | {"scope": told}).scope == "unknown"


@pytest.mark.parametrize(
    "text",
    ["2026-07-01T12:00:00Z", "2026-07-01T12:00:00.000Z", "2026-07-01T14:00:00+02:00", "2026-07-01T12:00:00"],
)
def test_a_time_is_the_same_in_every_spelling(text):
    right = rows.right(RIGHT | {"valid_until": text})
    assert right.valid_until == NOW and not right.valid_at(NOW)


def test_what_no_database_stores_is_replaced_in_names_and_addresses():
    user = rows.user({"id": 3, "email": "Ana\0@example.com", "name": "A\ud800na\0 Ruíz \u200d😀"})
    assert (user.email, user.name) == ("ana\ufffd@example.com", "A\ufffdna\ufffd Ruíz \u200d😀")


def test_the_organization_of_a_key_may_stand_in_either_place():
    embedded = {"id": 1, "name": "Gym"}
    for row in ({"organization_id": 1}, {"organization_id": None, "organization": embedded}):
        assert rows.me(USER | row).organization_id == 1
    with pytest.raises(WrongShape):
        rows.me(USER)


@pytest.mark.parametrize(
    ("row", "enabled"),
    [
        ({}, True),
        ({"access_enabled": True, "scim_access_enabled": True}, True),
        ({"access_enabled": False}, False),
        ({"access_enabled": True, "scim_access_enabled": False}, False),
    ],
)
def test_a_door_needs_both_switches_of_a_person(row, enabled):
    assert rows.user(USER | row).access_enabled is enabled


def test_a_guest_in_a_team_is_no_user():
    assert rows.team_member({"member_type": "Guest", "member_id": 3}) is None
    assert rows.team_member({"member_type": "User", "member_id": 3}) == 3


def test_names_and_roles_of_any_length_fit_the_database():
    """A person named with a megabyte must not end the run of everybody else."""
    endless = "x" * 1_000_000
    right = rows.right(RIGHT | {"role_id": endless, "user": USER | {"name": endless}})
    group = rows.group({"id": 9, "name": endless, "place": {"name": endless}})
    assert (len(right.name), len(right.role_id)) == (200, 60)
    assert (len(group.name), len(group.place_name)) == (200, 200)
    assert len(rows.user(USER | {"name": endless}).name) == 200
    assert len(rows.me(USER | {"name": endless, "organization": {"id": 1, "name": endless}}).name) == 200
