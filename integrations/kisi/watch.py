"""Beat and worker watch each other: whichever still lives mails that the sync has stopped."""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery.signals import beat_init, worker_ready
from django.db import DatabaseError, connection

from integrations.kisi import glance, numbers, tasks
from integrations.kisi.models import KisiConnection
from integrations.kisi.sync.clock import database_now

log = logging.getLogger(__name__)
EVERY = 60.0


@worker_ready.connect(dispatch_uid="kisi-watch-worker")
@beat_init.connect(dispatch_uid="kisi-watch-beat")
def keep_watch(**_: Any) -> None:
    """Look once a minute, for as long as this process lives."""
    threading.Thread(target=_forever, daemon=True, name="watch").start()


def look() -> None:
    """Mail that the sync is silent: with no beat, or no worker, nobody else would."""
    now, sign = database_now(), glance.last_sign()
    if sign is not None and now - sign <= numbers.SILENCE:
        return
    tasks.tell(KisiConnection.objects.live().values_list("pk", flat=True), now)


def _forever() -> None:
    pause = threading.Event()
    while not pause.wait(EVERY):
        try:
            look()
        except DatabaseError as error:
            log.warning("the watch could not look: %s", type(error).__name__)
        finally:
            connection.close()
