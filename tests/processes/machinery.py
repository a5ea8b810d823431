"""Real processes for tests: a broker that can be stopped and started, workers and a beat that can be killed."""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.db import connection as database

from config import embedded, supervisor

ROOT = Path(__file__).resolve().parents[2]
WORKER = ("worker", "--pool", "prefork", "-Q", "core", "--without-gossip", "--without-mingle", "-l", "INFO")
BEAT = ("beat", "-l", "INFO", "--pidfile=")
STARTS_WITHIN = 60.0


class TooLate(AssertionError):
    """Something did not happen in time; says what was awaited."""


def until(happened: Callable[[], Any], *, within: float, what: str = "") -> float:
    """Poll until it is true; the seconds that took. Raises TooLate."""
    before = time.monotonic()
    while not happened():
        if time.monotonic() - before > within:
            raise TooLate(f"not within {within:.0f} s: {what or happened}")
        time.sleep(0.02)
    return time.monotonic() - before


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    before = time.monotonic()
    work()
    return time.monotonic() - before


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed; of fewer than a hundred the largest."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


class Broker:
    """A Valkey at one address that can go down, losing everything, and come back."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="core-vk-"))
        self.path = self._folder / "s"
        self.url = f"redis+socket://{self.path}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command = embedded.valkey_command(self.path, self._folder)
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **supervisor.die_with_us()
        )
        embedded.wait_until(self.path.exists, self._process, "Valkey")

    def stop(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.path.unlink(missing_ok=True)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def waiting(self) -> int:
        """How many messages lie in the queue."""
        with redis.Redis(unix_socket_path=str(self.path)) as client:
            return int(client.llen("core"))  # type: ignore[arg-type]

    def empty(self) -> None:
        """Whatever waits is lost; the broker stays."""
        with redis.Redis(unix_socket_path=str(self.path)) as client:
            client.flushall()


class Process:
    """A process of Core in a session of its own, with what it printed; ready once it printed `ready`."""

    def __init__(self, *command: str, ready: str, **environment: str) -> None:
        self._ready = ready
        self._printed = tempfile.NamedTemporaryFile(prefix="core-process-", suffix=".log")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": database_url()} | environment,
            stdout=self._printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **supervisor.die_with_us(),
        )

    @property
    def printed(self) -> str:
        return Path(self._printed.name).read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def is_ready(self) -> bool:
        assert self.is_running, self.printed[-2000:]
        return self._ready in self.printed

    def children(self) -> list[int]:
        """The processes of the pool."""
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill(self) -> None:
        """kill -9 of the process and all its children, as when a machine dies."""
        if self.is_running:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def kill_child(self) -> int:
        """kill -9 of the one process of the pool; its id."""
        (child,) = self.children()
        os.kill(child, signal.SIGKILL)
        return child

    def ask_to_stop(self) -> None:
        """A warm shutdown, as a deployment does it."""
        self._process.terminate()

    def stopped_with(self, *, within: float) -> int:
        return self._process.wait(timeout=within)


class Celery(Process):
    """A worker or a beat."""

    def received(self, task: str) -> int:
        return self._count(task, "received")

    def finished(self, task: str) -> int:
        return self._count(task, "succeeded")

    def is_done_with(self, task: str) -> bool:
        """Whether all of them that came have been finished, and some came."""
        return self.finished(task) == self.received(task) > 0

    def failed(self, task: str) -> int:
        return self._count(task, "raised")

    def _count(self, task: str, what: str) -> int:
        return len(re.findall(rf"Task {re.escape(task)}\[[^]]+\] {what}", self.printed))


def worker(processes: int, environment: dict[str, Any]) -> Celery:
    arguments = ("celery", "-A", "config", *WORKER, "-c", str(processes))
    return Celery(*arguments, ready="ready.", CORE_ROLE="worker", **environment)


def beat(environment: dict[str, Any]) -> Celery:
    return Celery("celery", "-A", "config", *BEAT, ready="beat: Starting", **environment)


def database_url(*, address: str = "") -> str:
    """The address of the database that the tests run in; by another way when `address` is given."""
    parts = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database.settings_dict['NAME']}")
    login = parts.netloc.rpartition("@")[0]
    return (parts._replace(netloc=f"{login}@{address}") if address else parts).geturl()
