"""A gym, its simulated Kisi, the engine and everybody who watches, put together and run for so many days."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import User, World
from integrations.kisi.sync import asking, connecting
from integrations.vault import Secret
from members.models import Gym
from tests.year.engine import DAILY, SUNDAY, WEEKLY, Clock, Engine
from tests.year.hands import Hands
from tests.year.life import DAYTIME, MONTHLY, SEASONAL, Life
from tests.year.people import People
from tests.year.reception import Reception
from tests.year.tally import DAY, Tally
from tests.year.trouble import Troubles
from tests.year.watch import Doing, Watch

TROUBLES_A_WEEK, EDITS_A_WEEK = 3, 2
MORNING = timedelta(hours=9)


@dataclass(frozen=True, slots=True)
class Trip:
    """The brake held a batch: how many were owed without a word, and how many it may let go, counted here."""

    at: datetime
    owed: int
    allowed: int

    @property
    def is_false(self) -> bool:
        return self.owed <= self.allowed


@dataclass(slots=True)
class Year:
    clock: Clock
    world: World
    dice: Random
    size: int
    people: People = field(default_factory=People)
    trips: list[Trip] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    keeper: User = field(init=False)
    tally: Tally = field(init=False)
    watch: Watch = field(init=False)
    engine: Engine = field(init=False)
    reception: Reception = field(init=False)
    troubles: Troubles = field(init=False)
    hands: Hands = field(init=False)
    life: Life = field(init=False)
    _seen: tuple[int, date] | None = None
    gone: list[datetime] = field(default_factory=list)
    _held: frozenset[str] = frozenset()
    _parked: frozenset[str] = frozenset()

    def open(self, gym: Gym) -> None:
        """Connect the gym and let everybody in who should get in."""
        self.tally = Tally(self.people.addresses)
        self.watch = Watch(self.world, self._saw)
        self.reception = Reception(gym, self.people, self.dice, self.clock.now, lambda: self.engine.changed())
        self.engine = Engine(0, self.clock, self._after_step, self._is_settled)
        self.keeper = self.world.add_user("keeper@example.org", "Kim Keeper")
        self.world.make_admin(self.keeper)
        self.troubles = Troubles(self.world, self.engine, self.dice, self.keeper, self.watch.by_hand)
        self.hands = Hands(self.world, self.watch, self.tally, self.people, self.dice)
        self.life = Life(self.reception, self.engine, self.dice, self.size)
        self._move_in()
        self.watch.begin()
        self._connect()
        self.watch.take_calls()
        self.watch.calls.clear()
        self.tally.begin()
        self.reception.begin()

    def run(self, days: int) -> None:
        first = self.reception.today + timedelta(days=1)
        self.life.plan(first, days)
        for number in range(days):
            self._plan_day(first + timedelta(days=number), number)
        end = self._midnight(first + timedelta(days=days))
        self.engine.run(end)
        self._finish()

    # Setting up

    def _move_in(self) -> None:
        for name, opens in ((MONTHLY, True), (SEASONAL, True), (DAYTIME, False)):
            self.reception.add_plan(name, opens=opens)
        for number in range(self.size):
            plan = SEASONAL if number % 8 == 0 else DAYTIME if number % 12 == 1 else MONTHLY
            person = self.reception.join(plan)
            if number % 20 == 3:
                self.reception.pause(person)
            elif number % 3 == 0 and plan != DAYTIME:
                self.world.give(self.world.add_user(person.email, person.name))
                self.watch.inside[person.email] += 1
                self.tally.inside.add(person.email)
        self.tally.want(self.people.wanted(self.reception.today), self.clock.now())
        self._protected_people()

    def _protected_people(self) -> None:
        """The owner, staff who train here and staff who do not, and people Core knows nothing of."""
        members = [self.reception.join(MONTHLY).email for _ in range(4)]
        for email in [*members, "trainer@example.org", "cleaner@example.org"]:
            self.world.add_user(email, "Staff")
            self.world.make_admin(email)
            self.tally.forget(email)
        for number in range(5):
            self.world.give(self.world.add_user(f"other{number}@elsewhere.example", "Somebody else"))
        for user in self.world.store.users:
            if user.email not in self.people.addresses or user.email in members:
                self.watch.protect(user)

    def _connect(self) -> None:
        key = Secret(self.world.add_key(self.keeper))
        gym = self.reception.gym
        connection = connecting.connect(gym, key=key, group_id=self.world.group_id, clock=self.clock)
        self.engine.connection_id = connection.pk
        self.engine.changed()
        self.engine.run(self.clock.now() + timedelta(hours=1))
        assert self.tally.inside & self.people.addresses == self.tally.wanted & self.people.addresses

    # The calendar

    def _plan_day(self, day: date, number: int) -> None:
        self.engine.at(self._midnight(day), self._day_begins)
        morning = datetime.combine(day, time(), tzinfo=UTC)
        self.engine.at(morning + DAILY, self.engine.check)
        if day.weekday() == SUNDAY:
            self.engine.at(morning + WEEKLY, self.engine.check)
            self.engine.at(morning + timedelta(hours=6), self._nothing_is_lost)
        self.engine.at(self._midnight(day) + MORNING, self._morning)
        if number % 7 == 0:
            self._plan_week(day)

    def _plan_week(self, monday: date) -> None:
        """Troubles end before Sunday, when everything has to be in order."""
        for _ in range(TROUBLES_A_WEEK):
            at = self.life.moment(monday + timedelta(days=self.dice.randrange(5)))
            self.engine.at(at, self._trouble)
        for _ in range(EDITS_A_WEEK):
            at = self.life.moment(monday + timedelta(days=self.dice.randrange(6)))
            self.engine.at(at, self.hands.edit)
        if monday.day <= 7 and monday.month % 2:
            self.engine.at(self.life.moment(monday + timedelta(days=2)), self.troubles.dead_key)

    def _trouble(self) -> None:
        self.dice.choice(self.troubles.kinds)()
        self.life.burst()

    def _day_begins(self) -> None:
        self.people.begin_day(self.reception.today)

    def _morning(self) -> None:
        """An admin reads the mails and looks at what needs attention."""
        if self._held:
            self.life.decide_about_held()
        if self._parked:
            self.life.retry_refused()

    def _nothing_is_lost(self) -> None:
        """Long after the week's last trouble and its full read nobody may be in or out against the rules."""
        self.lost += [f"{email} on {self.reception.today}" for email in sorted(self.tally.overdue())]

    def _finish(self) -> None:
        """The last troubles end; then an admin's last morning and *Sync now*, which reads everybody; and the sums."""
        self.engine.run(self.clock.now() + timedelta(hours=30))
        self._morning()
        connection = KisiConnection.objects.get(pk=self.engine.connection_id)
        asking.ask(connection, Read.FULL, because="Sync now", now=self.clock.now())
        self.engine.changed()
        self.engine.run(self.clock.now() + timedelta(hours=1))
        self._nothing_is_lost()
        self.tally.end(self.clock.now())

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.reception.gym.zone).astimezone(UTC)

    # Watching

    def _saw(self, doing: Doing) -> None:
        known = doing.email in self.people.addresses
        if known and not doing.came and not doing.by_hand and doing.email not in self.tally.wanted:
            self._count_removal(doing)
        self.tally.see(doing)

    def _count_removal(self, doing: Doing) -> None:
        """Without a word at most the allowance goes within a day, whatever the code under test counts."""
        if self.reception.has_word(doing.email) or self.reception.has_moved(doing.email):
            return
        self.gone = [at for at in self.gone if doing.at - at < DAY] + [doing.at]
        if len(self.gone) > allowance(len(self.tally.inside) - 1 + len(self.gone)):
            self.above.append(f"{doing.email} at {doing.at:%Y-%m-%d %H:%M}")

    def _after_step(self) -> None:
        now, key = self.clock.now(), (self.reception.acts, self.reception.today)
        if key != self._seen:
            self._seen = key
            wanted = self.people.wanted(key[1])
            self.reception.forget_words(wanted)
            self.tally.want(wanted, now)
        self.watch.take_calls()
        self.troubles.notice()
        self._look_at_held(now)

    def _look_at_held(self, now: datetime) -> None:
        rows = KisiGrant.objects.open().filter(connection=self.engine.connection_id)
        waiting = rows.exclude(held_since=None, kept_until=None, trouble="")
        found = list(waiting.values_list("email", "held_since", "kept_until", "trouble"))
        held = frozenset(email for email, since, _, _ in found if since)
        kept = frozenset(email for email, _, until, _ in found if until)
        self._parked = frozenset(email for email, *_, trouble in found if trouble in KisiGrant.PARKED)
        if held - self._held:
            self.trips.append(self._trip(now, held - self._held, self._held | kept))
        self.tally.explain(held, "held", now)
        self.tally.explain(kept, "kept", now)
        self.tally.explain(self._parked, "parked", now)
        self._held = held

    def _trip(self, now: datetime, fresh: frozenset[str], before: frozenset[str]) -> Trip:
        owed = {
            email
            for email in self.tally.inside - self.tally.wanted - before
            if not self.reception.has_word(email) and not self.reception.has_moved(email)
        }
        gone = sum(now - at < DAY for at in self.gone)
        return Trip(now, len(owed) + gone, allowance(len(self.tally.inside) + gone))

    def _is_settled(self) -> bool:
        return not self.tally.unexplained()


def allowance(people: int) -> int:
    """How many may go within a day without a word: a tenth, at least three, at most half (sync.md 7)."""
    return min(max(3, people // 10), people // 2)
