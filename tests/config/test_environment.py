"""Settings: a missing or malformed one in production is named, with what it must be."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection

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
        ("PORT", "80.5", lambda env: env.whole("PORT", "", low=1, high=65535)),
        ("KISI_CALLS_PER_SECOND", "nan", lambda env: env.number("KISI_CALLS_PER_SECOND", "", low=0, high=5)),
        ("ALLOWED_HOSTS", " , ", lambda env: env.hosts("ALLOWED_HOSTS", "")),
        ("ALLOWED_HOSTS", "https://core.example.com", lambda env: env.hosts("ALLOWED_HOSTS", "")),
        ("CSRF_TRUSTED_ORIGINS", "core.example.com", lambda env: env.origins("CSRF_TRUSTED_ORIGINS", "")),
        ("SITE_URL", "https://", lambda env: env.url("SITE_URL", "", "https")),
        ("CELERY_BROKER_URL", "redis://host:many/0", lambda env: env.url("CELERY_BROKER_URL", "", "redis")),
        ("CELERY_BROKER_URL", "redis://", lambda env: env.url("CELERY_BROKER_URL", "", "redis")),
        ("DATABASE_URL", "mysql://user@host/core", lambda env: environment.database(env, "")),
        ("DATABASE_URL", "postgres://user@host", lambda env: environment.database(env, "")),
        ("FIELD_ENCRYPTION_KEYS", ",", lambda env: environment.encryption_keys(env, "")),
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


@pytest.mark.parametrize(
    "value", ["redis+socket:///tmp/core/s", "redis://:word@host:6379/0", "filesystem://"]
)
def test_a_broker_may_be_a_host_a_socket_or_a_folder(value):
    env = production(CELERY_BROKER_URL=value)
    assert env.url("CELERY_BROKER_URL", "", "redis", "redis+socket", "filesystem") == value


def test_a_malformed_address_does_not_show_its_password(recwarn):
    with pytest.raises(ImproperlyConfigured) as complaint:
        environment.database(production(DATABASE_URL="what://user:open-sesame@host/core"), "")
    assert "sesame" not in f"{complaint.value} {[str(warning.message) for warning in recwarn]}"


def test_a_queue_in_files_hands_on_what_was_put_in(tmp_path):
    options = environment.queue_folders(tmp_path)
    for folder in options.values():
        Path(folder).mkdir(exist_ok=True)
    with Connection("filesystem://", transport_options=options) as connection:
        queue = connection.SimpleQueue("core")
        queue.put([7])
        letter = queue.get(timeout=5)
        letter.ack()
    assert letter.payload == [7]
