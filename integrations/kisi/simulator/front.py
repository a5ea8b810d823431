"""From a request to its answer: log, pace, faults, key, role, route. The one place with that order."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from integrations.kisi.simulator import keys
from integrations.kisi.simulator.api import routes
from integrations.kisi.simulator.api.answers import (
    DATES,
    HTML_ERROR,
    Answer,
    Refused,
    Spelling,
    as_html,
    error,
)
from integrations.kisi.simulator.api.desk import Desk
from integrations.kisi.simulator.calls import NO_ANSWER, Incoming
from integrations.kisi.simulator.faults import Armed, spoilt

if TYPE_CHECKING:
    from integrations.kisi.simulator.world import World

GONE = "The endpoint does not exist, please check your request."
TOO_MANY = "Too many requests. Please slow down."


def answer(world: World, incoming: Incoming) -> Answer:
    """Serve one call. Waits (a fault's delay) happen outside the world's lock."""
    with world.lock:
        call = world.calls.begin(incoming, now=world.now())
        refused = _too_many(world, incoming)
        armed = None if refused else world.faults.take(incoming)
    try:
        reply = refused or _played(world, incoming, armed)
    except Exception:
        world.finish(call, status=500)
        raise
    world.finish(call, status=NO_ANSWER if reply.lost else reply.status)
    return _dressed(world, incoming, reply)


def _dressed(world: World, incoming: Incoming, reply: Answer) -> Answer:
    """Every answer as the switches have it: how errors are spelt, which headers stand beside."""
    switches = world.switches
    reply = Spelling(switches.error_code, switches.error_key).of(reply)
    dates = DATES if switches.deprecation_headers == "everywhere" else ()
    return replace(reply, headers=(*reply.headers, *dates, *_limit_headers(world, incoming)))


def _limit_headers(world: World, incoming: Incoming) -> tuple[tuple[str, str], ...]:
    limit = world.switches.rate_limit
    if not world.switches.rate_limit_headers or not limit:
        return ()
    left = world.limiter.left(keys.who(incoming, world.store), limit=limit)
    return (("X-RateLimit-Limit", str(limit)), ("X-RateLimit-Remaining", str(left)))


def _played(world: World, incoming: Incoming, armed: Armed | None) -> Answer:
    if armed is None:
        return _served(world, incoming)
    fault = armed.fault
    if not fault.after_effect:
        armed.wait()
    with world.lock:
        true = _served(world, incoming) if fault.takes_effect else None
        if fault.run is not None:
            fault.run()
    if fault.after_effect:
        armed.wait()
    return spoilt(fault, true)


def _too_many(world: World, incoming: Incoming) -> Answer | None:
    now = world.now()
    wait = world.limiter.wait(keys.who(incoming, world.store), now=now, switches=world.switches)
    return None if wait is None else _slow_down(world, wait, now)


def _slow_down(world: World, wait: float, now: datetime) -> Answer:
    seconds = math.ceil(wait)
    value = {
        "seconds": str(seconds),
        "date": format_datetime(now + timedelta(seconds=seconds), usegmt=True),
    }.get(world.switches.retry_after)
    headers = () if value is None else (("Retry-After", value),)
    if world.switches.too_many_body == "html":
        return as_html(HTML_ERROR.format("429 Too Many Requests"), status=429, headers=headers)
    if world.switches.too_many_body == "empty":
        return Answer(429, headers=headers)
    said = error(429, TOO_MANY)
    return Answer(429, said.body, (*said.headers, *headers))


def _served(world: World, incoming: Incoming) -> Answer:
    with world.lock:
        try:
            reply = _routed(world, incoming)
        except Refused as refused:
            reply = refused.answer
        _count_bad(world, incoming, reply.status)
        return reply


def _routed(world: World, incoming: Incoming) -> Answer:
    method = "PATCH" if incoming.method == "PUT" and world.switches.put_works else incoming.method
    found = routes.find(method, incoming.path)
    if found is None:
        raise Refused(error(404, GONE))
    route, path_ids = found
    desk = Desk(
        store=world.store,
        switches=world.switches,
        now=world.now(),
        login=keys.authenticated(incoming, world.store, world.switches, now=world.now()),
        params=dict(parse_qsl(incoming.query, keep_blank_values=True)),
        raw_body=incoming.body,
        path_ids=path_ids,
    )
    keys.permit(desk, route)
    reply = route.handler(desk)
    if incoming.method != "GET":
        world.touch()
    return reply


def _count_bad(world: World, incoming: Incoming, status: int) -> None:
    login = keys.login_of(incoming, world.store)
    if login is not None:
        keys.count_bad_request(login, status, world.switches)
