"""The database of yesterday against the Kisi of today: nobody goes before an admin has seen who it would be."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import transaction

from integrations.kisi.models import KisiConnection, Preview, PreviewLine
from integrations.kisi.sync import applying, deciding, preview
from tests.conftest import House
from tests.factories import UserFactory
from tests.faults.conftest import Saw
from tests.faults.stage import at_work, beat, doubles, end, taken
from tests.faults.table import fault

BACK = ["ana", "ben", "cleo"]


def a_day_passes(house: House) -> None:
    """Ana resumes, Ben's cancel is undone, Cleo joins, one leaves, one gets another address."""
    members = {member.first_name: member for member in house.gym.members.all()}
    house.subscription(members["Ana"]).resume(today=house.today())
    house.plan.subscriptions.filter(member=members["Ben"]).update(status="active", ends_on=None)
    house.member("Cleo")
    end(house, [members["W00000"]])
    members["W00001"].email = "new@example.com"
    members["W00001"].save()
    house.sync()
    assert set(BACK) <= set(house.inside())
    assert "w00000" not in house.inside()


@pytest.fixture
def yesterdays(connected: House) -> House:
    """Kisi as it is today, Core as it was when Ana was paused and Ben about to be removed."""
    at_work(connected, 10)
    connected.subscription(connected.member("Ana")).pause()
    connected.member("Ben")
    connected.sync()
    ben = connected.gym.members.get(first_name="Ben")
    connected.subscription(ben).cancel_now(today=connected.today())
    connected.plan.subscriptions.filter(member=ben).update(ends_on=None)
    word = {"cause": "form", "by": None, "now": connected.clock.now()}
    deciding.give_word(connected.connection, ben.email, **word)
    backup = transaction.savepoint()
    a_day_passes(connected)
    transaction.savepoint_rollback(backup)
    return connected


def applied(house: House) -> Preview:
    """An admin asks for a preview, reads it and applies it."""
    admin, now = UserFactory(), house.clock.now()
    shown = preview.ask(house.connection, by=admin, now=now)
    preview.make(shown.pk, clock=house.clock)
    shown.refresh_from_db()
    assert applying.ask(shown, by=admin, now=house.clock.now())
    house.sync()
    return shown


@fault(64, "Restore DB from yesterday's backup", expected="every row uncertain, preview, a person confirms")
@pytest.mark.django_db
def test_after_a_restored_backup_nobody_goes_before_a_preview_was_applied(
    yesterdays: House, saw: Saw
) -> None:
    house, before = yesterdays, taken(yesterdays)
    call_command("kisi_restored", "--all")
    assert set(house.connection.grants.open().values_list("state", flat=True)) == {"uncertain"}
    house.member("Eve")
    house.sync()
    beat(house, minutes=6 * 60)
    early = taken(house) - before
    assert early == 0
    assert {*BACK, "eve", "w00000", "new"} <= set(house.inside())
    shown = applied(house)
    losing = shown.lines.filter(group=PreviewLine.Group.LOSE)
    assert sorted(losing.values_list("name", flat=True)) == ["Ana", "Ben"]
    beat(house, minutes=10)
    assert {"ana", "ben"}.isdisjoint(house.inside())
    assert {"cleo", "eve", "w00000", "new"} <= set(house.inside())
    assert taken(house) - before == 4  # Ana and Ben, each a right and a profile
    assert doubles(house) == 0
    assert KisiConnection.objects.get().restored_at is None
    saw(
        "all looked at, joiners let in; the two named went after the preview",
        f"{early} removals before confirm",
    )
