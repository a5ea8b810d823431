"""One person asked about by address under Troubleshooting: the five lines, whoever it is."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection, Look
from tests.desk import Desk, Page


def find(desk: Desk, email: str) -> Page:
    return desk.press(desk.open("kisi:troubleshooting"), "Find", email=email)


def test_a_member_however_the_address_is_written(alive, admin):
    alive.member("Ana Ruiz")
    alive.sync()
    page = find(admin, " ANA@Example.com ")
    assert page.says("ana@example.com", "Ana Ruiz", "Open Door is active.", "Group opens doors (Front door)")
    assert page.html.partition('id="person"')[2].count(">Yes</span>") == 5


def test_somebody_who_is_only_in_kisi(alive, admin):
    alive.in_kisi("Cleaner")
    page = find(admin, "cleaner@example.com")
    assert page.says("No member of this gym has this address.", "Core did not give this access")
    assert 'class="tag bad"' not in page.html.partition('id="person"')[2]


def test_somebody_nobody_knows(alive, admin):
    page = find(admin, "nobody@example.com")
    assert page.says("Kisi has nobody with the address nobody@example.com")
    assert 'class="tag bad"' not in page.html.partition('id="person"')[2]


def test_an_answer_of_another_key_is_not_shown(alive, admin):
    alive.in_kisi("Cleaner")
    found = find(admin, "cleaner@example.com")
    KisiConnection.objects.update(key_set_at=timezone.now())
    page = admin.open("kisi:troubleshooting", person=Look.objects.get().pk)
    assert "Core did not give this access" in found.text
    assert "Core did not give this access" not in page.text
    assert page.says("The connection changed since then: press Find again.")


def test_who_was_taken_out_by_hand_is_told_what_puts_that_right(alive, admin):
    ana = alive.member("Ana Ruiz")
    alive.sync()
    alive.world.delete_user("ana@example.com")
    page = find(admin, "ana@example.com")
    assert page.says("Taken out in Kisi since. Sync now on the page of Ana puts that right.")
    assert "Core is adding" not in page.text
    page = admin.open("members:detail", ana.pk)
    assert page.says("Ana should get in, but was not in the group when Kisi was asked. Press Sync now.")


def test_while_the_gym_leaves_kisi_nobody_is_said_to_be_added(alive, admin):
    alive.member("Ana")
    KisiConnection.objects.update(status="disconnecting")
    page = find(admin, "ana@example.com")
    assert page.says("Kisi is being disconnected, so Core gives nobody access any more.")
    assert "Core is making" not in page.text
    assert "Core is adding" not in page.text


def test_members_who_share_it_are_all_named(alive, admin):
    alive.member("Vera", email="holm@example.com")
    alive.member("Viggo", email="holm@example.com")
    assert find(admin, "holm@example.com").says("Vera, Viggo share this address.")


@pytest.mark.parametrize(
    ("email", "words"),
    [("", "Enter an email address"), ("ana", "Email must have an @, like name@example.com")],
)
def test_what_is_no_address_is_said(alive, admin, email, words):
    alive.calls()
    page = find(admin, email)
    assert page.says("There is a problem", words)
    assert alive.calls() == []


def test_the_answer_of_another_gym_is_not_shown(alive, admin):
    other = KisiConnection.objects.get()
    other.pk, other.gym = None, type(alive.gym).objects.create(name="Other", slug="other", timezone="UTC")
    other.group_id = 7
    other.save()
    theirs = Look.objects.create(connection=other, email="eve@example.com", at=timezone.now())
    assert "eve@example.com" not in admin.open("kisi:troubleshooting", person=theirs.pk).text


@pytest.mark.parametrize("number", ["x", "0", "99999999999999999999"])
def test_no_such_answer_is_the_plain_page(alive, admin, number):
    assert admin.open("kisi:troubleshooting", person=number).says("Find a person")
