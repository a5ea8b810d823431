"""Who gets in: keys, roles, other organizations."""

from __future__ import annotations

import pytest
import requests

from integrations.kisi.simulator import Kind


def test_an_unknown_path_does_not_exist(api):
    answer = api.get("/nothing")
    assert (answer.status_code, answer.json()) == (
        404,
        {"code": "000404", "error": "The endpoint does not exist, please check your request."},
    )


@pytest.mark.parametrize("path", ["/organizations/me", "/v1/users", "/users/1/groups"])
def test_paths_that_only_sound_right_do_not_exist(api, path):
    assert api.get(path).json()["code"] == "000404"


@pytest.mark.parametrize("header", ["", "KISI-LOGIN wrong", "Bearer {key}", "{key}"])
def test_without_a_valid_key_everything_is_401(server, world, header):
    headers = {"Authorization": header.format(key=world.api_key)}
    answer = requests.get(f"{server.url}/user", headers=headers, timeout=5)
    assert answer.status_code == 401
    assert set(answer.json()) == {"code", "error"}


def test_the_answer_to_a_bad_key_can_be_empty(world, as_key):
    world.switch(bad_key_body="empty")
    answer = as_key("wrong").get("/user")
    assert (answer.status_code, answer.content) == (401, b"")


def test_user_shows_whose_key_it_is_and_its_organization(api, world):
    me = api.get("/user").json()
    assert me["id"] == world.owner.id
    assert me["organization"] == {"id": 1, "name": "Small Gym", "domain": "small-gym"}


def test_a_revoked_key_is_401_and_a_new_one_works(api, world, as_key):
    world.revoke_key()
    assert api.get("/user").status_code == 401
    assert as_key(world.add_key(world.owner)).get("/user").status_code == 200


def test_a_weak_key_is_valid_but_may_not_write(api, world):
    world.weaken_key(role_id="observer")
    assert api.get("/user").status_code == 200
    assert api.get("/users").status_code == 200
    assert api.new_user().status_code == 403
    assert world.user_by_email("ana@example.com") is None


def test_the_key_of_an_ordinary_person_sees_only_their_own_rights(world, as_key):
    ana = world.add_user("ana@example.com", "Ana")
    world.give(ana)
    api = as_key(world.add_key(ana))
    assert api.get("/role_assignments").status_code == 403
    assert api.get(f"/groups/{world.group_id}").status_code == 403
    assert [row["user_id"] for row in api.get("/role_assignments", user_id="me").json()] == [ana.id]


def test_a_user_manager_makes_people_but_gives_no_rights(api, world):
    world.weaken_key(role_id="user_manager")
    ana = api.new_user().json()
    assert api.new_right(ana["id"], world.group_id).status_code == 403


def test_a_weak_key_can_be_told_that_nothing_is_there(api, world):
    world.weaken_key()
    world.switch(weak_write="404", weak_read="404")
    assert api.get(f"/groups/{world.group_id}").status_code == 404
    assert api.delete("/role_assignments/1").status_code == 404
    world.switch(weak_read="empty")
    assert api.get("/role_assignments").json() == []


def test_a_key_of_another_organization_sees_none_of_ours(world, as_key):
    other = world.add_organization("Other Gym", owner=("Otto Other", "otto@example.com"))
    ana = world.add_user("ana@example.com", "Ana")
    right = world.give(ana)
    api = as_key(other.api_key)
    assert api.get("/user").json()["organization"]["name"] == "Other Gym"
    assert api.get(f"/groups/{world.group_id}").status_code == 404
    assert api.get(f"/users/{ana.id}").status_code == 404
    assert api.delete(f"/role_assignments/{right.id}").status_code == 404
    assert [user["email"] for user in api.get("/users").json()] == ["otto@example.com"]


def test_the_same_address_may_exist_in_two_organizations(world, as_key):
    other = world.add_organization("Other Gym", owner=("Otto Other", "otto@example.com"))
    world.add_user("ana@example.com", "Ana")
    assert as_key(other.api_key).new_user("ana@example.com").status_code == 200


