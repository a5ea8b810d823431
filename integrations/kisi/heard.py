"""What Kisi answered about one person, in words for people; the raw text stays on the event's own page."""

from __future__ import annotations

import re

SILENT, ODD = "Kisi did not answer", "Kisi did not answer as expected"
# Whatever Core itself keeps where an answer's own words would stand, and how people are told of it.
_OWN = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"no connection \(\w+\)|no answer in time|the answer came too slowly", SILENT),
        (r"status \d+|wrong shape: .*|the answer is (?:not JSON|too large)", ODD),
        (r"(?:GET|POST|PUT|PATCH|DELETE) /.*|<.*", ODD),
        (r"more than [\d,]+ rows, which Kisi does not list|\d+ rows of \d+", ODD),
        (r"an empty page after \d+ of \d+|the total changed from \d+ to \d+|the same row twice", ODD),
        (r"(\d+) Kisi people have this address", "Kisi has {} people with this address"),
        (r"this Kisi person now has another address", "Kisi has another address for this person now"),
        (r"the Kisi person's id is not known", "Core does not know yet who this is in Kisi"),
        (
            r"Kisi says that it is not there, and shows it when asked singly",
            "Kisi denied having this access, and showed it when Core asked again",
        ),
        (
            r"the key has characters that no key has",
            "Core cannot send this key: it has characters no key has",
        ),
        (
            r"the key's owner has no role that may change people",
            "Core found that the key's owner may not change people in Kisi",
        ),
        (r"the stored key cannot be opened", "Core cannot open the stored API key"),
        (r"another person: (.*)", "Core found that the key belongs to {}"),
    )
)
_TOLD = re.compile(
    "|".join("(?:{})".format(re.escape(words).replace(r"\{\}", ".+")) for _, words in _OWN), re.DOTALL
)


def core_says(said: str) -> str:
    """What Core says where the text is its own, "" where it is Kisi's."""
    for pattern, words in _OWN:
        if found := pattern.fullmatch(said):
            return words.format(*found.groups())
    return said if _TOLD.fullmatch(said) else ""


def kisi_says(said: str) -> str:
    """Kisi's own words, "" where the text is Core's."""
    return "" if core_says(said) else said


def plain(said: str) -> str:
    """Kisi's own words, or what Core says instead of them."""
    return core_says(said) or said


def quoted(said: str) -> str:
    """The same as half a sentence: only what Kisi said itself is quoted."""
    own = kisi_says(said)
    return f"Kisi said: “{own}”" if own else plain(said)
