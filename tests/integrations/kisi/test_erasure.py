"""Erasing somebody who left, and pruning old events: the two operator's ways to make the activity forget."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.utils import timezone

from integrations.kisi.models import AccessEvent, AccessPerson, KisiGrant, Look, Preview, SyncRun
from integrations.kisi.sync.forgetting import digest_of
from tests.conftest import House, on_sqlite

ANA = "ana@example.com"


@pytest.fixture
def gone(connected: House) -> House:
    """Ana had access and was deleted; Kisi has let go of her."""
    ana = connected.member("Ana")
    connected.sync()
    ana.delete()
    connected.sync()
    assert connected.inside() == []
    return connected


def forget(house: House, email: str = ANA) -> None:
    call_command("forget_person", gym=house.gym.slug, email=email)


def test_an_erased_person_is_named_nowhere_and_what_happened_stays_known(gone, capsys):
    before = AccessEvent.objects.count()
    forget(gone)
    assert "Erased." in capsys.readouterr().out
    assert not AccessPerson.objects.exclude(email="").exists()
    assert not KisiGrant.objects.exclude(email="", name="").exists()
    assert AccessEvent.objects.count() == before
    assert AccessPerson.objects.get().digest == digest_of(ANA)


def test_what_was_shown_to_somebody_lately_is_forgotten_too(gone):
    now = timezone.now()
    Look.objects.create(connection=gone.connection, email=ANA, at=now)
    shown = Preview.objects.create(connection=gone.connection, asked_at=now)
    shown.lines.create(group="unchanged", email=ANA, name="Ana")
    forget(gone)
    assert (Look.objects.count(), shown.lines.count()) == (0, 0)


def test_a_member_of_today_is_not_erased(connected):
    connected.member("Ana")
    connected.sync()
    with pytest.raises(CommandError, match="a member of the gym has this address"):
        forget(connected)
    assert AccessPerson.objects.get().email == ANA


def test_nobody_is_erased_before_kisi_has_let_go(connected):
    ana = connected.member("Ana")
    connected.sync()
    ana.delete()
    with pytest.raises(CommandError, match="run the sync first"):
        forget(connected)
    assert connected.grant("ana").email == ANA


def test_an_erased_person_who_comes_back_begins_anew(gone):
    forget(gone)
    gone.member("Ana")
    gone.sync()
    assert gone.inside() == ["ana"]
    assert AccessPerson.objects.filter(email=ANA).count() == 1


def old(days: int) -> AccessEvent:
    at = timezone.now() - timedelta(days=days)
    return AccessEvent.objects.create(gym_id=1, connection_id=1, kind="granted", at=at)


def test_pruning_deletes_old_events_and_runs_and_leaves_the_others(connected):
    connected.member("Ana")
    connected.sync()
    SyncRun.objects.update(finished_at=timezone.now() - timedelta(days=500))
    kept = AccessEvent.objects.count()
    old(500)
    call_command("prune_activity", days=365)
    assert AccessEvent.objects.count() == kept
    assert not SyncRun.objects.exists()
    assert AccessPerson.objects.filter(email=ANA).exists()


def test_what_the_pages_show_is_not_pruned(db):
    old(80)
    with pytest.raises(CommandError, match="at least 90"):
        call_command("prune_activity", days=30)
    assert AccessEvent.objects.count() == 1


@pytest.mark.skipif(on_sqlite(), reason="SQLite refuses only changes of an event")
@pytest.mark.django_db(transaction=True)
def test_after_a_pruning_the_database_refuses_again_to_delete_an_event():
    event = old(500)
    call_command("prune_activity", days=1000)
    with pytest.raises(DatabaseError), transaction.atomic():
        event.delete()
