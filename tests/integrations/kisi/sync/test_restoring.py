"""After a restored backup every row is read again, every earlier word is void, and nobody goes unnamed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from integrations.kisi import faces, glance
from integrations.kisi.models import KisiGrant, Preview, Read, Release, SyncRun
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import applying, deciding, preview, restoring
from tests.conftest import House
from tests.factories import UserFactory
from tests.stories import read_kisi, second_gym, written

State, Closed = KisiGrant.State, KisiGrant.Closed
GROUP_LIST = {"method": "GET", "path": "/role_assignments", "query": "group_id="}


@pytest.fixture
def four(connected: House) -> House:
    connected.members(4)
    connected.sync()
    connected.calls()
    return connected


def restore(house: House) -> int:
    return restoring.restored(house.connection, now=house.clock.now())


def leave(house: House, *numbers: int) -> None:
    for number in numbers:
        house.subscription(house.gym.members.get(first_name=f"P{number:03d}")).pause()


def make_preview(house: House) -> Preview:
    shown = preview.ask(house.connection, by=None, now=house.clock.now())
    preview.make(shown.pk, clock=house.clock)
    shown.refresh_from_db()
    return shown


def apply(house: House, shown: Preview) -> None:
    assert applying.ask(shown, by=UserFactory(), now=house.clock.now())
    house.sync()


def settled(house: House) -> House:
    """Everything was looked at, with nothing changed."""
    house.sync()
    assert not house.connection.must_read_first
    assert not house.connection.grants.filter(state=State.UNCERTAIN).exists()
    return house


def test_every_row_is_read_singly_and_nothing_is_written(four):
    assert restore(four) == 4
    assert set(four.connection.grants.values_list("state", flat=True)) == {State.UNCERTAIN}
    settled(four)
    assert four.connection.grants.filter(state=State.GRANTED).count() == 4
    assert written(four) == []


def test_a_single_leaver_whom_the_brake_would_let_pass_is_held(four):
    restore(four)
    settled(four)
    leave(four, 0)
    four.sync()
    assert [row.email for row in deciding.held(four.connection)] == ["p000@example.com"]
    assert four.inside() == ["p000", "p001", "p002", "p003"]


def test_a_word_of_before_the_backup_is_void(four):
    leave(four, 0)
    deciding.give_word(four.connection, "p000@example.com", cause="form", by=None, now=four.clock.now())
    restore(four)
    settled(four)
    assert not Release.objects.exists()
    assert "p000" in four.inside()


def test_somebody_with_a_right_whom_the_ledger_does_not_know_is_held_too(four):
    """A payer who came back after the backup: Core says paused, Kisi holds the right."""
    four.member("Ana", status="paused")
    four.in_kisi("Ana")
    restore(four)
    settled(four)
    assert "ana" in four.inside()
    assert [row.email for row in deciding.held(four.connection)] == ["ana@example.com"]


def test_access_is_given_although_the_list_cannot_be_read(four):
    four.world.fault(kind=Kind.SHORT, times=0, **GROUP_LIST)
    restore(four)
    four.member("Ana")
    leave(four, 0)
    four.sync()
    assert {"ana", "p000"} <= set(four.inside())


def test_the_old_right_of_a_changed_address_waits_too(four):
    """The brake does not count address changes: this one is no ordinary removal without a word."""
    restore(four)
    settled(four)
    member = four.gym.members.get(first_name="P000")
    member.email = "new@example.com"
    member.save()
    four.sync()
    assert {"new", "p000"} <= set(four.inside())
    four.calls()
    four.sync()
    assert four.calls() == []
    apply(four, make_preview(four))
    four.sync()
    assert "p000" not in four.inside()


def test_a_profile_without_a_right_that_nobody_wants_is_not_deleted(four):
    """The backup is of the moment between the person and the right; somebody gave the right by hand since."""
    four.connection.grants.filter(email="p000@example.com").update(
        state=State.GRANTING, role_assignment_id=None, intent_at=four.clock.now(), worded=True
    )
    leave(four, 0)
    four.world.remove_right(four.world.rights_of("p000@example.com")[0])
    restore(four)
    for _ in range(4):
        four.clock.forward(minutes=2)
        four.sync()
    assert four.world.user_by_email("p000@example.com")
    assert written(four) == []


def test_people_left_behind_whose_removal_was_asked_for_are_listed_again(four):
    former = {"kisi_group_id": four.world.group_id + 1, "role_assignment_id": 987}
    four.connection.grants.filter(email="p000@example.com").update(
        state=State.CLOSED, closed_how=Closed.CLEARING, **former
    )
    leave(four, 0)
    restore(four)
    settled(four)
    assert "p000" in four.inside()
    assert [row.email for row in deciding.left_behind(four.connection)] == ["p000@example.com"]


def test_a_run_that_the_backup_shows_as_running_is_over(four):
    SyncRun.objects.update(state=SyncRun.State.RUNNING)
    restore(four)
    assert not SyncRun.objects.filter(state=SyncRun.State.RUNNING).exists()


def test_allowing_held_people_lets_exactly_them_go(four):
    restore(four)
    settled(four)
    leave(four, 0, 1)
    four.sync()
    deciding.allow(four.connection, ["p000@example.com"], by=None, now=four.clock.now())
    four.sync()
    assert four.inside() == ["p001", "p002", "p003"]
    assert four.connection.restored_at is not None


def test_an_applied_preview_lets_the_named_go_and_ends_it(four):
    restore(four)
    settled(four)
    leave(four, 0)
    apply(four, make_preview(four))
    assert four.inside() == ["p001", "p002", "p003"]
    assert four.connection.restored_at is None
    leave(four, 1)
    four.sync()
    assert four.inside() == ["p002", "p003"]


def test_a_preview_made_before_everybody_was_looked_at_does_not_end_it(four):
    four.world.fault(method="GET", path=r"/users/\d+", status=500)
    four.world.fault(method="GET", path=r"/users/\d+", status=500, times=0, skip=2)
    restore(four)
    shown = make_preview(four)
    apply(four, shown)
    assert four.connection.restored_at is not None


def test_a_preview_of_before_the_restore_can_not_be_applied(four):
    leave(four, 0)
    shown = make_preview(four)
    restore(four)
    assert not applying.ask(shown, by=None, now=four.clock.now())


def test_the_page_says_what_waits_for_what(four):
    restore(four)
    settled(four)
    assert glance.look(four.connection, four.clock.now()).face is faces.RESTORED


def test_the_whole_read_it_waits_for_is_made_again_by_itself(four):
    four.world.fault(kind=Kind.SHORT, times=0, **GROUP_LIST)
    restore(four)
    four.sync()
    assert four.connection.must_read_first
    four.world.clear_faults()
    four.clock.forward(minutes=16)
    read_kisi(four, Read.FULL)
    assert not four.connection.must_read_first


# The command


def test_the_command_says_what_happens_next(four, capsys):
    call_command("kisi_restored", "--gym", "harbor")
    said = capsys.readouterr().out
    assert said.startswith("Harbor Gym: 4 people are looked at singly.")
    assert "until an admin has applied a preview" in said
    assert four.connection.look_again


def test_the_command_for_one_gym_leaves_the_others_alone(four):
    annex, _ = second_gym(four)
    call_command("kisi_restored", "--gym", "annex")
    assert annex.connection.restored_at is not None
    assert four.connection.restored_at is None
    call_command("kisi_restored", "--all")
    assert four.connection.restored_at is not None


def test_the_command_refuses_a_gym_that_is_not_connected(four):
    with pytest.raises(CommandError) as refused:
        call_command("kisi_restored", "--gym", "nowhere")
    assert refused.value.returncode == 2


def test_a_gym_that_is_paused_stays_paused(four):
    four.connection.grants.update(confirmed_at=four.clock.now() - timedelta(days=1))
    type(four.connection).objects.update(status="paused")
    restore(four)
    four.sync()
    assert four.connection.status == "paused"
    assert four.calls() == []
