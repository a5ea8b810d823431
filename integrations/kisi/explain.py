"""What a look at Kisi found, in words: the groups of a preview, and why one could not be made. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from integrations.kisi.models import Preview, PreviewLine
from members.wording import told
from members.words import people, some

Group, Outcome = PreviewLine.Group, PreviewLine.Outcome


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something did not work: what, what it means for the doors, and where to go ("" for nowhere)."""

    heading: str
    text: str
    button: str = ""
    action: str = ""


_GROUPS = {
    Group.GIVE: ("gets access", "get access", ""),
    Group.LOSE: ("loses access", "lose access", ""),
    Group.ADOPT: (
        "is taken over",
        "are taken over",
        "They have access in Kisi already. Core looks after it from now on, and Kisi sends no email.",
    ),
    Group.PUT_BACK: (
        "is put back",
        "are put back",
        "Somebody took them out in Kisi by hand. They are entitled in Core, so they get in again, without an email.",
    ),
    Group.RENAME: ("is renamed in Kisi", "are renamed in Kisi", "Their names changed in Core."),
    Group.CHECK: (
        "is looked at singly",
        "are looked at singly",
        "Kisi's last answer about them was unclear, or its list does not show them any more. "
        "Core asks about each before it does anything else.",
    ),
    Group.CONFLICT: (
        "needs somebody to act",
        "need somebody to act",
        "Core does nothing about them by itself: each line says what would help.",
    ),
    Group.WAITING: ("waits for another try", "wait for another try", "Core tries them again by itself."),
    Group.CUT_OVER: (
        "keeps access until you cut over",
        "keep access until you cut over",
        "They have access in Kisi that Core did not create and would not give: each line says why.",
    ),
    Group.KEPT: ("is kept", "are kept", "An admin decided so. Core asks again after 30 days."),
    Group.MANAGED: ("is managed in Kisi", "are managed in Kisi", "Core never touches them."),
    Group.ONLY_IN_KISI: (
        "is only in Kisi",
        "are only in Kisi",
        "No member of this gym has their address. Core leaves them alone.",
    ),
    Group.UNCHANGED: ("stays as they are", "stay as they are", "Core and Kisi agree about them."),
}

_OUTCOMES = {
    Outcome.DONE: ("was changed as shown", "were changed as shown", ""),
    Outcome.MOVED: (
        "changed since",
        "changed since",
        "Their facts are not those of the preview any more, so they were skipped.",
    ),
    Outcome.FAILED: ("failed", "failed", "Needs attention says who must act."),
    Outcome.WAITS: ("waits", "wait", "Kisi's answer was unclear. Core looks again by itself."),
}


def group(key: str, count: int) -> tuple[str, str]:
    """(heading, sentence) over the people of one group."""
    one, many, hint = _GROUPS[Group(key)]
    return f"{people(count)} {one if count == 1 else many}", hint


def outcome(key: str, count: int) -> tuple[str, str]:
    """The same over what became of them."""
    one, many, hint = _OUTCOMES[Outcome(key)]
    return f"{people(count)} {one if count == 1 else many}", hint


def applied(counts: Mapping[str, int], since: str) -> str:
    """What came of applying a preview, in one line; `counts` by outcome."""
    told = {Outcome.DONE: "applied", Outcome.FAILED: "failed", Outcome.WAITS: "still to be looked at"}
    known = [
        f"{counts.get(key, 0):,} {word}" for key, word in told.items() if key in counts or key == Outcome.DONE
    ]
    moved = counts.get(Outcome.MOVED, 0)
    said = f"{', '.join(known)}."
    return f"{said} {moved:,} skipped because their facts changed since {since}." if moved else said


def progress(state: str, finished: int, changes: int, read: int) -> str:
    """How far a preview is that is being made or applied."""
    if state == Preview.State.APPLYING:
        return f"Applying: {finished:,} of {'1 change' if changes == 1 else f'{changes:,} changes'}"
    if state == Preview.State.READING:
        return f"Reading Kisi: {people(read)} so far" if read else "Reading Kisi"
    return "Waiting for Core to start"


def changed_since(count: int) -> str:
    """That a preview is not of now; "" while nothing changed in Core."""
    if not count:
        return ""
    things = "1 thing" if count == 1 else f"{count:,} things"
    return f"{things} changed in Core since this preview. Make a new one."


def over_limit(losing: int, limit: int) -> tuple[str, str]:
    """(heading, sentence) where a sync would hold these removals; a limit of 0 stands for a restored backup."""
    word = (
        f"Applying this preview is your word for {'this person' if losing == 1 else 'exactly these people'}."
    )
    if not limit:
        return "A sync would remove nobody", f"The database was restored from a backup. {word}"
    removals, them = ("1 removal is", "it") if losing == 1 else (f"{losing:,} removals are", "them")
    others = "" if losing > limit else ", with those of the last 24 hours or under way,"
    over = f"{removals}{others} more than your limit of {limit:,} within 24 hours"
    return "More removals than your limit", f"{over}, so a sync would hold {them}. {word}"


def of_before(*, is_ending: bool) -> str:
    """Of a preview that was made before the connection came to stand as it does."""
    then = "Nothing of it is done any more." if is_ending else "Core changes nothing until that is over."
    return f"This preview is of the time before. {then}"


