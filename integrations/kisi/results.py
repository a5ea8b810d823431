"""What a press of a button led to, in a sentence for the banner above the next page. The one place for these words."""

from __future__ import annotations

from members.words import people


def allowed(count: int, *, entitled: int, left_out: int) -> str:
    """Held removals that were let go; `entitled` again since, `left_out` for they were not held any more."""
    said = [f"Access of {people(count)} is being removed." if count else "Nobody's access is being removed."]
    if entitled:
        said.append(f"{people(entitled)} {_are(entitled)} entitled again and {_were(entitled)} left out.")
    return " ".join([*said, *_not_held(left_out)])


def kept(count: int, *, left_out: int) -> str:
    keep = f"{people(count)} keep{'s' if count == 1 else ''} their access."
    return " ".join([keep, *_not_held(left_out)])


def allowed_ahead(count: int) -> str:
    return f"{people(count)} lose{'s' if count == 1 else ''} access tomorrow, without another question."


def _not_held(count: int) -> list[str]:
    return [f"{people(count)} {_are(count)} not held any more and {_were(count)} left out."] if count else []


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
