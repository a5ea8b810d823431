"""A TCP way to a broker that can forget its connections, as a firewall does: nothing is closed, no byte passes."""

from __future__ import annotations

import select
import socket
import threading
from pathlib import Path


class Proxy:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._twin: dict[socket.socket, socket.socket] = {}
        self._forgotten: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_closed = False
        self.url = f"redis://127.0.0.1:{self._listening.getsockname()[1]}/0"
        threading.Thread(target=self._run, daemon=True).start()

    def forget(self) -> int:
        """Whoever is connected hears nothing any more; new connections work. How many were forgotten."""
        with self._lock:
            self._forgotten.extend(self._twin)
            count = len(self._twin) // 2
            self._twin.clear()
        return count

    def close(self) -> None:
        self._is_closed = True
        self._listening.close()
        for one in (*self._twin, *self._forgotten):
            one.close()

    def _run(self) -> None:
        while not self._is_closed:
            try:
                ready, _, _ = select.select([self._listening, *self._twin], [], [], 0.05)
                for one in ready:
                    self._accept() if one is self._listening else self._pass_on(one)
            except (OSError, ValueError):
                continue

    def _accept(self) -> None:
        here, _ = self._listening.accept()
        there = socket.socket(socket.AF_UNIX)
        there.connect(str(self._path))
        with self._lock:
            self._twin |= {here: there, there: here}

    def _pass_on(self, one: socket.socket) -> None:
        with self._lock:
            other = self._twin.get(one)
        if other is None:
            return
        part = one.recv(65536)
        if part:
            other.sendall(part)
            return
        with self._lock:
            self._twin.pop(one, None)
            self._twin.pop(other, None)
        one.close()
        other.close()
