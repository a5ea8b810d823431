"""What every JSON object of Kisi's shares: its first fields and how times are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.kisi.simulator.rows import Row
from integrations.kisi.simulator.store import Store
from integrations.kisi.simulator.switches import Switches

Shape = dict[str, Any]


def without_resource_types(payload: Any) -> Any:
    """The same payload as organizations saw it in 2024: no object says what it is."""
    if isinstance(payload, list):
        return [without_resource_types(item) for item in payload]
    if isinstance(payload, dict):
        return {
            key: without_resource_types(value) for key, value in payload.items() if key != "resource_type"
        }
    return payload


@dataclass(frozen=True, slots=True)
class Frame:
    """The rows to look up in, the switches, and what every object begins with."""

    store: Store
    switches: Switches

    def time(self, at: datetime | None) -> str | None:
        if at is None:
            return None
        exact = "milliseconds" if self.switches.milliseconds else "seconds"
        return at.astimezone(UTC).isoformat(timespec=exact).replace("+00:00", "Z")

    def head(self, row: Row, kind: str) -> Shape:
        return {
            "id": row.id,
            "resource_type": kind,
            "created_at": self.time(row.created_at),
            "updated_at": self.time(row.updated_at),
        }
