"""The page between press and done: shows what a change does to the doors, and takes the word for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.http import HttpRequest

from members.models import Gym
from members.slots import Effect, ListMoved, carry_out_change, forecast_change

SHOWN = "shown"
MOVED = "The list changed while you were reading. Check it again."


def confirmed(
    request: HttpRequest, change: Callable[[], object], *, cause: str, ask: bool = True
) -> tuple[Effect, bool]:
    """(effect, done). A POST that names what was shown makes the change; any other press shows it first.

    With `ask` false a POST that touches nobody's access is made at once.
    """
    gym: Gym = request.gym  # type: ignore[attr-defined]
    shown = request.POST.get(SHOWN)
    if request.method == "POST" and shown is not None:
        try:
            return carry_out_change(gym, change, by=request.user, cause=cause, shown=shown), True
        except ListMoved as moved:
            return replace(moved.effect, notes=(MOVED, *moved.effect.notes)), False
    effect = forecast_change(gym, change)
    if request.method == "POST" and not ask and not effect.touches_anybody:
        return carry_out_change(gym, change, by=request.user, cause=cause, shown=effect.fingerprint), True
    return effect, False
