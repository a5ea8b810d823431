"""The page a person watches: who can open which door, the people, the last calls, the mails. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .api.answers import Answer, as_html

if TYPE_CHECKING:
    from .world import World


def answer(world: World) -> Answer:
    return as_html("<!doctype html><title>Kisi simulator</title>")
