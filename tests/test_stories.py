"""Whole flows, each told in one test, over real HTTP to the simulated Kisi."""

from datetime import timedelta

import pytest
from django.core import mail

from integrations.kisi.models import AccessEvent, KisiConnection, Release
from integrations.kisi.sync import asking, connecting, deciding, gather
from members import slots
from plans.models import Plan, Subscription
from tests.factories import PlanFactory, StaffFactory

Kind = AccessEvent.Kind


@pytest.fixture
def told():
    """The kinds of the events of a house, oldest first."""

    def kinds(house):
        events = AccessEvent.objects.filter(connection_id=house.connection.pk).order_by("pk")
        return [event.kind for event in events if event.kind not in (Kind.STATUS, Kind.SETTING)]

    return kinds


def test_a_gym_moves_in_from_another_platform(house, told):
    """Nobody loses access whom Core did not create, until the gym cuts over by name."""
    for name in ("Ana", "Ben", "Cleo"):
        house.in_kisi(name)
    house.member("Ana Ruiz")
    house.member("Ben Okafor", status="expired", ends_on=house.today() - timedelta(days=3))
    dan = house.member("Dan Moss")
    connection = house.connect()
    assert connection.in_transition
    forecast = connecting.forecast(connection, now=house.clock.now())
    assert [email for _, email in forecast.gains.shown] == ["dan@example.com"]
    assert [email for _, email in forecast.at_cut_over.shown] == ["ben@example.com"]
    assert [email for _, email in forecast.only_in_kisi.shown] == ["cleo@example.com"]

    house.sync()
    assert house.inside() == ["ana", "ben", "cleo", "dan"]
    house.subscription(dan).pause()
    house.sync()
    assert house.inside() == ["ana", "ben", "cleo"]

    deciding.cut_over(house.connection, ["ben@example.com"], by=None, now=house.clock.now())
    house.sync()
    assert house.inside() == ["ana", "cleo"]
    assert not house.connection.in_transition
    assert told(house).count(Kind.ADOPTED) == 2


def test_a_members_whole_life(connected, told):
    """Joins, pauses, comes back, cancels at the end of a day, is gone the day after, and joins again."""
    ana = connected.member("Ana Ruiz", status="")
    connected.sync()
    assert connected.inside() == []
    subscription = Subscription.start(ana, connected.plan, today=connected.today())
    connected.sync()
    assert connected.inside() == ["ana"]
    subscription.pause(cause="payment failed")
    connected.sync()
    assert connected.inside() == []
    subscription.resume(today=connected.today())
    connected.sync()
    last = connected.today() + timedelta(days=1)
    subscription.schedule_cancel(on=last, today=connected.today())
    connected.sync()
    assert connected.inside() == ["ana"]
    connected.clock.forward(days=2)
    connected.sync()
    assert connected.inside() == []
    subscription.refresh_from_db()
    assert subscription.status == "cancelled"
    assert told(connected) == [Kind.GRANTED, Kind.REVOKED, Kind.GRANTED, Kind.REVOKED]


def test_a_bad_import_overnight_is_held_and_nobody_is_locked_out(connected, told):
    """Twenty of thirty members are cancelled by a script without anybody's word."""
    boss = StaffFactory(gym=connected.gym).user
    members = connected.members(30)
    connected.sync()
    for member in members[:20]:
        member.subscriptions.update(status="cancelled")
    connected.sync()
    assert len(connected.inside()) == 30
    assert told(connected).count(Kind.HELD) == 20
    assert [message.subject for message in mail.outbox] == [
        "Harbor Gym: 20 removals of door access wait for you"
    ]

    for member in members[:18]:
        member.subscriptions.update(status="active")
    connected.sync()
    left = [row.email for row in deciding.held(connected.connection)]
    assert left == [member.email for member in members[18:20]]
    assert deciding.allow(connected.connection, left, by=boss, now=connected.clock.now()) == (2, 0)
    connected.sync()
    assert len(connected.inside()) == 28
    assert not Release.objects.exists()


def test_a_seasonal_plan_is_turned_off_and_on_again_by_confirmed_forecasts(connected):
    """The word of whoever confirms the list lets all of them go, and only who keeps another plan stays."""
    winter = PlanFactory(gym=connected.gym, name="Winter", has_24hr_access=True)
    for number in range(12):
        connected.member(f"W{number:02d}", plan=winter)
    both = connected.member("Zoe", plan=winter)
    both.subscriptions.create(plan=connected.plan, status="active", starts_on=connected.today())
    connected.sync()
    assert len(connected.inside()) == 13

    def turn(*, on: bool):
        return lambda: Plan.objects.filter(pk=winter.pk).update(has_24hr_access=on)

    shown = slots.forecast_change(connected.gym, turn(on=False))
    assert (len(shown.loses), [line.name for line in shown.keeps]) == (12, ["Zoe"])
    slots.carry_out_change(
        connected.gym, turn(on=False), by=None, cause="season over", shown=shown.fingerprint
    )
    connected.sync()
    assert connected.inside() == ["zoe"]

    shown = slots.forecast_change(connected.gym, turn(on=True))
    slots.carry_out_change(connected.gym, turn(on=True), by=None, cause="season", shown=shown.fingerprint)
    connected.sync()
    assert len(connected.inside()) == 13


def test_a_dead_key_changes_nobodys_access_and_the_backlog_drains_by_itself(connected):
    ana, ben = connected.member("Ana"), connected.member("Ben")
    connected.sync()
    connected.world.revoke_key()
    connected.subscription(ana).pause()
    connected.member("Cleo")
    connected.sync()
    assert connected.connection.status == KisiConnection.Status.NEEDS_NEW_KEY
    assert connected.inside() == ["ana", "ben"]
    fresh = connected.world.add_key(connected.world.owner)
    connected.world.organization.api_key = fresh
    connecting.update_credentials(
        connected.connection,
        key=connecting.Secret(fresh),
        group_id=connected.world.group_id,
        clock=connected.clock,
    )
    connected.sync()
    assert connected.inside() == ["ben", "cleo"]
    today = connected.today()
    assert set(gather.wanted_addresses(connected.gym.pk, today)) == {ben.email, "cleo@example.com"}
    asking.ask(connected.connection, 2, because="check", now=connected.clock.now())
    connected.calls()
    connected.sync()
    assert not [call for call in connected.calls() if not call.startswith("GET")]
