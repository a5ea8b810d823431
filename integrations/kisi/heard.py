"""What Kisi answered about one person, in words for people; the raw text stays on the event's own page."""

from __future__ import annotations

import re

SILENT, ODD = "Kisi did not answer", "Kisi did not answer as expected"
_SILENCE = re.compile(r"no connection|no answer in time|the answer came too slowly")
_ODD = re.compile(
    r"status \d+|wrong shape|the answer is (?:not JSON|too large)|(?:GET|POST|PUT|PATCH|DELETE) /|<"
)


def plain(said: str) -> str:
    """Kisi's own words, or that there was no usable answer."""
    if _SILENCE.match(said):
        return SILENT
    return ODD if _ODD.match(said) else said


def quoted(said: str) -> str:
    """The same as half a sentence: only what Kisi said itself is quoted."""
    words = plain(said)
    return words if words in ("", SILENT, ODD) else f"Kisi said: “{words}”"
