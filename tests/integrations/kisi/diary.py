"""Writes runs and events for tests of the activity, without a sync."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection, SyncRun

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Diary:
    """`hours` is when, from noon of 20 November 2026."""

    connection: KisiConnection

    def person(self, name: str, email: str = "") -> AccessPerson:
        email = email or f"{name.split()[0].lower()}@example.com"
        person, _ = AccessPerson.objects.get_or_create(
            gym_id=self.connection.gym_id, email=email, defaults={"name": name}
        )
        return person

    def event(self, kind: str, who: str = "", *, hours: float = 0, **facts: Any) -> AccessEvent:
        if who:
            facts |= {"person_id": self.person(who).pk}
        at, where = NOON + timedelta(hours=hours), self.connection
        return AccessEvent.objects.create(
            gym_id=where.gym_id, connection_id=where.pk, kind=kind, at=at, **facts
        )

    def run(
        self, because: str = "daily check", *, hours: float = 0, lasts: float = 0.1, **facts: Any
    ) -> SyncRun:
        started_at = NOON + timedelta(hours=hours)
        known = {"state": "finished", "finished_at": started_at + timedelta(hours=lasts)}
        return SyncRun.objects.create(
            connection=self.connection, because=because, started_at=started_at, **(known | facts)
        )

    def many(self, count: int, *, runs: int = 0, run_id: int | None = None) -> None:
        """Events of up to 500 people, from an hour after noon, half of them in later runs if there are any."""
        made = [self.run(f"run {number}", hours=99, granted=3).pk for number in range(runs)]
        people = self._people(min(count, 500))
        for_run = [*made, *[run_id] * max(1, runs)]
        facts = {"gym_id": self.connection.gym_id, "connection_id": self.connection.pk, "kind": "granted"}
        AccessEvent.objects.bulk_create(
            AccessEvent(
                at=NOON + timedelta(hours=1, seconds=number),
                person_id=people[number % len(people)],
                run_id=for_run[number % len(for_run)],
                cause="subscription change",
                **facts,
            )
            for number in range(count)
        )

    def _people(self, count: int) -> list[int]:
        gym_id = self.connection.gym_id
        people = [
            AccessPerson(gym_id=gym_id, email=f"p{number}@example.com", name=f"Person {number}")
            for number in range(count)
        ]
        AccessPerson.objects.bulk_create(people, ignore_conflicts=True)
        known = AccessPerson.objects.filter(gym_id=gym_id, email__in=[person.email for person in people])
        return list(known.values_list("pk", flat=True))
