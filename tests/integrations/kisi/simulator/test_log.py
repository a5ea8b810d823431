"""What is remembered: mails, calls, events."""

from __future__ import annotations

import threading

import pytest

from integrations.kisi.simulator import Kind


def mails(world):
    return [(mail.trigger, mail.flag, mail.recipient) for mail in world.outbox]


@pytest.mark.parametrize(
    ("fields", "number"), [({}, 1), ({"send_emails": True}, 1), ({"send_emails": False}, 0)]
)
def test_a_new_person_gets_a_mail_unless_told_otherwise(api, world, fields, number):
    api.new_user(**fields)
    assert mails(world) == [("user.create", "send_emails", "ana@example.com")] * number


@pytest.mark.parametrize(("notify", "number"), [(True, 1), (False, 0), (None, 1)])
def test_a_new_right_is_mailed_by_notify(api, world, notify, number):
    ana = world.add_user("ana@example.com", "Ana")
    api.new_right(ana.id, world.group_id, **({} if notify is None else {"notify": notify}))
    assert mails(world) == [("role_assignment.create", "notify", "ana@example.com")] * number


def test_what_notify_means_when_left_out_is_a_switch(api, world):
    world.switch(notify_default=False)
    api.new_right(world.add_user("ana@example.com", "Ana").id, world.group_id)
    assert mails(world) == []


def test_a_person_made_without_mails_never_gets_one_unless_switched(api, world):
    user_id = api.new_user(send_emails=False).json()["id"]
    api.new_right(user_id, world.group_id, notify=True)
    assert mails(world) == []
    world.switch(send_emails_persists=False)
    api.new_right(user_id, world.add_group("Other", []).id, notify=True)
    assert mails(world) == [("role_assignment.create", "notify", "ana@example.com")]


def test_a_confirmed_person_may_get_no_welcome(api, world):
    world.switch(welcome_mail_when_confirmed=False)
    api.new_user(send_emails=True, confirm=True)
    api.new_user("bo@example.com", send_emails=True, confirm=False)
    assert mails(world) == [("user.create", "send_emails", "bo@example.com")]


def test_a_refused_call_and_a_removal_send_no_mail(api, world):
    ana = world.add_user("ana@example.com", "Ana")
    api.new_user("ana@example.com")
    api.delete(f"/role_assignments/{world.give(ana).id}")
    api.delete(f"/users/{ana.id}")
    assert mails(world) == []


def test_edits_by_hand_send_no_mail_and_count_no_call(world, server):
    ana = world.add_user("ana@example.com", "Ana")
    world.give(ana)
    assert (world.outbox, world.requests) == ([], [])


def test_every_call_is_logged_with_partner_headers_and_four_characters_of_the_key(api, world, clock):
    api.session.headers["X-Kisi-Integration-Identifier"] = "core"
    api.session.headers["X-Kisi-Integration-Contact"] = "ops@example.com"
    api.get("/users", query="ana")
    call = world.requests[-1]
    assert (call.method, call.path, call.query, call.status) == ("GET", "/users", "query=ana", 200)
    assert (call.integration, call.contact) == ("core", "ops@example.com")
    assert call.time == clock.at
    assert call.key == world.api_key[-4:]
    assert world.api_key not in repr(world.requests)


def test_calls_can_be_counted_and_writes_picked_out(api, world):
    api.new_user()
    api.get("/users")
    api.get("/nothing")
    assert (world.count(), world.count("GET"), world.count("GET", "/users")) == (3, 2, 1)
    assert [(call.method, call.path) for call in world.writes()] == [("POST", "/users")]
    world.forget_requests()
    assert (world.count(), world.outbox) == (0, [])


def test_calls_at_the_same_time_show_in_the_log(api, world, as_key):
    held = world.fault(path="/user", kind=Kind.PASS, hold=True)
    caller = threading.Thread(target=api.get, args=("/user",))
    caller.start()
    assert held.reached.wait(5)
    as_key(world.api_key).get("/login")
    held.let_go()
    caller.join(5)
    assert [call.in_flight for call in world.requests] == [0, 1]


def test_every_write_leaves_an_event_that_outlives_its_person(api, world):
    user_id = api.new_user().json()["id"]
    right = api.new_right(user_id, world.group_id).json()
    api.patch(f"/users/{user_id}", {"user": {"name": "Ana C"}})
    api.delete(f"/role_assignments/{right['id']}")
    api.delete(f"/users/{user_id}")
    events = list(world.store.events)
    assert [event.type for event in events] == [
        "user.create",
        "role_assignment.create",
        "user.update",
        "role_assignment.destroy",
        "user.destroy",
    ]
    assert {event.actor_email for event in events} == {"owner@example.com"}
    assert events[-1].object_email == "ana@example.com"


def test_a_persons_events_may_go_with_the_person(api, world):
    world.switch(events_outlive_people=False)
    user_id = api.new_user().json()["id"]
    api.new_user("bo@example.com")
    api.delete(f"/users/{user_id}")
    events = [(event.type, event.object_email) for event in world.store.events]
    assert events == [("user.create", "bo@example.com"), ("user.destroy", "ana@example.com")]
