"""Seeded worlds: the smallest one that works, and Harbor Gym with its cast."""

from __future__ import annotations

from integrations.kisi.simulator import cast
from integrations.kisi.simulator.dashboard import Dashboard

GYM = "Harbor Gym"
ALREADY_IN_THE_GROUP = 9


def seed_small(world: Dashboard) -> None:
    world.add_organization("Small Gym", owner=("Olga Owner", "owner@example.com"))


def seed_demo(world: Dashboard) -> None:
    """Nine of the twelve known people already hold the right, three have only a profile."""
    organization = world.add_organization(GYM, owner=cast.OWNER)
    group = world.store.groups.rows[organization.group_id]
    front = world.store.locks_of(group)[0]
    floor, office = world.add_door("Gym floor"), world.add_door("Staff office")
    world.link(group, floor)
    place = world.store.places.rows[front.place_id]
    staff = world.add_group("Staff", [front, floor, office], place=place)
    world.make_admin(world.add_user(cast.ADMINISTRATOR[1], cast.ADMINISTRATOR[0]))
    cleaner = world.add_user(cast.CLEANER[1], cast.CLEANER[0], notes="Cleans on weekday mornings")
    world.give(cleaner, staff)
    coach = world.add_user(cast.TEAM_PERSON[1], cast.TEAM_PERSON[0])
    world.add_team("Coaches", [coach], group)
    for number, (name, email) in enumerate(cast.KNOWN_IN_KISI):
        user = world.add_user(email, name)
        if number < ALREADY_IN_THE_GROUP:
            world.give(user, group)
