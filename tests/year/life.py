"""A year of a gym, drawn by seeded dice: who joins, pauses, cancels and when; where the seasons turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import asking
from tests.year.engine import Engine
from tests.year.people import ACTIVE, CANCELS, PAUSED, Person
from tests.year.reception import Reception

MONTHLY, SEASONAL, DAYTIME = "Open Door", "Season", "Daytime"
OPENING_HOURS = (7, 21)
# How often a week, for a thousand people; the rest of the cancels stands in `month_end`.
A_WEEK = {
    *(("join", 9), ("join_later", 3), ("pause", 8), ("resume", 8), ("cancel_at_month_end", 3)),
    *(("cancel_now", 2), ("undo_cancel", 1), ("rename", 2), ("change_address", 2), ("pause_unseen", 1)),
}
NOW_AND_THEN = ("swap", "delete", "join_for_a_week", "second_contract", "change_and_change_back")
CANCELS_A_MONTH, CANCELS_AT_A_PEAK, JOINS_A_MONTH = 32, 125, 30
AT_ONCE = 4
PEAKS = (1, 9, 12)  # more people leave at once than the brake lets go
# Days after the start, and what becomes of the seasonal plan then.
SEASONS = (
    *((12, "off with a word"), (20, "on with a word"), (24, "off and back"), (100, "off with a word")),
    *((150, "on with a word"), (210, "off without a word"), (280, "on with a word"), (320, "off and back")),
)


@dataclass(slots=True)
class Life:
    reception: Reception
    engine: Engine
    dice: Random
    size: int

    def plan(self, first: date, days: int) -> None:
        """Put everything that will happen into the engine's calendar."""
        for number in range(days):
            self._plan_day(first + timedelta(days=number), number)
        for number, what in SEASONS:
            if number < days:
                self._plan_season(first + timedelta(days=number), what)

    def burst(self) -> None:
        """A handful of changes within some minutes, as something goes wrong."""
        acts = (
            "join",
            "pause",
            "resume",
            "cancel_now",
            "rename",
            "change_address",
            "pause",
            "resume",
            "delete",
        )
        for act in self.dice.sample(acts, 5):
            self.engine.at(
                self.engine.clock.now() + timedelta(seconds=self.dice.randint(0, 600)), self.act(act)
            )

    def act(self, name: str) -> Callable[[], None]:
        verb: Callable[[], None] = getattr(self, f"_{name}")
        return verb

    def moment(self, day: date, hours: tuple[int, int] = OPENING_HOURS) -> datetime:
        """Some second of the gym's opening hours."""
        seconds = self.dice.randrange(hours[0] * 3600, hours[1] * 3600)
        midnight = datetime.combine(day, time(), self.reception.gym.zone)
        return midnight + timedelta(seconds=seconds)

    def _plan_day(self, day: date, number: int) -> None:
        if number % 7 == 0:
            self._plan_week(day)
        last = last_of_month(day)
        if (last - day).days == 9:
            count = CANCELS_AT_A_PEAK if day.month in PEAKS else CANCELS_A_MONTH
            for _ in range(self._scaled(count) // AT_ONCE):
                at = self.moment(day + timedelta(days=self.dice.randrange(9)))
                self._at_once(at, "cancel_at_month_end")
        if day == last:
            for _ in range(self._scaled(JOINS_A_MONTH) // AT_ONCE):
                self._at_once(self.moment(day), "join_tomorrow")

    def _at_once(self, at: datetime, name: str) -> None:
        """A few in a row at the desk."""
        for _ in range(AT_ONCE):
            self.engine.at(at, self.act(name))

    def _plan_week(self, monday: date) -> None:
        for name, often in sorted(A_WEEK):
            for _ in range(self._scaled(often)):
                self.engine.at(self.moment(monday + timedelta(days=self.dice.randrange(7))), self.act(name))
        rare = self.dice.choice(NOW_AND_THEN)
        self.engine.at(self.moment(monday + timedelta(days=self.dice.randrange(7))), self.act(rare))

    def _plan_season(self, day: date, what: str) -> None:
        reception, at = self.reception, self.moment(day, (10, 12))
        opens = what.startswith("on")
        if what.endswith("with a word"):
            self.engine.at(at, lambda: reception.switch_plan_with_a_word(SEASONAL, opens=opens))
            return
        self.engine.at(at, lambda: reception.switch_plan(SEASONAL, opens=opens))
        if what == "off and back":
            self.engine.at(at + timedelta(hours=3), lambda: reception.switch_plan(SEASONAL, opens=True))

    def decide_about_held(self) -> None:
        """Next morning an admin looks: mostly they may go, now and then they stay."""
        connection = KisiConnection.objects.select_related("gym").get(pk=self.engine.connection_id)
        if self.dice.random() < 0.8:
            self.reception.allow_held(connection)
        else:
            self.reception.keep_held(connection)

    def retry_refused(self) -> None:
        """Whom Kisi did not let this key change is tried again, by the button."""
        connection = KisiConnection.objects.select_related("gym").get(pk=self.engine.connection_id)
        trouble, now = KisiGrant.Trouble.FORBIDDEN, self.engine.clock.now()
        asking.retry(connection, trouble=trouble, because="Retry", now=now)
        self.engine.changed()

    def _scaled(self, often: int) -> int:
        """For as many people as there are; a part of one is left to the dice."""
        exact = often * self.size / 1000
        return int(exact) + (self.dice.random() < exact % 1)

    # Acts

    def _join(self) -> None:
        self.reception.join(self.dice.choice((MONTHLY, MONTHLY, MONTHLY, SEASONAL, DAYTIME)))

    def _join_later(self) -> None:
        self.reception.join(MONTHLY, starts=self.reception.today + timedelta(days=self.dice.randint(1, 12)))

    def _join_tomorrow(self) -> None:
        self.reception.join(MONTHLY, starts=self.reception.today + timedelta(days=1))

    def _join_for_a_week(self) -> None:
        self.reception.join(MONTHLY, ends=self.reception.today + timedelta(days=6))

    def _second_contract(self) -> None:
        for person in self.reception.pick(ACTIVE):
            other = SEASONAL if person.contracts[-1].plan == MONTHLY else MONTHLY
            self.reception.subscribe(person, other, ends=self.reception.today + timedelta(days=20))

    def _pause(self) -> None:
        self._each(ACTIVE, self.reception.pause)

    def _pause_unseen(self) -> None:
        self._each(ACTIVE, self.reception.pause_unseen)
        self.engine.sweep_soon()

    def _resume(self) -> None:
        self._each(PAUSED, self.reception.resume)

    def _cancel_now(self) -> None:
        self._each(ACTIVE, self.reception.cancel_now)

    def _cancel_at_month_end(self) -> None:
        on = last_of_month(self.reception.today)
        self._each(ACTIVE, lambda person: self.reception.schedule_cancel(person, on))

    def _undo_cancel(self) -> None:
        self._each(CANCELS, self.reception.undo_cancel)

    def _rename(self) -> None:
        self._each(ACTIVE, self.reception.rename)

    def _change_address(self) -> None:
        self._each(ACTIVE, lambda person: self.reception.change_address(person, self._fresh(person)))

    def _change_and_change_back(self) -> None:
        def there_and_back(person: Person) -> None:
            before = person.email
            self.reception.change_address(person, self._fresh(person))
            self.engine.at(
                self.engine.clock.now() + timedelta(minutes=self.dice.randint(1, 200)),
                lambda: self.reception.change_address(person, before),
            )

        self._each(ACTIVE, there_and_back)

    def _swap(self) -> None:
        pair = self.reception.pick(ACTIVE, 2)
        if len(pair) == 2:
            self.reception.swap_addresses(*pair)

    def _delete(self) -> None:
        self._each(ACTIVE, self.reception.delete)

    def _each(self, state: str, act: Callable[[Person], None]) -> None:
        for person in self.reception.pick(state):
            act(person)

    def _fresh(self, person: Person) -> str:
        return f"new{self.dice.randrange(10**6)}.{person.number}@example.com"


def last_of_month(day: date) -> date:
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return following - timedelta(days=1)
