"""sync.md 8: a new Group ID of the same organization, and the people left behind in the old one."""

import pytest

from integrations.access.errors import GroupGone, KeyRejected
from integrations.kisi import glance
from integrations.kisi.models import AccessEvent, KisiGrant, SyncRun
from integrations.kisi.sync import connecting, deciding, switching
from integrations.kisi.sync.checks import OtherOrganization
from integrations.vault import Secret
from tests.stories import second_gym, written


@pytest.fixture
def two_groups(connected):
    """Ana and Ben are in the old group; there is a new one."""
    connected.member("Ana")
    connected.member("Ben")
    connected.sync()
    connected.calls()
    connected.upstairs = connected.world.add_group("Upstairs", [connected.world.add_door("Upstairs")])
    return connected


def change(house, *, key="", group=None):
    return connecting.update_credentials(
        house.connection,
        key=Secret(key or house.world.api_key),
        group_id=(group or house.upstairs).id,
        clock=house.clock,
    )


def move(house):
    change(house)
    house.sync()
    house.calls()


def remove_them(house):
    """Everybody on the list of the left behind, as the page names them."""
    named = [row.pk for row in deciding.left_behind(house.connection)]
    count = deciding.remove_left_behind(house.connection, named, by=None, now=house.clock.now())
    house.sync()
    return count


def upstairs(house):
    return [email.partition("@")[0] for email in house.world.in_group(house.upstairs)]


def test_everybody_is_granted_in_the_new_group(two_groups):
    move(two_groups)
    assert upstairs(two_groups) == ["ana", "ben"]


def test_nobody_loses_the_old_group_by_it_and_they_are_listed(two_groups):
    move(two_groups)
    assert two_groups.inside() == ["ana", "ben"]
    left = list(deciding.left_behind(two_groups.connection))
    assert [(row.email, row.kisi_group_id) for row in left] == [
        ("ana@example.com", two_groups.world.group_id),
        ("ben@example.com", two_groups.world.group_id),
    ]


def test_remove_them_takes_the_old_right_only(two_groups):
    move(two_groups)
    count = remove_them(two_groups)
    assert count == 2
    assert two_groups.inside() == []
    assert upstairs(two_groups) == ["ana", "ben"]
    assert not deciding.left_behind(two_groups.connection).exists()
    assert not [call for call in written(two_groups) if "users" in call]


def test_a_left_behind_person_who_became_staff_is_not_touched(two_groups):
    move(two_groups)
    two_groups.world.make_admin("ana@example.com")
    remove_them(two_groups)
    assert two_groups.inside() == ["ana"]


def test_a_left_behind_right_that_is_gone_already_is_done(two_groups):
    move(two_groups)
    for email in ("ana@example.com", "ben@example.com"):
        old = next(r for r in two_groups.world.rights_of(email) if r.applies_to_id != two_groups.upstairs.id)
        two_groups.world.remove_right(old)
    remove_them(two_groups)
    assert not deciding.left_behind(two_groups.connection).exists()
    assert upstairs(two_groups) == ["ana", "ben"]


def test_somebody_who_leaves_later_loses_the_new_right_and_keeps_the_profile_for_the_old_one(two_groups):
    move(two_groups)
    two_groups.subscription(two_groups.gym.members.get(first_name="Ana")).pause()
    two_groups.sync()
    assert upstairs(two_groups) == ["ben"]
    assert two_groups.inside() == ["ana", "ben"]


def test_exempt_people_stay_exempt_in_the_new_group(two_groups):
    ana = two_groups.gym.members.get(first_name="Ana")
    deciding.leave_to_kisi(two_groups.connection, ana, by=None, now=two_groups.clock.now())
    move(two_groups)
    assert upstairs(two_groups) == ["ben"]


def test_the_same_group_with_a_new_key_moves_nobody(two_groups):
    key = two_groups.world.add_key(two_groups.world.owner)
    change(two_groups, key=key, group=two_groups.world.group)
    two_groups.sync()
    assert not deciding.left_behind(two_groups.connection).exists()
    assert written(two_groups) == []
    assert two_groups.connection.key_last4 == key[-4:]


def test_a_key_of_another_person_of_the_organization_becomes_the_protected_one(two_groups):
    world = two_groups.world
    two_groups.in_kisi("Ada", right=False)
    world.make_admin("ada@example.com")
    change(two_groups, key=world.add_key("ada@example.com"), group=world.group)
    two_groups.sync()
    assert two_groups.connection.own_user_id == world.person("ada@example.com").id
    assert two_groups.connection.status == "connected"


def test_a_key_of_another_organization_is_refused_and_nothing_changes(two_groups):
    other = two_groups.world.add_organization("Elsewhere", owner=("Otto", "otto@example.com"))
    group = two_groups.world.store.groups.rows[other.group_id]
    before = two_groups.connection.key_last4
    with pytest.raises(OtherOrganization):
        change(two_groups, key=other.api_key, group=group)
    assert two_groups.connection.key_last4 == before
    assert two_groups.connection.grants.filter(state=KisiGrant.State.GRANTED).count() == 2


@pytest.mark.parametrize(("key", "group", "error"), [("0" * 32, "", KeyRejected), ("", 987, GroupGone)])
def test_credentials_that_do_not_work_are_refused_and_the_old_ones_stay(two_groups, key, group, error):
    before = two_groups.connection
    with pytest.raises(error):
        connecting.update_credentials(
            before,
            key=Secret(key or two_groups.world.api_key),
            group_id=group or before.group_id,
            clock=two_groups.clock,
        )
    after = two_groups.connection
    assert (after.sealed_key, after.group_id, after.fence) == (
        before.sealed_key,
        before.group_id,
        before.fence,
    )


