"""The page between press and done: shows what a change does to the doors, and takes the word for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from members import wording
from members.models import Gym, Member
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
SIGNS = "+-0"  # who gains, who loses, who has none and gets none
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
    go_back: str = wording.GO_BACK


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
    except ListMoved as changed:
        return Outcome(changed.effect, is_done=False, moved=moved(request, changed.effect))


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


def moved(request: HttpRequest, effect: Effect) -> str:
    """How the list differs from the one whose marks were posted; "" when it does not."""
    now = _marks(effect)
    if not request.POST.get(SEEN) or len(now) > COUNTED:
        return wording.LIST_CHANGED
    before = set(request.POST[SEEN].split())
    if before == now.keys():
        return ""
    known = {} if before <= now.keys() else _marks_of_everybody(request.gym)  # type: ignore[attr-defined]
    came = [name for mark, name in now.items() if mark not in before]
    return wording.list_changed(came, [known.get(mark, "") for mark in before - now.keys()])


def _marks(effect: Effect) -> dict[str, str]:
    """The name behind each mark."""
    groups = zip(SIGNS, (effect.gains, effect.losing, effect.denied), strict=True)
    return {_mark(sign, line.email): line.name or line.email for sign, lines in groups for line in lines}


def _marks_of_everybody(gym: Gym) -> dict[str, str]:
    people = Member.objects.filter(gym=gym).exclude(email="").only("first_name", "last_name", "email")
    return {_mark(sign, one.email): one.name for one in people for sign in SIGNS}


def _mark(sign: str, email: str) -> str:
    return sha256(f"{sign}{email}".encode()).hexdigest()[:10]


def _posted(request: HttpRequest, left_out: Iterable[str]) -> list[tuple[str, str]]:
    skipped = {*OURS, *left_out}
    return [(name, value) for name, values in request.POST.lists() if name not in skipped for value in values]


def _download(effect: Effect) -> HttpResponse:
    groups = (
        (wording.GAINS, effect.gains),
        (wording.LOSES, effect.losing),
        (wording.DENIED, effect.denied),
        (wording.KEEPS, effect.stays + effect.keeps),
    )
    rows = ((line.name, line.email, said, line.reason) for said, lines in groups for line in lines)
    return csv_of("door-access", wording.ACCESS_HEADINGS, rows)
