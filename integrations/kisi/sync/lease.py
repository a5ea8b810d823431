"""One writer per connection: a lease on its row, with a fence number that every write checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error, connection, transaction
from django.db.models import F, Q

from integrations.kisi.models import KisiConnection
from integrations.kisi.sync.clock import Clock

LEASE = timedelta(seconds=90)


class LeaseLost(Exception):
    """Somebody raised the fence or took the lease over: stop, write nothing more."""


@dataclass(frozen=True, slots=True)
class Lease:
    connection_id: int
    fence: int
    clock: Clock

    @classmethod
    def acquire(cls, connection_id: int, clock: Clock) -> Lease | None:
        """Take the lease when it is free or has run out; None when somebody holds it.

        Clears `look_again`: whatever is asked from here on is seen when the lease is given back.
        """
        now = clock.now()
        with transaction.atomic():
            taken = (
                KisiConnection.objects.filter(pk=connection_id)
                .filter(Q(lease_until=None) | Q(lease_until__lt=now))
                .update(lease_until=now + LEASE, fence=F("fence") + 1, look_again=False)
            )
            if not taken:
                return None
            fence = KisiConnection.objects.values_list("fence", flat=True).get(pk=connection_id)
        return cls(connection_id, fence, clock)

    def check(self) -> None:
        """Renew the lease, or raise LeaseLost. Inside a transaction this keeps the row locked until its end."""
        now = self.clock.now()
        mine = KisiConnection.objects.filter(pk=self.connection_id, fence=self.fence, lease_until__gt=now)
        if not mine.update(lease_until=now + LEASE):
            raise LeaseLost(f"the lease {self.fence} on connection {self.connection_id} is gone")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction whose writes count only while the lease is ours."""
        with transaction.atomic():
            self.check()
            yield

    def give_back(self, *, even_if_asked: bool = False) -> bool:
        """Release; False when new work was asked for meanwhile and the holder should go again."""
        mine = KisiConnection.objects.filter(pk=self.connection_id, fence=self.fence)
        if not even_if_asked:
            mine = mine.filter(look_again=False)
        if mine.update(lease_until=None):
            return True
        return not KisiConnection.objects.filter(pk=self.connection_id, fence=self.fence).exists()

    def drop(self) -> None:
        """Release after a failure of any kind, one in the middle of a query among them.

        Celery's soft time limit raises from a signal, and psycopg then refuses the next query because that one
        is still under way: so over a new connection. Raises Error when the database itself is away.
        """
        try:
            self.give_back(even_if_asked=True)
        except Error:
            connection.close()
            self.give_back(even_if_asked=True)

    def take_request(self) -> None:
        """Begin to serve what was asked for while we worked."""
        KisiConnection.objects.filter(pk=self.connection_id, fence=self.fence).update(look_again=False)


def raise_fence(connection_id: int) -> None:
    """Stop the holder: at most the call in flight still goes out. Caller is in the deciding transaction."""
    KisiConnection.objects.filter(pk=connection_id).update(fence=F("fence") + 1, lease_until=None)
