"""Moving in from another platform, up to the page that makes Core the only source (ui.md 4.10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.kisi import named
from integrations.kisi.models import Heartbeat, KisiConnection, Release
from integrations.kisi.sync import deciding
from tests.conftest import House
from tests.desk import Desk
from tests.factories import PlanFactory, SubscriptionFactory


@pytest.fixture
def moving(house: House) -> House:
    """Ana is entitled; Old and Odd are members with access in Kisi and no plan; the cleaner is only in Kisi."""
    house.member("Ana")
    for name in ("Old", "Odd"):
        house.member(name, status="cancelled")
        house.in_kisi(name)
    house.in_kisi("Cleaner")
    house.connect()
    house.sync()
    return house


def losing(house: House) -> str:
    """Old and Odd, as the page's form names them."""
    return named.pack(house.grant(who).pk for who in ("old", "odd"))


def test_move_in_shows_where_it_stands(moving, admin):
    page = admin.open("kisi:move-in")
    assert page.says(
        "Move in from another platform", "1 of 1 plan", "Open Door", "2 people would lose access"
    )
    assert page.says("Old", "Odd")


def test_staff_have_no_part_in_it(moving, admin, staff):
    for name in ("kisi:move-in", "kisi:cut-over"):
        assert staff.open(name).status == 403
    staff.post("kisi:cut-over", sure="on", people=losing(moving))
    assert moving.connection.in_transition


def test_the_page_names_who_loses_who_keeps_and_who_stays(moving, admin):
    page = admin.open("kisi:cut-over")
    assert page.h1 == "Make Core the only source?"
    assert page.says(
        "2 people lose access",
        "Odd (Open Door was cancelled)",
        "Old (Open Door was cancelled)",
        "1 person keeps it",
        "Ana",
        "1 person is only in Kisi and stays.",
    )


@pytest.mark.parametrize(
    ("status", "when"),
    [("paused", "once syncing is resumed"), ("needs_new_key", "once there is a new key")],
)
def test_while_nothing_is_written_it_says_before_and_after_when_they_lose_it(moving, admin, status, when):
    KisiConnection.objects.update(status=status)
    page = admin.open("kisi:cut-over")
    assert page.says(f"2 people lose access {when}")
    page = admin.press(page, "Cut over and remove access for 2 people", sure="on")
    assert page.says(f"Core is the only source now. 2 people lose access {when}.")


def test_under_a_dead_worker_it_says_that_nobody_loses_it_yet(moving, admin):
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now() - timedelta(minutes=16)})
    page = admin.press(admin.open("kisi:cut-over"), "Cut over and remove access for 2 people", sure="on")
    assert page.says("2 people lose access once Core's own sync runs again.")


@pytest.fixture
def left(moving: House) -> House:
    """Old got another address, Odd was deleted: both while moving in."""
    moving.gym.members.get(first_name="Odd").delete()
    old = moving.gym.members.get(first_name="Old")
    old.email = "new@example.com"
    old.save()
    moving.sync()
    return moving


def test_whoever_left_while_moving_in_is_named_with_the_reason(left, admin):
    for name in ("kisi:cut-over", "kisi:move-in", "kisi:overview", "kisi:people"):
        assert admin.open(name).says("Old", "Odd"), name
    page = admin.open("kisi:cut-over")
    assert page.says(
        "2 people lose access", "Odd (no longer a member)", "Old (the email is new@example.com now)"
    )


def test_an_address_that_was_emptied_while_moving_in_is_named_too(moving, admin):
    moving.gym.members.filter(first_name="Old").update(email="")
    moving.sync()
    assert admin.open("kisi:cut-over").says("Old (there is no email any more)")


def test_confirmed_they_go_and_are_in_no_list_any_more(left, admin):
    page = admin.open("kisi:cut-over")
    admin.press(page, "Cut over and remove access for 2 people", sure="on")
    left.sync()
    assert left.inside() == ["ana", "cleaner"]
    assert "Odd" not in admin.open("kisi:people").text


@pytest.fixture
def mixed(moving: House) -> House:
    """Besides: an administrator who is entitled, Wes whom nothing let in yet, Lee left to Kisi, Ned whose removal
    is held, and Una whom Core looks at again.
    """
    moving.world.make_admin(moving.in_kisi("Meg", right=False))
    for name in ("Meg", "Lee", "Una", "Ned"):
        moving.member(name)
    moving.sync()
    lee = moving.gym.members.get(first_name="Lee")
    deciding.leave_to_kisi(moving.connection, lee, by=None, now=moving.clock.now())
    moving.subscription(lee).pause()
    moving.connection.grants.filter(email="lee@example.com").update(origin="adopted")
    moving.connection.grants.filter(email="una@example.com").update(state="uncertain")
    moving.connection.grants.filter(email="ned@example.com").update(held_since=moving.clock.now())
    moving.subscription(moving.gym.members.get(first_name="Ned")).pause()
    moving.member("Wes")
    return moving


def test_who_loses_and_who_keeps_are_together_all_who_have_access(mixed, admin):
    page = admin.open("kisi:cut-over")
    assert page.says("2 people lose access", "4 people keep it", "Ana", "Lee", "Ned", "Una")
    assert "Wes" not in page.text
    assert "Meg" not in page.text
    assert admin.open("kisi:people").h1.startswith("6 people")


def test_somebody_whom_core_looks_at_again_loses_all_the_same(moving, admin):
    moving.connection.grants.filter(email="old@example.com").update(state="uncertain")
    page = admin.open("kisi:cut-over")
    assert page.says("2 people lose access", "1 person keeps it")
    admin.press(page, "Cut over and remove access for 2 people", sure="on")
    moving.sync()
    assert moving.inside() == ["ana", "cleaner"]


