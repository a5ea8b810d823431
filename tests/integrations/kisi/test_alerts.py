"""Mails to the admins: one per cause and hour, told until the mail server took them, taken back when it is over."""

from __future__ import annotations

import calendar
import socket
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from integrations.kisi import alerts, tasks, watch
from integrations.kisi.models import AccessEvent, Alert, Heartbeat, KisiConnection
from integrations.kisi.sync import ahead, deciding
from tests.conftest import House
from tests.factories import GymFactory, StaffFactory, SubscriptionFactory
from tests.stories import events

CHECK = {"method": "GET", "path": "/user"}


@pytest.fixture
def admin(connected: House):
    return StaffFactory(gym=connected.gym)


WEEK = "door access this week"


def subjects(*, weekly: bool = False) -> list[str]:
    """What was mailed; the summary of a Monday, which any test may cross, only where it is asked for."""
    told = [message.subject.partition(": ")[2] for message in mail.outbox]
    return [subject for subject in told if (subject == WEEK) == weekly]


def six_ended(house: House, **change) -> None:
    members = house.members(10)
    house.sync()
    house.plan.subscriptions.filter(member__in=members[:6]).update(**(change or {"status": "cancelled"}))
    house.sync()


@pytest.fixture
def no_mail_server(settings):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.EMAIL_PORT = listening.getsockname()[1]
    settings.EMAIL_HOST, settings.EMAIL_TIMEOUT = "127.0.0.1", 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


# Until it is told


def test_a_mail_that_no_server_took_is_sent_at_a_later_look(connected, admin, no_mail_server, settings):
    connected.member("Ana")
    connected.world.revoke_key()
    connected.sync()
    assert Alert.objects.get().told_at is None
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    connected.clock.forward(minutes=6)
    connected.sync()
    assert subjects() == ["enter a new Kisi API key"]


def test_a_mail_server_that_is_down_is_tried_once_and_not_for_every_gym(connected, admin, no_mail_server):
    connected.member("Ana")
    connected.world.revoke_key()
    connected.sync()
    other = GymFactory()
    StaffFactory(gym=other)
    KisiConnection.objects.create(gym=other, group_id=77, status="needs_new_key")
    Alert.objects.all().delete()
    tasks.tell(KisiConnection.objects.order_by("pk").values_list("pk", flat=True), connected.clock.now())
    assert Alert.objects.count() == 1


def test_a_mail_whose_cause_is_gone_is_never_sent(connected, admin, no_mail_server, settings):
    connected.member("Ana")
    key = connected.world.add_key(connected.world.owner)
    connected.world.revoke_key()
    connected.sync()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    connection = connected.connection
    connection.set_key(type(connection.api_key())(key))
    connection.save()
    connected.clock.forward(minutes=16)
    connected.sync()
    assert connected.inside() == ["ana"]
    assert subjects() == []


def test_two_processes_tell_the_same_news_once(connected, admin):
    connected.member("Ana")
    connected.world.revoke_key()
    connected.sync()
    for _ in range(2):
        alerts.tell(connected.connection.pk, connected.clock.now())
    assert len(mail.outbox) == 1


def test_a_gym_whose_sync_is_paused_is_told_nothing(connected, admin):
    six_ended(connected)
    mail.outbox.clear()
    KisiConnection.objects.update(status="paused")
    connected.clock.forward(days=2)
    connected.sync()
    assert subjects() == []


# What is told


def test_held_removals_are_mailed_at_once_and_once_a_day_while_they_are_held(connected, admin):
    six_ended(connected)
    for _ in range(3):
        connected.clock.forward(hours=12)
        connected.sync()
    assert subjects() == ["6 removals of door access wait for you"] * 2


def test_the_mail_about_held_removals_names_people_reasons_and_both_numbers(connected, admin):
    six_ended(connected)
    body = mail.outbox[0].body
    assert "6 of 10 people with access would lose it within 24 hours; your limit is 3." in body
    assert "- P000: Open Door was cancelled" in body
    assert body.count("\n- ") == 6
    assert "/marketplace/kisi/attention/held/" in body
    html = mail.outbox[0].alternatives[0].content
    assert "your limit is 3" in html and "<li><bdi>P000" in html


def test_people_whom_kisi_refuses_are_mailed_once_and_again_when_there_are_more(connected, admin):
    connected.world.fault(
        method="POST", path="/users", status=422, body='{"errors": {"email": ["is odd"]}}', times=0
    )
    connected.member("Ana")
    connected.sync()
    connected.sync()
    assert subjects() == ["Kisi refuses 1 person"]
    assert "1 person cannot open the doors though they should." in mail.outbox[0].body
    connected.clock.forward(minutes=61)
    connected.sync()
    assert len(mail.outbox) == 1
    connected.member("Ben")
    connected.sync()
    assert subjects()[1:] == ["Kisi refuses 2 people"]


def test_a_name_that_kisi_refuses_is_mailed_as_what_it_is(connected, admin):
    ana = connected.member("Ana")
    connected.sync()
    connected.world.fault(method="PATCH", path="/users/.*", status=422, times=0)
    ana.last_name = "Ruiz"
    ana.save()
    connected.sync()
    assert subjects() == ["Kisi refuses 1 person"]
    body = mail.outbox[0].body
    assert "1 person can open the doors, but their details in Kisi are not the newest." in body


