"""What the member's page says happens next by itself: the first thing that really does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Release, SyncRun
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import schedule
from members.models import Member
from plans.models import Plan, Subscription
from tests.conftest import House
from tests.desk import Desk


@pytest.fixture(autouse=True)
def weekly_check_days_away(db: None) -> None:
    """So that every day of the week is the same to these tests: the check of everybody is never the next thing."""
    day = (timezone.now().isoweekday() + 3) % 7
    crontab = CrontabSchedule.objects.create(minute="0", hour="2", day_of_week=str(day), timezone="UTC")
    PeriodicTask.objects.filter(name=schedule.WEEKLY).update(crontab=crontab)


@pytest.fixture
def ana(connected: House) -> Member:
    """She has access; the last good look at everybody began after anything changed."""
    member = connected.member("Ana Ruiz")
    connected.sync()
    now = timezone.now()
    SyncRun.objects.create(connection=connected.connection, read=2, state="finished", started_at=now)
    return member


def said(desk: Desk, member: Member) -> str:
    found = re.search(r"(Next (?:try|look) .*?) Sync now for", desk.open("members:detail", member.pk).text)
    return found[1] if found else ""


def test_who_is_in_order_is_looked_at_by_the_weekly_check(ana, staff):
    assert re.fullmatch(r"Next look .*:00, the weekly check", said(staff, ana))


@pytest.mark.parametrize("what", [Subscription, Member, Plan, KisiGrant])
def test_whoever_changed_since_the_last_good_look_is_looked_at_by_the_daily_check(ana, staff, what):
    what.objects.update(changed_at=timezone.now() + timedelta(seconds=1))
    assert said(staff, ana).endswith("the daily check")


def test_before_any_good_look_the_daily_check_looks_at_everybody(ana, staff):
    SyncRun.objects.all().delete()
    assert said(staff, ana).endswith("the daily check")


def test_who_waits_to_be_let_in_is_tried_within_a_minute(connected, ana, staff):
    assert said(staff, connected.member("Ben")) == "Next try within a minute"


def test_who_waits_to_be_removed_is_tried_within_a_minute(connected, ana, staff):
    connected.subscription(ana).pause()
    assert said(staff, ana) == "Next try within a minute"


def test_an_end_comes_at_the_gyms_midnight(connected, ana, staff):
    connected.gym.timezone = "Asia/Tokyo"
    connected.gym.save()
    Subscription.objects.update(ends_on=connected.today())
    assert said(staff, ana) == "Next look tomorrow 00:00, when the subscription ends"


def test_an_end_that_is_far_comes_after_the_weekly_check(connected, ana, staff):
    Subscription.objects.update(ends_on=connected.today() + timedelta(days=90))
    assert said(staff, ana).endswith("the weekly check")


def test_a_start_comes_at_midnight_of_its_day(connected, ana, staff):
    starts = connected.today() + timedelta(days=1)
    ben = connected.member("Ben", status="pending_active", starts_on=starts)
    assert said(staff, ben) == "Next look tomorrow 00:00, when the subscription starts"


def test_a_failure_is_tried_again_at_its_time(connected, ana, staff):
    connected.world.fault(method="POST", path="/users", kind=Kind.LOST, times=3)
    ben = connected.member("Ben")
    connected.sync()
    assert connected.grant("ben").trouble == "unclear"
    assert re.fullmatch(r"Next try (today|tomorrow) \d\d:\d\d", said(staff, ben))


def test_what_kisi_refused_is_tried_when_the_details_change(connected, ana, staff):
    connected.world.fault(method="POST", path="/users", status=422, times=0)
    ben = connected.member("Ben")
    connected.sync()
    assert said(staff, ben) == "Next try once the member's details change, or after Sync now"


def test_a_held_removal_waits_for_an_admin(connected, ana, staff):
    connected.subscription(ana).pause()
    KisiGrant.objects.update(held_since=timezone.now())
    assert said(staff, ana) == "Next look once an admin decides about the held removal"


def test_a_kept_access_is_asked_about_again(connected, ana, staff):
    connected.subscription(ana).pause()
    KisiGrant.objects.update(kept_until=timezone.now() + timedelta(hours=1))
    assert said(staff, ana).endswith("when Core asks about this access again")


def test_whoever_is_managed_in_kisi_is_only_looked_at(ana, staff):
    KisiGrant.objects.update(state="absent", managed="has the role administrator")
    assert said(staff, ana).endswith("check")


def test_what_is_unclear_is_looked_at_within_a_minute(ana, staff):
    KisiGrant.objects.update(state="uncertain")
    assert said(staff, ana) == "Next try within a minute"


def test_a_time_that_is_past_is_none_to_wait_for(ana, staff):
    KisiGrant.objects.update(retry_at=timezone.now() - timedelta(minutes=1))
    assert said(staff, ana) == "Next try within a minute"


def test_a_day_that_is_reached_is_applied_within_five_minutes(connected, staff):
    ben = connected.member("Ben", status="pending_active", starts_on=connected.today())
    assert said(staff, ben) == "Next look within five minutes"


def test_after_a_restored_backup_only_who_was_named_is_removed(connected, ana, staff):
    connected.subscription(ana).pause()
    KisiConnection.objects.update(restored_at=timezone.now())
    assert said(staff, ana).endswith("check")
    Release.objects.create(connection=connected.connection, email=ana.email, cause="allowed")
    assert said(staff, ana) == "Next try within a minute"


def test_before_the_cut_over_nobody_is_removed_whom_core_took_over(connected, ana, staff):
    connected.subscription(ana).pause()
    KisiConnection.objects.update(sole_source_since=None)
    KisiGrant.objects.update(origin="adopted")
    assert said(staff, ana).endswith("check")


def test_with_a_key_that_kisi_refuses_only_the_key_is_tried(connected, ana, staff):
    KisiConnection.objects.update(status="needs_new_key")
    words = "Next try within a minute, when Core checks whether Kisi works again"
    assert said(staff, connected.member("Ben")) == words


def test_while_kisi_does_not_answer_core_tries_that_first(connected, ana, staff):
    at = timezone.now() + timedelta(minutes=10)
    KisiConnection.objects.update(status="in_trouble", retry_at=at)
    assert said(staff, ana).endswith("when Core checks whether Kisi works again")


@pytest.mark.parametrize("status", ["paused", "disconnecting"])
def test_nothing_is_promised_while_nothing_is_tried(connected, ana, staff, status):
    KisiGrant.objects.update(retry_at=timezone.now())
    KisiConnection.objects.update(status=status)
    page = staff.open("members:detail", ana.pk)
    assert "Next try" not in page.text
    assert "Next look" not in page.text


def test_nothing_is_promised_about_somebody_left_to_kisi(connected, ana, staff):
    KisiGrant.objects.update(exempt=True)
    assert said(staff, ana) == ""


def test_nothing_is_promised_before_cores_own_sync_runs_again(connected, ana, staff):
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
    for member in (ana, connected.member("Ben")):
        assert said(staff, member) == "Next try once Core's own sync runs again"
