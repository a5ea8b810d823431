"""What happens at the gym: each act goes into Core by its own code, and into the plain facts beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from integrations.kisi.effects import KisiEffects
from integrations.kisi.models import KisiConnection
from integrations.kisi.sync import deciding
from members.models import Gym, Member
from plans.models import Plan, Subscription
from tests.year.people import ACTIVE, CANCELS, ENDED, PAUSED, STARTS, Contract, People, Person

NAMES = ("Ana", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ida", "Jon", "Kim", "Lea", "Max", "Noa")
SURNAMES = ("Ruiz", "Okafor", "Lind", "Weber", "Moreau", "Novak", "Silva", "Tanaka", "Yilmaz", "Brandt")
WORD_LASTS = timedelta(days=7)


@dataclass(slots=True)
class Reception:
    """The gym's own doings. `changed` is told after each that a wake-up is on its way."""

    gym: Gym
    people: People
    dice: Random
    now: Callable[[], datetime]
    changed: Callable[[], None]
    plans: dict[str, Plan] = field(default_factory=dict)
    words: dict[str, datetime] = field(default_factory=dict)
    moved: dict[str, Person] = field(default_factory=dict)
    renames: int = 0
    acts: int = 0
    _joined: int = 0

    def begin(self) -> None:
        """Count from here on."""
        self.acts = self.renames = 0

    @property
    def today(self) -> date:
        return self.now().astimezone(self.gym.zone).date()

    def add_plan(self, name: str, *, opens: bool) -> None:
        self.plans[name] = Plan.objects.create(gym=self.gym, name=name, has_24hr_access=opens)
        self.people.opens[name] = opens

    def new_member(self, email: str = "") -> Person:
        """Somebody without a subscription."""
        self._joined += 1
        first = NAMES[self._joined % len(NAMES)]
        last = f"{SURNAMES[self._joined % len(SURNAMES)]} {self._joined}"
        email = email or f"{first.lower()}{self._joined}@example.com"
        member = Member.objects.create(gym=self.gym, first_name=first, last_name=last, email=email)
        return self.people.add(Person(member.pk, member.name, email))

    def join(self, plan: str, *, starts: date | None = None, ends: date | None = None) -> Person:
        person = self.new_member()
        self.subscribe(person, plan, starts=starts, ends=ends)
        return person

    def subscribe(
        self, person: Person, plan: str, *, starts: date | None = None, ends: date | None = None
    ) -> None:
        today = self.today
        starts = starts or today
        member = Member.objects.get(pk=person.number)
        Subscription.start(member, self.plans[plan], today=today, starts_on=starts, ends_on=ends)
        state = ACTIVE if starts <= today else STARTS
        person.contracts.append(Contract(plan, state, starts, ends))
        self._done()

    def pause(self, person: Person) -> None:
        self._row(person, "active").pause()
        self._contract(person, ACTIVE).state = PAUSED
        self._done()

    def resume(self, person: Person) -> None:
        self._row(person, "paused").resume(today=self.today)
        self._contract(person, PAUSED).state = ACTIVE
        self._done()

    def schedule_cancel(self, person: Person, on: date) -> None:
        self._row(person, "active").schedule_cancel(on=on, today=self.today)
        contract = self._contract(person, ACTIVE)
        contract.state, contract.ends = CANCELS, on
        self._done()

    def undo_cancel(self, person: Person) -> None:
        self._row(person, "pending_cancel").undo_cancel()
        contract = self._contract(person, CANCELS)
        contract.state, contract.ends = ACTIVE, None
        self._done()

    def cancel_now(self, person: Person) -> None:
        self._row(person, "active").cancel_now(today=self.today)
        self._contract(person, ACTIVE).state = ENDED
        self._done()

    def pause_unseen(self, person: Person) -> None:
        """As an import writes it: in bulk, without a signal."""
        rows = Subscription.objects.filter(member_id=person.number, status="active")
        rows.update(status="paused", changed_at=self.now())
        self._contract(person, ACTIVE).state = PAUSED
        self.acts += 1

    def rename(self, person: Person) -> None:
        member = Member.objects.get(pk=person.number)
        member.last_name = f"{self.dice.choice(SURNAMES)} {person.number}"
        member.save()
        self.renames += person.name != member.name
        person.name = member.name
        self._done()

    def change_address(self, person: Person, email: str) -> None:
        member = Member.objects.get(pk=person.number)
        member.email = email
        member.save()
        self.moved[person.email] = person
        person.email = email
        self.people.addresses.add(email)
        self._done()

    def swap_addresses(self, first: Person, second: Person) -> None:
        one, other = first.email, second.email
        self.change_address(first, other)
        self.change_address(second, one)

    def delete(self, person: Person) -> None:
        Member.objects.get(pk=person.number).delete()
        del self.people.by_number[person.number]
        self._done()

    def switch_plan(self, name: str, *, opens: bool) -> None:
        """Without a word: somebody's script saves the plan."""
        self.plans[name].has_24hr_access = opens
        self.plans[name].save()
        self.people.opens[name] = opens
        self._done()

    def switch_plan_with_a_word(self, name: str, *, opens: bool) -> None:
        """As the plan's page does it: the forecast is shown by name, and confirmed."""

        def change() -> None:
            Plan.objects.filter(pk=self.plans[name].pk).update(has_24hr_access=opens)
            Plan.objects.get(pk=self.plans[name].pk).save()

        before = self.people.wanted(self.today)
        shown = KisiEffects().forecast(self.gym, change).fingerprint
        KisiEffects().carry_out(self.gym, change, by=None, cause=f"{name} changed", shown=shown)
        self.plans[name].refresh_from_db()
        self.people.opens[name] = opens
        self._give_words(before - self.people.wanted(self.today))
        self._done()

    def allow_held(self, connection: KisiConnection) -> None:
        """An admin lets everybody go who is held."""
        emails = [row.email for row in deciding.held(connection)]
        deciding.allow(connection, emails, by=None, now=self.now())
        self._give_words(set(emails) - self.people.wanted(self.today))
        self._done()

    def keep_held(self, connection: KisiConnection) -> list[str]:
        """An admin leaves everybody in who is held."""
        emails = [row.email for row in deciding.held(connection)]
        deciding.keep(connection, emails, by=None, now=self.now())
        self._done()
        return emails

    def has_word(self, email: str) -> bool:
        given = self.words.get(email)
        return given is not None and self.now() - given <= WORD_LASTS

    def forget_words(self, wanted: set[str]) -> None:
        """A word is void once the person is wanted again."""
        for email in self.words.keys() & wanted:
            del self.words[email]

    def has_moved(self, email: str) -> bool:
        """Whether whoever had this address gets in under another one now."""
        person = self.moved.get(email)
        is_here = person is not None and person.number in self.people.by_number
        return bool(is_here and person and person.email != email and self.people.gets_in(person, self.today))

    def pick(self, state: str, how_many: int = 1) -> list[Person]:
        """Some people whose one running contract is in this state, a different lot each time."""
        fitting = [
            person
            for person in self.people
            if any(contract.state == state and self._counts(contract) for contract in person.contracts)
            and len([contract for contract in person.contracts if contract.state != ENDED]) == 1
        ]
        return self.dice.sample(fitting, min(how_many, len(fitting)))

    def _counts(self, contract: Contract) -> bool:
        return contract.ends is None or contract.ends >= self.today

    def _give_words(self, emails: set[str]) -> None:
        self.words |= dict.fromkeys(emails, self.now())

    def _row(self, person: Person, status: str) -> Any:
        rows = Subscription.objects.filter(member_id=person.number, status=status)
        return rows.select_related("plan", "member__gym").get()

    def _contract(self, person: Person, state: str) -> Contract:
        return next(contract for contract in person.contracts if contract.state == state)

    def _done(self) -> None:
        self.acts += 1
        self.changed()
