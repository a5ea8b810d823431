"""`/users` and `/members`: finding, making, changing, deleting people."""

from __future__ import annotations

import pytest

SUNSET = "Fri, 01 Jan 2027 00:00:00 GMT"
TAKEN = {"code": "000409", "error": "The record already exists"}


def test_create_answers_200_with_the_person(api, world):
    answer = api.new_user(metadata={"core": "7"}, notes="hello")
    assert answer.status_code == 200
    assert answer.json() == api.get(f"/users/{answer.json()['id']}").json()
    assert answer.json()["metadata"] == {"core": "7"}
    assert answer.json()["notes"] == "hello"
    assert world.user_by_email("ana@example.com").name == "Ana Ruiz"


def test_change_and_delete_answer_204_without_a_body(api):
    path = f"/users/{api.new_user().json()['id']}"
    changed = api.patch(path, {"user": {"name": "Ana Costa"}})
    assert (changed.status_code, changed.content) == (204, b"")
    assert api.get(path).json()["name"] == "Ana Costa"
    gone = api.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert api.get(path).status_code == 404
    assert api.delete(path).status_code == 404


def test_a_missing_wrapper_is_422_or_400(api, world):
    assert api.post("/users", {"email": "ana@example.com"}).json() == {"errors": {"user": ["can't be blank"]}}
    world.switch(missing_wrapper="400")
    assert api.post("/users", {"email": "ana@example.com"}).status_code == 400


@pytest.mark.parametrize("email", ["", None, "ana", "ana@", "@example.com", "a na@example.com"])
def test_a_missing_or_broken_address_is_422(api, email):
    assert api.new_user(email).json() == {"errors": {"email": ["can't be blank or invalid"]}}


def test_a_body_that_is_not_json_is_400(api):
    assert api.ask("POST", "/users", data="{nope").status_code == 400


@pytest.mark.parametrize("email", ["ana@example.com", " ANA@Example.com "])
def test_a_known_address_is_409_in_any_spelling(api, world, email):
    api.new_user("ana@example.com")
    answer = api.new_user(email)
    assert (answer.status_code, answer.json()) == (409, TAKEN)
    world.switch(duplicate_user="422")
    assert api.new_user(email).json() == {"errors": {"email": ["has already been taken"]}}
    assert len(world.store.users.rows) == 2


def test_addresses_are_stored_lower_case_or_as_sent(api, world):
    assert api.new_user("Ana@Example.com").json()["email"] == "ana@example.com"
    world.switch(email_stored="as_sent")
    assert api.new_user("Bo@Example.com").json()["email"] == "Bo@Example.com"
    assert api.new_user("bo@example.com").status_code == 409


def test_two_spellings_of_an_address_may_be_two_people(api, world):
    world.add_user("Ana@example.com", "Ana")
    assert api.new_user("ana@example.com").status_code == 409
    world.switch(email_unique_case="exact")
    assert api.new_user("ana@example.com").status_code == 200
    assert api.new_user("ana@example.com").status_code == 409
    assert len(api.get("/users", email="ana@example.com").json()) == 2


@pytest.mark.parametrize("status", ["403", "402", "422"])
def test_an_unpaid_organization_makes_nobody_new(api, world, status):
    world.switch(past_due=status)
    assert api.new_user().status_code == int(status)
    assert world.user_by_email("ana@example.com") is None
    world.switch(past_due="no")
    assert api.new_user().status_code == 200


@pytest.mark.parametrize(
    ("switches", "sent", "confirmed"),
    [
        ({}, {"confirm": True}, True),
        ({}, {}, False),
        ({"confirm_default": True}, {}, True),
        ({"confirm_default": True}, {"confirm": False}, False),
        ({"confirm": "ignored"}, {"confirm": True}, False),
    ],
)
def test_who_counts_as_confirmed_is_a_switch(api, world, switches, sent, confirmed):
    world.switch(**switches)
    assert api.new_user(**sent).json()["confirmed"] is confirmed


def test_metadata_may_be_dropped_without_a_word(api, world):
    world.switch(metadata="dropped")
    made = api.new_user(metadata={"core": "7"})
    assert (made.status_code, made.json()["metadata"]) == (200, {})
    path = f"/users/{made.json()['id']}"
    assert api.patch(path, {"user": {"metadata": {"core": "7"}}}).status_code == 204
    assert api.get(path).json()["metadata"] == {}


def test_somebody_who_comes_back_has_a_new_id_unless_switched(api, world):
    first = api.new_user().json()["id"]
    api.delete(f"/users/{first}")
    second = api.new_user().json()["id"]
    assert second != first
    world.switch(recreated_user_id="same")
    api.delete(f"/users/{second}")
    assert api.new_user().json()["id"] == second
    assert api.new_user("bo@example.com").json()["id"] > second


