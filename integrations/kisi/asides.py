"""What is good to know and nobody's to act on: shared addresses, people managed, kept or suspended. Reads only."""

from __future__ import annotations

from collections.abc import Sequence

from integrations.kisi.cards import Card, Person
from integrations.kisi.models import KisiConnection, KisiGrant
from members import words
from members.models import Member

State = KisiGrant.State


def of(connection: KisiConnection, shared: Sequence[Member], rows: list[KisiGrant]) -> list[Card]:
    """Who shares an address, and whom Core leaves as they are or can do nothing for."""
    managed = [row for row in rows if row.managed and row.state == State.ABSENT]
    kept = [row for row in rows if row.is_kept]
    suspended = [row for row in rows if row.suspended and row.state == State.GRANTED]
    addresses = len({member.email for member in shared})
    made = [
        _calm(
            f"{words.counted(addresses, 'address is', 'addresses are')} shared",
            "Whoever shares one is one person for Kisi: either subscription opens the doors.",
            [Person(member.name, member.pk, note=member.email) for member in shared],
            "shared",
        ),
        _calm(
            f"{words.counted(len(managed), 'person is', 'people are')} managed in Kisi",
            "Core never changes them.",
            [Person(row.name or row.email, row.member_id, note=row.managed) for row in managed],
            "managed",
        ),
        _calm(
            f"{words.counted(len(kept), 'person', 'people')} kept by an admin",
            "An admin decided that they keep their access"
            + ("." if connection.is_ending else "; Core asks about them again 30 days later."),
            [Person(row.name or row.email, row.member_id, note=_kept_by(row)) for row in kept],
            "kept",
        ),
        _calm(
            f"{words.counted(len(suspended), 'person is', 'people are')} suspended in Kisi",
            "No door opens for them. Only someone in Kisi can lift that.",
            [Person(row.name or row.email, row.member_id) for row in suspended],
            "suspended",
        ),
    ]
    return [card for card in made if card is not None]


def _calm(heading: str, meaning: str, people: Sequence[Person], cause: str) -> Card | None:
    made = Card(heading, meaning, "Nobody.", tuple(people), is_calm=True, listed=f"cause={cause}")
    return made if people else None


def _kept_by(row: KisiGrant) -> str:
    return f"by {row.kept_by.get_full_name() or row.kept_by.get_username()}" if row.kept_by else ""
