"""The Redis transport, whose consumer outlives an acknowledgement that got no answer.

kombu counts a message whose acknowledgement failed as one in work for ever; after as many of them as a worker has
processes it takes no message any more, silently, until somebody restarts it.
"""

from __future__ import annotations

from kombu.transport import TRANSPORT_ALIASES, redis, virtual


class QoS(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        """Acknowledge; when that fails, the message comes again, and its place is free for the next one."""
        try:
            super().ack(delivery_tag)
        except redis.Transport.connection_errors:
            virtual.QoS.ack(self, delivery_tag)
            raise


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel


def use() -> None:
    """Make every broker address of Redis or Valkey go through it."""
    TRANSPORT_ALIASES.update(dict.fromkeys(["redis", "rediss"], f"{__name__}:Transport"))
