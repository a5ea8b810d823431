"""While nothing is written, no page promises the doors for now: it says what they wait for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Look, SyncRun
from members.models import Member
from plans.models import Subscription
from tests.conftest import House
from tests.desk import Desk, Page

WAITS = {
    "paused": "once syncing is resumed",
    "needs_new_key": "once there is a new key",
    "wrong_organization": "once there is another key",
    "key_too_weak": "once the key may change people in Kisi",
    "group_gone": "once there is a group again",
    "in_trouble": "once Kisi answers again",
    "throttled": "once Kisi lets Core go on",
    "stopped": "once Core's own sync runs again",
}


@pytest.fixture
def ana(house: House) -> Member:
    """She has access, as far as the database knows; nobody may ask Kisi here."""
    now = timezone.now()
    facts = {"doors": ["Front door"], "sole_source_since": now, "must_read_first": False}
    KisiConnection.objects.create(gym=house.gym, group_id=1, group_name="24-hr Access", **facts)
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=now)
    member = house.member("Ana Ruiz")
    known = {"state": "granted", "origin": "created", "role_assignment_id": 1, "confirmed_at": now}
    KisiGrant.objects.create(
        connection=house.connection, email=member.email, member=member, name=member.name, **known
    )
    return member


@pytest.fixture(params=list(WAITS.items()), ids=list(WAITS))
def waits(request: pytest.FixtureRequest, ana: Member) -> str:
    """What the doors wait for, in one of the ways in which nothing is written."""
    status, words = request.param
    if status == "stopped":
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
    else:
        KisiConnection.objects.update(status=status)
    return str(words)


def act(desk: Desk, member: Member, action: str) -> Page:
    return desk.open("subscriptions:act", member.pk, member.subscriptions.get().pk, action)


def never_now(page: Page) -> bool:
    for promise in ("within seconds", "is losing", "is getting", "are losing", "are getting", "is being"):
        assert promise not in page.text
    return True


def test_who_pauses_is_told_before_and_after(ana, waits, staff):
    page = act(staff, ana, "pause")
    assert page.says(f"Ana loses access {waits}.")
    assert never_now(page)
    page = staff.press(page, "Pause and remove access")
    assert page.says(f"Open Door is paused. Ana loses access {waits}.")
    assert never_now(page)


def test_who_resumes_is_told_too(ana, waits, staff):
    KisiGrant.objects.all().delete()
    Subscription.objects.update(status="paused")
    page = act(staff, ana, "resume")
    assert page.says(f"Ana gets access {waits}.")
    assert staff.press(page, "Resume").says(f"Open Door is active again. Ana gets access {waits}.")


def test_a_plan_is_told_by_name_and_after_saving(house, ana, waits, staff):
    page = staff.press(staff.open("plans:detail", house.plan.pk), "Save plan", has_24hr_access=None)
    assert page.says(f"1 person loses access {waits}")
    assert never_now(page)
    page = staff.press(page, "Turn off and remove access for 1 person")
    assert page.says(f"Plan saved. 1 person loses access {waits}.")


def test_a_plan_that_is_turned_on_again(house, ana, waits, staff):
    KisiGrant.objects.all().delete()
    house.plan.has_24hr_access = False
    house.plan.save()
    page = staff.press(staff.open("plans:detail", house.plan.pk), "Save plan", has_24hr_access="on")
    assert page.says(f"1 person gets access {waits}")
    assert staff.press(page, "Turn on for 1 person").says(f"Plan saved. 1 person gets access {waits}.")


def test_whoever_has_access_all_the_while_is_told_of_no_change(house, ana, waits, staff):
    page = act(staff, ana, "pause")
    staff.press(page, "Pause and remove access")
    page = staff.press(act(staff, ana, "resume"), "Resume")
    assert page.says("Open Door is active again. Ana keeps access.")
    assert never_now(page)


def test_a_new_address(ana, waits, staff):
    page = staff.press(staff.open("members:edit", ana.pk), "Save details", email="new@example.com")
    said = "new@example.com gets access first, then ana@example.com is removed from Kisi"
    assert page.says(f"Saved. {said}, {waits}.")


def test_a_deleted_member(ana, waits, staff):
    page = staff.open("members:delete", ana.pk)
    assert page.says(f"Access is removed in Kisi too, {waits}.")
    page = staff.press(page, "Delete Ana Ruiz and remove access")
    assert page.says(f"Ana Ruiz is deleted. Access is removed in Kisi too, {waits}.")


def test_her_page_names_what_the_removal_waits_for(ana, waits, staff):
    Subscription.objects.update(status="paused")
    page = staff.open("members:detail", ana.pk)
    assert page.says(
        "Core's own sync is not running" if "sync runs" in waits else f"Ana loses access {waits}:"
    )


def test_the_five_lines_name_it_too_and_nobody_is_at_work(ana, waits, staff):
    Subscription.objects.update(status="paused")
    connection = KisiConnection.objects.get()
    known = {
        "at": timezone.now(),
        "user_id": 1,
        "is_in_group": True,
        "is_suspended": False,
        "has_doors": True,
    }
    Look.objects.create(connection=connection, email=ana.email, **known)
    page = staff.open("members:detail", ana.pk)
    if connection.is_writing:
        assert page.says("Core is at work.")
    else:
        assert page.says(f"Core removes the access {waits}.")
        assert "Core is at work." not in page.text
    if connection.status == "group_gone":
        assert page.says("Group opens doors Kisi has no group 1 any more.")


SOMEBODY_ACTS = ("resumed", "key", "group")  # before any check; from the others Core comes back by itself


def test_the_next_check_is_named_by_what_it_waits_for(ana, waits, admin):
    page = admin.open("kisi:overview")
    if any(word in waits for word in (*SOMEBODY_ACTS, "sync runs")):
        assert page.says(f"Next daily check {waits} Next weekly check {waits}")
    else:
        assert "Next daily check once" not in page.text


def test_a_sync_that_is_asked_for_starts_when_it_can(ana, waits, admin):
    page = admin.open("kisi:overview")
    if "Sync now" in page.buttons:
        said = admin.press(page, "Sync now")
        is_put_off = any(word in waits for word in ("sync runs", "lets Core go on"))
        assert said.says(f"A sync is asked for. It starts {waits}." if is_put_off else "Sync started.")


def test_a_run_whose_worker_died_promises_no_end(ana, admin):
    facts = {"started_at": timezone.now(), "total": 400, "done": 100}
    SyncRun.objects.create(connection=KisiConnection.objects.get(), state="running", **facts)
    page = admin.open("kisi:overview")
    assert page.says("Less than a minute left.", "the sync goes on without it.")
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
    page = admin.open("kisi:overview")
    assert page.says("100 of 400 people", "It goes on once Core's own sync runs again.")
    assert "left." not in page.text
    page = admin.press(page, "Sync now")
    assert page.says("A sync is asked for. It starts once Core's own sync runs again.")


def test_a_resume_under_a_dead_worker_sends_nothing_yet(ana, admin):
    KisiConnection.objects.update(status="paused")
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
    page = admin.press(admin.open("kisi:overview"), "Resume")
    assert page.says("Syncing goes on. What waited is sent once Core's own sync runs again.")


def test_nobody_is_removed_before_the_whole_group_was_read(ana, staff):
    KisiConnection.objects.update(must_read_first=True)
    page = act(staff, ana, "pause")
    assert page.says("Ana loses access once Core has read the whole group in Kisi.")
    assert never_now(staff.press(page, "Pause and remove access"))
    Subscription.objects.update(status="paused")
    KisiGrant.objects.all().delete()
    assert act(staff, ana, "resume").says("Ana gets access within seconds.")
