"""The gym's people as plain facts, and who should get in on a day. Knows nothing of the code under test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

ACTIVE, CANCELS, STARTS, PAUSED, ENDED = "active", "cancels", "starts", "paused", "ended"


@dataclass(slots=True)
class Contract:
    """One subscription: `ends` is its last day, None for no end."""

    plan: str
    state: str
    starts: date
    ends: date | None = None

    def runs(self, day: date) -> bool:
        """Whether it counts on this day, whatever any job has or has not written down."""
        begun = self.starts <= day
        over = self.ends is not None and self.ends < day
        return self.state in (ACTIVE, CANCELS, STARTS) and begun and not over


@dataclass(slots=True)
class Person:
    """`number` is the member's id in Core."""

    number: int
    name: str
    email: str
    contracts: list[Contract] = field(default_factory=list)


@dataclass(slots=True)
class People:
    """Everybody the gym knows, and which plans open the doors."""

    by_number: dict[int, Person] = field(default_factory=dict)
    opens: dict[str, bool] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)

    def add(self, person: Person) -> Person:
        self.by_number[person.number] = person
        self.addresses.add(person.email)
        return person

    def wanted(self, day: date) -> set[str]:
        """The addresses of everybody who should get in on this day."""
        return {person.email for person in self.by_number.values() if self.gets_in(person, day)}

    def gets_in(self, person: Person, day: date) -> bool:
        return any(self.opens[contract.plan] and contract.runs(day) for contract in person.contracts)

    def begin_day(self, day: date) -> None:
        """Write down what the calendar alone has changed; `wanted` does not need it."""
        for contract in (contract for person in self for contract in person.contracts):
            if contract.ends is not None and contract.ends < day:
                contract.state = ENDED
            elif contract.state == STARTS and contract.starts <= day:
                contract.state = ACTIVE

    def of_plan(self, plan: str, day: date) -> list[Person]:
        return [
            person
            for person in self
            if any(contract.plan == plan and contract.runs(day) for contract in person.contracts)
        ]

    def __iter__(self) -> Iterator[Person]:
        return iter(list(self.by_number.values()))
