"""One id from a press in the browser through the queue to the run, its events and the worker's log."""

from __future__ import annotations

from uuid import uuid4

from django.test import Client

from integrations.kisi.models import AccessEvent, SyncRun
from tests.desk import BACKEND
from tests.factories import StaffFactory
from tests.processes.machinery import until
from tests.processes.real import REAL

pytestmark = REAL


def test_what_a_press_causes_carries_its_id_everywhere(gym, start, caplog):
    gym.member("Ana")
    client, trace = Client(), uuid4().hex
    client.force_login(StaffFactory(gym=gym.gym).user, backend=BACKEND)
    answer = client.post("/marketplace/kisi/sync/", headers={"Correlation-ID": trace})
    assert answer.headers["Correlation-ID"] == trace
    worker = start()
    until(lambda: gym.inside() == ["ana"], within=10, what="Ana in the group")
    until(lambda: SyncRun.objects.filter(state="finished").exists(), within=10, what="the end of the run")
    assert SyncRun.objects.get(because="Sync now").trace == trace
    assert AccessEvent.objects.get(kind="granted").trace == trace
    until(lambda: f"{trace} integrations.kisi.tasks" in worker.printed, within=5, what="the worker's log")
