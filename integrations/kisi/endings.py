"""Why a sync ended before its end, in words for people; the raw text stays in Activity. Decides nothing."""

from __future__ import annotations

import re

from integrations.kisi.models import KisiConnection
from integrations.kisi.wording import Counts, Face, tries_again
from members.slots import Tag
from members.words import people

_CALL = re.compile(
    r"(?:GET|POST|PUT|PATCH|DELETE) (?P<path>/\S*)(?: (?P<status>[1-5]\d\d)\b)?(?: (?P<said>.*))?", re.DOTALL
)
_STATUSES = {
    401: "Kisi does not accept the API key",
    403: "Kisi does not let this key do that",
    429: "Kisi asked Core to slow down",
}
_LISTS = (
    (re.compile(r"an empty page after (\d+) of (\d+)"), "the list ended after {} of {} entries"),
    (re.compile(r"(\d+) rows of (\d+)"), "the list ended after {} of {} entries"),
    (re.compile(r"the total changed from \d+ to \d+"), "the list changed while Core read it"),
    (re.compile(r"the same row twice"), "the same entry stood in the list twice"),
    (re.compile(r"more than ([\d,]+) rows"), "Kisi lists no more than {} entries"),
)
SEALED = KisiConnection.UNREADABLE
ODD, FAULT, NO_GROUP = (
    "Kisi did not answer as expected",
    "Kisi answered with an error of its own",
    "Kisi does not show the group to this key",
)

NEED_ANOTHER_KEY = (_STATUSES[401], _STATUSES[403], NO_GROUP, SEALED)


def why(reason: str) -> str:
    """The kept reason of a run without calls and codes; Core's own words stay as they are."""
    call = _CALL.fullmatch(reason)
    if call is None:
        return reason
    if call["status"]:
        return _of_status(int(call["status"]), call["path"])
    for pattern, words in _LISTS:
        found = pattern.match(call["said"] or "")
        if found:
            return words.format(*found.groups())
    return ODD


def _of_status(status: int, path: str) -> str:
    if status == 404 and path.startswith("/groups/"):
        return NO_GROUP
    return _STATUSES.get(status) or (FAULT if status >= 500 else ODD)


def unfinished(connection: KisiConnection) -> Face:
    """A run that Kisi did not let come to its end, and none that did since."""
    return Face(
        Tag("Check incomplete", "warn"),
        "The last check of Kisi did not finish",
        "Kisi stopped answering as expected before it was over, so changes may not have reached it yet. "
        f"{tries_again(connection)} You need to do nothing.",
    )


def not_removing(connection: KisiConnection, counts: Counts, reason: str) -> Face:
    """A disconnect that is to remove access first, and cannot."""
    said = why(reason)
    needs_key = said in NEED_ANOTHER_KEY
    n = counts.waiting
    inside = f"{people(n)} whose access was to be removed can still open the doors. " if n else ""
    return Face(
        Tag("Disconnecting", "bad" if needs_key else "warn"),
        f"Access is not being removed: {said}",
        f"{inside}{tries_again(connection)}"
        + (" A new key helps at once; or stop, and they keep their access." if needs_key else ""),
        "Enter a new key" if needs_key else "",
        "kisi:credentials" if needs_key else "",
    )
