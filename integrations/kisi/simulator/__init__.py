"""A local Kisi for the demo, the tests and load: `World` holds it, `serve` answers for it over HTTP."""

from .calls import Call
from .faults import Armed, Fault, Kind
from .rows import Assignment, Group, Lock, Mail, Organization, Team, User
from .server import Server, serve, start
from .switches import Switches, UnknownSwitch
from .world import World

__all__ = [
    "Armed",
    "Assignment",
    "Call",
    "Fault",
    "Group",
    "Kind",
    "Lock",
    "Mail",
    "Organization",
    "Server",
    "Switches",
    "Team",
    "UnknownSwitch",
    "User",
    "World",
    "serve",
    "start",
]
