"""Which method and path goes where, and which permission it needs. A table and its look-up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from integrations.kisi.simulator.api import account, assignments, doors, grants, members, users
from integrations.kisi.simulator.api.answers import Answer
from integrations.kisi.simulator.api.desk import Desk

Handler = Callable[[Desk], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """`{id}` in the path is one path part. `needs` None: any valid key may."""

    method: str
    path: str
    handler: Handler
    needs: str | None = None


ROUTES = (
    Route("GET", "/user", users.current),
    Route("GET", "/users", users.index, "users_read"),
    Route("POST", "/users", users.create, "users_write"),
    Route("GET", "/users/{id}", users.show, "users_read"),
    Route("PATCH", "/users/{id}", users.update, "users_write"),
    Route("DELETE", "/users/{id}", users.destroy, "users_write"),
    Route("GET", "/members", members.index, "users_read"),
    Route("POST", "/members", members.create, "users_write"),
    Route("GET", "/members/{id}", members.show, "users_read"),
    Route("PATCH", "/members/{id}", members.update, "users_write"),
    Route("DELETE", "/members/{id}", members.destroy, "users_write"),
    Route("GET", "/role_assignments", assignments.index, "role_assignments_read"),
    Route("POST", "/role_assignments", grants.create, "role_assignments_write"),
    Route("GET", "/role_assignments/{id}", assignments.show, "role_assignments_read"),
    Route("PATCH", "/role_assignments/{id}", assignments.update, "role_assignments_write"),
    Route("DELETE", "/role_assignments/{id}", assignments.destroy, "role_assignments_write"),
    Route("GET", "/groups", doors.groups, "groups_read"),
    Route("GET", "/groups/{id}", doors.group, "groups_read"),
    Route("GET", "/group_locks", doors.group_locks, "groups_read"),
    Route("GET", "/locks", doors.locks, "groups_read"),
    Route("GET", "/locks/{id}", doors.lock, "groups_read"),
    Route("POST", "/locks/{id}/unlock", doors.unlock),
    Route("GET", "/places", doors.places, "groups_read"),
    Route("GET", "/places/{id}", doors.place, "groups_read"),
    Route("GET", "/team_memberships", account.team_memberships, "users_read"),
    Route("GET", "/organization", account.organization),
    Route("GET", "/organizations", account.organizations),
    Route("GET", "/roles", account.all_roles),
    Route("GET", "/roles/{id}", account.role),
    Route("GET", "/login", account.login),
    Route("DELETE", "/login", account.sign_out),
    Route("GET", "/logins", account.logins),
    Route("GET", "/logins/{id}", account.one_login),
    Route("DELETE", "/logins/{id}", account.destroy_login),
)
PATTERNS = tuple((route, re.compile(route.path.replace("{id}", "([^/]+)"))) for route in ROUTES)


def find(method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route and what its path caught; None for an endpoint that does not exist."""
    for route, pattern in PATTERNS:
        caught = pattern.fullmatch(path)
        if caught and route.method == method:
            return route, caught.groups()
    return None