def test_a_kisi_that_is_silent_for_an_hour_is_mailed_and_its_return_too(connected, admin):
    connected.member("Ana")
    connected.world.fault(status=500, times=0, **CHECK)
    for _ in range(6):
        connected.clock.forward(minutes=16)
        connected.sync()
    assert subjects() == ["Kisi is not answering"]
    connected.world.clear_faults()
    for _ in range(2):
        connected.clock.forward(minutes=16)
        connected.sync()
    assert subjects()[1:] == ["door access is in order again"]
    assert "1 waiting change was sent, 0 failed." in mail.outbox[-1].body


def test_a_silent_sync_is_mailed_by_whichever_process_still_lives(connected, admin):
    Heartbeat.objects.create(name="worker", at=timezone.now() - timedelta(minutes=16))
    watch.look()
    assert subjects() == ["Core's sync has stopped"]
    Heartbeat.objects.update(at=timezone.now())
    alerts.tell(connected.connection.pk, timezone.now())
    assert subjects()[1:] == ["door access is in order again"]


def test_while_there_are_signs_of_life_the_watch_says_nothing(connected, admin):
    connected.world.revoke_key()
    connected.member("Ana")
    connected.sync()
    mail.outbox.clear()
    Alert.objects.all().delete()
    watch.look()
    assert subjects() == []


# The day before


@pytest.fixture
def ends_today(connected: House):
    """Ten people, six of whom have their last day today."""
    members = connected.members(10)
    connected.sync()
    ending = connected.plan.subscriptions.filter(member__in=members[:6])
    ending.update(status="pending_cancel", ends_on=connected.today())
    return members


def to_tomorrow(house: House) -> None:
    now = house.clock.now().astimezone(house.gym.zone)
    house.clock.forward(seconds=86_400 - (now.hour * 60 + now.minute) * 60 - now.second + 60)


def test_ends_that_would_be_held_tomorrow_are_mailed_the_day_before(connected, admin, ends_today):
    connected.sync()
    connected.sync()
    assert subjects() == ["6 people lose door access tomorrow, more than your limit"]
    tomorrow = connected.today() + timedelta(days=1)
    day = f"{tomorrow.day} {calendar.month_abbr[tomorrow.month]} {tomorrow.year}"
    assert f"6 of 10 people with access would lose it tomorrow, {day}" in mail.outbox[0].body
    assert len(connected.inside()) == 10


def test_as_many_ends_as_the_limit_lets_go_are_no_news(connected, admin, ends_today):
    connected.plan.subscriptions.filter(member__in=ends_today[3:6]).update(status="active", ends_on=None)
    connected.sync()
    assert subjects() == []


def test_whoever_goes_on_with_another_subscription_tomorrow_is_not_counted(connected, admin, ends_today):
    for member in ends_today[:3]:
        SubscriptionFactory(
            member=member,
            plan=connected.plan,
            status="pending_active",
            starts_on=connected.today() + timedelta(days=1),
        )
    connected.sync()
    assert subjects() == []
    assert connected.plan.subscriptions.filter(status="pending_active").count() == 3


def test_allowed_the_day_before_they_go_when_the_day_has_come_and_not_earlier(connected, admin, ends_today):
    named = [row.email for row in ahead.of_tomorrow(connected.connection, connected.clock.now()).rows]
    count = deciding.allow_ahead(connected.connection, named, by=admin.user, now=connected.clock.now())
    connected.sync()
    assert (count, len(connected.inside())) == (6, 10)
    to_tomorrow(connected)
    connected.sync()
    assert len(connected.inside()) == 4
    assert events(connected, "held") == 0


def test_an_end_put_off_after_it_was_allowed_takes_nobodys_access(connected, admin, ends_today):
    named = [row.email for row in ahead.of_tomorrow(connected.connection, connected.clock.now()).rows]
    deciding.allow_ahead(connected.connection, named, by=admin.user, now=connected.clock.now())
    connected.plan.subscriptions.filter(member=ends_today[0]).update(
        ends_on=connected.today() + timedelta(days=30)
    )
    to_tomorrow(connected)
    connected.sync()
    assert len(connected.inside()) == 5
    assert not connected.connection.releases.exists()


# Held time


def test_how_long_a_removal_was_held_is_kept_with_the_word_that_ends_it(connected, admin):
    six_ended(connected)
    connected.clock.forward(hours=30)
    now = connected.clock.now()
    first, second, third, *_ = [row.email for row in deciding.held(connected.connection)]
    deciding.allow(connected.connection, [first], by=admin.user, now=now)
    deciding.keep(connected.connection, [second], by=admin.user, now=now)
    connected.plan.subscriptions.filter(member__email=third).update(status="active")
    connected.sync()
    for kind in ("allowed", "kept", "returned"):
        held_for = AccessEvent.objects.get(kind=kind).held_for
        assert timedelta(hours=30) <= held_for < timedelta(hours=31), kind


# Every Monday


def to_monday(house: House, *, hour: int) -> None:
    local = house.clock.now().astimezone(house.gym.zone)
    days = (7 - local.weekday()) % 7 or 7
    hours = days * 24 - local.hour + hour
    house.clock.forward(hours=hours, minutes=5 - local.minute)


def test_the_week_is_told_once_on_monday_morning(connected, admin):
    connected.members(3)
    connected.sync()
    to_monday(connected, hour=7)
    connected.sync()
    assert subjects(weekly=True) == []
    for hours in (1, 3, 5, 30):
        connected.clock.forward(hours=hours)
        connected.sync()
    assert subjects(weekly=True) == [WEEK]
    assert "3 people can open the doors." in mail.outbox[0].body
    assert "Nothing waits, nothing failed, nothing is held." in mail.outbox[0].body
    connected.clock.forward(days=6)
    connected.sync()
    assert subjects(weekly=True) == [WEEK] * 2
