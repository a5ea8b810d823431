"""A local Kisi for the demo, the tests and load: `World` holds it, `serve` answers for it over HTTP."""

from integrations.kisi.simulator.calls import Call
from integrations.kisi.simulator.faults import Armed, Fault, Kind
from integrations.kisi.simulator.rows import Assignment, Group, Lock, Mail, Organization, Team, User
from integrations.kisi.simulator.server import Server, serve, start
from integrations.kisi.simulator.switches import Switches, UnknownSwitch
from integrations.kisi.simulator.world import World

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
