"""What needs attention, by cause: what it means for the doors, who must act, whether Retry helps. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from integrations.kisi import asides, faces, numbers
from integrations.kisi.cards import Card, Person
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import ahead, drift, gather, quiet
from integrations.kisi.sync.gather import Tally
from integrations.kisi.wording import Counts, later, shut, wrongly
from members import words
from members.models import Member

Trouble = KisiGrant.Trouble


# cause: heading after "{n} people: ", who acts, does Retry help
_CAUSES = {
    Trouble.REFUSED: (
        "Kisi refuses their details",
        "You: correct the member. Core then tries by itself.",
        True,
    ),
    Trouble.FORBIDDEN: (
        "Kisi does not let this key change them",
        "An owner, in Kisi. Then press Retry.",
        True,
    ),
    Trouble.CONFLICT: (
        "Kisi knows the address twice, or under another person",
        "An owner, in Kisi. Then press Retry.",
        True,
    ),
    Trouble.UNCLEAR: ("Kisi did not answer clearly", "Nobody: Core looks at Kisi again by itself.", False),
    Trouble.LOST: (
        "Kisi says they exist, and does not show them",
        "Nobody: Core tries again by itself.",
        True,
    ),
}


def cards(connection: KisiConnection, now: datetime) -> list[Card]:
    """Everything somebody should look at, gravest first; `is_calm` ones are only good to know."""
    rows = _rows(connection, now)
    stuck = list(numbers.stuck(connection).order_by("name", "email")) if _is_over(connection) else []
    told = {row.pk for row in stuck}
    by_cause = {
        cause: [row for row in rows if row.trouble == cause and row.pk not in told] for cause in _CAUSES
    }
    nameless, sharers = _members(connection, now)
    made = [
        _stuck(connection, stuck),
        _held(connection, [] if connection.is_ending else [row for row in rows if row.is_held]),
        _tomorrow(connection, now),
        *(_trouble(cause, failed, connection) for cause, failed in by_cause.items()),
        *([] if connection.is_ending else [_nameless(nameless), _second_writer(connection, now)]),
        *asides.of(connection, sharers, rows),
    ]
    return [card for card in made if card is not None]


def headings(connection: KisiConnection, counts: Counts, now: datetime) -> list[str]:
    """What needs attention in the words of the cards, gravest first, of numbers that are known already."""
    causes = dict(counts.causes)
    batch = ahead.of_counted(connection, now, Tally(*counts.ahead)) if counts.ahead else None
    said = [
        _stuck_heading(counts.stuck) if counts.stuck else "",
        _held_heading(counts.held) if counts.held else "",
        faces.tomorrow(len(batch.rows), batch.allowed)[0] if batch else "",
        *(_trouble_heading(cause, causes[cause]) for cause in _CAUSES if cause in causes),
        _nameless_heading(counts.nameless) if counts.nameless else "",
        _others_heading(counts.others) if counts.others else "",
    ]
    return [heading for heading in said if heading]


def rests(connection: KisiConnection) -> str:
    """Why nothing is tried for anybody now, where somebody decided so; "" else."""
    if _is_over(connection):
        return "Kisi is disconnected; nothing is tried."
    is_paused = connection.status == KisiConnection.Status.PAUSED
    return "Syncing is paused; nothing is tried until it is resumed." if is_paused else ""


def _rows(connection: KisiConnection, now: datetime) -> list[KisiGrant]:
    known = Q(held_since__isnull=False) | Q(kept_until__isnull=False) | Q(suspended=True) | ~Q(managed="")
    rows = KisiGrant.objects.open().filter(~Q(trouble="") | known, connection=connection)
    sided = numbers.sided(rows.with_words(connection.gym.today(now)), connection, now)
    return list(sided.select_related("kept_by").order_by("name", "email"))


def _stuck(connection: KisiConnection, rows: list[KisiGrant]) -> Card | None:
    if not rows:
        return None
    return Card(
        _stuck_heading(len(rows)),
        "Their access was to be removed before Kisi was disconnected, and Kisi did not do it. "
        "They can open the doors until somebody removes them in Kisi.",
        f"You, in Kisi: take them out of the group {connection.group_name}.",
        _people(rows),
    )


def _stuck_heading(n: int) -> str:
    return f"{words.people(n)} could not be removed"


def _is_over(connection: KisiConnection) -> bool:
    return connection.status == KisiConnection.Status.DISCONNECTED


def _held(connection: KisiConnection, rows: list[KisiGrant]) -> Card | None:
    if not rows:
        return None
    n = len(rows)
    return Card(
        _held_heading(n),
        f"Until an admin decides, {words.people(n)} {faces.still_means(shut(connection), n)}.",
        "An admin, in Core.",
        _people(rows),
        review=f"Review {words.counted(n, 'removal', 'removals')}",
        listed="access=held",
    )


def _held_heading(n: int) -> str:
    return f"{words.counted(n, 'removal is', 'removals are')} held"


def _tomorrow(connection: KisiConnection, now: datetime) -> Card | None:
    batch = ahead.of_tomorrow(connection, now)
    if batch is None:
        return None
    n = len(batch.rows)
    heading, limit = faces.tomorrow(n, batch.allowed)
    return Card(
        heading,
        f"{limit} Allow these ends now, or Core holds them tomorrow.",
        "An admin, in Core.",
        _people(batch.rows),
        review=f"Review {words.counted(n, 'removal', 'removals')}",
    )


def _trouble(cause: KisiGrant.Trouble, rows: list[KisiGrant], connection: KisiConnection) -> Card | None:
    if not rows:
        return None
    heading, meaning = _trouble_heading(cause, len(rows)), wrongly(numbers.wrong_of(rows))
    if _is_over(connection):
        meaning = meaning.replace(", and Core looks again", "")
    retry = cause if _CAUSES[cause][2] and not connection.is_ending else ""
    people = _people(rows, is_tried=connection.is_writing)
    return Card(heading, meaning, _who(cause, connection), people, trouble=retry, listed=f"cause={cause}")


def _who(cause: KisiGrant.Trouble, connection: KisiConnection) -> str:
    """Who acts, and when Core goes on where it does so by itself."""
    if _is_over(connection):
        return "Nobody: Kisi is disconnected, so nothing is tried."
    who = _CAUSES[cause][1].replace("by itself", later(connection) or "by itself")
    return who.replace(" Then press Retry.", "") if connection.is_ending else who


def _trouble_heading(cause: KisiGrant.Trouble, n: int) -> str:
    return f"{words.people(n)}: {_CAUSES[cause][0]}"


def _nameless(members: Iterable[Member]) -> Card | None:
    people = tuple(Person(member.name, member.pk, note="no email address") for member in members)
    if not people:
        return None
    return Card(
        _nameless_heading(len(people)),
        "They are entitled, and Core cannot give them access: Kisi knows people by email.",
        "You, in Core: add an address.",
        people,
        listed="access=failed&cause=no-email",
    )


def _nameless_heading(n: int) -> str:
    return f"{words.people(n)} {'has' if n == 1 else 'have'} no email address"


def _second_writer(connection: KisiConnection, now: datetime) -> Card | None:
    found = drift.second_writers(connection, now)
    if not found:
        return None
    people = tuple(
        Person(person.name or person.email or "Somebody whose data was erased", note=f"{times} times")
        for person, times in found
    )
    return Card(
        _others_heading(len(people)),
        "Core put their access right each time; in between it was wrong. Zapier, a script or another gym "
        "platform probably writes to the same group.",
        "An admin: find the other program and switch it off.",
        people,
    )


def _others_heading(n: int) -> str:
    return f"Something else changes {words.people(n)} in Kisi"


def _members(connection: KisiConnection, now: datetime) -> tuple[list[Member], list[Member]]:
    """Who is entitled and has no address, and who shares one, in one query."""
    gym_id, today = connection.gym_id, connection.gym.today(now)
    nameless = Q(pk__in=gather.without_address(gym_id, today).order_by().values("pk"))
    either = nameless | ~Q(email="") & Q(email__in=quiet.shared(gym_id))
    found = list(Member.objects.filter(either, gym_id=gym_id))
    shared = sorted((one for one in found if one.email), key=lambda one: (one.email, one.pk))
    return [one for one in found if not one.email], shared


def _people(rows: Iterable[KisiGrant], *, is_tried: bool = False) -> tuple[Person, ...]:
    """Each with what was heard of them and since when, and the next try where anybody is tried now."""
    return tuple(
        Person(
            row.name or row.email,
            row.member_id,
            said=row.last_error,
            next_try=row.retry_at if is_tried else None,
            tried_at=row.changed_at if row.trouble else None,
            held_since=row.held_since,
        )
        for row in rows
    )
