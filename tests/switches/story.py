"""The core story of one gym at one Kisi, step by step, with who is inside asserted after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.access.errors import SlowDown
from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Assignment, Kind, World
from integrations.kisi.sync import asking, switching
from integrations.kisi.sync.session import Later
from members.models import Member
from plans.models import Subscription
from tests.conftest import House

FIRST = ["ana", "ben", "cleo", "dan", "eve", "uma"]
NO_MAIL = {"uma@example.com", *(f"{who}@example.com" for who in ("owner", "devon", "rafa", "stranger"))}
STAFF = ("owner", "devon", "rafa", "stranger", "cleaner")
Circumstance = Callable[["Story"], None]


def nothing_happens(story: Story) -> None:
    """For a switch that matters all the time."""


@dataclass
class Story:
    """`circumstance` is what has to happen for a switch to matter; it leaves everybody where they were."""

    house: House
    circumstance: Circumstance = nothing_happens
    patience: int = 12  # so many waits
    people: dict[str, Member] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        return self.house.world

    def play(self) -> None:
        """From the first connect to a disconnect with removal."""
        self.begin()
        self.a_first_day()
        self.a_second_day()
        self.kisi_is_read_in_full()
        self.leave()

    def begin(self) -> None:
        """To the end of the circumstance."""
        self.move_in()
        self.first_sync()
        self.circumstance(self)

    # What there is

    def move_in(self) -> None:
        """Kisi has people of its own, some of whom are Core's members too."""
        house, world = self.house, self.world
        house.in_kisi("Stranger")
        world.give(house.in_kisi("Cleaner", right=False), world.add_group("Cleaners", []))
        world.add_team("Coaches", [house.in_kisi("Rafa", right=False)], world.group)
        world.give_place(house.in_kisi("Devon", right=False), next(iter(world.store.places)))
        world.give(world.add_user("Uma@Example.com", "Uma"))
        world.give(house.in_kisi("Ben", right=False), valid_until=self.now() + timedelta(days=40))
        world.give(house.in_kisi("Cleo", right=False), valid_until=self.now() - timedelta(days=1))
        house.in_kisi("Dan", right=False)
        for name in (*FIRST, "devon"):
            self.joins(name)
        self.people["olga"] = house.member("Olga", email="owner@example.com")
        self.before = {who: self.holds(who) for who in STAFF}
        self.connects()

    def first_sync(self) -> None:
        self.work()
        self.check(FIRST)

    def a_first_day(self) -> None:
        """A new name, a new address, a pause; Finn joins, and no answer comes back."""
        self.renamed("ana", "Ruiz")
        self.moves("eve", "evelyn")
        self.pauses("cleo")
        self.loses("POST", "/users")
        self.joins("finn")
        self.work()
        self.check(["ana", "ben", "dan", "evelyn", "finn", "uma"])
        assert self.world.person("ana@example.com").name == "Ana Ruiz"

    def a_second_day(self) -> None:
        """A cancel, a return; Gail's right got no answer, Iva was given hers by hand while Core looked."""
        self.a_day_later()
        self.cancels("dan")
        self.resumes("cleo")
        self.house.in_kisi("Iva", right=False)
        self.joins("iva")
        self.while_core_looks("iva", lambda: self.world.give("iva@example.com"))
        self.joins("gail")
        self.loses("POST", "/role_assignments")
        self.work()
        self.check(["ana", "ben", "cleo", "evelyn", "finn", "gail", "iva", "uma"])

    def kisi_is_read_in_full(self) -> None:
        """Nothing is written, but that a right given twice goes once; Ben's right ends, and he gets another."""
        written, doubled = len(self.world.writes()), len(self.rights_of("iva")) - 1
        self.read(Read.FULL)
        assert len(self.world.writes()) == written + doubled
        assert len(self.rights_of("iva")) == 1
        self.pauses("iva")
        self.house.clock.forward(days=40)
        self.read(Read.FULL)
        self.check(["ana", "ben", "cleo", "evelyn", "finn", "gail", "uma"])

    def leave(self) -> None:
        """Those named go, as far as Core made their right: Uma's was there before."""
        connection = self.house.connection
        named = [f"{name}@example.com" for name in ("ana", "ben", "finn", "uma")]
        switching.remove_and_disconnect(connection, named, by=None, now=self.now())
        self.work()
        assert self.house.connection.status == KisiConnection.Status.DISCONNECTED
        self.check(["cleo", "evelyn", "gail", "uma"])
        assert not {mail.recipient.lower() for mail in self.world.outbox} & NO_MAIL

    # What people do

    def connects(self) -> None:
        """An admin who is told that Kisi is busy tries again a little later."""
        for _ in range(self.patience):
            try:
                self.house.connect()
                return
            except (SlowDown, Later):
                self.house.clock.forward(minutes=1)
        raise AssertionError("Kisi stayed busy")

    def joins(self, name: str) -> None:
        self.people[name] = self.house.member(name.title())

    def renamed(self, name: str, last_name: str) -> None:
        self.people[name].last_name = last_name
        self.people[name].save()

    def moves(self, name: str, to: str) -> None:
        self.people[to] = self.people.pop(name)
        self.people[to].email = f"{to}@example.com"
        self.people[to].save()

    def pauses(self, name: str) -> None:
        self.house.subscription(self.people[name]).pause()

    def resumes(self, name: str) -> None:
        self.house.subscription(self.people[name]).resume(today=self.house.today())

    def cancels(self, name: str) -> None:
        self.house.subscription(self.people[name]).cancel_now(today=self.house.today())

    def starts_again(self, name: str) -> None:
        Subscription.start(self.people[name], self.house.plan, today=self.house.today())

    # What Kisi does

    def loses(self, method: str, path: str) -> None:
        self.world.fault(method=method, path=path, kind=Kind.LOST, after_effect=True)

    def while_core_looks(self, name: str, act: Callable[[], object]) -> None:
        """Somebody does this in Kisi's dashboard just after Core has read this person's rights."""
        whose = f"user_id={self.world.person(f'{name}@example.com').id}&"
        self.world.fault(method="GET", path="/role_assignments", query=whose, kind=Kind.PASS, run=act)

    # What Core does

    def now(self) -> datetime:
        return self.house.clock.now()

    def a_day_later(self) -> None:
        self.house.clock.forward(days=1)

    def work(self) -> None:
        """As beat and worker would: all that can be done, and again when a wait is over."""
        for _ in range(self.patience):
            self.house.sync()
            due = self.next_due()
            if due is None:
                return
            self.house.clock.added += max(timedelta(0), due - self.now()) + timedelta(milliseconds=1)
        raise AssertionError(f"still waiting: {self.troubles()}")

    def try_now(self) -> None:
        """For some minutes, whether or not anything comes of it."""
        for _ in range(4):
            self.house.sync()
            self.house.clock.forward(minutes=2)

    def read_if_possible(self, read: Read) -> None:
        asking.ask(self.house.connection, read, because="check", now=self.now())
        self.try_now()

    def is_mended(self) -> None:
        """Kisi is well again: the next probe heals the connection, and an admin presses Retry."""
        self.house.clock.forward(minutes=16)
        self.house.sync()
        for trouble in KisiGrant.PARKED:
            asking.retry(self.house.connection, trouble=trouble, because="retry", now=self.now())
        self.work()

    def is_troubled(self) -> bool:
        connection = self.house.connection
        rows = connection.grants.open()
        return connection.status != KisiConnection.Status.CONNECTED or rows.exclude(trouble="").exists()

    def next_due(self) -> datetime | None:
        connection = self.house.connection
        waits = connection.grants.open().exclude(retry_at=None).values_list("retry_at", flat=True)
        due = [*waits, *([connection.retry_at] if connection.retry_at else [])]
        return min(due, default=None)

    def read(self, read: Read) -> None:
        asking.ask(self.house.connection, read, because="check", now=self.now())
        self.work()

    # What is asserted

    def check(self, inside: list[str]) -> None:
        """Exactly these of Core's people are inside, nobody is there twice, nobody else was touched."""
        assert self.inside() == sorted([*inside, "stranger"]), self.troubles()
        assert self.through_the_door() == self.inside()
        assert not self.doubled()
        assert {who: self.holds(who) for who in STAFF} == self.before
        self.is_quiet()

    def is_quiet(self) -> None:
        """Nothing changed, so nobody is called."""
        self.house.calls()
        self.house.sync()
        assert self.house.calls() == []

    def inside(self) -> list[str]:
        return sorted(email.partition("@")[0].lower() for email in self.world.in_group())

    def rights_of(self, who: str) -> list[Assignment]:
        return self.world.rights_of(f"{who}@example.com")

    def through_the_door(self) -> list[str]:
        """Who can open the front door, but for the coaches and those who run the doors."""
        names = {email.partition("@")[0].lower() for email in self.world.who_can_open()["Front door"]}
        return sorted(names - {"rafa", "owner"})

    def doubled(self) -> list[str]:
        addresses = Counter(user.email.lower() for user in self.world.store.users)
        return [address for address, times in addresses.items() if times > 1]

    def holds(self, who: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Everything Kisi has of this person."""
        person = self.world.person(f"{who}@example.com")
        rights = [vars(right).copy() for right in self.world.store.held_by(person)]
        return vars(person).copy(), rights

    def troubles(self) -> list[tuple[str, str, str, str]]:
        rows = self.house.connection.grants.open()
        said = [
            (row.email, row.state, row.trouble, row.last_error) for row in rows if row.trouble or row.retry_at
        ]
        return [("", self.house.connection.status, self.house.connection.status_said, ""), *said]
