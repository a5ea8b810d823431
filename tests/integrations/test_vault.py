"""A sealed secret opens for its row and its deployment only; a secret in clear never shows itself."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.kisi.models import KisiConnection
from integrations.vault import Secret, VaultError, key_id, open_sealed, reseal, seal
from tests.factories import GymFactory

OLD, NEW = (base64.urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n"))
KEY = Secret("3f0c9a-the-api-key-77aa")
ROW = "kisi.connection:1"

some = settings(derandomize=True, database=None, deadline=None, max_examples=100)


@pytest.fixture(autouse=True)
def keys(settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    return settings


@some
@given(st.text(), st.text())
def test_any_text_opens_again_for_its_owner(text, owner):
    assert open_sealed(seal(Secret(text), owner=owner), owner=owner).reveal() == text


def test_the_same_secret_is_never_sealed_to_the_same_token():
    assert seal(KEY, owner=ROW) != seal(KEY, owner=ROW)


def test_a_token_names_its_key_and_shows_nothing_of_secret_or_key():
    token = seal(KEY, owner=ROW)
    assert token.split(".")[1] == key_id(b"n" * 32)
    shown = token + str(base64.urlsafe_b64decode(token.split(".")[2] + "=="))
    assert "api-key" not in shown and "nnnn" not in shown


@pytest.mark.parametrize("owner", ["kisi.connection:2", "", "kisi.connection:1 "])
def test_a_token_copied_into_another_row_does_not_open(owner):
    with pytest.raises(VaultError):
        open_sealed(seal(KEY, owner=ROW), owner=owner)


@some
@given(st.integers(0), st.permutations("Aa0-_.x"))
def test_a_token_with_any_one_character_changed_does_not_open(number, letters):
    token = seal(KEY, owner=ROW)  # another one each time: what is drawn may not depend on it
    place = number % len(token)
    other = next(letter for letter in letters if letter != token[place])
    spoilt = token[:place] + other + token[place + 1 :]
    with pytest.raises(VaultError):
        open_sealed(spoilt, owner=ROW)


@pytest.mark.parametrize("more", ["=", "\n", " ", "!", "A", ".", "é"])
def test_a_token_with_anything_added_does_not_open(more):
    token = seal(KEY, owner=ROW)
    for spoilt in (token + more, more + token, token[:-3] + more + token[-3:]):
        with pytest.raises(VaultError):
            open_sealed(spoilt, owner=ROW)


@pytest.mark.parametrize(
    "token", ["", "v1", "v1.x", "v2.a.b", "v1.00000000.", "plain-key", "v1.é.ü", "v1.a.b.c"]
)
def test_what_is_no_token_is_an_error_of_the_vault_and_nothing_else(token):
    with pytest.raises(VaultError):
        open_sealed(token, owner=ROW)


@pytest.mark.parametrize("data", ["", "AA", "A", "!!!!", "é"])
def test_a_damaged_token_of_a_known_key_is_an_error_of_the_vault(data):
    with pytest.raises(VaultError):
        open_sealed(f"v1.{key_id(b'n' * 32)}.{data}", owner=ROW)


def test_rotation_opens_the_old_and_seals_with_the_new(keys):
    keys.FIELD_ENCRYPTION_KEYS = [OLD]
    old = seal(KEY, owner=ROW)
    keys.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert open_sealed(old, owner=ROW) == KEY
    fresh = reseal(old, owner=ROW)
    assert fresh is not None and reseal(fresh, owner=ROW) is None
    keys.FIELD_ENCRYPTION_KEYS = [NEW]
    assert open_sealed(fresh, owner=ROW) == KEY
    with pytest.raises(VaultError, match="FIELD_ENCRYPTION_KEYS"):
        open_sealed(old, owner=ROW)


def test_keys_may_stand_in_one_text_as_in_the_environment(keys):
    keys.FIELD_ENCRYPTION_KEYS = [OLD]
    old = seal(KEY, owner=ROW)
    keys.FIELD_ENCRYPTION_KEYS = f" {NEW} ,{OLD.rstrip('=')},"
    assert open_sealed(old, owner=ROW) == KEY
    assert seal(KEY, owner=ROW).split(".")[1] == key_id(b"n" * 32)


SHORT, LONG = (base64.urlsafe_b64encode(b"k" * size).decode() for size in (16, 33))


@pytest.mark.parametrize(
    "wrong", [[], "", ",", [SHORT], [LONG], ["not base64!"], [NEW, "schlüssel"], [NEW + "+"]]
)
def test_a_missing_or_malformed_key_is_named_and_not_shown(keys, wrong):
    """A key of 16 bytes would be AES-128 without a word."""
    token = seal(KEY, owner=ROW)
    keys.FIELD_ENCRYPTION_KEYS = wrong
    for act in (lambda: seal(KEY, owner=ROW), lambda: open_sealed(token, owner=ROW)):
        with pytest.raises(VaultError, match="FIELD_ENCRYPTION_KEYS") as told:
            act()
        assert not any(key and key in str(told.value) for key in wrong if key != ",")


def test_a_secret_may_be_given_as_plain_text():
    assert open_sealed(seal("plain-text-of-a-key", owner=ROW), owner=ROW) == Secret("plain-text-of-a-key")


def test_a_secret_that_is_no_text_is_refused_without_being_shown():
    with pytest.raises(VaultError) as told:
        seal(Secret("half of an emoji \ud83d"), owner=ROW)
    assert told.value.__context__ is None and "emoji" not in str(told.value)


def test_the_error_of_the_vault_shows_neither_secret_nor_token():
    token = seal(KEY, owner=ROW)
    with pytest.raises(VaultError) as told:
        open_sealed(token, owner="kisi.connection:2")
    assert token.split(".")[2] not in str(told.value) and told.value.__cause__ is None


def test_a_secret_shows_itself_only_when_asked(caplog):
    with caplog.at_level(logging.DEBUG):
        logging.getLogger(__name__).info("the key is %s %r", KEY, KEY)
    texts = [repr(KEY), str(KEY), f"{KEY!r}", repr([KEY]), repr({"k": KEY}), caplog.text]
    assert not [text for text in texts if "api-key" in text]
    assert KEY.reveal() == "3f0c9a-the-api-key-77aa"


@pytest.mark.parametrize("way", [pickle.dumps, copy.deepcopy, json.dumps, vars])
def test_a_secret_is_not_serialized(way):
    with pytest.raises(TypeError):
        way(KEY)


def test_four_characters_are_shown_of_a_long_key_and_none_of_a_short_one():
    assert (KEY.last4, Secret("short-key").last4, Secret("").last4) == ("77aa", "", "")


@pytest.mark.django_db
def test_a_sealed_key_in_another_gyms_connection_does_not_open():
    """The database row is what binds it: swapped in the database, it is a missing key."""
    one, other = (KisiConnection(gym=GymFactory(), group_id=number) for number in (1, 2))
    one.set_key(KEY)
    other.sealed_key = one.sealed_key
    assert one.api_key() == KEY
    with pytest.raises(VaultError):
        other.api_key()
