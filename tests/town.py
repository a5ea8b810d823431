"""Two gyms, everybody who may come by, one of each thing of the first, and every address there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from integrations.kisi.models import (
    AccessEvent,
    AccessPerson,
    Heartbeat,
    KisiConnection,
    KisiGrant,
    Preview,
    SyncRun,
)
from integrations.vault import Secret
from members.models import Gym
from tests.desk import BACKEND
from tests.factories import GymFactory, MemberFactory, PlanFactory, StaffFactory, SubscriptionFactory

NOT_OURS = ("accounts/", "admin/")
PEOPLE = ("anonymous", "staff A", "admin A", "staff B", "admin B")


@dataclass
class Town:
    """Two gyms, who works there, and one of each thing of gym A."""

    gym: Gym
    arguments: dict[str, int | str]
    browsers: dict[str, Client]

    def address(self, name: str) -> str:
        wanted = {
            key: self.arguments[key] for key in ADDRESSES[name].pattern.converters if key in self.arguments
        }
        return reverse(name, kwargs=wanted)

    def answers(self, name: str, method: str) -> str:
        """What everybody gets; what a POST changes is undone before the next."""
        return " ".join(str(self.ask(name, method, person)) for person in PEOPLE)

    def ask(self, name: str, method: str, person: str) -> int:
        with transaction.atomic():
            status = getattr(self.browsers[person], method)(self.address(name)).status_code
            transaction.set_rollback(True)
        return status


def addresses(found: URLResolver, space: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in found.url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{space}{entry.name}", entry
        elif str(entry.pattern) not in NOT_OURS:
            yield from addresses(entry, f"{entry.namespace}:" if entry.namespace else space)


ADDRESSES = dict(addresses(get_resolver("config.urls")))


def browser(gym: Gym | None, role: str = "") -> Client:
    client = Client()
    if gym is not None:
        client.force_login(StaffFactory(gym=gym, role=role).user, backend=BACKEND)
    return client


def connect(gym: Gym, group_id: int) -> KisiConnection:
    """Connected and quiet, without a word to Kisi."""
    connection = KisiConnection(gym=gym, group_id=group_id, own_user_id=group_id, must_read_first=False)
    connection.set_key(Secret(f"key-of-{gym.slug}-0123456789"))
    connection.save()
    return connection


def link(gym: Gym, **facts: object) -> KisiConnection:
    """Connected, cut over and quiet, as far as the database knows; without a key nobody can ask Kisi."""
    known = {"group_id": 7, "group_name": "24-hr Access", "doors": ["Front door"]}
    known |= {"own_user_name": "Olga Owner", "sole_source_since": timezone.now(), "must_read_first": False}
    return KisiConnection.objects.create(gym=gym, **(known | facts))


def build() -> Town:
    """Neither gym has Kisi yet."""
    here, there = GymFactory(name="Harbor Gym"), GymFactory(name="Summit Gym")
    plan = PlanFactory(gym=here, name="Harbor Open Door")
    member = MemberFactory(gym=here, first_name="Ana", last_name="Ruiz", email="ana@example.com")
    subscription = SubscriptionFactory(member=member, plan=plan)
    StaffFactory(gym=there)
    Heartbeat.objects.create(name="worker", at=timezone.now())
    browsers = {
        "anonymous": browser(None),
        "staff A": browser(here, "staff"),
        "admin A": browser(here, "admin"),
        "staff B": browser(there, "staff"),
        "admin B": browser(there, "admin"),
    }
    arguments = {
        "plan_id": plan.pk,
        "member_id": member.pk,
        "subscription_id": subscription.pk,
        "action": "pause",
        "preview_id": 1,
        "topic": "no-access",
        "run_id": 1,
        "event_id": 1,
    }
    return Town(here, arguments, browsers)


def join_kisi(town: Town) -> None:
    """Both gyms are connected; Ana has access, which a run gave her, her removal is held, a preview shows it."""
    connection = connect(town.gym, 1)
    connect(Gym.objects.exclude(pk=town.gym.pk).get(), 2)
    KisiGrant.objects.create(
        connection=connection,
        email="ana@example.com",
        name="Ana Ruiz",
        member_id=town.arguments["member_id"],
        state="granted",
        origin="created",
        role_assignment_id=1,
        kisi_user_id=1,
        held_since=timezone.now(),
    )
    now = timezone.now()
    shown = Preview.objects.create(connection=connection, asked_at=now, taken_at=now, state="ready")
    shown.lines.create(group="lose", email="ana@example.com", name="Ana Ruiz", digest="of that time")
    town.arguments["preview_id"] = shown.pk
    run = SyncRun.objects.create(
        connection=connection, state="finished", started_at=timezone.now(), granted=1
    )
    person = AccessPerson.objects.create(gym_id=town.gym.pk, email="ana@example.com", name="Ana Ruiz")
    facts = {"run_id": run.pk, "person_id": person.pk, "member_id": town.arguments["member_id"]}
    event = AccessEvent.objects.create(
        gym_id=town.gym.pk, connection_id=connection.pk, kind="granted", cause="first sync", **facts
    )
    town.arguments |= {"run_id": run.pk, "event_id": event.pk}
