"""The wire against servers that keep to no rule: time, size, secrecy, and never an error without a type."""

from __future__ import annotations

import gzip
import ipaddress
import logging
import ssl
import time
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.access.errors import DoorError, NoAnswer
from integrations.kisi.client import KisiClient
from integrations.kisi.transport import Timeouts
from integrations.vault import Secret
from tests.integrations.kisi.conftest import Notes
from tests.integrations.kisi.hostile import HEAD, JSON, drips, hostile, pours, says
from tests.integrations.kisi.test_key_stays_secret import everything_left_behind

KEY = "3f0c9a-canary-77aa"
ME = b'{"id": 7, "email": "olga@example.com", "organization_id": 1}'
WHOLE = JSON + b"Content-Length: %d\r\n\r\n" % len(ME) + ME
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
ZIPPED = JSON + b"Content-Encoding: gzip\r\n"
DELETED = b"HTTP/1.1 204 No Content\r\n\r\n"

some = settings(derandomize=True, database=None, deadline=None, max_examples=60)


def kisi_at(url: str, **limits: float) -> KisiClient:
    times = Timeouts(**({"read": 2.0, "total": 10.0} | limits))
    return KisiClient(base_url=url, key=Secret(KEY), gate=Notes(), sleep=lambda _: None, timeouts=times)


def ask_me(script, **limits):
    with hostile(script) as server:
        return kisi_at(server.url, **limits).me()


def delete(script, **limits) -> None:
    with hostile(script) as server:
        kisi_at(server.url, **limits).delete_user(7)


# Time: nothing that arrives in drops outlasts the total

DRIPS = {
    "a status line without end": drips(b"HTTP/1.1 200 ", b"O"),
    "headers without end": drips(HEAD, b"X-More: and more\r\n"),
    "one header without end": drips(HEAD + b"X: ", b"y"),
    "continue, for ever": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n", every=0.005),
    "a body without end": drips(JSON + b"\r\n", b" "),
    "the size of a chunk without end": drips(CHUNKED + b"1;", b"x"),
    "chunks of nothing much": drips(CHUNKED, b"1\r\n \r\n"),
    "a zipped body that unzips to nothing": drips(
        ZIPPED + b"\r\n" + gzip.compress(b"")[:10], b"\0\0\0\xff\xff"
    ),
    "the body of a redirect": drips(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b" "),
}


@pytest.mark.parametrize("script", DRIPS.values(), ids=DRIPS)
def test_what_arrives_in_drops_ends_with_the_total(script):
    before = time.monotonic()
    with pytest.raises(NoAnswer) as told:
        delete(script, total=0.4)
    assert time.monotonic() - before < 1.0
    assert told.value.wrote


def test_the_time_of_one_call_does_not_shorten_the_next():
    with hostile(says(WHOLE)) as server:
        kisi = kisi_at(server.url, total=0.3)
        for _ in range(3):
            assert kisi.me().id == 7
            time.sleep(0.15)


# Size


def test_a_body_without_end_is_left_at_the_cap():
    with pytest.raises(NoAnswer, match="too large"):
        delete(pours(JSON + b"\r\n", b" " * 65536))


def test_a_small_body_that_unzips_to_a_huge_one_is_left_at_the_cap():
    bomb = gzip.compress(b" " * 50 * 1024 * 1024)
    with pytest.raises(NoAnswer, match="too large"):
        delete(says(ZIPPED + b"Content-Length: %d\r\n\r\n" % len(bomb), bomb))


def test_the_body_of_a_redirect_is_not_read():
    """Requests would read all of it, however large, to find out where to go."""
    before = time.monotonic()
    with pytest.raises(NoAnswer):
        delete(pours(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n", b" " * 65536))
    assert time.monotonic() - before < 1.0


# Broken off, contradictory, meaningless

BROKEN = {
    "nothing": says(b""),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "half a head": says(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half a body": says(JSON + b"Content-Length: 99\r\n\r\n" + ME),
    "half a chunk": says(CHUNKED + b"ff\r\n{}"),
    "a chunk of no size": says(CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "two lengths": says(JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a length that is none": says(JSON + b"Content-Length: many\r\n\r\n{"),
    "zipped, but not": says(ZIPPED + b"Content-Length: 2\r\n\r\n{}"),
    "half a zip": says(ZIPPED + b"\r\n" + zlib.compress(b"{}")[:5]),
    "too many headers": says(HEAD + b"X: y\r\n" * 200 + b"\r\n{}"),
    "a header too long": says(HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n{}"),
    "JSON nested without end": says(JSON + b"\r\n" + b"[" * 200_000),
    "a number without end": says(JSON + b"\r\n" + b"9" * 5000),
    "no text": says(JSON + b'\r\n{"id": "\xff\xfe"}'),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_to_a_read_is_no_answer(script):
    with pytest.raises(NoAnswer) as told:
        ask_me(script)
    assert str(told.value).startswith("GET /user ") and not told.value.wrote


@some
@given(st.binary(max_size=300))
def test_any_bytes_at_all_become_a_typed_error(data):
    with pytest.raises(DoorError):
        ask_me(says(data), read=0.5)


@some
@given(st.integers(100, 999), st.binary(max_size=100))
def test_any_status_and_body_become_a_typed_error_or_a_value(status, body):
    head = b"HTTP/1.1 %d What\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    with pytest.raises(DoorError):
        ask_me(says(head + body), read=0.5)


def test_a_deletion_is_done_by_a_204_and_by_a_200_with_or_without_words():
    for answer in (DELETED, HEAD + b"Content-Length: 0\r\n\r\n", HEAD + b"Content-Length: 2\r\n\r\n{}"):
        delete(says(answer))


# Secrecy


def test_no_cookie_is_kept():
    with hostile(says(WHOLE.replace(JSON, JSON + b"Set-Cookie: a=b; Path=/\r\n"))) as server:
        kisi = kisi_at(server.url)
        kisi.me()
        kisi.me()
    assert len(server.requests) == 2 and b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_the_key_is_in_nothing_that_a_broken_answer_leaves_behind(script, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(NoAnswer) as told:
        ask_me(script)
    assert not [text for text in everything_left_behind(told.value, caplog) if KEY in text]


@pytest.mark.parametrize("escaped", [KEY, KEY.replace("c", "\\u0063"), "\\/".join(["a", KEY])])
def test_a_key_that_is_repeated_in_any_spelling_is_masked(escaped, caplog):
    body = b'{"error": "no %s here"}' % escaped.encode()
    heads = b"Deprecation: %s\r\nContent-Length: %d\r\n\r\n" % (KEY.encode(), len(body))
    with pytest.raises(DoorError) as told:
        ask_me(says(b"HTTP/1.1 403 No\r\n" + heads + body))
    assert "****" in told.value.said
    assert not [text for text in everything_left_behind(told.value, caplog) if KEY in text]


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_that_nobody_trusts_gets_no_request_whatever_the_environment_says(
    tls, certificate, monkeypatch, name
):
    monkeypatch.setenv(name, str(certificate))
    with hostile(says(WHOLE), tls) as server, pytest.raises(NoAnswer, match="SSLError"):
        kisi_at(server.url).me()
    assert server.requests == []


def test_over_tls_the_call_works_and_its_time_holds(tls, certificate, monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))
    with hostile(says(WHOLE), tls) as server:
        assert kisi_at(server.url).me().id == 7
    before = time.monotonic()
    with hostile(drips(HEAD, b"X-More: and more\r\n"), tls) as server, pytest.raises(NoAnswer):
        kisi_at(server.url, total=0.4).delete_user(7)
    assert time.monotonic() - before < 1.0
