"""A row in step is not read; whatever makes it differ, it is, however the difference came about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.access import planner
from integrations.kisi.models import KisiConnection, KisiGrant, Release
from integrations.kisi.sync import gather
from members.models import Gym, Member
from plans.models import Subscription
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory
from tests.town import connect

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@dataclass
class Place:
    """Ana alone has her address, one subscription, and a row that says what she should have."""

    gym: Gym
    connection: KisiConnection
    ana: Member
    subscription: Subscription
    row: KisiGrant

    def facts(self, look: Callable[..., gather.Facts]) -> gather.Facts:
        now = timezone.now()
        return look(self.connection, self.gym.today(now), now)

    def row_is(self, **facts: object) -> None:
        KisiGrant.objects.filter(pk=self.row.pk).update(**facts)

    def subscription_is(self, **facts: object) -> None:
        Subscription.objects.filter(pk=self.subscription.pk).update(**facts)

    def ana_is(self, **facts: object) -> None:
        Member.objects.filter(pk=self.ana.pk).update(**facts)

    def also(self, **facts: object) -> None:
        SubscriptionFactory(member=self.ana, plan=self.subscription.plan, **facts)

    def sharer(self, **facts: object) -> None:
        """Somebody with the same address and an older membership, so that the row is theirs to hold."""
        before = Member.objects.create(
            pk=self.ana.pk - 1, gym=self.gym, first_name="Abe", email=self.ana.email
        )
        SubscriptionFactory(member=before, plan=self.subscription.plan, **facts)


@pytest.fixture(params=[None, 30], ids=["no end", "an end"])
def place(request) -> Place:
    gym = GymFactory()
    connection = connect(gym, 7)
    connection.sole_source_since = timezone.now()
    connection.save()
    until = gym.today(timezone.now()) + request.param * DAY if request.param else None
    for name in ("Old", "Older"):  # their ids are free again for `sharer`
        MemberFactory(gym=gym, first_name=name).delete()
    ana = MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz", email="ana@example.com")
    subscription = SubscriptionFactory(member=ana, plan=PlanFactory(gym=gym), ends_on=until)
    row = KisiGrant.objects.create(
        connection=connection, email=ana.email, name=ana.name, member=ana, state="granted", origin="created",
        role_assignment_id=1, profile_was_there=False, until=until,
    )  # fmt: skip
    return Place(gym, connection, ana, subscription, row)


def word(place: Place) -> None:
    Release.objects.create(connection=place.connection, email=place.ana.email, cause="allowed")


def another_gym(place: Place) -> None:
    place.ana_is(gym=GymFactory())


WAYS: dict[str, Callable[[Place], None]] = {
    "a removal was begun": lambda p: p.row_is(state="revoking"),
    "the right is gone": lambda p: p.row_is(state="absent", role_assignment_id=None),
    "the removal is held": lambda p: p.row_is(held_since=timezone.now()),
    "somebody kept the access": lambda p: p.row_is(kept_until=timezone.now() + DAY),
    "something failed": lambda p: p.row_is(trouble="refused", wish="another"),
    "a try comes later": lambda p: p.row_is(retry_at=timezone.now() + DAY, wish="another"),
    "another name was sent": lambda p: p.row_is(name="Anna Ruiz"),
    "another end is known": lambda p: p.row_is(until=timezone.now().date() + 60 * DAY),
    "the row is nobody's": lambda p: p.row_is(member=None),
    "the row has another address": lambda p: p.row_is(email="old@example.com"),
    "somebody gave the word": word,
    "the address changed": lambda p: p.ana_is(email="new@example.com"),
    "the address went": lambda p: p.ana_is(email=""),
    "the name changed": lambda p: p.ana_is(last_name="Rey"),
    "she is in another gym": another_gym,
    "it is paused": lambda p: p.subscription_is(status="paused"),
    "it starts tomorrow": lambda p: p.subscription_is(starts_on=timezone.now().date() + 2 * DAY),
    "it ended": lambda p: p.subscription_is(ends_on=timezone.now().date() - 2 * DAY),
    "it ends on another day": lambda p: p.subscription_is(ends_on=timezone.now().date() + 90 * DAY),
    "its plan has no box": lambda p: p.subscription_is(plan=PlanFactory(gym=p.gym, has_24hr_access=False)),
    "its plan is another gym's": lambda p: p.subscription_is(plan=PlanFactory(gym=GymFactory())),
    "it is gone": lambda p: p.subscription.delete(),
    "somebody older shares the address": lambda p: p.sharer(ends_on=p.row.until),
}
WITH_AN_END: dict[str, Callable[[Place], None]] = {
    "another subscription has no end": lambda p: p.also(ends_on=None),
    "another subscription ends later": lambda p: p.also(ends_on=p.row.until + DAY),
}


def changes(facts: gather.Facts) -> set[tuple[str, str]]:
    plan = planner.plan(facts.wanted, facts.ledger, now=timezone.now(), sole_source=True)
    others = {("held", email) for email in plan.held} | {("waits", email) for email in plan.waiting}
    return {(str(change.kind), change.email) for change in plan.changes} | others


def test_a_row_in_step_is_not_read(place):
    found = place.facts(gather.differences)
    assert (found.wanted, found.ledger, found.confirmed) == ({}, {}, 1)


def test_a_subscription_that_gives_no_more_changes_nothing(place):
    place.also(ends_on=place.gym.today(timezone.now()) + 3 * DAY)
    assert place.facts(gather.differences).ledger == {}


@pytest.mark.parametrize("way", WAYS)
def test_whatever_makes_it_differ_is_seen(place, way):
    WAYS[way](place)
    expected = changes(place.facts(gather.everything))
    assert expected
    assert changes(place.facts(gather.differences)) == expected


@pytest.mark.parametrize("place", [30], indirect=True)
@pytest.mark.parametrize("way", WITH_AN_END)
def test_a_later_end_is_seen(place, way):
    WITH_AN_END[way](place)
    expected = changes(place.facts(gather.everything))
    assert expected
    assert changes(place.facts(gather.differences)) == expected
