"""What happened to a member: twenty at a time, newest first, however many sources tell of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from members import slots
from members.models import Change, Member
from members.slots import TimelineEntry
from members.timeline import LAST
from tests.desk import Desk, Page
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ana(gym) -> Member:
    return MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz")


def happened(member: Member, count: int) -> None:
    """Change 1 is the oldest; one every second day."""
    Change.objects.bulk_create(
        Change(
            gym=member.gym,
            member_id=member.pk,
            action="x",
            detail=f"Change {n}",
            at=NEW_YEAR + timedelta(days=2 * n),
        )
        for n in range(1, count + 1)
    )


def told(count: int):
    """Another source, whose events lie between the changes; it is asked for so many, and gives no more."""
    events = [TimelineEntry(NEW_YEAR + timedelta(days=2 * n + 1), f"Event {n}") for n in range(count, 0, -1)]
    return lambda member, most: events[:most]


def entries(page: Page) -> list[str]:
    return re.findall(r'<li><span><bdi dir="ltr">(\w+ \d+)</bdi>', page.html)


def walk(desk: Desk, ana: Member) -> list[list[str]]:
    """Every page by its Older, as somebody without scripts goes."""
    pages, page = [], desk.open("members:detail", ana.pk)
    while True:
        pages.append(entries(page))
        older = re.search(r'href="\?([^"#]+)#happened" rel="next"', page.html)
        if older is None:
            return pages
        page = desk.open("members:detail", ana.pk, **dict([older.group(1).split("=")]))


def test_the_newest_twenty_come_first_and_older_leads_on(desk, ana, no_doors):
    happened(ana, 45)
    pages = walk(desk, ana)
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [text for page in pages for text in page] == [f"Change {n}" for n in range(45, 0, -1)]


def test_the_sources_are_merged_on_every_page_and_nothing_is_said_twice_or_left_out(desk, ana, no_doors):
    happened(ana, 30)
    slots.member_events.append(told(30))
    expected = [text for n in range(30, 0, -1) for text in (f"Event {n}", f"Change {n}")]
    assert [text for page in walk(desk, ana) for text in page] == expected


def test_one_source_that_has_much_to_tell_hides_no_other(desk, ana, no_doors):
    happened(ana, 1)
    slots.member_events.append(told(41))
    assert walk(desk, ana)[-1] == ["Event 1", "Change 1"]


def test_twenty_need_no_other_page(desk, ana, no_doors):
    happened(ana, 20)
    page = desk.open("members:detail", ana.pk)
    assert "Older" not in page.text
    assert "Newer" not in page.text


def test_a_page_further_back_says_which_and_leads_back(desk, ana, no_doors):
    happened(ana, 45)
    page = desk.open("members:detail", ana.pk, page=2)
    assert page.title == "Ana Ruiz (page 2) – Harbor Gym – Core"
    assert page.says("Newer Page 2 Older")
    assert 'href="?page=1#happened" rel="prev"' in page.html


@pytest.mark.parametrize("asked", ["0", "-1", "x", "", "²", "1" * 30])
def test_an_address_that_is_no_page_shows_the_newest(desk, ana, no_doors, asked):
    happened(ana, 45)
    assert entries(desk.open("members:detail", ana.pk, page=asked))[0] == "Change 45"


def test_before_the_first_there_is_nothing(desk, ana, no_doors):
    happened(ana, 3)
    page = desk.open("members:detail", ana.pk, page=9_999_999)
    assert page.says("Nothing happened before that.", "Newer")
    assert "Older" not in page.text


def test_it_goes_back_a_hundred_pages_at_most(desk, ana, no_doors):
    slots.member_events.append(told(20 * LAST + 5))
    assert "Older" in desk.open("members:detail", ana.pk, page=LAST - 1).text
    assert "Older" not in desk.open("members:detail", ana.pk, page=LAST).text


def test_far_back_is_asked_as_little_as_the_newest(desk, ana, no_doors, django_assert_max_num_queries):
    happened(ana, 300)
    for page in (1, 2, 14):
        with django_assert_max_num_queries(12):
            assert len(entries(desk.open("members:detail", ana.pk, page=page))) == 20


def test_of_another_gyms_member_nothing_is_told(desk, ana, charlie, no_doors):
    theirs = MemberFactory(gym=charlie.gym)
    happened(theirs, 3)
    assert desk.open("members:detail", theirs.pk).status == 404
    Change.objects.filter(member_id=theirs.pk).update(member_id=ana.pk, at=timezone.now())
    assert entries(desk.open("members:detail", ana.pk)) == []
