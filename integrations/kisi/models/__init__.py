"""What Core keeps about Kisi: the connection, the ledger, and what was done. No HTTP."""

from integrations.kisi.models.activity import AccessEvent, AccessPerson, Alert, Heartbeat, SyncRun
from integrations.kisi.models.connection import KisiConnection, Pace, Read
from integrations.kisi.models.grant import KisiGrant, Release, still_in
from integrations.kisi.models.look import Checkup, Look
from integrations.kisi.models.preview import Preview, PreviewLine

__all__ = [
    "AccessEvent",
    "AccessPerson",
    "Alert",
    "Checkup",
    "Heartbeat",
    "KisiConnection",
    "KisiGrant",
    "Look",
    "Pace",
    "Preview",
    "PreviewLine",
    "Read",
    "Release",
    "SyncRun",
    "still_in",
]
