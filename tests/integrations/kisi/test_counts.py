"""What a page counts: nobody twice, and nobody as waiting whom Core only looks at again (ui.md 4.4)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.kisi import concerns, curve, glance
from integrations.kisi.models import Read
from integrations.kisi.sync import asking, connecting, deciding, switching
from integrations.vault import Secret
from tests.conftest import House


def counts(house: House) -> tuple[int, int, int, int]:
    """(have access, waiting, failed, held)"""
    seen = glance.count(house.connection, house.clock.now())
    return seen.have_access, seen.waiting, seen.failed, seen.held


@pytest.mark.parametrize(
    "fault",
    [
        {"method": "POST", "path": "/users", "status": 422},
        {"method": "POST", "path": "/users", "status": 409},
    ],
)
def test_who_failed_is_not_waiting_too(connected, fault):
    connected.member("Ana")
    connected.world.fault(times=0, **fault)
    connected.sync()
    assert counts(connected) == (0, 0, 1, 0)


def test_who_kept_access_has_it_while_core_reads_after_a_reconnect(connected):
    connected.members(3)
    connected.sync()
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    connecting.reconnect(connected.connection, key=Secret(connected.world.api_key), clock=connected.clock)
    assert counts(connected) == (3, 0, 0, 0)
    seen = glance.look(connected.connection, timezone.now())
    assert (seen.face.tag.tone, seen.is_live) != ("ok", False)


def test_who_is_to_lose_it_after_a_reconnect_waits(connected):
    ana = connected.member("Ana")
    connected.sync()
    switching.disconnect(connected.connection, by=None, now=connected.clock.now())
    connected.subscription(ana).pause()
    connecting.reconnect(connected.connection, key=Secret(connected.world.api_key), clock=connected.clock)
    assert counts(connected)[1] in (0, 1)
    connected.sync()
    assert counts(connected) == (0, 0, 0, 0)


def test_only_the_entitled_are_entitled_and_not_confirmed(connected):
    ana = connected.member("Ana")
    connected.sync()
    connected.subscription(ana).pause()
    connected.member("Ben")
    seen = glance.count(connected.connection, connected.clock.now())
    assert (seen.waiting, seen.entitled_waiting) == (2, 1)


def test_whose_removal_was_allowed_is_not_held_any_more(connected):
    connected.members(20)
    connected.sync()
    connected.plan.has_24hr_access = False
    connected.plan.save()
    connected.sync()
    assert counts(connected) == (20, 0, 0, 20)
    emails = [row.email for row in deciding.undecided(connected.connection, connected.today())]
    deciding.allow(connected.connection, emails[:5], by=None, now=connected.clock.now())
    assert counts(connected) == (20, 5, 0, 15)
    assert len(deciding.undecided(connected.connection, connected.today())) == 15
    cards = concerns.cards(connected.connection, connected.clock.now())
    assert [card.heading for card in cards if not card.is_calm] == ["15 removals are held"]
    connected.sync()
    assert counts(connected) == (15, 0, 0, 15)


def test_a_day_counts_people_and_not_what_was_done_to_them(connected):
    ana = connected.member("Ana")
    connected.member("Ben")
    connected.sync()
    for _ in range(2):
        connected.subscription(ana).pause()
        connected.sync()
        connected.subscription(ana).resume(today=connected.today())
        connected.sync()
    asking.ask(connected.connection, Read.FULL, because="check", now=connected.clock.now())
    connected.sync()
    drawn = curve.of(connected.connection, 2, connected.clock.now())
    assert drawn.today.said == "2 people got access, 1 person lost it"


def test_the_days_before_are_walked_back_by_every_single_event(connected):
    ana = connected.member("Ana")
    connected.sync()
    connected.subscription(ana).pause()
    connected.sync()
    connected.subscription(ana).resume(today=connected.today())
    connected.sync()
    drawn = curve.of(connected.connection, 1, connected.clock.now())
    assert (drawn.today.people, drawn.today.gained, drawn.today.lost) == (1, 1, 1)
