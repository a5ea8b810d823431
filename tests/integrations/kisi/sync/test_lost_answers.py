"""sync.md 2: intent before act; what got no answer is settled before anything else."""

import pytest

from integrations.kisi.concerns import cards
from integrations.kisi.glance import look
from integrations.kisi.models import KisiGrant, SyncRun
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking

POST_USER = {"method": "POST", "path": "/users"}
POST_RIGHT = {"method": "POST", "path": "/role_assignments"}
DELETE_RIGHT = {"method": "DELETE", "path": r"/role_assignments/\d+"}
DELETE_USER = {"method": "DELETE", "path": r"/users/\d+"}


@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT])
def test_a_post_whose_answer_was_lost_makes_nobody_twice(connected, call):
    connected.member("Ana Ruiz")
    connected.world.fault(kind=Kind.LOST, after_effect=True, **call)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert len(connected.world.rights_of("ana@example.com")) == 1
    assert connected.grant("ana").origin == KisiGrant.Origin.CREATED


@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT])
def test_a_post_that_never_arrived_is_sent_again(connected, call):
    connected.member("Ana Ruiz")
    connected.world.fault(kind=Kind.LOST, **call)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.grant("ana").profile_was_there is False


@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT])
def test_a_lost_post_and_then_the_end_of_the_membership_leaves_nobody_behind(connected, call):
    ana = connected.member("Ana Ruiz")
    connected.world.fault(kind=Kind.LOST, after_effect=True, **call)
    connected.world.fault(method="GET", path="/users.*", status=500, times=0)
    connected.sync()
    assert connected.grant("ana").state == KisiGrant.State.UNCERTAIN
    connected.subscription(ana).pause()
    connected.world.clear_faults()
    for _ in range(4):
        connected.clock.forward(minutes=2)
        connected.sync()
    assert connected.inside() == []
    assert connected.world.user_by_email("ana@example.com") is None
    assert not connected.connection.grants.open().exists()


@pytest.mark.parametrize("call", [DELETE_RIGHT, DELETE_USER])
def test_a_delete_whose_answer_was_lost_is_finished(connected, call):
    ana = connected.member("Ana Ruiz")
    connected.sync()
    connected.world.fault(kind=Kind.LOST, after_effect=True, **call)
    connected.subscription(ana).pause()
    connected.sync()
    assert connected.inside() == []
    assert connected.world.user_by_email("ana@example.com") is None
    assert not connected.connection.grants.open().exists()


@pytest.mark.parametrize("call", [DELETE_RIGHT, DELETE_USER])
def test_a_lost_delete_and_then_a_resume_lets_the_payer_in_by_the_ledger_alone(connected, call):
    ana = connected.member("Ana Ruiz")
    connected.sync()
    connected.world.fault(kind=Kind.LOST, after_effect=True, **call)
    connected.world.fault(method="GET", path="/users.*", status=500, times=0)
    subscription = connected.subscription(ana)
    subscription.pause()
    connected.sync()
    subscription.resume(today=connected.today())
    connected.world.clear_faults()
    connected.sync()
    assert connected.inside() == ["ana"]
    assert connected.grant("ana").state == KisiGrant.State.GRANTED


def test_a_row_found_in_granting_is_settled_before_anything_else(connected):
    """Killed after the intent: nobody knows whether the call went out."""
    connected.member("Ana Ruiz")
    connected.sync()
    connected.connection.grants.update(state=KisiGrant.State.GRANTING, role_assignment_id=None)
    connected.calls()
    connected.sync()
    assert not [call for call in connected.calls() if not call.startswith("GET")]
    assert connected.grant("ana").state == KisiGrant.State.GRANTED


@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT])
def test_whoever_was_looked_for_and_not_found_has_failed_until_an_attempt_goes_through(connected, call):
    connected.member("Ana Ruiz")
    connected.world.fault(kind=Kind.LOST, times=3, **call)
    connected.sync()
    seen = look(connected.connection, connected.clock.now())
    assert (seen.counts.failed, seen.face.tag.tone, seen.last.failed) == (1, "warn", 1)
    assert [card.heading for card in cards(connected.connection, connected.clock.now())] == [
        "1 person: Kisi did not answer clearly"
    ]
    connected.clock.forward(minutes=10)
    connected.sync()
    connected.clock.forward(minutes=10)
    connected.sync()
    assert (connected.inside(), connected.grant("ana").trouble) == (["ana"], "")
    assert look(connected.connection, connected.clock.now()).face.tag.tone == "ok"


@pytest.mark.parametrize("call", [POST_USER, POST_RIGHT])
def test_a_post_lost_twice_is_sent_a_third_time_a_minute_later_and_not_before(connected, call):
    connected.member("Ana Ruiz")
    connected.world.fault(kind=Kind.LOST, times=2, **call)
    connected.sync()
    sent = f"POST {call['path']}"
    assert connected.calls().count(sent) == 2
    connected.clock.forward(seconds=50)
    connected.sync()
    assert connected.calls() == []
    connected.clock.forward(seconds=15)
    connected.sync()
    assert connected.calls().count(sent) == 1
    assert connected.inside() == ["ana"]


def test_a_run_that_got_somebody_in_at_the_second_try_failed_nobody(connected):
    connected.member("Ana Ruiz")
    connected.world.fault(kind=Kind.LOST, **POST_USER)
    connected.sync()
    last = SyncRun.objects.filter(connection=connected.connection).first()
    assert (last.granted, last.failed) == (1, 0)


def test_whoever_was_parked_and_is_looked_for_again_is_tried_again_when_nobody_is_found(connected):
    """Kisi knew the address twice, somebody mended that there, and the button asks to try again."""
    connected.world.switch(email_filter="partial")
    twice = [connected.in_kisi("Ana", right=False) for _ in range(2)]
    connected.member("Ana")
    connected.world.fault(kind=Kind.LOST, **POST_USER)
    connected.sync()
    row = connected.grant("ana")
    assert (row.state, row.trouble) == (KisiGrant.State.UNCERTAIN, KisiGrant.Trouble.CONFLICT)
    for user in twice:
        connected.world.delete_user(user)
    asking.ask_for_person(connected.connection, row.email, because="button", now=connected.clock.now())
    connected.sync()
    assert (connected.inside(), connected.grant("ana").trouble) == (["ana"], "")
