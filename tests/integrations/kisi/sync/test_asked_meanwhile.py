"""Asked for a look while one is being made: the pages read so far may be older, so it is made again."""

from __future__ import annotations

import pytest

from integrations.kisi.models import Read, SyncRun
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking
from tests.conftest import House
from tests.stories import meanwhile


def press(house: House) -> None:
    """The button "Sync now"."""
    asking.ask(house.connection, Read.FULL, because="Sync now", now=house.clock.now())


def reads_in_full(house: House) -> int:
    """Each begins by asking whose the organization is."""
    return house.world.count("GET", "/organization")


@pytest.mark.django_db(transaction=True)
def test_a_press_during_a_full_read_is_answered_by_another_one(connected: House):
    """Ben's right is deleted by hand behind the reader's back, and then somebody presses the button."""
    connected.member("Ben")
    connected.sync()
    connected.world.forget_requests()

    def by_hand() -> None:
        connected.world.remove_right(connected.world.rights_of("ben@example.com")[0])
        press(connected)

    connected.world.fault(
        method="GET", path="/role_assignments", query="group_id", kind=Kind.PASS, run=meanwhile(by_hand)
    )
    press(connected)
    connected.sync()
    assert reads_in_full(connected) == 2
    assert connected.inside() == ["ben"]
    assert connected.connection.want_read == Read.LEDGER


@pytest.mark.django_db(transaction=True)
def test_a_hundred_presses_before_and_during_a_read_are_two_reads(connected: House):
    connected.world.forget_requests()
    fifty = meanwhile(lambda: [press(connected) for _ in range(50)])
    connected.world.fault(method="GET", path="/role_assignments", query="group_id", kind=Kind.PASS, run=fifty)
    for _ in range(50):
        press(connected)
    connected.sync()
    assert reads_in_full(connected) == 2


@pytest.mark.django_db(transaction=True)
def test_a_press_while_another_run_begins_is_kept_for_the_run_that_reads(connected: House):
    connected.clock.forward(minutes=11)  # the watch asks Kisi before any run is begun
    connected.world.fault(method="GET", path="/user", kind=Kind.PASS, run=meanwhile(lambda: press(connected)))
    connected.member("Ana")
    connected.sync()
    runs = list(SyncRun.objects.order_by("pk").values_list("because", "read"))
    assert runs == [("subscription change", Read.LEDGER), ("Sync now", Read.FULL)]
