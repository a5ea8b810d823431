"""The PostgreSQL that the tests started, treated as operators and failing machines do: restarted, frozen."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections

from config import embedded, supervisor
from config.embedded import Service
from tests import services

READY = "ready"


class Postgres:
    """While it is down or stands still, the test must not ask it anything."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._command = Path(f"/proc/{service.process.pid}/cmdline").read_text().rstrip("\0").split("\0")
        self._owner = Path(f"/proc/{service.process.pid}").stat()

    @classmethod
    def of_the_tests(cls) -> Postgres | None:
        """None where the database is somebody else's."""
        ours = [service for service in services._running if service.url.startswith("postgres")]
        return cls(ours[0]) if ours else None

    @property
    def is_running(self) -> bool:
        return self._service.process.poll() is None

    def stop(self) -> None:
        """As `pg_ctl stop` does it: every session is cut off, nothing that was committed is lost."""
        connections.close_all()
        self._service.process.send_signal(signal.SIGINT)
        self._service.process.wait(timeout=30)

    def start(self) -> None:
        with (self._service.folder / "log").open("ab") as words:
            self._service.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                cwd=self._service.folder,
                **self._account(),
                **supervisor.die_with_us(),
            )
        embedded.wait_until(self._is_open, self._service.process, "PostgreSQL")

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """All of it: nothing is closed, nothing is answered."""
        with frozen([self._service.process.pid, *_children(self._service.process.pid)]):
            yield

    @contextmanager
    def sessions_standing_still(self) -> Iterator[int]:
        """Everybody's present sessions but ours; new ones work. How many there are."""
        rows = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        with connection.cursor() as cursor:
            cursor.execute(rows)
            pids = [pid for (pid,) in cursor.fetchall()]
        with frozen(pids):
            yield len(pids)

    def _account(self) -> dict[str, object]:
        if self._owner.st_uid == os.geteuid():
            return {}
        return {"user": self._owner.st_uid, "group": self._owner.st_gid, "extra_groups": []}

    def _is_open(self) -> bool:
        try:
            words = (self._service.folder / "data" / "postmaster.pid").read_text()
        except OSError:
            return False
        return words.rstrip().endswith(READY)


@contextmanager
def frozen(pids: list[int]) -> Iterator[None]:
    """These processes stand still for the time being."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
