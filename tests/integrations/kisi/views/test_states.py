"""Every state of ui.md 4.4 as a page shows it: tag, heading, the whole text and the button; green only without any.

Where the page differs from 4.4 on purpose: a time carries its day, for most states last longer than one; a
disconnect says what it removed beside what was kept; the check that was incomplete has its Sync now in the header.
States beside 4.4's are Wrong person, No doors, Roles in Kisi and Restored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Read, SyncRun
from members.models import Member
from tests.conftest import House
from tests.desk import Desk, Page
from tests.town import link

SINCE, NEXT = datetime(2025, 11, 21, 9, 5, tzinfo=UTC), datetime(2125, 11, 21, 9, 35, tzinfo=UTC)
AT, THEN = "21 Nov 2025, 09:05", "21 Nov 2125, 09:35"
Make = Callable[[House, Member], object]


@pytest.fixture
def gym(house: House, admin: Desk, settings: Any) -> House:
    """Connected and quiet, with a worker and beat that live; nobody asks Kisi here."""
    settings.KISI_CALLS_PER_SECOND = 4
    house.gym.timezone = "UTC"
    house.gym.save()
    link(house.gym, organization_name="Harbor", status_since=SINCE)
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=timezone.now())
    return house


@pytest.fixture
def ana(gym: House) -> Member:
    """She has access as the ledger knows; whoever else is made waits for it."""
    member = gym.member("Ana")
    row(gym, member)
    return member


def row(house: House, member: Member, **facts: Any) -> KisiGrant:
    known = {"state": "granted", "origin": "created", "role_assignment_id": member.pk, "name": member.name}
    known |= {"email": member.email, "member": member, "confirmed_at": SINCE}
    return KisiGrant.objects.create(connection=house.connection, **(known | facts))


def stands(status: str, *, waiting: int = 1, **facts: Any) -> Make:
    """In that status, while so many wait."""

    def make(house: House, ana: Member) -> None:
        house.members(waiting)
        by = house.gym.staff.first().user if status in ("paused", "disconnected") else None
        KisiConnection.objects.update(status=status, status_by=by, **facts)

    return make


def is_(**facts: Any) -> Make:
    return lambda house, ana: KisiConnection.objects.update(**facts)


def ran(state: str, **facts: Any) -> Make:
    known = {"started_at": timezone.now(), "finished_at": timezone.now(), "because": "daily check"}
    return lambda house, ana: SyncRun.objects.create(
        connection=house.connection, state=state, **(known | facts)
    )


def silent(house: House, ana: Member) -> None:
    Heartbeat.objects.update(at=SINCE)


def held(house: House, ana: Member) -> None:
    for member in house.members(2, status="paused"):
        row(house, member, held_since=SINCE)


def failed(house: House, ana: Member) -> None:
    """One on each side of the door."""
    row(house, house.member("Ben"), state="absent", role_assignment_id=None, origin="", trouble="refused")
    row(house, house.member("Cleo", status="paused"), trouble="forbidden")


def roles(house: House, ana: Member) -> None:
    for member in house.members(3):
        row(house, member, state="absent", role_assignment_id=None, managed="has the role basic")


@dataclass(frozen=True)
class State:
    tag: str
    tone: str
    heading: str
    text: str
    button: str
    make: Make = field(default=is_(restored_at=None))


CREDENTIALS = "Enter another key"
STATES = {
    "disconnected": State(
        "Disconnected",
        "idle",
        "Kisi is disconnected",
        f"Since {AT} by Alice Adams. 1 person kept the access they had; Core no longer changes it.",
        "Reconnect",
        stands("disconnected"),
    ),
    "paused": State(
        "Paused",
        "idle",
        "Syncing is paused",
        f"Since {AT} by Alice Adams. Nobody's access changes: who cancels keeps it, who joins does not get it. "
        "2 changes wait.",
        "Resume",
        stands("paused", waiting=2),
    ),
    "401": State(
        "Needs new key",
        "bad",
        "Kisi no longer accepts the API key",
        "The doors stay as they are: nobody gains or loses access until you enter a new key. "
        f"2 changes wait since {AT} and are sent by themselves afterwards.",
        "Enter a new key",
        stands("needs_new_key", waiting=2),
    ),
    "401, one waits": State(
        "Needs new key",
        "bad",
        "Kisi no longer accepts the API key",
        "The doors stay as they are: nobody gains or loses access until you enter a new key. "
        f"1 change waits since {AT} and is sent by itself afterwards.",
        "Enter a new key",
        stands("needs_new_key"),
    ),
    "401, nothing waits": State(
        "Needs new key",
        "bad",
        "Kisi no longer accepts the API key",
        "The doors stay as they are: nobody gains or loses access until you enter a new key. "
        f"No change waits since {AT}; later ones are sent by themselves afterwards.",
        "Enter a new key",
        stands("needs_new_key", waiting=0),
    ),
    "other organization": State(
        "Wrong organization",
        "bad",
        "This key belongs to another organization",
        "It opens Summit; the connection was made with Harbor. Core changed nothing.",
        CREDENTIALS,
        stands("wrong_organization", status_said="Summit"),
    ),
    "403 on everything": State(
        "Key too weak",
        "bad",
        "The key's owner may not change people in Kisi",
        "The doors stay as they are. In Kisi make Olga Owner an administrator, or enter another key. "
        "1 change waits.",
        CREDENTIALS,
        stands("key_too_weak"),
    ),
    "group 404": State(
        "Group not found",
        "bad",
        "Kisi has no group 7 any more",
        "If it was deleted, nobody gets in through it. Core removed nobody. Enter another group's ID.",
        "Update credentials",
        stands("group_gone"),
    ),
    "heartbeats": State(
        "Sync stopped",
        "bad",
        "Core's own sync is not running",
        f"No sign of life since {AT}. Access stays as it is, and later changes have not reached Kisi. "
        "Tell whoever runs Core.",
        "Open Troubleshooting",
        silent,
    ),
    "in trouble": State(
        "Kisi not answering",
        "warn",
        f"Kisi has not answered since {AT}",
        f"Nobody's access was changed. 1 change waits; Core tries again {THEN}. You need to do nothing.",
        "",
        stands("in_trouble", retry_at=NEXT),
    ),
    "in trouble, asked for at once": State(
        "Kisi not answering",
        "warn",
        f"Kisi has not answered since {AT}",
        "Nobody's access was changed. 1 change waits; Core tries again in a moment. You need to do nothing.",
        "",
        stands("in_trouble", retry_at=None),
    ),
    "brake": State(
        "Removals held",
        "warn",
        "2 removals are waiting for your word",
        "That is more than your limit of 1 within 24 hours. These 2 people can still open the doors. "
        "New access is given as usual.",
        "Review 2 removals",
        held,
    ),
    "somebody failed": State(
        "Needs attention",
        "warn",
        "2 people could not be updated",
        "1 person cannot open the doors though they should; 1 person can still open the doors though they should "
        "not.",
        "See what to do",
        failed,
    ),
    "429": State(
        "Slowed down",
        "info",
        "Kisi has asked Core to slow down",
        "Everything goes through, only later: 2 changes, less than a minute.",
        "",
        stands("throttled", waiting=2),
    ),
    "429, nothing waits": State(
        "Slowed down",
        "info",
        "Kisi has asked Core to slow down",
        "Everything goes through, only later.",
        "",
        stands("throttled", waiting=0),
    ),
    "not cut over": State(
        "Moving in",
        "info",
        "Move-in is not finished",
        "Core gives access, but takes away only access it created itself.",
        "Go on with Move-in",
        is_(sole_source_since=None),
    ),
    "sealed key": State(
        "Needs new key",
        "bad",
        "Core cannot open the stored API key",
        "The doors stay as they are: nobody gains or loses access until you enter a new key. "
        f"1 change waits since {AT} and is sent by itself afterwards.",
        "Enter a new key",
        stands("needs_new_key", status_said="the stored key cannot be opened"),
    ),
    "another person's key": State(
        "Wrong person",
        "bad",
        "This key belongs to somebody else",
        "It is Bob's; the connection was made with a key of Olga Owner. Core changed nothing.",
        CREDENTIALS,
        stands("wrong_organization", status_said="another person: Bob"),
    ),
    "no doors": State(
        "No doors",
        "warn",
        "The group 24-hr Access opens no doors",
        "Nobody gets in by this group. Add doors to it in Kisi; Core notices that by itself.",
        "",
        is_(doors=[]),
    ),
    "roles": State(
        "Roles in Kisi",
        "warn",
        "3 people have a role in Kisi, so Core leaves them alone",
        "They are most of your members there. Whoever of them cancels still gets in, "
        "until somebody takes the role away in Kisi.",
        "",
        roles,
    ),
    "restored": State(
        "Restored",
        "warn",
        "The database was restored from a backup",
        "Access is given as usual. Until you have applied a preview, only people go whom somebody names.",
        "Make a preview",
        is_(restored_at=SINCE),
    ),
}
PAGES = ("kisi:overview", "dashboard", "marketplace", "kisi:attention")


def is_green(page: Page) -> bool:
    return 'class="tag ok"' in page.html


@pytest.mark.parametrize("name", list(STATES))
def test_a_state_has_its_tag_heading_text_and_button(gym, ana, admin, name):
    state = STATES[name]
    state.make(gym, ana)
    for page in (admin.open("kisi:overview"), admin.open("dashboard")):
        said = f"{state.heading} {state.text}"
        assert page.says(f"{said} {state.button}".strip() if "Also:" not in page.text else said)
        assert f'class="tag {state.tone}"' in page.html
        assert page.says(state.tag)
        if state.button:
            assert f'id="face-action">{state.button}<' in page.html or f'">{state.button}</a>' in page.html


@pytest.mark.parametrize("name", list(STATES))
@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_green_in_any_of_them(gym, ana, admin, name, page):
    STATES[name].make(gym, ana)
    assert not is_green(admin.open(page))


def test_nothing_of_it_is_green_and_has_no_banner(gym, ana, admin):
    ran("finished", read=Read.FULL)(gym, ana)
    page = admin.open("kisi:overview")
    assert page.says("Connected", "nothing to change", "Sync now")
    assert is_green(page)
    assert 'class="banner' not in page.html


def test_a_gym_without_kisi_is_told_that_it_opens_no_doors(house, admin):
    page = admin.open("kisi:overview")
    assert page.says("Kisi is not connected", "Core opens no doors for anybody.", "Connect Kisi")
    assert not is_green(page)


@pytest.mark.parametrize("who", ["Ben", "Cleo"])
def test_whoever_failed_is_not_green_on_their_own_page_or_in_the_list(gym, ana, admin, who):
    failed(gym, ana)
    member = Member.objects.get(first_name=who)
    assert not is_green(admin.open("members:detail", member.pk))
    assert not is_green(admin.open("members:list", q=who))


class TestARun:
    """The heading counts people; the text estimates, and names who asked for it."""

    def test_it_gives_access_at_a_persons_word(self, gym, ana, admin):
        gym.member("Zoe")
        ran("running", total=2400, done=1200, granted=4, by=admin.user, finished_at=None)(gym, ana)
        page = admin.open("kisi:overview")
        assert page.says("Syncing", "Giving access: 1,200 of 2,400 people", "About 10 minutes left. Started ")
        assert page.says("by Alice Adams. You can leave this page; the sync goes on without it.")
        assert not is_green(page)

    def test_it_was_the_schedule(self, gym, ana, admin):
        ran("running", total=2, done=1, finished_at=None)(gym, ana)
        assert admin.open("kisi:overview").says(
            "Less than a minute left. Started ", " by the daily check. You"
        )

    def test_a_long_one_is_told_in_hours(self, gym, ana, admin):
        ran("running", total=10_900, done=0, finished_at=None)(gym, ana)
        assert admin.open("kisi:overview").says("About 2 hours left.")

    def test_one_that_reads_says_how_far_it_is(self, gym, ana, admin):
        ran("running", total=0, read_so_far=1250, read=Read.FULL, finished_at=None)(gym, ana)
        page = admin.open("kisi:overview")
        assert page.says("Reading Kisi: 1,250 people so far", "The first sync is not done yet.")
        assert "No sync has run yet" not in page.text

    def test_a_disconnect_removes_only_what_core_gave(self, gym, ana, admin):
        KisiConnection.objects.update(status="disconnecting")
        ran("running", total=12, done=5, revoked=5, finished_at=None)(gym, ana)
        page = admin.open("kisi:overview")
        assert page.says(
            "Disconnecting", "Removing access: 5 of 12 people", "Only access that Core gave is removed."
        )
        assert page.says("Stop, keep the rest")
        assert not is_green(page)


def test_an_incomplete_check_says_when_the_next_one_is(gym, ana, admin):
    ran("incomplete", read=Read.FULL, reason="a page was short")(gym, ana)
    page = admin.open("kisi:overview")
    assert page.says("Check incomplete", "The last check of Kisi was incomplete", "Sync now")
    assert page.says(
        "so Core drew no conclusions and removed nobody. Changes made in Core still go through. Next check "
    )
    assert not is_green(page)


def test_the_dead_worker_leads_to_troubleshooting_from_every_page(gym, ana, admin, staff):
    silent(gym, ana)
    assert "Open Troubleshooting" in admin.open("members:list").text
    assert "Open Troubleshooting" not in staff.open("members:list").text


def test_numbers_have_their_comma(gym, ana, admin):
    KisiGrant.objects.bulk_create(
        KisiGrant(connection=gym.connection, email=f"p{n}@example.com", state="granted", role_assignment_id=n)
        for n in range(1, 1200)
    )
    page = admin.open("kisi:overview")
    assert page.says("1,200have access", "1,199waiting")
    assert admin.open("dashboard").says("1,199 waiting")
