"""What a person's fields may hold. Checks values, changes nothing."""

from __future__ import annotations

from typing import Any

from integrations.kisi.simulator.api.answers import invalid

MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 50, 500
BOOLEANS = ("access_enabled", "password_flow_enabled")


def is_address(email: str) -> bool:
    name, at, domain = email.rpartition("@")
    return bool(name and at and domain) and not any(letter.isspace() for letter in email)


def checked(values: dict[str, Any]) -> dict[str, Any]:
    """The same values, or 422 naming the first that Kisi would not take."""
    for name, value in values.items():
        if name == "metadata":
            _check_metadata(value)
        elif name in BOOLEANS and not isinstance(value, bool):
            raise invalid(**{name: "is not a boolean"})
        elif name not in BOOLEANS and not (value is None or isinstance(value, str)):
            raise invalid(**{name: "is not a string"})
    return values


def _check_metadata(value: object) -> None:
    if not isinstance(value, dict) or len(value) > MOST_KEYS:
        raise invalid(metadata=f"must be an object of at most {MOST_KEYS} keys")
    for key, item in value.items():
        if len(key) > LONGEST_KEY or len(str(item)) > LONGEST_VALUE or isinstance(item, dict | list):
            raise invalid(metadata="has a key or value that is too long or not a scalar")
