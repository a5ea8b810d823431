"""Core's pages show what others registered, and are whole without anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from members import slots
from members.models import Change, Member
from members.slots import Effect, Piece, TimelineEntry, carry_out_change, forecast_change
from tests.factories import MemberFactory, PlanFactory, SubscriptionFactory
from tests.members.doors import lines

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_doors")]


@pytest.fixture
def ana(gym) -> Member:
    return MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz")


def piece(words: str) -> Piece:
    """Any template with words in it will do."""
    return Piece("members/_probe.html", {"words": words})


@pytest.fixture(autouse=True)
def probe(tmp_path, settings):
    folder = tmp_path / "members"
    folder.mkdir()
    (folder / "_probe.html").write_text("<p>{{ piece.words }}</p>")
    templates = [dict(entry) for entry in settings.TEMPLATES]
    templates[0]["DIRS"] = [*templates[0]["DIRS"], tmp_path]
    settings.TEMPLATES = templates


def test_a_new_gym_is_welcomed(desk):
    page = desk.open("dashboard")
    assert page.says("Welcome to Harbor Gym Start with a plan, then add members.", "New plan")


def test_a_gym_with_members_is_not_welcomed_again(desk, ana):
    assert "Welcome" not in desk.open("dashboard").text


def test_the_dashboard_says_who_starts_and_who_ends(desk, gym, ana):
    today = gym.today(timezone.now())
    soon, later = today + timedelta(days=7), today + timedelta(days=8)
    plan = PlanFactory(gym=gym, name="Open Door")
    SubscriptionFactory(member=ana, plan=plan, status="pending_active", starts_on=soon)
    SubscriptionFactory(member=ana, plan=plan, status="pending_cancel", ends_on=today)
    bea = MemberFactory(gym=gym, first_name="Bea", last_name="Late")
    SubscriptionFactory(member=bea, plan=plan, status="pending_active", starts_on=later)
    SubscriptionFactory(member=bea, plan=plan, status="paused", ends_on=soon)
    page = desk.open("dashboard")
    assert page.says("Starts Ana Ruiz Open Door from", "Ends Ana Ruiz Open Door until the end of")
    assert "Bea" not in page.text.partition("Latest changes")[0]


def test_the_dashboard_shows_the_five_latest_changes(desk, gym, ana, bob):
    for number in range(7):
        detail = f"Plan {number}: Active to Paused"
        Change.record(gym, "pause", by=bob.user, member_id=ana.pk, detail=detail)
    text = desk.open("dashboard").text
    assert [number for number in range(7) if f"Ana Ruiz: Plan {number} was paused" in text] == [2, 3, 4, 5, 6]


def test_the_latest_changes_read_as_sentences(desk, gym, ana):
    for action, detail in (("add member", "Ana Ruiz added"), ("start", "All Hours: Active")):
        Change.record(gym, action, member_id=ana.pk, detail=detail)
    Change.record(gym, "pause", member_id=0, detail="All Hours: Active to Paused")
    said = desk.open("dashboard").text.partition("Latest changes ")[2]
    sentences = [
        "All Hours was paused today",
        "Ana Ruiz: All Hours started today",
        "Ana Ruiz was added today",
    ]
    assert sorted(sentences, key=said.index) == sentences


def test_tiles_stand_on_the_dashboard_and_banners_on_every_page(desk, ana):
    slots.dashboard_tiles.append(lambda request: piece("32 people can open the doors"))
    slots.banners.append(lambda request: piece(f"Sync stopped at {request.gym}"))
    slots.banners.append(lambda request: None)
    assert desk.open("dashboard").says("32 people can open the doors", "Sync stopped at Harbor Gym")
    for name in ("plans:list", "members:new", "account_change_password"):
        assert desk.open(name).says("Sync stopped at Harbor Gym")


def test_a_panel_is_the_first_section_of_the_members_page(desk, ana):
    slots.member_panels.append(lambda request, member: piece(f"{member.first_name} can get in"))
    text = desk.open("members:detail", ana.pk).text
    assert text.index("Ana can get in") < text.index("Subscriptions") < text.index("What happened")


def test_the_timeline_is_of_all_who_tell_something_newest_first(desk, ana, bob):
    Change.record(ana.gym, "change member", by=bob.user, member_id=ana.pk, detail="Details changed")
    old = TimelineEntry(datetime(2026, 1, 2, tzinfo=UTC), "Ana got access", "Worker", "plan bought")
    slots.member_events.append(lambda member, most: [old])
    text = desk.open("members:detail", ana.pk).text
    assert text.index("Details changed") < text.index("Ana got access")
    assert "Worker · plan bought" in text


def test_the_members_page_is_whole_without_anybody(desk, ana):
    page = desk.open("members:detail", ana.pk)
    assert page.says("Ana Ruiz", "Subscriptions", "What happened", "Details", "No subscription yet.")
    assert "Kisi" not in page.text


def test_without_a_keeper_of_doors_a_change_is_simply_made(gym, ana):
    assert forecast_change(gym, ana.delete) == Effect.empty()
    assert Member.objects.exists()
    assert carry_out_change(gym, ana.delete, by=None, cause="", shown="") == Effect.empty()
    assert not Member.objects.exists()


def test_keeping_access_touches_nobody():
    assert not Effect(keeps=lines("Ana")).touches_anybody
    assert Effect(gains=lines("Ana")).touches_anybody
    assert Effect(loses=lines("Ana")).touches_anybody
