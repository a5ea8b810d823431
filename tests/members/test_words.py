"""How times, dates, counts and people read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.template import Context, Template

from members import wording, words
from members.models import Gym
from members.slots import Tag
from members.templatetags import core

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("local", "said"),
    [
        (datetime(2026, 11, 24, 14, 5), "today 14:05"),
        (datetime(2026, 11, 24, 0, 0), "today 00:00"),
        (datetime(2026, 11, 23, 23, 59), "yesterday 23:59"),
        (datetime(2026, 11, 25, 6, 0), "tomorrow 06:00"),
        (datetime(2026, 11, 9, 9, 12), "Mon 9 Nov, 09:12"),
        (datetime(2025, 10, 3, 9, 12), "3 Oct 2025, 09:12"),
        (datetime(2027, 1, 2, 9, 12), "2 Jan 2027, 09:12"),
    ],
)
def test_a_moment_is_said_by_its_distance(local, said):
    assert words.moment(local, TODAY) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=59), "less than a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=23), "23 hours"),
        (timedelta(days=2, hours=3), "2 days"),
    ],
)
def test_a_span_is_said_in_its_largest_unit(span, said):
    assert words.lasting(span) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Pacific/Auckland", "today 02:30"),
        ("America/Los_Angeles", "yesterday 05:30"),
        ("Asia/Kathmandu", "yesterday 19:15"),
        ("UTC", "yesterday 13:30"),
    ],
)
def test_a_page_shows_times_on_the_gyms_own_wall(zone, said):
    at = datetime(2026, 11, 23, 13, 30, tzinfo=UTC)
    with time_machine.travel(datetime(2026, 11, 24, 9, 0, tzinfo=UTC), tick=False):
        html = Template("{% load core %}{% gymtime at %}").render(
            Context({"gym": Gym(timezone=zone), "at": at})
        )
    assert html.startswith('<time datetime="2026-11-23T13:30:00Z" title="')
    assert html.endswith(f'">{said}</time>')


def test_without_a_time_it_was_never():
    assert core.gymtime(Context({}), None) == "never"
    assert core.gymdate(None) == ""


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 people"), (1, "1 person"), (2, "2 people"), (1204, "1,204 people")]
)
def test_people_are_counted(count, said):
    assert core.people(count) == said


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Open Door is paused (payment failed)", "(Open Door is paused: payment failed)"),
        ("Open Door is paused", "(Open Door is paused)"),
        ("Open Door (old) has no 24-hr access", "(Open Door (old) has no 24-hr access)"),
        ("", "()"),
    ],
)
def test_no_bracket_closes_two_at_once(reason, said):
    assert core.bracketed(reason) == said


def test_other_things_are_counted_too():
    assert [core.counted(n, "plan,plans") for n in (1, 3)] == ["1 plan", "3 plans"]


@pytest.mark.parametrize(("zone", "city"), [("America/Los_Angeles", "Los Angeles"), ("UTC", "UTC")])
def test_a_zone_is_known_by_its_city(zone, city):
    assert core.city(zone) == city


@pytest.mark.parametrize(
    ("tag", "picture"),
    [
        (Tag("Connected", "ok"), "tick"),
        (Tag("Held", "warn"), "bars"),
        (Tag("Kisi not answering", "warn"), "warn"),
        (Tag("Needs new key", "bad"), "key"),
        (Tag("Failed", "bad"), "cross"),
        (Tag("Waiting", "info"), "clock"),
        (Tag("Paused", "idle"), "bars"),
        (Tag("Not connected", "idle"), "dash"),
    ],
)
def test_a_tag_is_color_picture_and_word(tag, picture):
    html = core.tag(tag)
    assert f'class="tag {tag.tone}"' in html
    assert f"#{picture}" in html
    assert html.endswith(f"{tag.word}</span>")
    assert 'aria-hidden="true"' in html


def test_every_picture_that_is_asked_for_is_drawn(settings):
    drawn = (settings.BASE_DIR / "config/static/icons.svg").read_text()
    assert all(f'id="{name}"' in drawn for name in {*core.PICTURES.values(), *core.TONES.values()})


def test_people_of_one_name_are_told_apart_by_their_address():
    rows = [
        SimpleNamespace(name=name, email=email)
        for name, email in [("Ana", "a@x"), ("Ana", "b@x"), ("", "c@x")]
    ]
    assert [(line["name"], line["email"]) for line in core.told_apart(rows)] == [
        ("Ana", "a@x"),
        ("Ana", "b@x"),
        ("c@x", ""),
    ]


@pytest.mark.parametrize(
    ("came", "left", "said"),
    [
        (["Ana"], [], "1 more, 0 fewer. Check it again. New on it: Ana."),
        ([], ["Ana", "Ben"], "0 more, 2 fewer. Check it again. No longer on it: Ana and Ben."),
        (list("ABCDEFG"), [""], "7 more, 1 fewer. Check it again. New on it: A, B, C, D, E and 2 more."),
        (["Ana", ""], [], "2 more, 0 fewer. Check it again. New on it: Ana and 1 more."),
    ],
)
def test_a_list_that_changed_says_by_whom(came, left, said):
    assert wording.list_changed(came, left) == f"The list changed while you were reading: {said}"


def test_the_exact_time_has_the_second_and_the_zone():
    at = datetime(2026, 11, 24, 20, 47, 3, tzinfo=UTC).astimezone(ZoneInfo("Europe/Stockholm"))
    assert words.exact(at, "Europe/Stockholm") == "Tue 24 Nov 2026, 21:47:03, Europe/Stockholm"


def test_a_time_on_a_page_has_the_exact_one_in_reach():
    gym = Gym(name="Harbor Gym", timezone="Europe/Stockholm")
    at = datetime(2025, 11, 24, 20, 47, 3, tzinfo=UTC)
    html = Template("{% load core %}{% gymtime at %}").render(Context({"gym": gym, "at": at}))
    assert html == (
        '<time datetime="2025-11-24T20:47:03Z" title="Mon 24 Nov 2025, 21:47:03, Europe/Stockholm">'
        "24 Nov 2025, 21:47</time>"
    )