def history_lost(losing: int) -> str:
    if losing == 1:
        return "The Kisi profile is deleted, and unlock history may be lost."
    return "Their Kisi profiles are deleted, and unlock history may be lost."


def history_of_some_lost(going: int) -> str:
    """The same where others on the list keep their profile, or have none."""
    profiles = "1 Kisi profile is" if going == 1 else f"{going:,} Kisi profiles are"
    return f"{profiles} deleted, and unlock history may be lost."


NO_DOORS_ANY_MORE = "Kisi is being disconnected, so this changes no doors any more."
READS_FIRST = "once Core has read the whole group in Kisi"  # until then nobody is removed


def opens_nothing(shut: str) -> str:
    """Beside who gets access in a group without doors."""
    return f"{shut[:1].upper()}{shut[1:]}: nobody gets in by it before doors are added in Kisi."


NONE_YET = "has no access yet"
NOTHING_DONE = "Nothing was changed, in Core or in Kisi."
_FAILURES = {
    "KeyRejected": Trouble(
        "Kisi does not accept the API key", NOTHING_DONE, "Enter a new key", "kisi:credentials"
    ),
    "KeyTooWeak": Trouble(
        "The key's owner may not read people in Kisi",
        f"{NOTHING_DONE} Make that person an administrator in Kisi, or enter another key.",
        "Enter another key",
        "kisi:credentials",
    ),
    "GroupGone": Trouble(
        "Kisi does not show the group to this key", NOTHING_DONE, "Update credentials", "kisi:credentials"
    ),
    "WrongOrganization": Trouble(
        "The key belongs to another organization or person",
        NOTHING_DONE,
        "Enter another key",
        "kisi:credentials",
    ),
    "IncompleteRead": Trouble(
        "Kisi's list of people had gaps",
        f"{NOTHING_DONE} A preview needs the whole list; wait a few minutes and make another.",
    ),
    "SlowDown": Trouble(
        "Kisi asked Core to slow down", f"{NOTHING_DONE} Wait a minute and make another preview."
    ),
    "Later": Trouble(
        "Kisi is busy with other work of Core", f"{NOTHING_DONE} Wait a minute and make another."
    ),
    "OutOfTime": Trouble("Kisi did not answer in time", f"{NOTHING_DONE} Try again in a few minutes."),
    "Conflict": Trouble("Kisi has two people with this address", "Somebody has to look in Kisi."),
    "VaultError": Trouble(
        "Core cannot open the stored API key", NOTHING_DONE, "Enter the key again", "kisi:credentials"
    ),
}
_NO_ANSWER = Trouble(
    "Kisi did not answer as expected",
    f"{NOTHING_DONE} Try again in a few minutes; status.kisi.io shows known faults.",
)


def failure(name: str) -> Trouble:
    """Why a preview could not be made, by the name of the error."""
    return _FAILURES.get(name, _NO_ANSWER)


_ADMIN = {
    "KeyRejected": "An admin has to enter a new key.",
    "KeyTooWeak": "Somebody has to make that person an administrator in Kisi, or an admin enters another key.",
    "GroupGone": "An admin has to update the credentials.",
    "WrongOrganization": "An admin has to enter another key.",
    "VaultError": "An admin has to enter the key again.",
    "Conflict": "Somebody has to look in Kisi.",
}


def who_acts(name: str) -> str:
    """Who goes on after a question that failed so."""
    return _ADMIN.get(name, "Core goes on by itself.")


def waits(heading: str) -> str:
    """Of a preview that is being applied while something is the matter with Kisi or the key."""
    return f"{heading}. Core goes on by itself once that is over."


def nobody_enters(plans: Sequence[str]) -> str:
    """Why a gym with these plans that open doors cannot cut over; "" where there are none."""
    if not plans:
        return ""
    told = f"{plans[0]} opens" if len(plans) == 1 else f"{some(plans, 3)} open"
    which = "it" if len(plans) == 1 else "one of them"
    return (
        f"{told} doors, but nobody whom Core may let in has an active subscription to {which}. "
        "Cutting over now would leave nobody with access."
    )


def stay_behind(count: int, *, group: str, shut: str) -> SafeString:
    """Who is left in the present group when another is used; `shut` is why nobody gets in by it, "" where they do."""
    one = count == 1
    said = f"{people(count)} {'stays' if one else 'stay'} behind in {{group}} and"
    if shut:
        said = f"{said} {'is' if one else 'are'} listed until you remove them. {{shut}}."
    else:
        said = f"{said} {'keeps' if one else 'keep'} its doors until you remove them."
    return told(said, group=group, shut=f"{shut[:1].upper()}{shut[1:]}")


NO_DOORS_YET = "Kisi is not connected, so this changes no doors yet."
# The help pages by the name in their address.
TOPICS = {
    "connect": "How to connect Kisi",
    "api-key": "The API key",
    "move-in": "Moving in from another platform",
    "held-removals": "Held removals",
    "no-access": "Why can't she get in?",
    "preview": "Preview a sync",
    "plans": "Plans that open the doors",
    "attention": "When something needs attention",
    "activity": "What Activity keeps",
    "rules": "Rules and emails",
    "leaving": "Pause, disconnect, reconnect",
}
