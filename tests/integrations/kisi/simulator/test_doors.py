"""Who can open what: rights, dates, suspension, teams; and the endpoints that show doors."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.kisi.simulator import World, cast


@pytest.fixture
def ana(world):
    return world.add_user("ana@example.com", "Ana Ruiz")


def test_nobody_opens_a_door_without_a_right(world, ana):
    assert not world.can_unlock("ana@example.com")
    assert not world.can_unlock("nobody@example.com")
    assert world.who_can_open() == {"Front door": []}


def test_a_right_opens_the_doors_of_its_group_only(world, ana):
    office = world.add_door("Office")
    world.give(ana)
    assert world.can_unlock(ana, "Front door")
    assert not world.can_unlock(ana, office)
    world.give("ana@example.com", world.add_group("Staff", [office]))
    assert world.who_can_open() == {"Front door": ["ana@example.com"], "Office": ["ana@example.com"]}


@pytest.mark.parametrize(
    ("starts", "ends", "opens"), [(-1, 1, True), (1, 2, False), (-2, -1, False), (0, 0, False)]
)
def test_dates_on_the_right_decide(world, ana, clock, starts, ends, opens):
    now = clock.at
    world.give(ana, valid_from=now + timedelta(days=starts), valid_until=now + timedelta(days=ends))
    assert world.can_unlock(ana) is opens
    assert world.who_can_open()["Front door"] == (["ana@example.com"] if opens else [])
    assert world.in_group() == (["ana@example.com"] if opens else [])


def test_both_access_flags_must_be_on(world, ana):
    world.give(ana)
    ana.scim_access_enabled = False
    assert not world.can_unlock(ana)
    ana.scim_access_enabled = True
    world.suspend(ana)
    assert not world.can_unlock(ana)
    world.suspend(ana, is_on=False)
    assert world.can_unlock(ana)


def test_suspending_through_the_api_keeps_the_right_and_closes_the_door(api, world, ana):
    world.give(ana)
    api.patch(f"/users/{ana.id}", {"user": {"access_enabled": False}})
    assert len(world.rights_of("ana@example.com")) == 1
    assert not world.can_unlock(ana)


def test_a_team_opens_doors_for_its_people(world, ana):
    world.add_team("Coaches", [ana], world.group)
    assert world.can_unlock(ana)
    assert world.who_can_open() == {"Front door": ["ana@example.com"]}
    assert world.rights_of("ana@example.com") == []
    assert world.in_group() == []


def test_whether_an_administrator_opens_doors_is_a_switch(world, ana):
    world.make_admin(ana)
    assert not world.can_unlock(ana)
    world.switch(admins_open_doors=True)
    assert world.who_can_open() == {"Front door": ["ana@example.com", "owner@example.com"]}


def test_a_locked_down_door_opens_for_nobody(api, world, ana):
    world.give(ana)
    door = world.store.locks.rows[1]
    door.locked_down = True
    assert not world.can_unlock(ana)
    assert api.get("/locks").json()[0]["locked_down"] is True


def test_unlock_opens_for_those_who_may_and_is_remembered(world, ana, as_key):
    api = as_key(world.add_key(ana))
    assert api.post("/locks/1/unlock", {}).status_code == 403
    world.give(ana)
    assert api.post("/locks/1/unlock", {}).json() == {"message": "Unlocked!"}
    assert [event.type for event in world.store.events] == ["lock.unlock"]
    assert ana.last_accessed_at is not None


def test_groups_show_their_counts_and_their_place(api, world, ana):
    world.give(ana)
    group = api.get(f"/groups/{world.group_id}").json()
    assert (group["name"], group["users_count"], group["locks_count"]) == ("24-hr Access", 1, 1)
    assert group["place_id"] is None and "place" not in group
    place = world.store.places.rows[1]
    placed = world.add_group("Upstairs", [], place=place)
    assert api.get(f"/groups/{placed.id}").json()["place"]["name"] == place.name
    assert [row["id"] for row in api.get("/groups", scope="place").json()] == [placed.id]
    assert [row["id"] for row in api.get("/groups", query="24-HR").json()] == [world.group_id]
    assert [row["id"] for row in api.get("/groups", lock_id=1).json()] == [world.group_id]


def test_a_deleted_group_is_404_and_its_rights_are_gone(api, world, ana):
    group = world.group
    world.give(ana)
    world.delete_group(group)
    assert api.get(f"/groups/{group.id}").status_code == 404
    assert world.who_can_open() == {"Front door": []}


def test_group_locks_need_a_group(api, world):
    assert api.get("/group_locks").status_code == 400
    rows = api.get("/group_locks", group_id=world.group_id).json()
    assert [row["lock"]["name"] for row in rows] == ["Front door"]
    assert api.get("/places").json()[0]["locks_count"] == 1


def test_the_demo_is_harbor_gym_with_its_cast():
    demo = World.demo()
    opening = demo.who_can_open()
    assert demo.organization.name == "Harbor Gym"
    assert {email for _, email in cast.KNOWN_IN_KISI} <= {user.email for user in demo.store.users}
    assert len(cast.KNOWN_IN_KISI) == 12
    assert cast.CLEANER[1] in opening["Staff office"]
    assert cast.TEAM_PERSON[1] in opening["Front door"]
    assert [right.role_id for right in demo.rights_of(cast.ADMINISTRATOR[1])] == ["administrator"]
    assert demo.owner.email == cast.OWNER[1]
