"""The page a person watches: who can open which door, the people, the last calls, the mails. Changes nothing."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from integrations.kisi.simulator.access import Access
from integrations.kisi.simulator.api.answers import Answer, as_html
from integrations.kisi.simulator.calls import Call, Incoming
from integrations.kisi.simulator.rows import Assignment, Mail, Organization, User
from integrations.kisi.simulator.style import CSS

if TYPE_CHECKING:
    from integrations.kisi.simulator.world import World

LAST_CALLS, LAST_MAILS, MOST_PEOPLE, MOST_NAMES = 30, 30, 200, 60
STANDS_STILL = "still"
HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
)
Cells = list[tuple[str, str]]


def answer(world: World, incoming: Incoming) -> Answer:
    """Looks again every 2 s, unless asked to stand `still`."""
    is_still = incoming.query == STANDS_STILL
    with world.lock:
        body = _header(world, is_still=is_still) + _main(world)
    refresh = "" if is_still else '<meta http-equiv="refresh" content="2">'
    return as_html(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Kisi simulator</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}'
        f"<style>{CSS}</style></head><body>{body}</body></html>",
        headers=HEADERS,
    )


def _header(world: World, *, is_still: bool) -> str:
    calls = f"{_many(world.calls.total, 'call')} so far, {world.calls.writes:,} of them writes."
    link = '<a href="/">Keep up to date</a>' if is_still else f'<a href="/?{STANDS_STILL}">Stand still</a>'
    return (
        "<header><h1>Kisi simulator</h1>"
        f'<p class="muted">As of {_time(world.now())} UTC · {link}</p>'
        '<p class="lead">A local stand-in for Kisi: it opens no real door. '
        f"{calls}</p></header>"
    )


def _main(world: World) -> str:
    organizations = "".join(_organization(world, row) for row in world.store.organizations)
    calls = list(world.calls.rows)[-LAST_CALLS:][::-1]
    mails = list(world.store.mails)[-LAST_MAILS:][::-1]
    return (
        f'<main>{organizations}<div class="two"><section><h2>Last calls</h2>{_calls(calls)}</section>'
        f"<section><h2>Mails sent</h2>{_mails(mails)}</section></div></main><footer></footer>"
    )


def _organization(world: World, organization: Organization) -> str:
    access = Access(world.store, world.switches, world.now())
    openers = access.openers(organization.id)
    doors = "".join(_door(world.store.locks.rows[key].name, users) for key, users in openers.items())
    people = world.store.users.of(organization.id)
    opened = {user.id for users in openers.values() for user in users}
    return (
        f"<section><h2>Who can open which door now · {escape(organization.name)}</h2>"
        f'<div class="doors">{doors}</div></section>'
        f"<section><h2>People · {len(people)}</h2>{_people(world, people, opened)}</section>"
    )


def _door(name: str, users: list[User]) -> str:
    shown = sorted(users, key=lambda user: (user.name or user.email).lower())[:MOST_NAMES]
    names = "".join(f'<li class="tag ok">{escape(user.name or user.email)}</li>' for user in shown)
    more = f'<li class="tag">and {len(users) - len(shown)} more</li>' if len(users) > len(shown) else ""
    inside = f'<ul class="names">{names}{more}</ul>' if users else '<p class="muted">Nobody can open it.</p>'
    count = "1 person" if len(users) == 1 else f"{len(users)} people"
    return (
        f'<article class="card"><header><h3>{escape(name)}</h3><span class="muted">{count}</span></header>'
        f"{inside}</article>"
    )


def _people(world: World, people: list[User], opened: set[int]) -> str:
    newest_first = people[::-1][:MOST_PEOPLE]
    rows = [_person(world, user, can_open=user.id in opened) for user in newest_first]
    more = len(people) - len(newest_first)
    note = f'<p class="muted">The newest {MOST_PEOPLE}; {more} more are not shown.</p>' if more else ""
    return _table(("Name", "Email", "Doors", "Rights", "Id"), rows) + note


def _person(world: World, user: User, *, can_open: bool) -> Cells:
    roles = "".join(_right(world, right) for right in world.store.held_by(user))
    teams = "".join(_tag(f"Team {team.name}", "info") for team in world.store.teams_of(user))
    return [
        ("Name", escape(user.name or "")),
        ("Email", escape(user.email)),
        ("Doors", _state(user, can_open=can_open)),
        ("Rights", (roles + teams) or '<span class="muted">none</span>'),
        ("Id", str(user.id)),
    ]


def _state(user: User, *, can_open: bool) -> str:
    if not user.access_enabled:
        return _tag("Suspended", "warn")
    return _tag("Can open", "ok") if can_open else _tag("No door", "idle")


def _right(world: World, right: Assignment) -> str:
    if right.applies_to_type != "Group":
        return _tag(right.role_id.replace("_", " ").capitalize(), "warn")
    words = world.store.groups.rows[right.applies_to_id].name
    if right.role_id != "group_basic":
        words += f" ({right.role_id})"
    if not right.valid_at(world.now()):
        words += ", not valid now"
    return _tag(words, "info" if right.valid_at(world.now()) else "idle")


def _calls(calls: list[Call]) -> str:
    if not calls:
        return '<p class="empty">No calls yet. Connect Core with this address, key and Group ID.</p>'
    return _table(("Call", "Answer", "Time", "Took", "Key"), [_call(call) for call in calls], name="log")


def _call(call: Call) -> Cells:
    query = f"?{call.query}" if call.query else ""
    took = "" if call.seconds is None else f"{call.seconds * 1000:.0f}&nbsp;ms"
    return [
        ("Call", f"<code>{escape(call.method)} {escape(call.path + query)}</code>"),
        ("Answer", _answered(call)),
        ("Time", _time(call.time)),
        ("Took", took),
        ("Key", f"…{escape(call.key)}" if call.key else '<span class="muted">none</span>'),
    ]


def _answered(call: Call) -> str:
    if call.status is None:
        return _tag("waiting", "info")
    if not call.status:
        return _tag("no answer", "bad")
    tone = "ok" if call.status < 300 else "warn" if call.status < 500 else "bad"
    return _tag(str(call.status), tone)


def _mails(mails: list[Mail]) -> str:
    if not mails:
        return '<p class="empty">No mails yet.</p>'
    return _table(("To", "Because of", "Time"), [_mail(mail) for mail in mails], name="log")


def _mail(mail: Mail) -> Cells:
    return [
        ("To", escape(mail.recipient)),
        ("Because of", f"<code>{escape(mail.trigger)}</code>"),
        ("Time", _time(mail.created_at)),
    ]


def _table(heads: tuple[str, ...], rows: list[Cells], *, name: str = "people") -> str:
    head = "".join(f'<th scope="col" role="columnheader">{name}</th>' for name in heads)
    body = "".join(_row(cells) for cells in rows)
    return (
        f'<table class="{name}" role="table"><thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def _row(cells: Cells) -> str:
    first = f'<th scope="row" role="rowheader">{cells[0][1]}</th>'
    rest = "".join(
        f'<td role="cell" data-label="{name}"><span>{shown}</span></td>' for name, shown in cells[1:]
    )
    return f'<tr role="row">{first}{rest}</tr>'


def _tag(words: str, tone: str) -> str:
    return f'<span class="tag {tone}">{escape(words)}</span>'


def _time(at: datetime) -> str:
    return f'<time datetime="{at.isoformat()}">{at:%H:%M:%S}</time>'


def _many(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
