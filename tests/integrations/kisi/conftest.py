"""A client of Kisi over real HTTP, with a gate that only takes notes and no waits between tries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from integrations.kisi.client import KisiClient
from integrations.kisi.simulator import World, serve
from integrations.kisi.simulator.server import Server
from integrations.kisi.transport import Timeouts
from integrations.vault import Secret


@dataclass
class Notes:
    """A gate that lets everything through and writes down what it was told."""

    entered: list[bool] = field(default_factory=list)
    answers: list[tuple[bool, bool]] = field(default_factory=list)
    slowed: list[float | None] = field(default_factory=list)

    def enter(self, *, write: bool) -> None:
        self.entered.append(write)

    def answered(self, *, write: bool, ok: bool) -> None:
        self.answers.append((write, ok))

    def slow_down(self, retry_after: float | None) -> None:
        self.slowed.append(retry_after)


@dataclass
class Caller:
    """A client at a served world: what it was told, how long it would have slept, what it asked."""

    kisi: KisiClient
    world: World
    gate: Notes
    slept: list[float]

    def asked(self) -> list[str]:
        """The calls since the last look, as "GET /users"."""
        rows = [f"{call.method} {call.path}" for call in self.world.requests]
        self.world.forget_requests()
        return rows


@pytest.fixture
def served(world: World) -> Iterator[Server]:
    with serve(world) as server:
        yield server


@pytest.fixture
def call_as(served: Server, world: World) -> Callable[..., Caller]:
    """A caller with the world's key, or another one, or other limits."""

    def make(key: str = "", *, url: str = "", **limits: Any) -> Caller:
        gate, slept = Notes(), list[float]()
        kisi = KisiClient(
            base_url=url or served.url,
            key=Secret(key or world.api_key),
            gate=gate,
            contact="help@core.example",
            sleep=slept.append,
            timeouts=Timeouts(**limits),
        )
        return Caller(kisi, world, gate, slept)

    return make


@pytest.fixture
def caller(call_as: Callable[..., Caller]) -> Caller:
    return call_as()
