"""The world's rows in one JSON file, written whole and atomically, soon after each change. No rules."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from integrations.kisi.simulator.rows import Row
from integrations.kisi.simulator.store import Store, Table

Snapshot = dict[str, Any]
PAUSE_SECONDS = 0.3
LOGS, LAST_KEPT = ("mails", "events"), 1_000
ALSO_TIMES = ("valid_from", "valid_until")


def snapshot(store: Store) -> Snapshot:
    """Shallow copies of all rows: quick to take under the world's lock, safe to write outside it."""
    tables = {
        name: {"last": table.last, "rows": [dict(vars(row)) for row in _kept(name, table)]}
        for name, table in store.tables().items()
    }
    return {"tables": tables, "last_member_id": store.last_member_id}


def _kept(name: str, table: Table) -> list[Row]:
    rows = list(table.rows.values())
    return rows[-LAST_KEPT:] if name in LOGS else rows


def restored(saved: Snapshot) -> Store:
    store = Store()
    for name, table in store.tables().items():
        kept = saved["tables"].get(name, {"last": 0, "rows": []})
        table.last = kept["last"]
        table.rows = {row["id"]: _row(table.kind, row) for row in kept["rows"]}
    store.last_member_id = saved["last_member_id"]
    store.reindex()
    return store


def read(path: Path) -> Store:
    return restored(json.loads(path.read_text()))


def write(path: Path, saved: Snapshot) -> None:
    """Through a neighbour file of its own that takes its place; readable by its owner only, for it holds keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f"{path.name}.", delete=False) as file:
        json.dump(saved, file, default=_as_text)
    os.replace(file.name, path)


class Keeper:
    """Writes a changed world at most every `PAUSE_SECONDS`, from its own thread."""

    def __init__(self, path: Path, take: Callable[[], Snapshot]) -> None:
        self._path = path
        self._take = take
        self._changed = threading.Event()
        self._writing = threading.Lock()
        threading.Thread(target=self._run, daemon=True).start()

    def touch(self) -> None:
        self._changed.set()

    def flush(self) -> None:
        with self._writing:
            self._changed.clear()
            write(self._path, self._take())

    def _run(self) -> None:
        while self._changed.wait():
            self.flush()
            threading.Event().wait(PAUSE_SECONDS)


def _row(kind: type[Row], values: dict[str, Any]) -> Row:
    known = {item.name for item in fields(kind)}
    return kind(**{name: _value(name, value) for name, value in values.items() if name in known})


def _value(name: str, value: Any) -> Any:
    is_time = name.endswith("_at") or name in ALSO_TIMES
    return datetime.fromisoformat(value) if is_time and value is not None else value


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not kept in the state file")
