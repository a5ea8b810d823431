"""What the stories share beyond the house: questions, a second gym, something done in the middle of a call."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connections

from integrations.kisi import doors
from integrations.kisi.models import AccessEvent, KisiGrant, Read
from integrations.kisi.simulator.rows import Group
from integrations.kisi.sync import asking
from members.models import Member
from tests.conftest import House
from tests.factories import GymFactory, PlanFactory


def answer_for(house: House, member: Member) -> doors.Answer:
    """What the member's page says about the doors."""
    return doors.answer(doors.gather_facts(house.gym, [member], house.today())[member.pk])


def sentence(house: House, member: Member) -> str:
    return answer_for(house, member).sentence


def events(house: House, kind: str) -> int:
    """How many events of this kind the gym's activity holds."""
    return AccessEvent.objects.filter(gym_id=house.gym.pk, kind=kind).count()


def read_kisi(house: House, read: int) -> None:
    """A check against Kisi, as the daily (RECENT) or the weekly one (FULL) makes it."""
    asking.ask(house.connection, read, because="check", now=house.clock.now())
    house.sync()


def written(house: House) -> list[str]:
    """What changed something at Kisi since the last look; a refused POST changes nothing."""
    fresh, house.seen = house.world.requests[house.seen :], len(house.world.requests)
    return [
        f"{call.method} {call.path}" for call in fresh if call.method != "GET" and (call.status or 0) < 300
    ]


def second_gym(house: House) -> tuple[House, Group]:
    """Another gym of the same Kisi organization, connected to a group of its own."""
    world = house.world
    group = world.add_group("Annex", [world.add_door("Annex door")])
    gym = GymFactory(name="Annex", slug="annex")
    annex = House(gym, PlanFactory(gym=gym), world, house.server, house.clock)
    annex.connect(group_id=group.id)
    return annex, group


def meanwhile(act: Callable[[], object]) -> Callable[[], None]:
    """For a fault's `run`: do this while the sync waits for Kisi's answer, in the test's own transaction."""
    ours = connections["default"]
    ours.inc_thread_sharing()

    def run() -> None:
        connections["default"] = ours
        try:
            act()
        finally:
            del connections["default"]

    return run


MIXED = ["ana", "ben", "cleo", "dan", "finn"]


def mixed(house: House) -> None:
    """A bit of everything is owed, read in full: after it MIXED are inside, and Zoe is gone with her profile.

    Ana is new, Ben only has a profile, Cleo got another name, Dan another address, Finn was removed by hand.
    """
    members = {name: house.member(name) for name in ("Cleo", "Daniel", "Finn", "Zoe")}
    house.sync()
    house.member("Ana")
    house.in_kisi("Ben", right=False)
    house.member("Ben")
    members["Cleo"].last_name = "Ruiz"
    members["Cleo"].save()
    members["Daniel"].email = "dan@example.com"
    members["Daniel"].save()
    house.world.remove_right(house.world.rights_of("finn@example.com")[0])
    house.subscription(members["Zoe"]).pause()
    asking.ask(house.connection, Read.FULL, because="check", now=house.clock.now())
    house.calls()


def mixed_is_done(house: House) -> bool:
    """Everything as it should be, nobody twice, nobody left behind."""
    people = [user.email.partition("@")[0] for user in house.world.store.users][1:]
    rights = [house.world.rights_of(f"{who}@example.com") for who in MIXED]
    return (
        house.inside() == MIXED
        and sorted(people) == MIXED
        and all(len(held) == 1 for held in rights)
        and house.world.person("cleo@example.com").name == "Cleo Ruiz"
        and house.connection.grants.open().count() == len(MIXED)
        and not house.connection.grants.open().exclude(state=KisiGrant.State.GRANTED).exists()
    )
