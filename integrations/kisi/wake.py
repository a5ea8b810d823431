"""Publishing "look again": on commit, once per gym and transaction, never slow, never an error to the caller."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial

from django.db import transaction

from integrations.kisi.models import KisiConnection

log = logging.getLogger(__name__)

REST_AFTER_FAILURE = 30.0


class Breaker:
    """After a failed publish, publish nothing for 30 s: the sweep finds what is owed anyway."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._closed_until = 0.0

    @property
    def is_open(self) -> bool:
        return self._monotonic() < self._closed_until

    def trip(self) -> None:
        self._closed_until = self._monotonic() + REST_AFTER_FAILURE


breaker = Breaker()


def wake_gym(gym_id: int, send: Callable[[int], None]) -> None:
    """After this transaction, wake the gym's live connection once, however many rows changed."""
    if not _already_asked(gym_id):
        transaction.on_commit(partial(_wake_now, gym_id=gym_id, send=send), robust=True)


def wake(connection_ids: Iterable[int], send: Callable[[int], None]) -> None:
    """Publish for these connections after this transaction; a broker that is down costs half a second once."""
    ids = list(connection_ids)
    transaction.on_commit(partial(_publish, ids, send), robust=True)


def _already_asked(gym_id: int) -> bool:
    """Looks at the callbacks still pending, so that a savepoint rolled back takes its wake-up with it."""
    pending = transaction.get_connection().run_on_commit
    return any(_is_wake_for(entry[1], gym_id) for entry in pending)


def _is_wake_for(callback: object, gym_id: int) -> bool:
    return (
        isinstance(callback, partial)
        and callback.func is _wake_now
        and callback.keywords.get("gym_id") == gym_id
    )


def _wake_now(*, gym_id: int, send: Callable[[int], None]) -> None:
    live = KisiConnection.objects.live().filter(gym_id=gym_id)
    ids = list(live.values_list("pk", flat=True))
    if ids:
        KisiConnection.objects.filter(pk__in=ids, look_again=False).update(look_again=True)
        _publish(ids, send)


def _publish(ids: list[int], send: Callable[[int], None]) -> None:
    for connection_id in ids:
        if breaker.is_open:
            return
        try:
            send(connection_id)
            log.info("woke connection %s", connection_id)
        except Exception as error:  # noqa: BLE001 - any broker's error: the row says look_again, nothing is lost
            breaker.trip()
            log.warning("wake-up of connection %s not published: %s", connection_id, type(error).__name__)
