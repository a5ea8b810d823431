"""A member is added, changed and deleted: the words, what is kept, and what is asked when doors are concerned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from members.models import Change, Member
from members.slots import Effect, EffectLine
from tests.desk import Desk
from tests.factories import MemberFactory, SubscriptionFactory
from tests.members.doors import Doors, lines

pytestmark = pytest.mark.django_db
OLD, NEW = "ana@example.com", "ana.new@example.com"


@pytest.fixture
def ana(gym) -> Member:
    return MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz", email=OLD)


def losing(*names: str) -> Effect:
    return Effect(loses=lines(*names), warning="History may be lost.", fingerprint="f1")


class TestNew:
    def test_a_member_is_added_and_shown(self, desk, gym, no_doors, bob):
        page = desk.press(
            desk.open("members:new"),
            "Add member",
            first_name=" Ana ",
            last_name="Ruiz",
            email=" ANA@Example.com",
        )
        member = Member.objects.get()
        assert (member.gym, member.name, member.email) == (gym, "Ana Ruiz", "ana@example.com")
        assert page.path == f"/members/{member.pk}/"
        assert page.says("Ana Ruiz is a member now.", "Ana Ruiz added", "Bob Brown")

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"first_name": ""}, "Enter a first name"),
            ({"first_name": "   "}, "Enter a first name"),
            ({"first_name": "Ana", "email": "ana"}, "Email must have an @, like name@example.com"),
            (
                {"first_name": "Ana", "email": "ana@"},
                "Email must have a name before the @ and a domain after it",
            ),
        ],
    )
    def test_each_error_stands_twice_in_the_same_words(self, desk, no_doors, facts, words):
        page = desk.press(desk.open("members:new"), "Add member", **facts)
        assert page.says("There is a problem")
        assert page.text.count(words) == 2
        assert page.title.startswith("Error: New member")
        assert not Member.objects.exists()

    def test_the_summary_is_focused_and_leads_to_the_field(self, desk, no_doors):
        page = desk.press(desk.open("members:new"), "Add member")
        assert 'tabindex="-1" autofocus id="problems"' in page.html
        assert 'href="#id_first_name"' in page.html
        assert 'aria-describedby="id_first_name_error"' in page.html
        assert 'aria-invalid="true"' in page.html

    def test_what_was_entered_stays(self, desk, no_doors):
        page = desk.press(desk.open("members:new"), "Add member", last_name="Ruiz", email="nope")
        assert {("last_name", "Ruiz"), ("email", "nope")} <= set(page.forms[-1].fields)

    def test_two_may_share_an_address(self, desk, ana, no_doors):
        desk.press(desk.open("members:new"), "Add member", first_name="Bea", email=OLD)
        assert Member.objects.filter(email=OLD).count() == 2

    def test_the_browser_checks_nothing(self, desk, no_doors):
        html = desk.open("members:new").html
        assert "novalidate" in html
        assert " required" not in html
        assert "placeholder" not in html

    def test_a_name_is_text_and_nothing_else(self, desk, no_doors):
        page = desk.press(desk.open("members:new"), "Add member", first_name="<script>x</script>")
        assert "<script>x" not in page.html
        assert "&lt;script&gt;x" in page.html


class TestEdit:
    def edit(self, desk: Desk, ana: Member, **facts: str):
        return desk.press(desk.open("members:edit", ana.pk), "Save details", **facts)

    def test_a_change_is_saved_and_kept(self, desk, ana, no_doors, bob):
        page = self.edit(desk, ana, last_name="Diaz")
        assert page.says("Saved.", "Ana Diaz", "Details changed: last name")
        assert Change.objects.get().by == bob.user

    def test_nothing_changed_keeps_nothing(self, desk, ana, no_doors):
        assert self.edit(desk, ana).says("Saved.")
        assert not Change.objects.exists()

    def test_a_wrong_name_leaves_the_old_one_in_the_title(self, desk, ana, no_doors):
        page = self.edit(desk, ana, first_name="", last_name="Diaz")
        assert page.title == "Error: Edit Ana Ruiz – Harbor Gym – Core"

    def test_a_changed_address_moves_the_access_without_asking(self, desk, ana, doors, bob):
        doors.effect = Effect(
            gains=(EffectLine("Ana", NEW),), loses=(EffectLine("Ana", OLD),), fingerprint="f1"
        )
        page = self.edit(desk, ana, email=NEW)
        assert page.says(f"Saved. {NEW} gets access first, then {OLD} is removed from Kisi.")
        assert doors.carried_out == [(bob.user, "email changed", "f1")]

    def test_an_address_that_has_access_already_is_followed_without_asking(self, desk, ana, doors):
        new, old = (EffectLine("Ana", NEW),), (EffectLine("Ana", OLD),)
        doors.effect = Effect(stays=new, loses=old, fingerprint="f1")
        assert self.edit(desk, ana, email=NEW).says(f"then {OLD} is removed from Kisi.")

    def test_a_changed_address_that_moves_nobody_says_only_that_it_is_saved(self, desk, ana, doors):
        page = self.edit(desk, ana, email=NEW)
        assert page.says("Saved.")
        assert "access first" not in page.text

    def test_a_first_address_gives_access(self, desk, gym, doors):
        bea = MemberFactory(gym=gym, first_name="Bea", email="")
        doors.effect = Effect(gains=(EffectLine("Bea", NEW),), fingerprint="f1")
        assert self.edit(desk, bea, email=NEW).says(f"Saved. {NEW} is getting access.")

    def test_an_address_taken_away_is_asked_first(self, desk, ana, doors):
        doors.effect = losing("Ana Ruiz")
        page = self.edit(desk, ana, email="")
        assert page.h1 == "Remove the email of Ana Ruiz?"
        assert page.says("1 person loses access within seconds", "History may be lost.")
        ana.refresh_from_db()
        assert ana.email == OLD
        page = desk.press(page, "Save and remove access")
        assert page.says(f"Saved. {OLD} is losing access.")
        ana.refresh_from_db()
        assert ana.email == ""

    def test_somebody_else_losing_access_is_asked_first(self, desk, ana, doors):
        gone = (EffectLine("Ana", OLD), EffectLine("Bea", "bea@example.com"))
        doors.effect = Effect(gains=(EffectLine("Ana", NEW),), loses=gone, fingerprint="f1")
        assert self.edit(desk, ana, email=NEW).h1 == "Change the email of Ana Ruiz?"


class TestDelete:
    def test_it_is_always_asked(self, desk, ana, no_doors):
        page = desk.open("members:delete", ana.pk)
        assert page.h1 == "Delete Ana Ruiz?"
        assert page.buttons[-1] == "Delete Ana Ruiz"
        assert Member.objects.exists()

    def test_it_takes_the_subscriptions_along(self, desk, ana, no_doors):
        SubscriptionFactory(member=ana)
        page = desk.press(desk.open("members:delete", ana.pk), "Delete Ana Ruiz")
        assert page.path == "/members/"
        assert page.says("Ana Ruiz is deleted.")
        assert not Member.objects.exists()

    def test_with_access_it_says_so_and_is_somebodys_word(self, desk, ana, doors, bob):
        doors.effect = losing("Ana Ruiz")
        page = desk.open("members:delete", ana.pk)
        assert page.says("Access is removed in Kisi too.", "This is your word for this person")
        page = desk.press(page, "Delete Ana Ruiz and remove access")
        assert page.says("Ana Ruiz is deleted. Access is being removed in Kisi too.")
        assert doors.carried_out == [(bob.user, "member deleted", "f1")]

    def test_a_post_that_was_not_asked_deletes_nobody(self, desk, ana, no_doors):
        assert desk.post("members:delete", ana.pk).h1 == "Delete Ana Ruiz?"
        assert Member.objects.exists()

    def test_name_and_address_are_gone_from_what_is_kept(self, desk, ana, no_doors):
        desk.press(desk.open("members:edit", ana.pk), "Save details", email=NEW)
        desk.press(desk.open("members:delete", ana.pk), "Delete Ana Ruiz")
        kept = " ".join(f"{change.detail} {change.cause}" for change in Change.objects.all())
        assert Change.objects.count() == 2
        assert "Ana" not in kept
        assert "example.com" not in kept


class TestListMoved:
    def test_the_same_page_says_how_the_list_changed(self, desk, ana, doors):
        doors.effect = losing("Ana Ruiz", "Bea Lang")
        page = desk.open("members:delete", ana.pk)
        doors.effect = replace(losing("Ana Ruiz", "Cem Berg", "Dora Kern"), fingerprint="f2")
        page = desk.press(page, "Delete Ana Ruiz and remove access")
        assert page.says(
            "The list changed while you were reading: 2 more, 1 fewer. Check it again.", "Dora Kern"
        )
        assert Member.objects.exists()
        desk.press(page, "Delete Ana Ruiz and remove access")
        assert not Member.objects.exists()

    def test_a_made_up_list_deletes_nobody(self, desk, ana, doors):
        doors.effect = losing("Ana Ruiz")
        page = desk.post("members:delete", ana.pk, shown="f9")
        assert page.says("The list changed while you were reading. Check it again.")
        assert Member.objects.exists()


class TestNames:
    def test_two_of_one_name_are_told_apart(self, desk, ana, doors: Doors):
        same = (EffectLine("Ana Ruiz", OLD), EffectLine("Ana Ruiz", NEW), EffectLine("", "x@example.com"))
        doors.effect = Effect(loses=same, fingerprint="f1")
        page = desk.open("members:delete", ana.pk)
        assert page.says(
            "3 people lose access within seconds", f"Ana Ruiz {OLD}", f"Ana Ruiz {NEW}", "x@example.com"
        )

    def test_a_long_list_can_be_downloaded_and_holds_no_formula(self, desk, ana, doors):
        people = tuple(EffectLine(f"=P{n}", f"p{n}@example.com") for n in range(60))
        doors.effect = Effect(loses=people, fingerprint="f1")
        page = desk.open("members:delete", ana.pk)
        assert page.says("60 people lose access", "Show all 60 names")
        table = desk.press(page, "Download this list (CSV)")
        assert table.response["Content-Type"].startswith("text/csv")
        assert table.html.splitlines()[:2] == [
            "\ufeffName,Email,Door access,Reason",
            "'=P0,p0@example.com,loses access,",
        ]
        assert Member.objects.exists()

    def test_a_list_of_thousands_stays_a_small_page(self, desk, ana, doors):
        people = tuple(EffectLine(f"P{n}", f"p{n}@example.com") for n in range(3000))
        doors.effect = Effect(loses=people, fingerprint="f1")
        page = desk.open("members:delete", ana.pk)
        assert page.says(
            "3,000 people lose access within seconds", "And 2,950 more.", "Download this list (CSV)"
        )
        assert len(page.html) < 50_000
        doors.effect = replace(doors.effect, fingerprint="f2")
        page = desk.press(page, page.buttons[-2])
        assert page.says("The list changed while you were reading. Check it again.")
