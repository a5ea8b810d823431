"""Seals and opens secrets (AES-256-GCM, key id in the token, bound to the owning row). Never swallows a failure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"
NONCE = 12
KEY = 32


class VaultError(Exception):
    """A secret cannot be sealed or opened; the words say why and hold neither secret, token nor key."""


class Secret:
    """A text that shows itself only when asked: masked in repr, str, logs and tracebacks; not picklable."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    @property
    def last4(self) -> str:
        """Enough to recognise it by; nothing for a text so short that this would give it away."""
        return self._text[-4:] if len(self._text) >= 12 else ""

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not serialized")


def seal(plain: Secret | str, *, owner: str) -> str:
    """A token that opens only for `owner` (say "kisi.connection:7"), sealed with the newest key."""
    key = _keys()[0]
    nonce = os.urandom(NONCE)
    sealed = AESGCM(key).encrypt(nonce, _sealable(plain), owner.encode())
    return f"{VERSION}.{key_id(key)}.{_text(nonce + sealed)}"


def open_sealed(token: str, *, owner: str) -> Secret:
    """The secret in `token`; raises VaultError."""
    which, data = _parts(token)
    for key in _keys():
        if key_id(key) == which:
            return _opened(key, data, owner)
    raise VaultError("the secret was sealed with a key that FIELD_ENCRYPTION_KEYS does not hold")


def reseal(token: str, *, owner: str) -> str | None:
    """The same secret sealed with the newest key; None when it already is."""
    which, _ = _parts(token)
    if which == key_id(_keys()[0]):
        return None
    return seal(open_sealed(token, owner=owner), owner=owner)


def key_id(key: bytes) -> str:
    """A short name for a key, derived from it and telling nothing of it."""
    return hashlib.sha256(b"core.vault" + key).hexdigest()[:8]


def _opened(key: bytes, data: bytes, owner: str) -> Secret:
    try:
        return Secret(AESGCM(key).decrypt(data[:NONCE], data[NONCE:], owner.encode()).decode())
    except (InvalidTag, ValueError):
        raise VaultError("the sealed secret is damaged, or belongs to another row") from None


def _sealable(plain: Secret | str) -> bytes:
    """The error of an impossible letter would hold the whole text; hence outside of the `except`."""
    text = plain.reveal() if isinstance(plain, Secret) else plain
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise VaultError("the secret is no text")
    return text.encode()


def _parts(token: str) -> tuple[str, bytes]:
    parts = token.split(".")
    if len(parts) != 3 or parts[0] != VERSION:
        raise VaultError("there is no sealed secret here")
    try:
        return parts[1], _bytes(parts[2])
    except ValueError:
        raise VaultError("the sealed secret is damaged") from None


def _keys() -> list[bytes]:
    """Newest first; at least one."""
    given: list[str] | str = settings.FIELD_ENCRYPTION_KEYS
    named = given.split(",") if isinstance(given, str) else given
    keys = [_key(name.strip()) for name in named if name.strip()]
    if not keys:
        raise VaultError("FIELD_ENCRYPTION_KEYS holds no key")
    return keys


def _key(name: str) -> bytes:
    try:
        key = _bytes(name.rstrip("="))
    except ValueError:
        key = b""
    if len(key) != KEY:
        raise VaultError(f"FIELD_ENCRYPTION_KEYS holds something that is not urlsafe base64 of {KEY} bytes")
    return key


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    """Only the one spelling that `_text` gives; raises ValueError."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(data) != text:
        raise binascii.Error("another spelling")
    return data
