"""A keeper of doors for tests: says what it was told to say, and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from members.models import Gym
from members.slots import Addresses, Effect, EffectLine, ListMoved, Supposed


def lines(*names: str, reason: str = "") -> tuple[EffectLine, ...]:
    return tuple(EffectLine(name, f"{name.split()[0].lower()}@example.com", reason) for name in names)


@dataclass
class Doors:
    """`effect` is what every change does; `carried_out` keeps (by, cause, shown) of each that was made."""

    effect: Effect = field(default_factory=Effect.empty)
    carried_out: list[tuple[Any, str, str]] = field(default_factory=list)
    name: str = "Kisi"

    def forecast(self, gym: Gym, change: Callable[[], object], *, about: Addresses = None) -> Effect:
        with transaction.atomic():
            change()
            transaction.set_rollback(True)
        return self.effect

    def suppose(self, gym: Gym, supposed: Supposed, *, about: Addresses = None) -> Effect:
        return self.effect

    def carry_out(
        self,
        gym: Gym,
        change: Callable[[], object],
        *,
        by: Any,
        cause: str,
        shown: str,
        about: Addresses = None,
    ) -> Effect:
        with transaction.atomic():
            change()
            if self.effect.touches_anybody and shown != self.effect.fingerprint:
                raise ListMoved(self.effect)
        self.carried_out.append((by, cause, shown))
        return self.effect
