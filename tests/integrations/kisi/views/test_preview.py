"""The preview's pages: asked for, shown by name and reason, applied once, and what came of it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection, Preview, PreviewLine
from integrations.kisi.sync import preview as previews
from integrations.kisi.sync import restoring, runs
from plans.models import Subscription
from tests.conftest import House
from tests.desk import Desk, Page
from tests.stories import written


def make(house: House, desk: Desk) -> Page:
    """Pressed on the overview, made by a worker, opened."""
    page = desk.press(desk.open("kisi:overview"), "Preview")
    work(house)
    return desk.open(page.path)


def work(house: House) -> None:
    for asked in Preview.objects.filter(state="asked"):
        previews.make(asked.pk, clock=house.clock)


@pytest.fixture
def drifted(connected: House) -> House:
    """Ana is new, Ben was taken out by hand, Dina paused; the cleaner is only in Kisi, Kim is fine."""
    for name in ("Ben", "Dina", "Kim"):
        connected.member(name)
    connected.in_kisi("Cleaner")
    connected.sync()
    connected.world.remove_right(connected.world.rights_of("ben@example.com")[0])
    Subscription.objects.filter(member__first_name="Dina").update(status="paused", cause="moved away")
    connected.member("Ana")
    written(connected)
    return connected


class TestAsking:
    def test_it_is_one_press_on_the_overview(self, connected, admin):
        page = admin.press(admin.open("kisi:overview"), "Preview")
        assert page.path == f"/marketplace/kisi/preview/{Preview.objects.get().pk}/"
        assert page.says("Waiting for Core to start", "Reload")
        assert Preview.objects.get().by == admin.user

    def test_while_kisi_is_read_it_tells_how_far_it_is(self, connected, admin):
        page = admin.press(admin.open("kisi:overview"), "Preview")
        Preview.objects.update(state="reading", read_so_far=1250)
        assert admin.open(page.path).says("Reading Kisi: 1,250 people so far")

    def test_its_own_page_leads_to_the_latest(self, drifted, admin):
        assert admin.open("kisi:preview").says("A preview changes nothing.")
        page = make(drifted, admin)
        assert admin.open("kisi:preview").path == page.path

    @pytest.mark.parametrize("status", ["paused", "disconnecting", "disconnected"])
    def test_it_is_not_there_when_nothing_may_run(self, connected, admin, status):
        KisiConnection.objects.update(status=status)
        assert "Preview" not in admin.open("kisi:overview").buttons
        admin.post("kisi:preview")
        assert not Preview.objects.exists()

    def test_staff_have_no_part_in_it(self, drifted, admin, staff):
        page = make(drifted, admin)
        assert "Preview" not in staff.open("kisi:overview").buttons
        for path in (page.path, "/marketplace/kisi/preview/", f"{page.path}preview.csv"):
            assert staff.open(path).status == 403
        assert staff.post(f"{page.path}apply/").status == 403
        assert Preview.objects.get().state == "ready"

    def test_why_kisi_could_not_be_read(self, connected, admin):
        connected.world.fault(status=401, times=0)
        page = make(connected, admin)
        assert page.says("Kisi does not accept the API key", "Nothing was changed, in Core or in Kisi.")
        assert "Make a new preview" in page.buttons


class TestThePage:
    def test_it_says_that_nothing_has_been_changed(self, drifted, admin):
        page = make(drifted, admin)
        assert page.h1.startswith("Preview of today ")
        assert page.h1.endswith(": nothing has been changed")
        assert written(drifted) == []

    def test_everybody_is_there_by_name_and_reason(self, drifted, admin):
        page = make(drifted, admin)
        assert page.says("1 person gets access", "Ana Open Door is active", "Kisi will send up to 2 emails")
        assert page.says("1 person loses access", "Dina Open Door is paused (moved away)")
        assert page.says("1 person is put back", "Ben Open Door is active")
        assert page.says("Left alone", "1 person is only in Kisi", "1 person stays as they are", "Kim")
        assert page.says("The Kisi profile is deleted, and unlock history may be lost.")
        assert "Apply these 3 changes" in page.buttons

    def test_who_was_taken_out_and_may_not_enter_is_called_no_unclear_answer(self, drifted, admin):
        Subscription.objects.filter(member__first_name="Ben").update(status="paused")
        page = make(drifted, admin)
        assert page.says("1 person is looked at singly", "or its list does not show them any more", "Ben")

    def test_where_all_is_well_there_is_no_button(self, connected, admin):
        page = make(connected, admin)
        assert page.says("Core and Kisi agree", "There is nothing to do.")
        assert not [words for words in page.buttons if words.startswith("Apply")]

    def test_more_removals_than_the_limit_are_told(self, connected, admin):
        members = connected.members(10)
        connected.sync()
        connected.plan.subscriptions.filter(member__in=members[:6]).update(status="cancelled")
        assert make(connected, admin).says(
            "6 removals are more than your limit of 3 within 24 hours, so a sync would hold them.",
            "your word for exactly these people",
        )

    def test_a_few_are_over_the_limit_together_with_those_before(self, connected, admin):
        members = connected.members(8)
        connected.sync()
        for gone in (members[:2], members[2:4]):
            connected.sync()
            connected.plan.subscriptions.filter(member__in=gone).update(status="cancelled")
        assert make(connected, admin).says(
            "2 people lose access",
            "2 removals are, with those of the last 24 hours or under way, more than your limit of 3 within 24 hours",
        )

    def test_after_a_restored_backup_it_is_no_limit_that_holds_them(self, connected, admin):
        connected.members(8)
        connected.sync()
        restoring.restored(connected.connection, now=connected.clock.now())
        connected.sync()
        Subscription.objects.filter(member__first_name="P000").update(status="paused")
        page = make(connected, admin)
        assert page.says(
            "A sync would remove nobody The database was restored from a backup. "
            "Applying this preview is your word for this person."
        )
        assert "your limit" not in page.text

    def test_fifty_names_then_all(self, connected, admin):
        connected.members(230)
        page = make(connected, admin)
        assert page.says("230 people get access", "P049", "Show all 230 people")
        assert "P050" not in page.text
        page = admin.open(page.path, show="give")
        assert page.h1 == "230 people get access"
        assert page.says("P000", "P199", "Next")
        assert "P200" not in page.text
        assert admin.open(page.path, show="give", page=2).says("P229")

    def test_the_list_to_take_away_has_everybody_and_no_formula(self, drifted, admin):
        drifted.member("=Eve")
        page = make(drifted, admin)
        rows = list(csv.reader(io.StringIO(admin.open(f"{page.path}preview.csv").html.lstrip("\ufeff"))))
        assert rows[0] == ["What", "Name", "Email", "Reason", "Outcome", "Since"]
        assert {row[1] for row in rows[1:]} == {"Ana", "Ben", "Dina", "Kim", "Cleaner", "'=Eve"}
        assert ["loses access", "Dina", "dina@example.com"] in [row[:3] for row in rows]
        some = list(csv.reader(io.StringIO(admin.open(f"{page.path}preview.csv", show="lose").html)))
        assert [row[1] for row in some[1:]] == ["Dina"]

    @pytest.mark.parametrize("count", [10, 200])
    def test_it_asks_the_database_the_same_few_questions(
        self, connected, admin, count, django_assert_max_num_queries
    ):
        connected.members(count)
        page = make(connected, admin)
        with django_assert_max_num_queries(12):
            admin.open(page.path)

    def test_a_full_one_stays_under_fifty_kilobytes(self, connected, admin):
        page = make(connected, admin)
        shown = Preview.objects.get()
        PreviewLine.objects.bulk_create(
            PreviewLine(
                preview=shown,
                group=group,
                email=f"{group}{n}@example.com",
                name=f"Maximiliane Number {n}",
                member_id=n,
                reason="Unlimited Night Owl is active until the end of 30 Nov 2026",
            )
            for group in PreviewLine.Group.values
            for n in range(60)
        )
        assert len(admin.open(page.path).html) < 50_000


class TestApplying:
    def test_exactly_what_was_shown_is_done(self, drifted, admin):
        page = make(drifted, admin)
        page = admin.press(page, "Apply these 3 changes")
        assert page.says("Core applies this preview now.", "Applying: 0 of 3 changes")
        runs.run(drifted.connection.pk, clock=drifted.clock)
        page = admin.open(page.path)
        assert page.says("3 applied.", "Applied today ", "by Alice Adams")
        assert page.h1.endswith(": applied")
        assert drifted.inside() == ["ana", "ben", "cleaner", "kim"]

    def test_what_moved_is_named_with_what_it_is_now(self, drifted, admin):
        page = make(drifted, admin)
        Subscription.objects.filter(member__first_name="Dina").update(status="active")
        page = admin.press(page, "Apply these 3 changes")
        runs.run(drifted.connection.pk, clock=drifted.clock)
        page = admin.open(page.path)
        assert page.says("2 applied. 1 skipped because their facts changed since today ")
        assert page.says("1 person changed since", "Dina loses access; now unchanged")

    def test_what_is_the_same_for_other_facts_says_so(self, drifted, admin):
        page = admin.press(make(drifted, admin), "Apply these 3 changes")
        PreviewLine.objects.filter(group="put_back").update(digest="of other facts")
        runs.run(drifted.connection.pk, clock=drifted.clock)
        page = admin.open(page.path)
        assert page.says("Ben put back; still so, but for other facts than those shown")

    def test_who_failed_is_named_with_kisis_words(self, drifted, admin):
        page = admin.press(make(drifted, admin), "Apply these 3 changes")
        drifted.world.fault(method="POST", path="/users", status=422, times=0)
        runs.run(drifted.connection.pk, clock=drifted.clock)
        page = admin.open(page.path)
        assert page.says("2 applied, 1 failed.", "1 person failed", "Open Needs attention")
        assert "Ana gets access; Kisi said: “" in page.text

    def test_what_keeps_it_waiting_is_told(self, drifted, admin):
        page = admin.press(make(drifted, admin), "Apply these 3 changes")
        drifted.world.fault(status=401, times=0)
        runs.run(drifted.connection.pk, clock=drifted.clock)
        assert admin.open(page.path).says("Kisi no longer accepts the API key. Core goes on by itself")

    def test_pressed_twice_it_is_done_once(self, drifted, admin):
        page = make(drifted, admin)
        admin.press(page, "Apply these 3 changes")
        again = admin.press(page, "Apply these 3 changes")
        assert again.path == page.path
        assert Preview.objects.filter(state="applying").count() == 1

    def test_after_an_hour_there_is_no_button(self, drifted, admin):
        page = make(drifted, admin)
        Preview.objects.update(taken_at=timezone.now() - timedelta(minutes=61))
        page = admin.open(page.path)
        assert page.says("This preview is more than an hour old")
        assert not [words for words in page.buttons if words.startswith("Apply")]
        admin.post(f"{page.path}apply/")
        assert Preview.objects.get().state == "ready"

    def test_not_by_opening_it(self, drifted, admin):
        page = make(drifted, admin)
        assert admin.open(f"{page.path}apply/").status == 405
        assert Preview.objects.get().state == "ready"

    def test_a_paused_connection_applies_nothing(self, drifted, admin):
        page = make(drifted, admin)
        KisiConnection.objects.update(status="paused")
        admin.post(f"{page.path}apply/")
        assert Preview.objects.get().state == "ready"


class TestPolls:
    def poll(self, admin: Desk, path: str, **query: str) -> object:
        return admin.client.get(path, query, headers={"HX-Request": "true"})

    def test_nothing_new_is_no_content(self, connected, admin):
        page = admin.press(admin.open("kisi:overview"), "Preview")
        response = self.poll(admin, page.path, seen="asked-0-0")
        assert (response.status_code, response["Cache-Control"]) == (204, "no-store")
        assert "HX-Request" in response["Vary"]
        assert response["X-As-Of"]

    def test_progress_comes_as_a_part(self, connected, admin):
        page = admin.press(admin.open("kisi:overview"), "Preview")
        Preview.objects.update(state="reading", read_so_far=250)
        html = self.poll(admin, page.path, seen="asked-0-0").content.decode()
        assert "Reading Kisi: 250 people so far" in html
        assert "<html" not in html

    def test_it_is_spoken_at_the_start_and_at_each_quarter(self, drifted, admin):
        page = admin.press(make(drifted, admin), "Apply these 3 changes")
        assert "0 of 3" in self.poll(admin, page.path)["HX-Trigger"]
        assert "HX-Trigger" not in self.poll(admin, page.path, said="applying-0")
        PreviewLine.objects.filter(group="lose").update(outcome="done")
        assert "1 of 3" in self.poll(admin, page.path, said="applying-0")["HX-Trigger"]
        assert "HX-Trigger" not in self.poll(admin, page.path, said="applying-25")

    def test_once_it_is_there_the_page_is_loaded_anew(self, connected, admin):
        page = make(connected, admin)
        assert self.poll(admin, page.path)["HX-Refresh"] == "true"
