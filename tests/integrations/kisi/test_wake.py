"""Waking: on commit, once per gym and transaction, quick whatever the broker does, and never an error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from integrations.kisi import tasks, wake
from integrations.kisi.models import KisiConnection
from integrations.kisi.simulator import World
from integrations.kisi.wake import Breaker
from members.models import Member
from plans.models import Plan, Subscription
from tests.conftest import House
from tests.factories import GymFactory, MemberFactory, PlanFactory, SubscriptionFactory
from tests.integrations.kisi import brokers

pytestmark = pytest.mark.django_db(transaction=True)
Status = KisiConnection.Status


@pytest.fixture
def app():
    with brokers.real() as app:
        yield app


@pytest.fixture
def gym():
    """A gym with a live connection, one plan and two people."""
    gym = GymFactory()
    KisiConnection.objects.create(gym=gym, group_id=1)
    plan = PlanFactory(gym=gym)
    for _ in range(2):
        SubscriptionFactory(member=MemberFactory(gym=gym), plan=plan)
    KisiConnection.objects.update(look_again=False)
    return gym


def woken(app) -> list[int]:
    return [args[0] for name, args in brokers.delivered(app) if name == "kisi.sync"]


def the(gym) -> int:
    return gym.kisi_connection.pk


# When


def test_a_save_wakes_the_gyms_connection(gym, app):
    Subscription.objects.first().save()
    assert woken(app) == [the(gym)]
    assert KisiConnection.objects.get().look_again


@pytest.mark.parametrize(
    "change",
    [
        lambda gym: Subscription.objects.first().pause(),
        lambda gym: Subscription.objects.first().delete(),
        lambda gym: Member.objects.first().save(),
        lambda gym: Member.objects.first().delete(),
        lambda gym: MemberFactory(gym=gym),
        lambda gym: Plan.objects.first().save(),
        lambda gym: gym.save(),
    ],
    ids=[
        "pause",
        "delete subscription",
        "save member",
        "delete member",
        "new member",
        "save plan",
        "save gym",
    ],
)
def test_every_change_that_matters_to_the_doors_wakes_once(gym, app, change):
    change(gym)
    assert woken(app) == [the(gym)]


def test_nothing_is_said_before_the_commit(gym, app):
    with transaction.atomic():
        Subscription.objects.first().save()
        assert woken(app) == []
    assert woken(app) == [the(gym)]


def test_a_transaction_that_is_rolled_back_wakes_nobody(gym, app):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Subscription.objects.first().save()
        raise ZeroDivisionError
    assert woken(app) == []
    assert not KisiConnection.objects.get().look_again


def test_many_rows_in_one_transaction_wake_once(gym, app):
    with transaction.atomic():
        for _ in range(3):
            for row in (*Subscription.objects.all(), *Member.objects.all(), *Plan.objects.all()):
                row.save()
    assert woken(app) == [the(gym)]


def test_two_gyms_in_one_transaction_are_woken_once_each(gym, app):
    other = GymFactory()
    KisiConnection.objects.create(gym=other, group_id=2)
    brokers.delivered(app)
    with transaction.atomic():
        for one in (gym, other, gym, other):
            one.save()
    assert sorted(woken(app)) == sorted([the(gym), the(other)])


def test_a_savepoint_that_is_rolled_back_takes_its_own_wake_up_with_it(gym, app):
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Subscription.objects.first().save()
            raise ZeroDivisionError
        assert woken(app) == []
    assert woken(app) == []


def test_a_change_after_a_savepoint_that_was_rolled_back_still_wakes(gym, app):
    """Remembering "already asked" in a variable would lose this one."""
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Subscription.objects.first().save()
            raise ZeroDivisionError
        Subscription.objects.last().save()
    assert woken(app) == [the(gym)]


def test_a_change_before_a_savepoint_that_was_rolled_back_still_wakes(gym, app):
    with transaction.atomic():
        Subscription.objects.first().save()
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            Subscription.objects.last().save()
            raise ZeroDivisionError
    assert woken(app) == [the(gym)]


def test_two_transactions_wake_twice(gym, app):
    Subscription.objects.first().save()
    Subscription.objects.first().save()
    assert woken(app) == [the(gym)] * 2


# Whom


@pytest.mark.parametrize("status", Status.values)
def test_only_a_live_connection_is_woken(gym, app, status):
    KisiConnection.objects.update(status=status)
    Subscription.objects.first().save()
    assert woken(app) == ([] if status in (Status.PAUSED, Status.DISCONNECTED) else [the(gym)])


def test_a_gym_without_a_connection_wakes_nobody(app):
    SubscriptionFactory()
    assert brokers.delivered(app) == []


def test_the_message_carries_the_connections_number_and_nothing_else(gym, app):
    Subscription.objects.first().save()
    assert brokers.delivered(app) == [("kisi.sync", [the(gym)])]


def test_a_save_of_one_row_costs_two_queries_more_at_commit(gym, app, django_assert_max_num_queries):
    """One to find the live connection, one to ask it: nothing that grows with the gym."""
    row = Subscription.objects.select_related("member").first()
    with django_assert_max_num_queries(1 + 2 + 2):
        row.save()


# What the broker may do


class Explodes(Exception):
    pass


def refuse(_: int) -> None:
    raise Explodes


@contextmanager
def closed_breaker() -> Iterator[None]:
    wake.breaker.__init__()
    try:
        yield
    finally:
        wake.breaker.__init__()


def test_an_error_of_the_publisher_never_reaches_the_caller_and_later_callbacks_run(gym, caplog):
    later: list[str] = []
    with closed_breaker(), transaction.atomic():
        wake.wake([1, 2], refuse)
        transaction.on_commit(lambda: later.append("ran"))
    assert later == ["ran"]
    assert [record.getMessage() for record in caplog.records] == [
        "wake-up of connection 1 not published: Explodes"
    ]


def test_after_a_failure_nothing_is_sent_for_thirty_seconds_and_then_again():
    at = [100.0]
    breaker = Breaker(monotonic=lambda: at[0])
    breaker.trip()
    seen = []
    for at[0] in (100.0, 129.9, 130.0, 131.0):
        seen.append(breaker.is_open)
    assert seen == [True, True, False, False]


def test_a_broken_broker_is_tried_for_the_first_connection_only():
    sent: list[int] = []

    def refuse_and_count(number: int) -> None:
        sent.append(number)
        raise Explodes

    with closed_breaker():
        wake.wake([1, 2, 3], refuse_and_count)
        wake.wake([4], refuse_and_count)
    assert sent == [1]


def seconds(work: Callable[[], object]) -> float:
    before = time.monotonic()
    work()
    return time.monotonic() - before


@pytest.mark.parametrize("state", ["closed", "silent"])
def test_a_broker_that_is_down_costs_a_save_less_than_a_second_and_the_next_nothing(
    gym, state, record_property
):
    row = Subscription.objects.first()
    with getattr(brokers, state)():
        first, second = seconds(row.save), seconds(row.save)
    record_property("first_and_second", f"{first:.3f} {second:.3f}")
    assert first < 1.0
    assert second < 0.2
    assert KisiConnection.objects.get().look_again


def test_what_a_dead_broker_lost_is_done_by_the_next_sweep(house: House, world: World):
    house.connect()
    with brokers.closed():
        house.member("Ana Ruiz")
    with brokers.real() as app:
        tasks.sweep()
        assert woken(app) == [house.connection.pk]
        tasks.sync(house.connection.pk)
    assert house.inside() == ["ana"]


def test_a_change_without_any_signal_is_found_by_the_sweep(connected: House):
    connected.member("Ana Ruiz")
    connected.sync()
    Subscription.objects.update(status=Subscription.Status.PAUSED)
    with brokers.real() as app:
        tasks.sweep()
        assert woken(app) == [connected.connection.pk]
        tasks.sync(connected.connection.pk)
    assert connected.inside() == []
