"""What people do by hand in Kisi's own dashboard, beside Core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from integrations.kisi.simulator import User, World
from tests.year.people import People
from tests.year.tally import Tally
from tests.year.watch import Watch


@dataclass(slots=True)
class Hands:
    world: World
    watch: Watch
    tally: Tally
    people: People
    dice: Random
    edits: int = 0
    _strangers: int = 0

    @property
    def kinds(self) -> tuple[Callable[[], None], ...]:
        return (
            *(self.take_right, self.delete_person, self.let_in, self.let_in, self.add_stranger),
            *(self.exchange_right, self.suspend, self.second_right, self.promote),
        )

    def edit(self) -> None:
        """One edit of some kind."""
        with self.watch.by_hand():
            self.dice.choice(self.kinds)()
        self.edits += 1

    def take_right(self) -> None:
        for user in self._insiders(1):
            for right in self.world.rights_of(user.email):
                self.world.remove_right(right)

    def delete_person(self) -> None:
        for user in self._insiders(1):
            self.world.delete_user(user)

    def exchange_right(self) -> None:
        for user in self._insiders(1):
            for right in self.world.rights_of(user.email):
                self.world.remove_right(right)
            self.world.give(user)

    def second_right(self) -> None:
        for user in self._insiders(1):
            self.world.give(user)

    def suspend(self) -> None:
        for user in self._insiders(1):
            self.world.suspend(user, is_on=user.access_enabled)

    def let_in(self) -> None:
        """A member who should not get in is given the right."""
        outside = sorted({person.email for person in self.people} - self.tally.wanted - self.tally.inside)
        for email in self.dice.sample(outside, min(1, len(outside))):
            self.world.give(self.world.user_by_email(email) or self.world.add_user(email, "By hand"))

    def add_stranger(self) -> None:
        """Somebody Core has never heard of; nobody may touch them ever after."""
        self._strangers += 1
        user = self.world.add_user(f"stranger{self._strangers}@elsewhere.example", "A stranger")
        self.world.give(user)
        self.watch.protect(user)

    def promote(self) -> None:
        """A member becomes staff: from now on Core has to leave them alone, and nobody counts them."""
        for user in self._insiders(1):
            self.world.make_admin(user)
            self.watch.protect(user)
            self.tally.forget(user.email)

    def _insiders(self, how_many: int) -> list[User]:
        inside = sorted(self.tally.wanted & self.tally.inside & self.tally.people)
        found = [self.world.person(email) for email in self.dice.sample(inside, min(how_many, len(inside)))]
        return [user for user in found if user.id not in self.watch.untouchable]