def test_the_rights_of_a_deleted_person_may_stay_as_nobodys(api, world):
    world.switch(deleted_user_rights="stay")
    ana = world.add_user("ana@example.com", "Ana")
    right = world.give(ana)
    assert api.delete(f"/users/{ana.id}").status_code == 204
    row = api.get(f"/role_assignments/{right.id}").json()
    assert (row["user_id"], row["assignee_id"], row["user"], row["assignee"]) == (ana.id, ana.id, None, None)
    assert len(api.get("/role_assignments", group_id=world.group_id).json()) == 1
    assert world.in_group() == []
    assert world.who_can_open() == {"Front door": []}
    assert api.delete(f"/role_assignments/{right.id}").status_code == 204


def test_somebody_deleted_by_hand_leaves_rights_by_the_same_switch(world):
    world.switch(deleted_user_rights="stay")
    world.give(world.add_user("ana@example.com", "Ana"))
    world.delete_user("ana@example.com")
    assert len(world.store.assignments.of(world.organization.id)) == 2


def test_a_person_without_a_name_is_called_by_the_address(api, world):
    assert api.post("/users", {"user": {"email": "a@example.com"}}).json()["name"] == "a@example.com"
    world.switch(name_when_missing="null")
    assert api.post("/users", {"user": {"email": "b@example.com"}}).json()["name"] is None


def test_query_looks_for_a_part_of_address_name_and_notes(api, world):
    world.add_user("ana@example.com", "Ana Ruiz")
    world.add_user("joana@example.com", "Joana")
    world.add_user("bo@example.com", "Bo", notes="friend of ANA")
    found = {user["email"] for user in api.get("/users", query="ana").json()}
    assert found == {"ana@example.com", "joana@example.com", "bo@example.com"}


def test_the_email_filter_is_exact_unless_switched(api, world):
    world.add_user("ana@example.com", "Ana")
    world.add_user("joana@example.com", "Joana")
    assert [user["email"] for user in api.get("/users", email="ANA@example.com").json()] == [
        "ana@example.com"
    ]
    world.switch(email_filter_case="exact")
    assert api.get("/users", email="ANA@example.com").json() == []
    world.switch(email_filter="partial")
    assert len(api.get("/users", email="ana@example.com").json()) == 2


def test_a_plus_in_an_address_must_be_encoded(api, world):
    world.add_user("ana+gym@example.com", "Ana")
    assert len(api.get("/users", email="ana+gym@example.com").json()) == 1
    assert api.ask("GET", "/users?email=ana+gym@example.com").json() == []


def test_the_search_can_lag_behind_while_create_already_says_409(api, world, clock):
    world.switch(query_lag_seconds=30)
    api.new_user("ana@example.com")
    assert api.get("/users", query="ana@example.com").json() == []
    assert api.new_user("ana@example.com").status_code == 409
    assert len(api.get("/users", email="ana@example.com").json()) == 1
    world.switch(lag_hits_email_filter=True)
    assert api.get("/users", email="ana@example.com").json() == []
    clock.forward(seconds=31)
    assert len(api.get("/users", query="ana@example.com").json()) == 1


def test_the_group_filter_lists_those_with_a_right(api, world):
    world.give(world.add_user("ana@example.com", "Ana"))
    coach = world.add_user("coach@example.com", "Coach")
    world.add_team("Coaches", [coach], world.group)
    assert [user["email"] for user in api.get("/users", group_id=world.group_id).json()] == [
        "ana@example.com"
    ]
    world.switch(group_filter_counts_teams=True)
    assert len(api.get("/users", group_id=world.group_id).json()) == 2


def test_a_changed_address_is_silently_ignored_or_refused(api, world):
    path = f"/users/{api.new_user().json()['id']}"
    assert api.patch(path, {"user": {"email": "new@example.com", "name": "A"}}).status_code == 204
    assert api.get(path).json()["email"] == "ana@example.com"
    world.switch(patch_unknown_field="422")
    assert api.patch(path, {"user": {"email": "new@example.com"}}).json()["errors"] == {
        "email": ["is not permitted"]
    }


def test_metadata_is_replaced_or_merged(api, world):
    path = f"/users/{api.new_user(metadata={'a': '1'}).json()['id']}"
    api.patch(path, {"user": {"metadata": {"b": "2"}}})
    assert api.get(path).json()["metadata"] == {"b": "2"}
    world.switch(patch_metadata="merge")
    api.patch(path, {"user": {"metadata": {"c": "3"}}})
    assert api.get(path).json()["metadata"] == {"b": "2", "c": "3"}


