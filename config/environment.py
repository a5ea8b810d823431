"""Reads one setting at a time from the environment; what is wrong is said with its name and a hint."""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

KISI = "https://api.kisi.io"
ENGINES = ("django.db.backends.postgresql", "django.db.backends.sqlite3")

HINTS = {
    "SECRET_KEY": "a long random text (python -c 'import secrets; print(secrets.token_urlsafe(50))')",
    "DEBUG": "on or off",
    "ALLOWED_HOSTS": "host names, comma-separated, such as core.example.com",
    "CSRF_TRUSTED_ORIGINS": "origins, comma-separated, such as https://core.example.com",
    "DATABASE_URL": "such as postgres://user:password@host:5432/core",
    "CELERY_BROKER_URL": "such as rediss://host:6379/0",
    "FIELD_ENCRYPTION_KEYS": "urlsafe base64 of 32 random bytes, newest first, comma-separated",
    "EMAIL_URL": "such as smtp+tls://user:password@host:587",
    "KISI_API_URL": f"{KISI}; another address only with DEBUG on",
    "KISI_CALLS_PER_SECOND": "a number from 0.1 to 5; Kisi allows 5",
    "SITE_URL": "the address people open, such as https://core.example.com",
    "PORT": "a number from 1 to 65535",
}


class WrongSetting(ImproperlyConfigured):
    """A setting that is missing or malformed; the message is all that an operator needs."""


@dataclass(frozen=True, slots=True)
class Environment:
    """With `debug` a missing setting takes its default; without, every setting must be there."""

    values: Mapping[str, str]
    debug: bool

    def text(self, name: str, default: str) -> str:
        if name in self.values and self.values[name].strip():
            return self.values[name].strip()
        if self.debug:
            return default
        raise wrong(name, "is missing")

    def names(self, name: str, default: str) -> list[str]:
        found = [part.strip() for part in self.text(name, default).split(",") if part.strip()]
        if not found:
            raise wrong(name, "is empty")
        return found

    def hosts(self, name: str, default: str) -> list[str]:
        found = self.names(name, default)
        if any("/" in host for host in found):
            raise wrong(name, "has an address where a host name should stand")
        return found

    def origins(self, name: str, default: str) -> list[str]:
        found = self.names(name, default)
        if not all(_is_address(origin, "http", "https") for origin in found):
            raise wrong(name, "has an origin without http:// or https://")
        return found

    def number(self, name: str, default: str, *, low: float, high: float) -> float:
        try:
            value = float(self.text(name, default))
        except ValueError:
            raise wrong(name, "is not a number") from None
        if not low <= value <= high:
            raise wrong(name, "is out of range")
        return value

    def whole(self, name: str, default: str, *, low: int, high: int) -> int:
        value = self.number(name, default, low=low, high=high)
        if value != int(value):
            raise wrong(name, "is not a whole number")
        return int(value)

    def url(self, name: str, default: str, *schemes: str) -> str:
        value = self.text(name, default)
        if not _is_address(value, *schemes):
            raise wrong(name, "is not an address of a known kind")
        return value


def wrong(name: str, what: str) -> WrongSetting:
    """The one form of every complaint about a setting."""
    return WrongSetting(f"The setting {name} {what}. It must be {HINTS[name]}.")


def is_debug(values: Mapping[str, str]) -> bool:
    text = values.get("DEBUG", "off").strip().lower()
    if text not in ("on", "off", "true", "false", "1", "0", "yes", "no"):
        raise wrong("DEBUG", "is neither on nor off")
    return text in ("on", "true", "1", "yes")


def encryption_keys(env: Environment, default: str) -> list[str]:
    """Keys that open and seal secrets, newest first; each is 32 bytes in urlsafe base64."""
    keys = env.names("FIELD_ENCRYPTION_KEYS", default)
    for key in keys:
        try:
            size = len(base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            raise wrong("FIELD_ENCRYPTION_KEYS", "is not base64") from None
        if size != 32:
            raise wrong("FIELD_ENCRYPTION_KEYS", f"has a key of {size} bytes")
    return keys


def kisi_url(env: Environment) -> str:
    """Where Kisi is. In production nothing else may pose as Kisi."""
    value = env.text("KISI_API_URL", KISI).rstrip("/")
    if not env.debug and value != KISI:
        raise wrong("KISI_API_URL", "is not Kisi's address")
    if not _is_address(value, "http", "https"):
        raise wrong("KISI_API_URL", "is not a web address")
    return value


def database(env: Environment, default: str) -> dict[str, Any]:
    """The database, with SQLite set up so that web, worker and beat of one machine share it."""
    config = _parsed("DATABASE_URL", env.text("DATABASE_URL", default), environ.Env.db_url_config)
    if config["ENGINE"] not in ENGINES or not config.get("NAME"):
        raise wrong("DATABASE_URL", "names no PostgreSQL or SQLite database")
    if "sqlite" in config["ENGINE"]:
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        # Compiling a query takes a second at 10,000 members, and running it 50 ms: no JIT.
        config["OPTIONS"] = {**config.get("OPTIONS", {}), "options": "-c jit=off"}
        config["CONN_MAX_AGE"] = 60
        config["CONN_HEALTH_CHECKS"] = True
    return config


def email(env: Environment, default: str) -> dict[str, Any]:
    """How mail goes out; a server that does not answer costs ten seconds, never a worker."""
    return {"EMAIL_TIMEOUT": 10} | _parsed(
        "EMAIL_URL", env.text("EMAIL_URL", default), environ.Env.email_url_config
    )


def queue_folders(state: Path) -> dict[str, str]:
    """The options of a queue kept in files, for one machine without a broker: wake-ups can be lost."""
    letters, control = str(state / "queue"), str(state / "queue-control")
    return {"data_folder_in": letters, "data_folder_out": letters, "control_folder": control}


def _is_address(value: str, *schemes: str) -> bool:
    """Of a known kind, with a host (or for a local queue a path) and, where there is a port, a number."""
    try:
        parts = urlsplit(value)
        known = parts.scheme in schemes and (parts.port or 1) > 0
    except ValueError:
        return False
    local = parts.scheme == "filesystem" or (not parts.scheme.startswith("http") and parts.path)
    return known and bool(parts.hostname or local)


def _parsed(name: str, value: str, parse: Any) -> dict[str, Any]:
    try:
        with warnings.catch_warnings(action="ignore"):  # a warning would show the password
            config = dict(parse(value))
    except (environ.ImproperlyConfigured, KeyError, ValueError):
        raise wrong(name, "cannot be read") from None
    if not config.get("ENGINE", config.get("EMAIL_BACKEND")):
        raise wrong(name, "cannot be read")
    return config
