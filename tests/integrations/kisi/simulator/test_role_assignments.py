"""`/role_assignments`: both forms, filters, doubles, deletes."""

from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture
def ana(world):
    return world.add_user("ana@example.com", "Ana Ruiz")


def new_form(user_id, group_id, **fields):
    right = {
        "assignee_type": "User",
        "assignee_id": user_id,
        "applies_to_type": "Group",
        "applies_to_id": group_id,
        "role_id": "group_basic",
        **fields,
    }
    return {"role_assignment": right}


def test_the_old_form_makes_a_right_with_old_and_new_fields(api, world, ana):
    right = api.new_right(ana.id, str(world.group_id), notify=False).json()
    assert right["user_id"] == right["assignee_id"] == ana.id
    assert right["group_id"] == right["applies_to_id"] == world.group_id
    assert (right["assignee_type"], right["applies_to_type"], right["scope"]) == ("User", "Group", "group")
    assert right["user"] == right["assignee"]
    assert right["created_by_id"] == world.owner.id
    assert api.get(f"/role_assignments/{right['id']}").json() == right
    assert world.can_unlock("ana@example.com")


def test_the_new_form_makes_the_same_right(api, world, ana):
    answer = api.post("/role_assignments", new_form(ana.id, world.group_id))
    assert answer.status_code == 200
    assert world.can_unlock(ana)


@pytest.mark.parametrize(("switch", "old", "new"), [("old", 200, 422), ("new", 422, 200)])
def test_one_form_can_be_switched_off(api, world, ana, switch, old, new):
    world.switch(assignment_form=switch, duplicate_assignment="new_row")
    assert api.new_right(ana.id, world.group_id).status_code == old
    assert api.post("/role_assignments", new_form(ana.id, world.group_id)).status_code == new


@pytest.mark.parametrize(("shown", "hidden"), [("new", "user_id"), ("old", "assignee_id")])
def test_a_right_may_be_shown_in_one_form_only(api, world, ana, shown, hidden):
    world.switch(assignment_fields=shown)
    right = api.new_right(ana.id, world.group_id).json()
    both = {
        "user_id",
        "user",
        "group_id",
        "scope",
        "assignee_id",
        "assignee",
        "applies_to_id",
        "applies_to_type",
    }
    old = {"user_id", "user", "group_id", "scope"}
    assert both & set(right) == (old if shown == "old" else both - old)
    assert hidden not in right
    assert {"role_id", "notify", "valid_from", "valid_until"} <= set(right)
    assert len(api.get("/role_assignments", user_id=ana.id).json()) == 1


def test_how_place_level_roles_are_called_is_a_switch(api, world, ana):
    right = world.give_place(ana, next(iter(world.store.places)))
    assert api.get(f"/role_assignments/{right.id}").json()["role_id"] == "place_manager"
    world.switch(place_role_ids="plain")
    assert api.get(f"/role_assignments/{right.id}").json()["role_id"] == "manager"
    assert {role["id"] for role in api.get("/roles", applies_to="Place").json()} == {
        "administrator",
        "manager",
    }


def test_missing_fields_are_named(api, world, ana):
    assert set(api.post("/role_assignments", {"role_assignment": {}}).json()["errors"]) == {
        "user_id",
        "role_id",
    }
    half = {"role_assignment": {"assignee_type": "User", "assignee_id": ana.id, "role_id": "group_basic"}}
    assert set(api.post("/role_assignments", half).json()["errors"]) == {"applies_to_type", "applies_to_id"}
    assert "role_id" in api.new_right(ana.id, world.group_id, role_id="administrator").json()["errors"]
    assert "valid_from" in api.new_right(ana.id, world.group_id, valid_from="soon").json()["errors"]


def test_an_unknown_person_or_group_is_404(api, world, ana):
    assert api.new_right(999, world.group_id).status_code == 404
    assert api.new_right(ana.id, 999).status_code == 404
    assert api.new_right("ana@example.com", world.group_id).status_code == 404
    world.switch(unknown_assignee="422")
    assert api.new_right(999, world.group_id).status_code == 422


def test_the_same_right_twice_is_409(api, world, ana):
    api.new_right(ana.id, world.group_id)
    answer = api.new_right(ana.id, world.group_id)
    assert (answer.status_code, answer.json()["error"]) == (409, "The record already exists")
    assert len(world.rights_of("ana@example.com")) == 1


def test_another_validity_is_a_second_row(api, world, ana):
    api.new_right(ana.id, world.group_id)
    assert api.new_right(ana.id, world.group_id, valid_until="2027-01-01T00:00:00.000Z").status_code == 200
    assert len(world.rights_of("ana@example.com")) == 2


@pytest.mark.parametrize(("rule", "status", "rows"), [("409", 409, 1), ("new_row", 200, 2), ("422", 422, 1)])
@pytest.mark.parametrize("until", [None, "2027-01-01T00:00:00Z"])
def test_what_a_double_does_is_a_switch(api, world, ana, rule, status, rows, until):
    world.switch(duplicate_assignment=rule)
    world.give(ana)
    assert api.new_right(ana.id, world.group_id, valid_until=until).status_code == status
    assert len(world.rights_of("ana@example.com")) == rows