def test_an_expiring_key_dies_unused(world, clock, as_key):
    api = as_key(world.add_key(world.owner, expire=True))
    clock.forward(days=179)
    assert api.get("/login").json()["expire"] is True
    clock.forward(days=181)
    assert api.get("/login").status_code == 401


@pytest.mark.parametrize("status", ["403", "401", "429"])
def test_too_many_bad_requests_suspend_the_key_until_it_is_forgiven(api, world, status):
    world.switch(suspend_after_bad_requests=3, suspended_status=status)
    for _ in range(3):
        assert api.get("/users/999").status_code == 404
    assert api.get("/user").status_code == int(status)
    world.forgive_key()
    assert api.get("/user").status_code == 200


def test_a_weak_key_may_be_refused_its_own_person(api, world):
    world.weaken_key()
    assert api.get("/user").status_code == 200
    world.switch(weak_key_sees_itself=False)
    assert api.get("/user").status_code == 403
    world.weaken_key(role_id=None)
    assert api.get("/user").status_code == 200


def test_an_access_managers_key_suffices_unless_switched(api, world):
    world.weaken_key(role_id="manager")
    ana = api.new_user().json()
    assert api.new_right(ana["id"], world.group_id).status_code == 200
    world.switch(access_manager_may_write=False)
    assert api.get("/users").status_code == 200
    assert api.new_user("bo@example.com").status_code == 403


def test_an_id_of_another_organization_may_be_forbidden(world, as_key):
    other = world.add_organization("Other Gym", owner=("Otto Other", "otto@example.com"))
    api = as_key(other.api_key)
    world.switch(foreign_id="403")
    assert api.get(f"/groups/{world.group_id}").status_code == 403
    assert api.get("/groups/999").status_code == 404


@pytest.mark.parametrize("call", ["/users/999", "/nothing"])
def test_how_an_error_is_spelt_is_a_switch(api, world, call):
    told = api.get(call).json()
    world.switch(error_code="other", error_key="message")
    assert api.get(call).json() == {"code": "ffffff", "message": told["error"]}
    world.switch(error_code="missing", error_key="error")
    assert api.get(call).json() == {"error": told["error"]}


def test_fields_that_are_wrong_are_spelt_the_same_whatever_the_switch(api, world):
    world.switch(error_code="missing", error_key="message")
    assert api.new_user("").json() == {"errors": {"email": ["can't be blank or invalid"]}}


def test_a_cut_error_stays_cut_whatever_the_switch(api, world):
    world.switch(error_code="missing")
    world.fault(kind=Kind.TRUNCATED)
    assert api.get("/users/999").status_code == 404


def test_partner_headers_can_be_required(api, world):
    world.switch(partner_headers_required=True)
    assert api.get("/user").status_code == 403
    api.session.headers["X-Kisi-Integration-Identifier"] = "core"
    api.session.headers["X-Kisi-Integration-Contact"] = "ops@example.com"
    assert api.get("/user").status_code == 200


def test_a_login_can_be_listed_and_never_shows_its_secret(api, world):
    second = world.add_key(world.owner, name="Second")
    answer = api.get("/logins")
    assert [login["name"] for login in answer.json()] == ["API key", "Second"]
    assert second not in answer.text
    assert world.api_key not in answer.text


def test_signing_out_kills_the_key_in_use(api):
    assert api.delete("/login").status_code == 204
    assert api.get("/user").status_code == 401


def test_roles_say_what_they_may(api):
    roles = {role["id"]: role for role in api.get("/roles").json()}
    assert roles["administrator"]["permissions"]["role_assignments_write"] is True
    assert roles["user_manager"]["permissions"]["role_assignments_write"] is False
    assert api.get("/roles/group_basic").json()["applies_to"] == "Group"
    assert api.get("/roles/wizard").status_code == 404


def test_the_organization_names_its_owner_unless_switched_off(api, world):
    assert api.get("/organization").json()["user_id"] == world.owner.id
    assert api.get("/organizations").json()[0]["name"] == "Small Gym"
    world.switch(organization_shows_owner=False)
    assert "user_id" not in api.get("/organization").json()