def test_the_page_says_what_else_goes_with_the_access(moving, admin):
    said = "Their Kisi profiles are deleted, and unlock history may be lost."
    assert admin.open("kisi:cut-over").says(said)
    moving.connection.__class__.objects.update(keep_profiles=True)
    assert said not in admin.open("kisi:cut-over").text


def test_where_nobody_loses_no_profile_is_spoken_of(moving, admin):
    for name in ("Old", "Odd"):
        SubscriptionFactory(member=moving.gym.members.get(first_name=name), plan=moving.plan)
    assert "unlock history" not in admin.open("kisi:cut-over").text


def test_where_nobody_has_access_yet_the_cut_over_is_open_all_the_same(house: House, admin: Desk):
    house.member("Old", status="cancelled")
    house.in_kisi("Old")
    house.connect()
    house.member("Ana")
    page = admin.open("kisi:cut-over")
    assert page.says("1 person loses access", "Nobody keeps it")
    admin.press(page, "Cut over and remove access for 1 person", sure="on")
    assert not house.connection.in_transition


def test_it_has_to_be_confirmed(moving, admin):
    page = admin.press(admin.open("kisi:cut-over"), "Cut over and remove access for 2 people")
    assert page.says("Confirm that Core alone decides")
    assert moving.connection.in_transition


def test_confirmed_it_is_the_word_for_exactly_these(moving, admin):
    page = admin.open("kisi:cut-over")
    page = admin.press(page, "Cut over and remove access for 2 people", sure="on")
    assert page.says("Core is the only source since", "2 people lose access.")
    words = {(word.email, word.by) for word in Release.objects.all()}
    assert words == {("old@example.com", admin.user), ("odd@example.com", admin.user)}
    moving.sync()
    assert moving.inside() == ["ana", "cleaner"]


def test_a_list_that_moved_is_shown_again_and_nothing_is_done(moving, admin):
    page = admin.open("kisi:cut-over")
    moving.member("Late", status="cancelled")
    moving.in_kisi("Late")
    moving.connection.__class__.objects.update(want_read=2, look_again=True)
    moving.sync()
    page = admin.press(page, "Cut over and remove access for 2 people", sure="on")
    assert page.says(
        "The list changed while you were reading",
        "1 more, 0 fewer",
        "New on it: Late.",
        "3 people lose access",
    )
    assert moving.connection.in_transition
    assert not Release.objects.exists()


def test_without_a_ticked_plan_there_is_no_button(moving, admin):
    moving.plan.has_24hr_access = False
    moving.plan.save()
    page = admin.open("kisi:cut-over")
    assert page.says("Turn on 24-hr access on a plan first, or everybody would lose access.")
    assert not [words for words in page.buttons if words.startswith("Cut over")]
    admin.post("kisi:cut-over", sure="on", people=losing(moving))
    assert moving.connection.in_transition
    assert not Release.objects.exists()


@pytest.mark.parametrize(
    ("another", "said"),
    [
        (False, "Open Door opens doors, but nobody whom Core may let in has an active subscription to it."),
        (
            True,
            "Night Owl and Open Door open doors, but nobody whom Core may let in has an active subscription to one",
        ),
    ],
)
def test_a_ticked_plan_without_anybody_is_told_apart_from_none(moving, admin, another, said):
    moving.subscription(moving.gym.members.get(first_name="Ana")).pause()
    if another:
        PlanFactory(gym=moving.gym, name="Night Owl", has_24hr_access=True)
    for name in ("kisi:cut-over", "kisi:move-in"):
        page = admin.open(name)
        assert page.says(said), name
        assert "urn on 24-hr access on a plan" not in page.text, name
    admin.post("kisi:cut-over", sure="on", people=losing(moving))
    assert moving.connection.in_transition


def test_where_somebody_is_entitled_nothing_is_said_of_nobody(moving, admin):
    for name in ("kisi:cut-over", "kisi:move-in"):
        assert "nobody whom Core may let in" not in admin.open(name).text, name


def test_once_done_it_is_not_asked_again(moving, admin):
    admin.press(admin.open("kisi:cut-over"), "Cut over and remove access for 2 people", sure="on")
    assert admin.open("kisi:cut-over").path == "/marketplace/kisi/move-in/"
    assert admin.open("kisi:move-in").says("Core is the only source since")


def test_nobody_loses_and_the_button_is_no_danger(house: House, admin: Desk):
    house.member("Ana")
    house.member("Old", status="cancelled")
    house.in_kisi("Old")
    house.connect()
    house.subscription(house.gym.members.get(first_name="Old")).delete()
    SubscriptionFactory(member=house.gym.members.get(first_name="Old"), plan=house.plan)
    house.sync()
    page = admin.open("kisi:cut-over")
    assert house.connection.in_transition
    assert page.says("Nobody loses access", "2 people keep it")
    assert "Cut over" in page.buttons
    assert admin.press(page, "Cut over", sure="on").says("Core is the only source since")


def test_whom_a_long_list_names_can_be_taken_away_with_the_reasons(moving, admin):
    answer = admin.post("kisi:cut-over", list="csv")
    assert answer.response["Content-Disposition"] == 'attachment; filename="loses-access-at-cut-over.csv"'
    lines = answer.html.lstrip("\ufeff").splitlines()
    assert lines[0] == "Name,Email,Reason"
    assert sorted(line.split(",")[1] for line in lines[1:]) == ["odd@example.com", "old@example.com"]
    assert moving.connection.in_transition
