"""What staff see, the pages that say no, and the mails as they are read in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.template.loader import render_to_string
from django.utils import timezone

from integrations.kisi import letters
from integrations.kisi.causes import CAUSES
from integrations.kisi.models import KisiConnection
from members.models import Staff
from tests.browser import states
from tests.browser.conftest import KISI, Window
from tests.browser.scenes.kinds import Scene
from tests.browser.served import Served

FOR_STAFF = {
    "dashboard": "/",
    "marketplace": "/marketplace/",
    "overview": KISI,
    "activity": f"{KISI}activity/",
    "attention": f"{KISI}attention/",
    "people": f"{KISI}people/",
    "plans": "/plans/",
    "members": "/members/",
}


def staff(served: Served, desk: Window) -> Iterator[str]:
    """The same words without the buttons, while removals are held; and what staff may not open."""
    states.held(served.house)
    desk.page.context.add_cookies([served.cookie("staff")])
    for name, path in FOR_STAFF.items():
        desk.open(path)
        yield f"{name}-for-staff"
    desk.open(f"/members/{states.ana(served.house).pk}/")
    yield "member-for-staff"
    desk.open(f"{KISI}rules/")
    yield "forbidden-for-staff"
    desk.wrong.clear()


def errors(served: Served, desk: Window) -> Iterator[str]:
    """No gym, a lost token, too many tries, Core itself broken."""
    desk.open("/plans/new/")
    desk.page.evaluate("document.querySelector('main [name=csrfmiddlewaretoken]').value = 'x'.repeat(64)")
    desk.press("Save plan")
    yield "forbidden-token"
    for name in ("429", "500"):
        desk.page.set_content(render_to_string(f"{name}.html"), wait_until="networkidle")
        desk.page.evaluate("window.shift = 0")  # it was put in, not loaded with its stylesheet
        yield f"error-{name}"
    Staff.objects.all().delete()
    desk.open("/")
    yield "forbidden-no-gym"
    desk.wrong.clear()


def mails(served: Served, desk: Window) -> Iterator[str]:
    """One of each cause that a settled gym can be brought to."""
    house, now = served.house, timezone.now()
    states.held(house)
    shown: set[str] = set()
    yield from _letters(served, desk, shown)
    states.failed(house)
    yield from _letters(served, desk, shown)
    for status in ("needs_new_key", "key_too_weak", "group_gone", "in_trouble"):
        states.stand(house, status, status_since=now - timedelta(hours=2))
        yield from _letters(served, desk, shown)
    KisiConnection.objects.update(status="connected")
    for name, letter in (
        ("week", letters.week(house.connection, letters.Week(120, 14, 9, 1, 0, 2, 6))),
        ("all-clear", letters.all_clear(house.connection, now, sent=3, failed=1)),
    ):
        _show(desk, house.connection, letter)
        yield f"mail-{name}"


def _letters(served: Served, desk: Window, shown: set[str]) -> Iterator[str]:
    """Of each cause that holds now and was not shown before."""
    connection = served.house.connection
    for cause in CAUSES:
        news = cause.look(connection, timezone.now())
        if news is not None and cause.key not in shown:
            shown.add(cause.key)
            _show(desk, connection, news.write())
            yield f"mail-{cause.key.replace('_', '-')}"


def _show(desk: Window, connection: KisiConnection, letter: letters.Letter) -> None:
    [(html, _)] = letters.message(connection, letter, ["a@example.com"]).alternatives
    desk.page.goto("about:blank")
    desk.page.set_content(str(html))


SCENES: dict[str, Scene] = {"for-staff": staff, "errors": errors, "mails": mails}
