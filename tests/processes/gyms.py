"""What tests with real processes ask of a gym, and how they hurry what takes minutes: leases and beat's rows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from integrations.kisi import tasks, wake
from integrations.kisi.models import KisiConnection, KisiGrant
from tests.conftest import House

LOOK, SWEEP = "kisi.look", "kisi.sweep"


def people(house: House) -> Counter[str]:
    """How often each address stands among Kisi's people."""
    return Counter(user.email for user in house.world.store.users)


def is_settled(house: House) -> bool:
    """Nobody holds the lease and no row is between two states."""
    row = house.connection
    unclear = row.grants.open().exclude(state=KisiGrant.State.GRANTED)
    return row.lease_until is None and not row.look_again and not unclear.exists()


def let_the_lease_run_out(house: House) -> None:
    """Its 90 seconds, without waiting for them."""
    KisiConnection.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.look()


def assert_nothing_lost_or_doubled(house: House, inside: list[str]) -> None:
    assert house.inside() == inside
    assert set(people(house).values()) == {1}
    for name in inside:
        assert len(house.world.rights_of(f"{name}@example.com")) == 1


def overlaps(house: House) -> int:
    """How many calls came while another one was being served."""
    return sum(call.in_flight > 0 for call in house.world.requests)


def written(house: House, method: str, path: str) -> int:
    """How many writes of this kind took effect."""
    return sum(
        call.method == method and call.path.startswith(path) and 200 <= (call.status or 0) < 300
        for call in house.world.requests
    )


def most_in_a_second(house: House) -> int:
    """The most calls that Kisi heard within any one second."""
    arrived = sorted(call.arrived for call in house.world.requests)
    return max(sum(start <= one < start + 1 for one in arrived) for start in arrived)


def every_second(*names: str) -> None:
    """Of beat's short rows only these run, every second instead of every 30 or 300."""
    second, _ = IntervalSchedule.objects.get_or_create(every=1, period="seconds")
    for row in PeriodicTask.objects.filter(task__in=[LOOK, SWEEP]):
        row.interval, row.enabled = second, row.task in names
        row.save()


def the_breaker_closes() -> None:
    """Its 30 seconds, without waiting for them."""
    wake.breaker.__init__()  # type: ignore[misc]
