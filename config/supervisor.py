"""Runs the processes of one machine together: starts them, ends them together, says in one line what died."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

PATIENCE = 4.0
PR_SET_PDEATHSIG = 1
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Died(RuntimeError):
    """A process that should run for ever ended; the message names it and where its words are."""


@dataclass(slots=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path | None


@dataclass(slots=True)
class Supervisor:
    """Children write to `logs`/<name>.log; on Linux they die with us even after a kill -9."""

    logs: Path
    children: list[Child] = field(default_factory=list)

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], pipe: bool = False
    ) -> Child:
        """Start one; with `pipe` its output is read by the caller instead of going to its log."""
        self.logs.mkdir(parents=True, exist_ok=True)
        path = self.logs / f"{name}.log"
        with path.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603
                list(command),
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe else log,
                stderr=log,
                start_new_session=True,
                **die_with_us(),
            )
        child = Child(name, process, path)
        self.children.append(child)
        return child

    def adopt(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Watch and end a process that somebody else started."""
        self.children.append(Child(name, process, None))

    def watch(self, every: float = 0.3) -> None:
        """Until a signal (KeyboardInterrupt) or until a child dies (Died)."""
        while True:
            for child in self.children:
                if child.process.poll() is not None:
                    where = f"; see {child.log}" if child.log else ""
                    raise Died(f"{child.name} ended with code {child.process.returncode}{where}")
            time.sleep(every)

    def stop(self) -> None:
        """Ask everybody to end, and end after four seconds whoever has not."""
        for child in reversed(self.children):
            _signal(child.process, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in self.children:
            try:
                child.process.wait(timeout=max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(child.process, signal.SIGKILL)
                child.process.wait()
            _signal(child.process, signal.SIGKILL)


def first_line(stream: IO[bytes] | None) -> str:
    """The first line a child prints; "" when it ended without one."""
    return stream.readline().decode(errors="replace").strip() if stream else ""


def interrupt_on_terminate() -> None:
    """SIGTERM and a closed terminal end us as Ctrl-C does; while we are ending, more of them change nothing."""

    def interrupt(*_: Any) -> None:
        for number in ENDS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in ENDS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def end_with_parent() -> None:
    """On Linux a parent that dies without a word (kill -9 of make) is a SIGTERM to us."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], which: signal.Signals) -> None:
    """To the whole group of a child: a worker's pool goes with its worker."""
    try:
        os.killpg(process.pid, which)
    except (ProcessLookupError, PermissionError):
        if process.poll() is None:
            process.send_signal(which)


def die_with_us() -> dict[str, Any]:
    """On Linux the kernel ends a child whose parent is gone (prctl(2), PR_SET_PDEATHSIG)."""
    if not sys.platform.startswith("linux"):
        return {}
    libc = ctypes.CDLL(None)

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return {"preexec_fn": ask_kernel}