def test_an_expired_right_is_no_double(api, world, ana, clock):
    world.give(ana, valid_until=clock.at - timedelta(days=1))
    assert api.new_right(ana.id, world.group_id).status_code == 200


def test_a_second_role_in_one_group_is_refused_unless_switched(api, world, ana):
    world.give(ana, role_id="group_manager")
    assert api.new_right(ana.id, world.group_id).status_code == 422
    world.switch(second_role_in_group="409")
    assert api.new_right(ana.id, world.group_id).status_code == 409
    world.switch(second_role_in_group="allowed")
    assert api.new_right(ana.id, world.group_id).status_code == 200


def test_deleting_a_right_twice_is_404(api, world, ana):
    path = f"/role_assignments/{world.give(ana).id}"
    assert api.delete(path).status_code == 204
    assert api.delete(path).status_code == 404
    assert not world.can_unlock(ana)


def test_the_owners_role_cannot_be_taken_nor_given(api, world, ana):
    owned = world.rights_of("owner@example.com")[0]
    assert api.delete(f"/role_assignments/{owned.id}").status_code == 403
    right = {"user_id": ana.id, "role_id": "owner", "organization_id": 1}
    assert api.post("/role_assignments", {"role_assignment": right}).status_code == 422


def test_an_organization_row_has_no_group_and_no_dates(api, world, ana):
    right = {"user_id": ana.id, "role_id": "administrator", "organization_id": 1}
    made = api.post("/role_assignments", {"role_assignment": right}).json()
    assert (made["scope"], made["applies_to_type"]) == ("organization", "Organization")
    assert not {"group_id", "valid_from", "valid_until"} & set(made)


def test_filters_narrow_the_list(api, world, ana):
    bo = world.add_user("bo@example.com", "Bo")
    other = world.add_group("Other", [])
    mine, others = world.give(ana), world.give(ana, other)
    world.give(bo)
    team = world.add_team("Coaches", [bo], other)

    def ids(**params):
        return [row["id"] for row in api.get("/role_assignments", limit=250, **params).json()]

    team_right = world.store.held_by(team)[0].id
    assert ids(user_id=ana.id) == [mine.id, others.id]
    assert ids(assignee_type="User", assignee_id=ana.id) == [mine.id, others.id]
    assert ids(user_id=ana.id, group_id=other.id) == [others.id]
    assert ids(applies_to_type="Group", applies_to_id=other.id) == [others.id, team_right]
    assert ids(group_id=other.id, scope="team") == [team_right]
    assert ids(query="ANA@") == [mine.id, others.id]
    assert ids(role_id="owner", scope="organization") == [1]
    assert ids(user_id="me") == [1]
    assert ids(ids=f"{mine.id},{team_right}") == [mine.id, team_right]


def test_half_a_filter_and_two_filters_are_switches(api, world, ana):
    world.give(ana)
    world.give(ana, world.add_group("Other", []))
    assert len(api.get("/role_assignments", assignee_id=ana.id).json()) == 3
    world.switch(half_filter="400", combined_filters="first")
    assert api.get("/role_assignments", assignee_id=ana.id).status_code == 400
    assert len(api.get("/role_assignments", user_id=ana.id, group_id=world.group_id).json()) == 2


def test_a_team_grant_carries_no_user_and_an_id_that_is_some_users(api, world, ana):
    team = world.add_team("Coaches", [ana], world.group)
    row = api.get("/role_assignments", group_id=world.group_id).json()[0]
    assert (row["assignee_type"], row["user_id"], row["assignee_id"]) == ("Team", None, team.id)
    assert api.get(f"/users/{team.id}").status_code == 200
    membership = api.get("/team_memberships", member_type="User", member_id=ana.id).json()[0]
    assert (membership["team"]["name"], membership["member"]["email"]) == ("Coaches", "ana@example.com")


def test_expired_rights_are_listed_unless_switched_off(api, world, ana, clock):
    world.give(ana, valid_until=clock.at - timedelta(days=1))
    assert len(api.get("/role_assignments", user_id=ana.id).json()) == 1
    world.switch(list_expired_assignments=False)
    assert api.get("/role_assignments", user_id=ana.id).json() == []


def test_which_fields_a_patch_takes_is_a_switch(api, world, ana):
    right = world.give(ana)
    path = f"/role_assignments/{right.id}"
    change = {"role_assignment": {"role_id": "group_manager", "valid_until": "2027-01-01T00:00:00Z"}}
    world.switch(patch_assignment="nothing")
    assert api.patch(path, change).status_code == 204
    assert right.role_id == "group_basic"
    world.switch(patch_assignment="role")
    api.patch(path, change)
    assert (right.role_id, right.valid_until) == ("group_manager", None)
    world.switch(patch_assignment="role_and_validity")
    api.patch(path, change)
    assert right.valid_until is not None


def test_each_new_person_can_get_an_organization_row(api, world):
    world.switch(basic_organization_row=True)
    api.new_user()
    assert [right.role_id for right in world.rights_of("ana@example.com")] == ["basic"]
