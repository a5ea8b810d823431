"""The dashboard with Kisi behind it: the state, who can get in, what waits, what needs attention (ui.md 4.1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant
from integrations.kisi.sync.drift import Drift
from plans.models import Subscription
from tests.conftest import House
from tests.integrations.kisi.diary import NOON, Diary


@pytest.fixture
def gym(house: House) -> House:
    """Connected for a hundred days, quiet, nobody inside; nobody may ask Kisi here."""
    now = timezone.now()
    KisiConnection.objects.create(
        gym=house.gym,
        group_id=1,
        doors=["Front door"],
        sole_source_since=now,
        must_read_first=False,
        connected_at=now - timedelta(days=100),
    )
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=now)
    return house


def inside(house: House, name: str, **facts: object) -> KisiGrant:
    member = house.member(name)
    known = {"state": "granted", "origin": "created", "role_assignment_id": member.pk, "name": member.name}
    known |= {"email": member.email, "member": member, "until": None}
    return KisiGrant.objects.create(connection=house.connection, **(known | facts))


class TestDoors:
    def test_quiet_and_whole_there_is_no_banner(self, gym, staff):
        inside(gym, "Ana")
        page = staff.open("dashboard")
        assert page.says("Doors", "Connected", "1 person can open the doors", "Nothing waits.")
        assert page.says("Needs attention Nothing needs attention.")
        assert 'class="banner' not in page.html

    @pytest.mark.parametrize(
        ("facts", "said"),
        [
            ({"status": "group_gone"}, "1 person has access, but Kisi has no group 1 any more"),
            ({"doors": []}, "1 person has access, but the group 24-hr Access opens no doors"),
            ({"status": "disconnected"}, "1 person had access when Kisi was disconnected"),
        ],
    )
    @pytest.mark.parametrize("page", ["dashboard", "kisi:people"])
    def test_nobody_can_open_doors_that_are_not_there(self, gym, staff, facts, said, page):
        inside(gym, "Ana")
        KisiConnection.objects.update(group_name="24-hr Access", **facts)
        shown = staff.open(page)
        assert shown.says(said)
        assert "can open the doors" not in shown.text

    def test_it_leads_to_kisi_and_to_who_is_inside(self, gym, staff):
        page = staff.open("dashboard")
        for name in ("kisi:overview", "kisi:people"):
            assert f'href="{reverse(name)}"' in page.html

    def test_what_waits_is_counted_and_led_to(self, gym, staff):
        gym.member("Ben")
        page = staff.open("dashboard")
        assert page.says("1 waiting")
        assert f"{reverse('members:list')}?access=waiting" in page.html

    def test_what_happened_today_is_said(self, gym, staff):
        diary = Diary(gym.connection)
        hours = (timezone.now() - NOON).total_seconds() / 3600
        diary.event("granted", "Ana", hours=hours)
        diary.event("revoked", "Ben", hours=hours)
        page = staff.open("dashboard")
        assert page.says("Today 1 person got access, 1 person lost it.")
        assert f"?since={gym.today():%Y-%m-%d}" in page.html

    def test_ninety_days_are_a_picture_and_a_table(self, gym, staff):
        inside(gym, "Ana")
        hours = (timezone.now() - NOON).total_seconds() / 3600
        Diary(gym.connection).event("granted", "Ana", hours=hours - 24 * 10)
        page = staff.open("dashboard")
        assert page.says("The last 90 days: 0 to 1 person at the end of a day", "Show as a table")
        assert '<path class="line" d="M0 100.0H79V 0.0H90"/>' in page.html
        assert "style=" not in page.html
        assert page.html.count("<tbody><tr>") == 1

    def test_on_the_first_day_there_is_no_picture_yet(self, gym, staff):
        KisiConnection.objects.update(connected_at=timezone.now())
        page = staff.open("dashboard")
        assert "<figure" not in page.html
        assert page.says("From tomorrow on, a chart here shows how many people can get in, day by day.")

    @pytest.mark.parametrize("query", [{}, {"all": "1"}])
    @pytest.mark.parametrize("name", ["dashboard", "kisi:people"])
    def test_who_is_in_the_group_without_core_is_said_not_to_be_counted(self, gym, staff, name, query):
        inside(gym, "Ana")
        said = "Not counted, but also in the group"
        assert said not in staff.open(name, **query).text
        KisiConnection.objects.update(other_rights=["Coaches (Team)"])
        assert staff.open(name, **query).says(f"{said}: Coaches (Team).")


class TestState:
    def test_the_gravest_is_a_banner_with_its_one_button(self, gym, admin):
        gym.member("Ana")
        KisiConnection.objects.update(status="needs_new_key")
        page = admin.open("dashboard")
        assert page.says("Kisi no longer accepts the API key", "Enter a new key", "Needs new key")
        assert page.html.count("button primary") == 1

    def test_staff_are_told_who_can_do_it(self, gym, admin, staff):
        KisiConnection.objects.update(status="needs_new_key")
        page = staff.open("dashboard")
        assert page.says("An admin can do this: Alice Adams.")
        assert "Enter a new key" not in page.text

    def test_silence_is_said_once(self, gym, staff):
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
        assert staff.open("dashboard").text.count("Core's own sync is not running") == 1

    @pytest.mark.parametrize(
        "status", ["disconnecting", "in_trouble", "paused", "needs_new_key", "connected"]
    )
    @pytest.mark.parametrize("page", ["members:list", "plans:list", "kisi:attention", "dashboard"])
    def test_on_every_page_a_dead_worker_is_said_once(self, gym, staff, status, page):
        KisiConnection.objects.update(status=status)
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
        assert staff.open(page).text.count("Core's own sync is not running") == 1

    def test_a_gym_that_left_kisi_is_told_of_no_worker(self, gym, staff):
        KisiConnection.objects.update(status="disconnected")
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
        for page in ("members:list", "dashboard"):
            assert "Core's own sync" not in staff.open(page).text

    def test_without_kisi_an_admin_can_connect_and_staff_are_told(self, house, admin, staff):
        house.member("Ana")
        page = admin.open("dashboard")
        assert page.says("No doors are connected.", "Connect Kisi")
        assert "Needs attention" not in page.text
        assert staff.open("dashboard").says("No doors are connected.", "An admin can connect Kisi.")

    def test_a_new_gym_has_one_first_step(self, house, admin):
        page = admin.open("dashboard")
        assert page.says("Welcome to Harbor Gym", "Start with a plan, then add members.", "Connect Kisi")
        assert page.html.count("button primary") == 1


class TestAttention:
    def test_the_gravest_comes_first_in_the_words_of_its_card(self, gym, staff):
        inside(gym, "Ana", held_since=timezone.now())
        inside(gym, "Ben", state="absent", trouble="refused", last_error="is invalid")
        gym.member("Cem", email="")
        page = staff.open("dashboard")
        words = ("1 removal is held", "1 person: Kisi refuses their details", "1 person has no email address")
        assert page.says("Needs attention " + " ".join(words))
        assert staff.open("kisi:attention").says(*words)
        assert "See all" not in page.text

    def test_of_more_than_three_the_rest_is_a_link(self, gym, staff):
        for number, trouble in enumerate(("refused", "forbidden", "conflict", "unclear", "lost")):
            inside(gym, f"P{number}", state="absent", trouble=trouble)
        page = staff.open("dashboard")
        assert page.says("See all 5")
        assert "Kisi did not answer clearly" not in page.text.partition("Needs attention")[2]

    def test_ends_of_tomorrow_over_the_limit_stand_before_troubles(self, gym, staff):
        for number in range(8):
            inside(gym, f"P{number}", until=gym.today() if number < 7 else None)
        Subscription.objects.exclude(member__first_name="P7").update(ends_on=gym.today())
        inside(gym, "Zoe", state="absent", trouble="refused")
        words = (
            "7 people lose access tomorrow, more than your limit",
            "1 person: Kisi refuses their details",
        )
        assert staff.open("dashboard").says("Needs attention " + " ".join(words))
        assert staff.open("kisi:attention").says(*words)

    def test_a_second_writer_stands_last(self, gym, staff):
        inside(gym, "Ana", state="absent", trouble="refused")
        diary = Diary(gym.connection)
        hours = (timezone.now() - NOON).total_seconds() / 3600
        for back in range(3):
            diary.event("drift", "Ben", hours=hours - back, cause=Drift.RIGHT_GONE)
        words = ("1 person: Kisi refuses their details", "Something else changes 1 person in Kisi")
        assert staff.open("dashboard").says("Needs attention " + " ".join(words))
        assert staff.open("kisi:attention").says(*words)

    @pytest.mark.parametrize("page", ["dashboard", "kisi:attention"])
    def test_under_a_dead_key_nobody_is_told_that_nothing_needs_attention(self, gym, staff, page):
        KisiConnection.objects.update(status="needs_new_key")
        said = staff.open(page)
        assert said.says("Kisi no longer accepts the API key", "No single person needs attention.")
        assert "Nothing needs attention" not in said.text
        assert "last attempt went through" not in said.text
