"""The settings as a process reads them: production starts only when whole, and then passes Django's own checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOOD = {
    "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
    "DEBUG": "off",
    "ALLOWED_HOSTS": "core.example.com",
    "CSRF_TRUSTED_ORIGINS": "https://core.example.com",
    "DATABASE_URL": "postgres://core:secret-of-the-database@127.0.0.1:5432/core",
    "CELERY_BROKER_URL": "rediss://127.0.0.1:6379/0",
    "FIELD_ENCRYPTION_KEYS": "ZGVidWctb25seS1rZXktZm9yLWRldmVsb3BtZW50ISE=",
    "EMAIL_URL": "smtp+tls://user:secret-of-the-mail@127.0.0.1:587",
    "KISI_API_URL": "https://api.kisi.io",
    "KISI_CALLS_PER_SECOND": "4",
    "SITE_URL": "https://core.example.com",
    "PORT": "8000",
}
READ = ("-c", "import django; django.setup()")


def python(*words: str, **changed: str | None) -> subprocess.CompletedProcess[str]:
    """In an environment of its own; a setting changed to None is left out."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env = kept | GOOD | changed | {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
    given = {name: value for name, value in env.items() if value is not None}
    return subprocess.run(
        [sys.executable, *words], env=given, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_production_passes_every_check_of_django():
    ran = python("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert ran.returncode == 0, ran.stderr
    assert "no issues" in ran.stdout


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"DEBUG"}))
def test_a_setting_that_is_missing_stops_the_start_by_name(name):
    ran = python(*READ, **{name: None})
    assert ran.returncode != 0
    last = ran.stderr.strip().splitlines()[-1]
    assert f"The setting {name} is missing. It must be " in last
    assert "secret-of-the" not in ran.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "perhaps"),
        ("DATABASE_URL", "what://secret-of-the-database"),
        ("CELERY_BROKER_URL", "http://127.0.0.1"),
        ("FIELD_ENCRYPTION_KEYS", "c2hvcnQ="),
        ("KISI_API_URL", "https://kisi.example.com"),
        ("KISI_CALLS_PER_SECOND", "6"),
        ("KISI_CALLS_PER_SECOND", "nan"),
        ("SITE_URL", "core.example.com"),
        ("PORT", "0"),
    ],
)
def test_a_setting_that_is_malformed_stops_the_start_by_name(name, value):
    ran = python(*READ, **{name: value})
    assert ran.returncode != 0
    assert f"The setting {name} " in ran.stderr.strip().splitlines()[-1]
    assert "secret-of-the" not in ran.stderr.replace(value, "")


@pytest.mark.parametrize(
    "host", ["http://127.0.0.1:9000", "https://api.kisi.io.evil.example", "https://api.kisi.io/v2"]
)
def test_nothing_else_may_pose_as_kisi_in_production(host):
    ran = python(*READ, KISI_API_URL=host)
    assert "The setting KISI_API_URL is not Kisi's address" in ran.stderr


def test_debug_off_is_what_an_empty_environment_means():
    ran = python(
        "-c",
        "import django; django.setup(); from django.conf import settings; print(settings.DEBUG)",
        DEBUG=None,
    )
    assert ran.stdout.strip() == "False"


def test_admins_need_two_steps_in_production():
    ran = python(
        "-c",
        "import django; django.setup(); from django.conf import settings as s;"
        "print(s.ADMINS_NEED_MFA, s.SESSION_COOKIE_SECURE, s.SESSION_COOKIE_NAME, s.SECURE_SSL_REDIRECT)",
    )
    assert ran.stdout.split() == ["True", "True", "__Host-session", "True"]


def test_every_setting_is_in_the_example():
    example = (ROOT / ".env.example").read_text()
    assert not [name for name in GOOD if f"\n{name}=" not in f"\n{example}"]
