"""Settings: a missing or malformed one in production is named, with what it must be."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.environment import KISI, Environment

GOOD_KEY = "ZGVidWctb25seS1rZXktZm9yLWRldmVsb3BtZW50ISE="


def production(**values: str) -> Environment:
    return Environment(values, debug=False)


@pytest.mark.parametrize("name", sorted(set(environment.HINTS) - {"SECRET_KEY", "DEBUG"}))
def test_a_missing_setting_is_named_with_a_hint(name):
    with pytest.raises(ImproperlyConfigured, match=f"The setting {name} is missing. It must be "):
        production().text(name, "a default that production does not get")


def test_with_debug_a_missing_setting_takes_its_default():
    assert Environment({}, debug=True).text("PORT", "8000") == "8000"


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("PORT", "eighty", lambda env: env.number("PORT", "", low=1, high=65535)),
        ("PORT", "70000", lambda env: env.number("PORT", "", low=1, high=65535)),
        ("SITE_URL", "core.example.com", lambda env: env.url("SITE_URL", "", "https")),
        ("DATABASE_URL", "nonsense", lambda env: environment.database(env, "")),
        ("EMAIL_URL", "nonsense", lambda env: environment.email(env, "")),
        ("FIELD_ENCRYPTION_KEYS", "c2hvcnQ=", lambda env: environment.encryption_keys(env, "")),
        ("FIELD_ENCRYPTION_KEYS", "not base64!", lambda env: environment.encryption_keys(env, "")),
        ("KISI_API_URL", "https://kisi.example.com", environment.kisi_url),
        ("KISI_API_URL", "https://api.kisi.io.example.com", environment.kisi_url),
        ("KISI_API_URL", "https://api.kisi.io@169.254.169.254", environment.kisi_url),
        ("KISI_API_URL", "http://api.kisi.io", environment.kisi_url),
    ],
)
def test_a_malformed_setting_is_named_with_a_hint(name, value, read):
    with pytest.raises(ImproperlyConfigured, match=f"The setting {name} .* It must be "):
        read(production(**{name: value}))


def test_a_debug_that_is_neither_on_nor_off_is_named():
    with pytest.raises(ImproperlyConfigured, match="The setting DEBUG"):
        environment.is_debug({"DEBUG": "maybe"})


def test_kisi_itself_is_taken_in_production_and_another_only_with_debug():
    assert environment.kisi_url(production(KISI_API_URL=KISI)) == KISI
    local = Environment({"KISI_API_URL": "http://127.0.0.1:9000/"}, debug=True)
    assert environment.kisi_url(local) == "http://127.0.0.1:9000"


def test_several_keys_are_taken_newest_first():
    env = production(FIELD_ENCRYPTION_KEYS=f"{GOOD_KEY}, {GOOD_KEY}")
    assert environment.encryption_keys(env, "") == [GOOD_KEY, GOOD_KEY]