@pytest.mark.parametrize(
    "metadata", [{str(n): "x" for n in range(51)}, {"k" * 51: "x"}, {"k": "x" * 501}, {"k": ["x"]}, "text"]
)
def test_metadata_beyond_its_limits_is_422(api, metadata):
    assert "metadata" in api.new_user(metadata=metadata).json()["errors"]


def test_deleting_a_person_takes_rights_keys_and_team_places_along(api, world, as_key):
    ana = world.add_user("ana@example.com", "Ana")
    world.give(ana)
    world.add_team("Coaches", [ana], world.group)
    key = world.add_key(ana)
    api.delete(f"/users/{ana.id}")
    assert world.rights_of("ana@example.com") == []
    assert as_key(key).get("/user").status_code == 401
    assert api.get("/team_memberships").json() == []
    assert world.who_can_open() == {"Front door": []}


def test_the_same_address_can_come_back_as_another_person(api, world, clock):
    first = api.new_user().json()["id"]
    api.delete(f"/users/{first}")
    assert api.new_user().json()["id"] > first
    api.delete(f"/users/{first + 1}")
    world.switch(deleted_email_blocked_seconds=60)
    assert api.new_user().status_code == 409
    clock.forward(seconds=61)
    assert api.new_user().status_code == 200


def test_the_owner_and_the_keys_own_person_cannot_be_deleted(api, world, as_key):
    admin = world.add_user("admin@example.com", "Admin")
    world.make_admin(admin)
    by_admin = as_key(world.add_key(admin))
    assert api.delete(f"/users/{world.owner.id}").status_code == 403
    assert by_admin.delete(f"/users/{world.owner.id}").status_code == 403
    assert by_admin.delete(f"/users/{admin.id}").status_code == 403
    world.switch(delete_owner_or_self="422")
    assert "errors" in api.delete(f"/users/{world.owner.id}").json()
    assert api.delete(f"/users/{admin.id}").status_code == 204


def test_nobody_deletes_a_person_above_their_own_role(world, as_key):
    admin = world.add_user("admin@example.com", "Admin")
    world.make_admin(admin)
    manager = world.add_user("manager@example.com", "Manager")
    world.make_admin(manager, role_id="manager")
    assert as_key(world.add_key(manager)).delete(f"/users/{admin.id}").status_code == 403


def test_members_are_the_same_people_under_other_ids(api, world):
    ana = world.add_user("ana@example.com", "Ana")
    member = api.get("/members", query="ana@").json()[0]
    assert (member["user_id"], member["user"]["email"]) == (ana.id, "ana@example.com")
    assert member["id"] != ana.id
    assert api.get(f"/members/{member['id']}").json() == member
    assert api.get("/members", ids=str(member["id"])).json() == [member]
    assert api.patch(f"/members/{member['id']}", {"member": {"name": "Ana C"}}).status_code == 204
    assert ana.name == "Ana C"
    assert api.delete(f"/members/{member['id']}").status_code == 204
    assert world.user_by_email("ana@example.com") is None


def test_a_members_id_is_somebody_elses_user_id(api, world):
    for number in range(6):
        world.add_user(f"p{number}@example.com", f"P{number}")
    member = api.get("/members").json()[0]
    other = api.get(f"/users/{member['id']}").json()
    assert other["email"] != member["user"]["email"]


def test_a_member_is_made_in_the_member_wrapper_and_never_with_a_place(api):
    made = api.post("/members", {"member": {"email": "bo@example.com", "name": "Bo"}})
    assert made.json()["resource_type"] == "Member"
    placed = api.post("/members", {"member": {"email": "cy@example.com", "place_id": 1}})
    assert "place_id" in placed.json()["errors"]


def test_members_may_be_dated_or_gone(api, world):
    assert "Sunset" not in api.get("/members").headers
    world.switch(deprecation_headers="members")
    assert {"Deprecation", "Sunset"} <= set(api.get("/members").headers)
    assert "Sunset" not in api.get("/users").headers
    world.switch(deprecation_headers="everywhere")
    assert [api.get(path).headers.get("Sunset") for path in ("/users", "/members", "/user")] == [SUNSET] * 3
    world.switch(members="gone")
    assert api.get("/members").json()["code"] == "000404"


def test_put_works_only_when_switched_on(api, world):
    path = f"/users/{api.new_user().json()['id']}"
    assert api.ask("PUT", path, json={"user": {"name": "B"}}).status_code == 404
    world.switch(put_works=True)
    assert api.ask("PUT", path, json={"user": {"name": "B"}}).status_code == 204