def test_the_profile_of_somebody_another_gym_let_in_survives_a_change_of_group(two_groups):
    annex, group = second_gym(two_groups)
    annex.member("Ana")
    annex.sync()
    move(two_groups)
    two_groups.subscription(two_groups.gym.members.get(first_name="Ana")).pause()
    two_groups.sync()
    assert two_groups.world.in_group(group) == ["ana@example.com"]


@pytest.mark.parametrize("status", [403, 422])
def test_a_left_behind_person_whom_kisi_refuses_is_listed_again_and_the_others_go(two_groups, status):
    move(two_groups)
    two_groups.world.fault(method="DELETE", path="/role_assignments.*", status=status, times=1)
    remove_them(two_groups)
    (left,) = deciding.left_behind(two_groups.connection)
    assert [f"{name}@example.com" for name in two_groups.inside()] == [left.email]
    assert left.last_error
    assert two_groups.connection.runs.latest("pk").state == "finished"


def test_a_left_behind_person_for_whom_kisi_never_answers_is_listed_again_and_the_others_go(two_groups):
    move(two_groups)
    downstairs = two_groups.world.rights_of("ana@example.com")[0]
    two_groups.world.fault(method="DELETE", path=f"/role_assignments/{downstairs.id}", status=500, times=0)
    remove_them(two_groups)
    two_groups.member("Cleo")
    for _ in range(5):
        two_groups.clock.forward(minutes=1)
        two_groups.sync()
    assert (two_groups.inside(), upstairs(two_groups)) == (["ana"], ["ana", "ben", "cleo"])
    assert [row.email for row in deciding.left_behind(two_groups.connection)] == ["ana@example.com"]
    assert two_groups.connection.status == "connected"
    assert not AccessEvent.objects.filter(kind="status", cause="Kisi not answering").exists()


def test_a_left_behind_person_whose_removal_had_no_answer_is_tried_again(two_groups):
    move(two_groups)
    two_groups.world.fault(method="DELETE", path="/role_assignments.*", status=500, times=2)
    remove_them(two_groups)
    for _ in range(3):
        two_groups.clock.forward(minutes=1)
        two_groups.sync()
    assert two_groups.inside() == []
    assert not deciding.left_behind(two_groups.connection).exists()


def test_a_left_behind_person_with_another_address_at_kisi_stops_no_run(two_groups):
    move(two_groups)
    two_groups.world.user_by_email("ana@example.com").email = "ana.elsewhere@example.com"
    remove_them(two_groups)
    assert [row.email for row in deciding.left_behind(two_groups.connection)] == ["ana@example.com"]


def test_somebody_left_to_kisi_keeps_the_right_in_the_old_group(two_groups):
    ana = two_groups.gym.members.get(first_name="Ana")
    deciding.leave_to_kisi(two_groups.connection, ana, by=None, now=two_groups.clock.now())
    move(two_groups)
    remove_them(two_groups)
    assert two_groups.inside() == ["ana"]


def test_somebody_left_to_kisi_after_the_change_keeps_it_too(two_groups):
    move(two_groups)
    ana = two_groups.gym.members.get(first_name="Ana")
    deciding.leave_to_kisi(two_groups.connection, ana, by=None, now=two_groups.clock.now())
    remove_them(two_groups)
    assert two_groups.inside() == ["ana"]


@pytest.mark.parametrize("to", ["another group", "the same group"])
def test_a_run_that_new_credentials_cut_short_ends_and_they_have_one_of_their_own(two_groups, to):
    """Otherwise the old run goes on, and what another group needs is called a subscription change."""
    runs, now = two_groups.connection.runs, two_groups.clock.now()
    facts = {"because": "subscription change", "state": SyncRun.State.RUNNING, "started_at": now}
    running = runs.create(**facts)
    change(two_groups, group=two_groups.upstairs if to == "another group" else two_groups.world.group)
    two_groups.sync()
    assert runs.latest("pk").because == "new credentials"
    assert runs.latest("pk").state == SyncRun.State.FINISHED
    running.refresh_from_db()
    assert (running.state, running.reason) == (SyncRun.State.STOPPED, "new credentials")
    face = glance.look(two_groups.connection, two_groups.clock.now()).face
    assert face.tag.tone == "ok"


def test_a_new_key_while_the_gym_leaves_ends_no_run(two_groups):
    runs, now = two_groups.connection.runs, two_groups.clock.now()
    switching.remove_and_disconnect(two_groups.connection, ["ana@example.com"], by=None, now=now)
    running = runs.create(because="disconnect", state=SyncRun.State.RUNNING, started_at=now)
    change(two_groups, group=two_groups.world.group)
    running.refresh_from_db()
    assert running.state == SyncRun.State.RUNNING


def test_whom_core_first_knew_as_left_to_kisi_is_removed_like_everybody(two_groups):
    """Their row began without a right, and so without a group."""
    cleo, now = two_groups.member("Cleo"), two_groups.clock.now()
    deciding.leave_to_kisi(two_groups.connection, cleo, by=None, now=now)
    deciding.take_back_from_kisi(two_groups.connection, cleo, by=None, now=now)
    two_groups.sync()
    assert two_groups.inside() == ["ana", "ben", "cleo"]
    move(two_groups)
    assert remove_them(two_groups) == 3
    assert two_groups.inside() == []
