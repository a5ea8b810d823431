"""The whole program as `make run` starts it, in a state folder of its own; how a test finds and ends it."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from config import supervisor

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = ("DATABASE_URL", "CELERY_BROKER_URL", "KISI_API_URL", "KISI_CALLS_PER_SECOND", "EMAIL_URL")
READY = "Press Ctrl-C to stop."
WORDS = {
    "url": r"Core is running: +(\S+)/",
    "admin": r"admin +(\S+ +\S+)",
    "staff": r"staff +(\S+ +\S+)",
    "kisi": r"Simulated Kisi: +(\S+)/",
    "group_id": r"Group ID +(\S+)",
    "api_key": r"API key +(\S+)",
}


@dataclass
class Demo:
    """What the printed block says, and the other side: the simulated Kisi."""

    process: subprocess.Popen[str]
    folder: Path
    printed: dict[str, str]

    @property
    def url(self) -> str:
        return self.printed["url"]

    def sign_in(self, role: str) -> tuple[str, str]:
        email, password = self.printed[role].split()
        return email, password

    def kisi(self) -> dict[str, Any]:
        """Everything the simulator knows."""
        state: dict[str, Any] = _json(f"{self.printed['kisi']}/_simulator/state")
        return state

    def play(self, act: str, **values: Any) -> None:
        """Arm a fault, turn a switch or edit by hand at the simulator."""
        _json(f"{self.printed['kisi']}/_simulator/{act}", values)

    def clear_faults(self) -> None:
        _json(f"{self.printed['kisi']}/_simulator/faults", method="DELETE")

    def inside(self) -> set[str]:
        """The addresses that hold a right of their own in the group now."""
        group = int(self.printed["group_id"])
        return {user["email"] for user in self.kisi()["users"] if _is_in(user, group)}

    def sql(self, query: str) -> list[Any]:
        """Change rows behind Core's back, as a clock or another program would."""
        database = sqlite3.connect(self.folder / "core.sqlite3", timeout=20)
        with closing(database), database:
            return database.execute(query).fetchall()

    def stop(self) -> float:
        """SIGTERM; the seconds until the program had ended."""
        before = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=20)
        return time.monotonic() - before

    def left_over(self) -> list[str]:
        """The command lines of processes that still run with this demo's state folder."""
        mark = f"CORE_STATE_DIR={self.folder}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found


def start(folder: Path) -> Demo:
    """Run `manage.py demo` and wait for its printed block."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo"],
        cwd=ROOT,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **supervisor.die_with_us(),
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if READY in line:
            return Demo(process, folder, _read("".join(lines)))
    raise AssertionError(f"The demo did not start:\n{''.join(lines)}")


def until(happened: Callable[[], Any], *, within: float, what: str, every: float = 0.05) -> float:
    """Poll until it is true; the seconds that took."""
    before = time.monotonic()
    while not happened():
        assert time.monotonic() - before < within, f"not within {within:.0f} s: {what}"
        time.sleep(every)
    return time.monotonic() - before


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return kept | {
        "DEBUG": "on",
        "PORT": str(_free_port()),
        "CORE_STATE_DIR": str(folder),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _read(block: str) -> dict[str, str]:
    found = {name: re.search(pattern, block) for name, pattern in WORDS.items()}
    missing = [name for name, match in found.items() if match is None]
    assert not missing, f"{missing} not in:\n{block}"
    return {name: match[1] for name, match in found.items() if match}


def _json(url: str, values: dict[str, Any] | None = None, *, method: str | None = None) -> Any:
    body = None if values is None else json.dumps(values).encode()
    request = Request(url, data=body, method=method, headers={"Content-Type": "application/json"})  # noqa: S310
    with urlopen(request, timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def _is_in(user: dict[str, Any], group: int) -> bool:
    return any(
        (right["applies_to_type"], right["applies_to_id"]) == ("Group", group) for right in user["rights"]
    )
