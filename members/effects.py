"""The page between press and done: shows what a change does to the doors, and takes the word for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from members.models import Gym
from members.sheets import csv_of
from members.slots import (
    Addresses,
    Effect,
    ListMoved,
    Supposed,
    carry_out_change,
    forecast_change,
    forecast_supposed,
)

SHOWN, SEEN, WANTED = "shown", "seen", "list"
COUNTED = 2_000
OURS = (SHOWN, SEEN, WANTED, "csrfmiddlewaretoken")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`moved` says how the list differs from the one that was confirmed, "" when it does not."""

    effect: Effect
    is_done: bool
    moved: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """The words of the page: `sentences` say what happens, the button names the act, `back` changes nothing."""

    title: str
    button: str
    back: str
    parent: str
    sentences: tuple[str, ...] = ()
    is_final: bool = True
    go_back: str = "Go back without saving"


def settle(
    request: HttpRequest,
    change: Callable[[], object],
    *,
    cause: str,
    ask: Callable[[Effect], bool],
    about: Addresses = None,
    supposed: Callable[[], Supposed] | None = None,
) -> Outcome:
    """Make the change, or find out what has to be asked first; `about`: the only addresses it can concern.

    `supposed` says what the change would leave, where that is known without trying it.

    A POST that carries what was shown makes it, unless the list moved. Any other POST makes it at once when
    `ask` says of the effect that nobody needs to be asked. Nothing else changes anything.
    """
    gym: Gym = request.gym  # type: ignore[attr-defined]
    shown = request.POST.get(SHOWN) if WANTED not in request.POST else None
    if shown is None:
        effect = _forecast(gym, change, supposed, about)
        if request.method != "POST" or WANTED in request.POST or ask(effect):
            return Outcome(effect, is_done=False)
        shown = effect.fingerprint
    try:
        effect = carry_out_change(gym, change, by=request.user, cause=cause, shown=shown, about=about)
        return Outcome(effect, is_done=True)
    except ListMoved as moved:
        return Outcome(moved.effect, is_done=False, moved=_moved(request, moved.effect))


def _forecast(
    gym: Gym, change: Callable[[], object], supposed: Callable[[], Supposed] | None, about: Addresses
) -> Effect:
    if supposed is None:
        return forecast_change(gym, change, about=about)
    return forecast_supposed(gym, supposed(), about=about)


def check_page(
    request: HttpRequest, outcome: Outcome, question: Question, *, form: BaseForm | None = None
) -> HttpResponse:
    """The question with the names; its form posts again what was posted here. `form` is shown, if given."""
    if request.POST.get(WANTED) == "csv":
        return _download(outcome.effect)
    context = {
        "question": question,
        "effect": outcome.effect,
        "moved": outcome.moved,
        "form": form,
        "posted": _posted(request, set(form.fields) if form else set()),
        "seen": seen(outcome.effect),
    }
    return render(request, "members/check.html", context)


def seen(effect: Effect) -> str:
    """Whom the page named, as marks that only serve to count who came and who went since; "" of too many."""
    marks = _marks(effect)
    return " ".join(sorted(marks)) if len(marks) <= COUNTED else ""


def _marks(effect: Effect) -> set[str]:
    signed = [("+", line) for line in effect.gains] + [("-", line) for line in effect.loses]
    return {sha256(f"{sign}{line.email}".encode()).hexdigest()[:10] for sign, line in signed}


def _moved(request: HttpRequest, effect: Effect) -> str:
    if not request.POST.get(SEEN) or len(_marks(effect)) > COUNTED:
        return "The list changed while you were reading. Check it again."
    before, now = set(request.POST[SEEN].split()), _marks(effect)
    more, fewer = len(now - before), len(before - now)
    return f"The list changed while you were reading: {more:,} more, {fewer:,} fewer. Check it again."


def _posted(request: HttpRequest, left_out: Iterable[str]) -> list[tuple[str, str]]:
    skipped = {*OURS, *left_out}
    return [(name, value) for name, values in request.POST.lists() if name not in skipped for value in values]


def _download(effect: Effect) -> HttpResponse:
    groups = (("gets access", effect.gains), ("loses access", effect.loses), ("keeps access", effect.keeps))
    rows = ((line.name, line.email, words, line.reason) for words, lines in groups for line in lines)
    return csv_of("door-access", ["Name", "Email", "Door access", "Reason"], rows)
