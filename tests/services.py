"""Finds or starts what the tests need (PostgreSQL, Valkey) before Django reads its settings.

CORE_TEST_DATABASE=sqlite runs the tests on SQLite instead.
"""

from __future__ import annotations

import base64
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from config import embedded, supervisor

NOT_OURS = (
    *("ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "SITE_URL", "PORT", "KISI_API_URL"),
    *("DEFAULT_FROM_EMAIL", "CORE_ROLE"),
)
_running: list[embedded.Service] = []
MARK = "CORE_TEST_SERVICES"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Environment first: a conftest would be too late, settings are read when pytest-django loads."""
    if MARK not in os.environ:
        _start()
        os.environ[MARK] = "started"


def pytest_unconfigure() -> None:
    if _running:
        shutil.rmtree(os.environ["CORE_STATE_DIR"], ignore_errors=True)
    while _running:
        _running.pop().stop()


def _start() -> None:
    for name in NOT_OURS:
        os.environ.pop(name, None)
    os.environ.update(
        DEBUG="on",
        SECRET_KEY="tests-only-" + "x" * 50,
        FIELD_ENCRYPTION_KEYS=base64.urlsafe_b64encode(b"k" * 32).decode(),
        EMAIL_URL="memorymail://",
        KISI_CALLS_PER_SECOND="1000",
        CORE_STATE_DIR=tempfile.mkdtemp(prefix="core-tests-"),
        DJANGO_ALLOW_ASYNC_UNSAFE="true",
    )
    os.environ["DATABASE_URL"] = _database()
    valkey = embedded.start_valkey(**supervisor.die_with_us())
    _running.append(valkey)
    os.environ["CELERY_BROKER_URL"] = valkey.url


def _database() -> str:
    if os.environ.get("CORE_TEST_DATABASE") == "sqlite":
        return f"sqlite:///{Path(os.environ['CORE_STATE_DIR']) / 'core.sqlite3'}"
    if os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return os.environ["DATABASE_URL"]
    postgres = embedded.start_postgres(**supervisor.die_with_us())
    _running.append(postgres)
    return postgres.url
