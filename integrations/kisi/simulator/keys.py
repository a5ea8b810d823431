"""Whose key a request carries, and whether it may. Answers 401 and 403, knows no resource."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.kisi.simulator.api.answers import RANGE, Answer, Refused, as_json, error, refused
from integrations.kisi.simulator.api.desk import Desk
from integrations.kisi.simulator.api.routes import Route
from integrations.kisi.simulator.calls import Incoming
from integrations.kisi.simulator.rows import Login
from integrations.kisi.simulator.store import Store
from integrations.kisi.simulator.switches import Switches

SCHEME = "KISI-LOGIN "
PARTNER_HEADERS = ("X-Kisi-Integration-Identifier", "X-Kisi-Integration-Contact")
SUSPENDED = "The API login was suspended because of too many bad requests."


def login_of(incoming: Incoming, store: Store) -> Login | None:
    """The login named by the header, alive or not."""
    header = incoming.headers.get("Authorization", "")
    return store.login_by_secret(header.removeprefix(SCHEME)) if header.startswith(SCHEME) else None


def who(incoming: Incoming, store: Store) -> str:
    """Whose calls are counted together: the key's person, else the address the call came from."""
    login = login_of(incoming, store)
    return f"user {login.user_id}" if login else f"address {incoming.remote}"


def authenticated(incoming: Incoming, store: Store, switches: Switches, *, now: datetime) -> Login:
    login = login_of(incoming, store)
    if login is None or _is_expired(login, switches, now=now):
        raise Refused(Answer(401) if switches.bad_key_body == "empty" else error(401))
    if login.suspended:
        raise refused(int(switches.suspended_status), SUSPENDED)
    if switches.partner_headers_required and not all(incoming.headers.get(name) for name in PARTNER_HEADERS):
        raise refused(403, "Integration headers are required.")
    login.last_used_at = now
    return login


def _is_expired(login: Login, switches: Switches, *, now: datetime) -> bool:
    last = login.last_used_at or login.created_at
    return login.expire and last + timedelta(days=switches.key_idle_days) < now


def permit(desk: Desk, route: Route) -> None:
    """Refuse a key whose role is too weak for this route; one's own rights may always be read."""
    if (route.method, route.path) == ("GET", "/user") and not desk.sees_itself:
        raise refused(403)
    if route.needs is None or desk.may(route.needs):
        return
    if route.path == "/role_assignments" and route.method == "GET" and desk.params.get("user_id") == "me":
        return
    if route.method != "GET":
        raise refused(int(desk.switches.weak_write))
    if desk.switches.weak_read != "empty":
        raise refused(int(desk.switches.weak_read))
    is_list = "{id}" not in route.path
    raise Refused(as_json([], headers=((RANGE, "*/0"),)) if is_list else error(404))


def count_bad_request(login: Login, status: int, switches: Switches) -> None:
    """Kisi may suspend a key that keeps sending bad requests."""
    if 400 <= status < 500 and status != 429:
        login.bad_requests += 1
        if 0 < switches.suspend_after_bad_requests <= login.bad_requests:
            login.suspended = True
