"""The activity page, its search, what a row leads to, and the download (ui.md 4.8)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.kisi.models import AccessEvent, AccessPerson, KisiConnection, SyncRun
from tests.desk import Desk
from tests.factories import GymFactory
from tests.integrations.kisi.diary import Diary

REFUSES = {"status": 422, "path": "/users", "method": "POST", "times": 1, "error": {"email": ["is invalid"]}}


@pytest.fixture
def diary(house) -> Diary:
    """Connected as far as the database knows; nobody may ask Kisi here."""
    house.gym.timezone = "America/Los_Angeles"
    house.gym.save()
    return Diary(KisiConnection.objects.create(gym=house.gym, group_id=1))


def table(desk: Desk, **query: str) -> list[dict[str, str]]:
    response = desk.client.get(reverse("kisi:activity-download"), query)
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


class TestList:
    def test_nothing_has_happened(self, diary, staff):
        page = staff.open("kisi:activity")
        assert page.says("Nothing has happened yet")
        assert "Download" not in page.text

    def test_it_says_who_what_and_why(self, connected, staff):
        ana = connected.member("Ana")
        connected.sync()
        page = staff.open("kisi:activity")
        assert page.says("Subscription change: 1 person, 1 change", "Ana got access", "Connection: Connected")
        assert reverse("members:detail", args=[ana.pk]) in page.html
        assert reverse("kisi:activity-run", args=[SyncRun.objects.get().pk]) in page.html

    def test_kisis_own_words_are_there(self, connected, admin):
        connected.member("Ana")
        connected.world.fault(**{k: v for k, v in REFUSES.items() if k != "error"})
        connected.sync()
        assert admin.open("kisi:activity", what="refused").says("Ana could not be updated")

    def test_it_names_its_columns(self, diary, staff):
        diary.event("granted", "Ana")
        assert staff.open("kisi:activity").says("When What Caused by Kisi said")

    def test_the_choices_are_those_of_the_page(self, diary, staff):
        expected = "Everything Access given Access removed Taken over Put back Held Refused Runs Settings"
        assert staff.open("kisi:activity").says(expected)

    def test_what_is_searched_for_is_text_and_nothing_else(self, diary, staff):
        diary.event("granted", "<script>alert(1)</script>")
        page = staff.open("kisi:activity", q="<script>")
        assert page.says("<script>alert(1)</script> got access")
        assert "<script>alert" not in page.html

    def test_another_gyms_rows_are_not_there(self, diary, staff):
        other = Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=2))
        other.event("granted", "Eve")
        other.run("elsewhere")
        assert staff.open("kisi:activity").says("Nothing has happened yet")
        assert staff.open("kisi:activity", q="eve").says("Nothing matches.")

    def test_whoever_acted_is_searched_for_too(self, connected, admin, staff):
        """Alice pauses Ana; nobody has to be asked who took the access away."""
        ana = connected.member("Ana")
        connected.sync()
        connected.subscription(ana).pause(by=admin.user)
        connected.sync()
        for words in ("alice adams", admin.user.email):
            assert staff.open("kisi:activity", q=words).says(
                "Ana lost access", "Alice Adams paused Open Door"
            )
            assert [row["What happened"] for row in table(staff, q=words)] == ["Ana lost access"]
        assert staff.open("kisi:activity", q="bob brown").says("Nothing matches.")

    def test_pages_keep_the_search(self, diary, staff):
        diary.many(120)
        page = staff.open("kisi:activity", what="given", page=2)
        assert page.says("Newer", "Page 2", "Older")
        assert "?what=given&amp;page=3" in page.html
        assert page.title == "Activity (page 2) – Harbor Gym – Core"
        assert "Older" not in staff.open("kisi:activity", page=3).text
        assert staff.open("kisi:activity", page="99999999999999999999").says("Person")


class TestSearch:
    def test_without_a_hit_it_offers_everything(self, diary, staff):
        diary.many(7)
        page = staff.open("kisi:activity", q="zoe", what="given")
        assert page.says("Nothing matches. Clear the filter to see all 7")

    def test_great_numbers_read_as_everywhere(self, diary, staff):
        diary.many(1204)
        assert staff.open("kisi:activity", what="held").says("Clear the filter to see all 1,204")
        run = diary.run(granted=1204, calls=2408)
        page = staff.open("kisi:activity-run", run.pk)
        assert page.says("1,204 got access", "Calls to Kisi 2,408")

    def test_what_was_asked_stays_filled_in(self, diary, staff):
        page = staff.open("kisi:activity", q="ana", what="held", since="2026-11-01", until="2026-11-30")
        for said in ('value="ana"', 'value="held" selected', 'value="2026-11-01"', 'value="2026-11-30"'):
            assert said in page.html

    def test_days_are_those_of_the_gym(self, diary, staff):
        for day, hour in ((20, 7), (20, 8), (21, 7), (21, 8)):  # 8:00 UTC is midnight in Los Angeles
            at = datetime(2026, 11, day, hour, 30, tzinfo=UTC)
            facts = {"gym_id": diary.connection.gym_id, "connection_id": diary.connection.pk}
            AccessEvent.objects.create(kind="status", cause=f"at {day} {hour}", at=at, **facts)
        page = staff.open("kisi:activity", since="2026-11-20", until="2026-11-20")
        assert page.says("at 20 8", "at 21 7")
        assert "at 20 7" not in page.text
        assert "at 21 8" not in page.text

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"since": "2026-13-99"}, "Enter a date, like 2026-11-30"),
            ({"until": "tomorrow"}, "Enter a date, like 2026-11-30"),
            ({"since": "0001-01-01"}, "Enter a date, like 2026-11-30"),
            ({"until": "9999-12-31"}, "Enter a date, like 2026-11-30"),
            ({"since": "2026-11-30", "until": "2026-11-01"}, "The last day must not be before the first"),
            ({"what": "everything"}, "Choose one of the list"),
            ({"q": "x" * 101}, "Search for at most 100 letters"),
        ],
    )
    def test_what_cannot_be_understood_is_said_and_the_rest_is_shown(self, diary, staff, asked, words):
        diary.event("granted", "Ana")
        page = staff.open("kisi:activity", **asked)
        assert page.title.startswith("Error: Activity")
        assert page.text.count(words) == 2
        assert page.says("There is a problem", "Clear")
        assert "Nothing matches" not in page.text
        assert "Nothing has happened" not in page.text

    def test_an_unreadable_search_downloads_nothing(self, diary, staff):
        page = staff.open("kisi:activity-download", since="x")
        assert page.path.startswith(reverse("kisi:activity"))
        assert page.says("Enter a date")


class TestOneRun:
    def test_it_tells_its_story_and_has_its_rows(self, diary, staff):
        run = diary.run(read_so_far=14, granted=2, calls=31, read=2)
        diary.event("granted", "Ana", run_id=run.pk)
        diary.event("status", cause="Paused")
        page = staff.open("kisi:activity-run", run.pk)
        assert page.h1 == "Daily check: 14 people, 2 changes"
        assert page.says("Kisi's whole group", "2 got access", "Calls to Kisi 31", "Ana got access")
        assert "Paused" not in page.text

    def test_what_nobody_else_caused_is_cores_in_the_list_as_on_its_own_page(self, diary, staff):
        run = diary.run(failed=1)
        event = diary.event("refused", "Bea", run_id=run.pk)
        assert staff.open("kisi:activity-run", run.pk).says("Bea could not be updated Core")
        assert staff.open("kisi:activity-event", event.pk).says("Caused by Core")

    def test_without_rows_it_says_so(self, diary, staff):
        assert staff.open("kisi:activity-run", diary.run().pk).says("It changed nothing for anybody.")

    def test_a_long_one_has_pages(self, diary, staff):
        run = diary.run()
        diary.many(60, run_id=run.pk)
        assert staff.open("kisi:activity-run", run.pk).says("Older")
        assert staff.open("kisi:activity-run", run.pk, page=2).says("Newer")

    def test_that_of_another_gym_is_not_found(self, diary, staff):
        other = Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=2))
        assert staff.open("kisi:activity-run", other.run().pk).status == 404


class TestOneEvent:
    def test_it_says_all_that_is_known(self, diary, staff):
        run = diary.run()
        facts = {"run_id": run.pk, "kisi_status": 422, "kisi_said": "is invalid", "cause": "daily check"}
        event = diary.event("refused", "Ana Ruiz", **facts)
        page = staff.open("kisi:activity-event", event.pk)
        assert page.h1 == "Ana Ruiz could not be updated"
        assert page.says("ana@example.com", "daily check", "The whole run", "422", "“is invalid”")

    @pytest.mark.parametrize(
        ("held_for", "said"),
        [
            (timedelta(seconds=5), "about 1 minute"),
            (timedelta(minutes=19, seconds=1), "about 20 minutes"),
            (timedelta(hours=4, minutes=2), "about 5 hours"),
            (timedelta(days=2, hours=1), "about 3 days"),
        ],
    )
    def test_how_long_a_removal_was_held_is_said(self, diary, staff, held_for, said):
        event = diary.event("allowed", "Ana", held_for=held_for)
        assert staff.open("kisi:activity-event", event.pk).says(f"Was held for {said}")

    def test_its_trace_is_there_for_whoever_reads_the_logs(self, diary, staff):
        run = diary.run(trace="0af7651916cd43dd8448eb211c80319c")
        event = diary.event("granted", "Ana", run_id=run.pk, trace=run.trace)
        assert staff.open("kisi:activity-event", event.pk).says(run.trace)
        assert staff.open("kisi:activity-run", run.pk).says(run.trace)

    def test_an_erased_person_is_not_named(self, diary, staff):
        event = diary.event("revoked", "Ana Ruiz")
        AccessPerson.objects.update(name="", email="")
        text = staff.open("kisi:activity-event", event.pk).text
        assert "Somebody whose data was erased lost access" in text
        assert "Ana" not in text
        assert "ana@" not in text

    def test_that_of_another_gym_is_not_found(self, diary, staff):
        other = Diary(KisiConnection.objects.create(gym=GymFactory(), group_id=2)).event("granted", "Eve")
        assert staff.open("kisi:activity-event", other.pk).status == 404

    def test_every_row_leads_to_its_own(self, diary, staff):
        events = [diary.event("granted", f"P{number}", hours=number) for number in range(3)]
        page = staff.open("kisi:activity")
        for event in events:
            assert reverse("kisi:activity-event", args=[event.pk]) in page.html


class TestDownload:
    def test_it_has_what_the_list_has(self, diary, staff):
        run = diary.run(hours=1, granted=1)
        diary.event("granted", "Ana Ruiz", hours=1.01, run_id=run.pk, cause="daily check")
        diary.event("status", cause="Paused", hours=2)
        assert table(staff) == [
            row("2026-11-20 06:00:00-0800", "Connection", "Connection: Paused"),
            row(
                "2026-11-20 05:00:36-0800",
                "Access given",
                "Ana Ruiz got access",
                ("Ana Ruiz", "ana@example.com", "daily check", "", str(run.pk)),
            ),
            row(
                "2026-11-20 05:00:00-0800",
                "Run",
                "Daily check: 1 change",
                ("", "", "daily check", "", str(run.pk)),
            ),
        ]

    def test_the_same_search_narrows_it(self, diary, staff):
        diary.event("granted", "Ana")
        diary.event("revoked", "Bo")
        assert [found["Name"] for found in table(staff, what="removed")] == ["Bo"]
        assert [found["Name"] for found in table(staff, q="ana")] == ["Ana"]
        page = staff.open("kisi:activity", q="ana", page=1)
        assert f"{reverse('kisi:activity-download')}?q=ana" in page.html

    def test_it_is_streamed_and_its_name_tells_nobody(self, diary, staff):
        response = staff.client.get(reverse("kisi:activity-download"), {"q": "ana"})
        assert response.streaming
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Cache-Control"] == "no-store"
        assert "ana" not in response["Content-Disposition"]
        assert 'filename="activity-harbor-20' in response["Content-Disposition"]

    @pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", '=HYPERLINK("x")'])
    def test_nobody_is_called_a_formula(self, diary, staff, name):
        diary.event("granted", name)
        [found] = table(staff)
        assert (found["Name"], found["What happened"]) == (f"'{name}", f"'{name} got access")

    def test_every_row_of_thousands_comes(self, diary, staff):
        diary.many(2345, runs=3)
        assert len(table(staff)) == 2348


def row(when: str, what: str, happened: str, rest: tuple[str, ...] = ("",) * 5) -> dict[str, str]:
    heading = ("When", "What", "What happened", "Name", "Email", "Caused by", "Kisi said", "Run")
    return dict(zip(heading, (when, what, happened, *rest), strict=True))


class TestBudget:
    def asked(self, desk: Desk, **query: str) -> tuple[int, int]:
        with CaptureQueriesContext(database) as asked:
            page = desk.open("kisi:activity", **query)
        assert page.status == 200
        return len(asked), len(page.response.content)

    @pytest.mark.parametrize("query", [{}, {"what": "given"}, {"q": "person"}, {"what": "runs"}])
    def test_the_same_questions_with_ten_thousand_rows(self, diary, staff, query):
        diary.many(100, runs=60)
        few, _ = self.asked(staff, **query)
        diary.many(10_000)
        many, size = self.asked(staff, **query)
        assert many == few <= 12
        assert size < 60_000
