"""The mails to a gym's admins in words: what happened, what it means for the doors, what to do. Sends nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from integrations.kisi import faces, wording
from integrations.kisi.models import KisiConnection
from integrations.kisi.wording import Counts, Face, Wrong
from members import words

NAMES = 20
Status = KisiConnection.Status
SUBJECTS = {
    Status.NEEDS_NEW_KEY: "enter a new Kisi API key",
    Status.KEY_TOO_WEAK: "the Kisi API key is too weak",
    Status.GROUP_GONE: "Kisi no longer has your group",
    Status.WRONG_ORGANIZATION: "the Kisi API key belongs to another organization",
}
OF_SOMEBODY_ELSE = "the Kisi API key belongs to somebody else"


@dataclass(frozen=True, slots=True)
class Named:
    """One person in a mail, with why."""

    name: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: `path` is the page its link opens, below the Kisi pages."""

    subject: str
    paragraphs: tuple[str, ...]
    action: str
    path: str = ""
    people: tuple[Named, ...] = ()

    @property
    def shown(self) -> tuple[Named, ...]:
        return self.people[:NAMES]

    @property
    def more(self) -> int:
        return max(len(self.people) - NAMES, 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Removals that wait for a word: who, of how many with access, and the limit they are over."""

    people: tuple[Named, ...]
    of: int
    allowed: int | None
    on: date | None = None
    is_restored: bool = False  # the database, from a backup: then every removal waits
    shut: str = ""  # why nobody gets in by the group, whatever access they have


def standing(connection: KisiConnection, waiting: int) -> Letter:
    """Somebody has to act in Kisi or with the key."""
    status = Status(connection.status)
    face = wording.standing(connection, Counts(waiting=waiting))
    assert face is not None
    if status == Status.NEEDS_NEW_KEY:
        since = wording.dated(connection, connection.status_since)
        first = f"{face.heading} (ends in {connection.key_last4}) since {since}."
        stay = "The doors stay as they are: nobody gained or lost access."
        waits = f"{wording.changes(waiting)} and {wording.sent(waiting)} once there is a new key."
        if not waiting:
            waits = "Nothing waits yet; what changes is sent by itself once there is a new key."
        return Letter(SUBJECTS[status], (first, stay, waits), "Enter it here", "credentials/")
    subject = OF_SOMEBODY_ELSE if connection.stranger else SUBJECTS[status]
    return Letter(subject, (f"{face.heading}.", face.text), "Open the Kisi page")


def held(batch: Batch) -> Letter:
    """Removals the brake holds, or would hold tomorrow."""
    return _held_tomorrow(batch, batch.on) if batch.on else _held_now(batch)


def _held_now(batch: Batch) -> Letter:
    n = len(batch.people)
    these = "this removal, so this person" if n == 1 else "these removals, so they"
    then = f"Core holds {these} {faces.still_means(batch.shut, n)}. New access is given as usual."
    subject = f"{words.counted(n, 'removal', 'removals')} of door access wait{'s' if n == 1 else ''} for you"
    said = [part for part in (_over(batch), then, _main_cause(batch.people)) if part]
    return Letter(subject, tuple(said), "Remove or keep their access", "attention/held/", batch.people)


def _over(batch: Batch) -> str:
    """Who would lose access, and why Core asks: the rest of a batch may be no more than the limit any more."""
    n, limit = len(batch.people), batch.allowed
    of = f"{n:,} of {batch.of:,} people with access would lose it"
    if not batch.is_restored and limit is not None and n > limit:
        return f"{of} within 24 hours; your limit is {limit:,}."
    return f"{of}. {faces.why_held(n, limit, is_restored=batch.is_restored)}."


def _held_tomorrow(batch: Batch, on: date) -> Letter:
    n = len(batch.people)
    is_over = batch.allowed is None or n > batch.allowed
    lose = f"{words.people(n)} lose{'s' if n == 1 else ''} door access tomorrow"
    subject = f"{lose}, more than your limit" if is_over else f"{lose} if you allow it"
    of = f"{n:,} of {batch.of:,} people with access would lose it tomorrow, {words.day(on)}"
    limit = f"; your limit is {batch.allowed:,} within 24 hours."
    if not is_over:
        limit = f". {faces.tomorrow(n, batch.allowed or 0)[1]}"
    then = (
        "If these ends are meant, allow them now and they are carried out then. Otherwise Core holds them "
        f"tomorrow and waits for your word; until then these people {faces.still_means(batch.shut, 2)}."
    )
    return Letter(subject, (of + limit, then), "Review them", "attention/held/", batch.people)


def _main_cause(people: Sequence[Named]) -> str:
    """What more than half of them share, "" when nothing is."""
    cause, count = Counter(one.why for one in people).most_common(1)[0]
    if not cause or count < 2 or 2 * count <= len(people):
        return ""
    have = f"All {count:,}" if count == len(people) else f"{count:,} of the {len(people):,}"
    return f"{have} have one cause: {cause}."


def refused(people: Sequence[Named], wrong: Wrong) -> Letter:
    subject = f"Kisi refuses {words.people(len(people))}"
    return Letter(subject, (wording.wrongly(wrong),), "What to do", "attention/", tuple(people))


def leaving(connection: KisiConnection, face: Face) -> Letter:
    """A disconnect that was to remove access first, and cannot; its next try by the day, for another day's reader."""
    subject, at, text = "access is not being removed from Kisi", connection.retry_at, face.text
    if at is not None:
        text = text.replace(wording.clock(connection, at), wording.dated(connection, at))
    return Letter(subject, (f"{face.heading}.", text), "Open the Kisi page")


def stuck(people: Sequence[Named]) -> Letter:
    """Kisi is disconnected, and some whose access was to be removed first still have it."""
    n = len(people)
    first = "Kisi is disconnected. Kisi did not remove everybody whose access was to be removed first."
    then = f"{words.people(n)} can still open the doors until somebody removes them in Kisi."
    subject = f"{words.people(n)} could not be removed from Kisi"
    return Letter(subject, (first, then), "Who they are", "attention/", tuple(people))


def silent(connection: KisiConnection, since: datetime, waiting: int, *, is_kisi: bool) -> Letter:
    """No change reaches Kisi: it does not answer, or Core's own worker does not run."""
    first = f"Since {wording.dated(connection, since)} no changes reach Kisi. Nobody's access was changed."
    who = "Core keeps trying; you need to do nothing." if is_kisi else "Tell whoever runs Core."
    subject = "Kisi is not answering" if is_kisi else "Core's sync has stopped"
    waits = wording.changes(waiting) if waiting else "Nothing waits yet"
    return Letter(subject, (first, f"{waits}. {who}"), "Open the Kisi page")


@dataclass(frozen=True, slots=True)
class Week:
    """What a week did to the doors, and how they stand at its end."""

    inside: int
    given: int
    removed: int
    waiting: int
    failed: int
    held: int
    ending: int
    is_silent: bool = False  # Core's own sync does not run


def week(connection: KisiConnection, seen: Week) -> Letter:
    """The summary of a Monday morning."""
    first = f"{wording.inside(connection, seen.inside)}."
    past = f"In the last seven days {words.people(seen.given)} got access and {seen.removed:,} lost it."
    ending = "no subscription that opens the doors ends"
    if seen.ending:
        ending = f"subscriptions that open the doors end for {words.people(seen.ending)}"
    ahead = f"In the next seven days {ending}."
    open_ends = (
        f"{seen.waiting:,} waiting, {seen.failed:,} not updated, {seen.held:,} held."
        if seen.waiting or seen.failed or seen.held
        else "Nothing waits, nothing failed, nothing is held."
    )
    later = wording.later(connection, is_silent=seen.is_silent)
    stands = f"Nothing reaches Kisi now: changes are sent {later}." if later else ""
    said = [part for part in (first, stands, past, ahead, open_ends) if part]
    return Letter("door access this week", tuple(said), "Open the Kisi page")


def all_clear(connection: KisiConnection, since: datetime, *, sent: int, failed: int) -> Letter:
    """It works again, `since` then, and what was sent from there on."""
    were = "1 waiting change was" if sent == 1 else f"{sent:,} waiting changes were"
    lines = f"Working since {wording.dated(connection, since)}. {were} sent, {failed:,} failed."
    return Letter("door access is in order again", (lines,), "Open the Kisi page")


def message(connection: KisiConnection, letter: Letter, to: Sequence[str]) -> EmailMultiAlternatives:
    """The mail itself, as text and as HTML with the same words."""
    context = {
        "gym": connection.gym,
        "letter": letter,
        "link": f"{settings.SITE_URL}/marketplace/kisi/{letter.path}",
    }
    mail = EmailMultiAlternatives(
        f"{connection.gym}: {letter.subject}",
        render_to_string("kisi/mail/letter.txt", context),
        settings.DEFAULT_FROM_EMAIL,
        to,
    )
    mail.attach_alternative(render_to_string("kisi/mail/letter.html", context), "text/html")
    return mail
