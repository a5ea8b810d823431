"""Troubleshooting: each question asked live, with what to do; one person by address; the usual questions."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from integrations.kisi.models import AccessEvent, Checkup, Heartbeat, KisiConnection
from integrations.kisi.remedies import CHECKS
from integrations.kisi.sync import record
from integrations.kisi.sync.drift import Drift
from tests.desk import Desk, Page

NAMES = list(CHECKS)


def check(desk: Desk) -> Page:
    return desk.press(desk.open("kisi:troubleshooting"), "Check again")


def found(page: Page) -> dict[str, str]:
    """The tag before each question."""
    listed = page.html.partition('id="checked"')[2].partition("</section>")[0]
    tags = re.findall(r"</svg>([^<]+)</span><div><b>([^<]+)", listed)
    questions = {check.question: name for name, check in CHECKS.items()}
    return {questions[question.replace("&#x27;", "'")]: tag for tag, question in tags}


class TestChecks:
    def test_before_the_first_time_it_says_what_core_knows_without_asking(self, alive, admin):
        page = admin.open("kisi:troubleshooting")
        assert found(page) == dict.fromkeys(NAMES, "OK") | {"time": "Not checked yet"}
        assert page.says("Check again measures it.", "At Kisi As of today ", "In Core As of today ")
        assert alive.calls() == []

    @pytest.mark.parametrize(
        ("status", "name"),
        [
            ("needs_new_key", "key"),
            ("key_too_weak", "strength"),
            ("wrong_organization", "organization"),
            ("group_gone", "group"),
            ("in_trouble", "time"),
        ],
    )
    def test_what_stands_still_is_the_problem_also_before_anybody_asks(self, alive, admin, status, name):
        check(admin)
        KisiConnection.objects.update(status=status, status_since=timezone.now())
        alive.calls()
        tags = found(admin.open("kisi:troubleshooting"))
        assert tags[name] == "Problem"
        assert [known for known in NAMES[:6] if tags[known] == "Problem"] == [name]
        assert alive.calls() == []

    def test_core_itself_is_looked_at_whenever_the_page_is_opened(self, alive, admin):
        check(admin)
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
        PeriodicTask.objects.filter(name="Kisi: daily check").update(enabled=False)
        alive.member("Ana")
        alive.member("Vera", email="ana@example.com")
        tags = found(admin.open("kisi:troubleshooting"))
        wrong = [name for name in ("schedule", "worker", "confirmed") if tags[name] == "Problem"]
        assert wrong == ["schedule", "worker", "confirmed"]
        assert admin.open("kisi:troubleshooting").says("1 address is shared.")

    def test_opening_the_page_asks_kisi_by_a_request_of_its_own(self, alive, admin):
        assert 'hx-trigger="load"' in admin.open("kisi:troubleshooting").html
        response = admin.client.post(reverse("kisi:check"), headers={"HX-Request": "true"})
        page = Page(response, "")
        assert page.html.lstrip().startswith('<section class="card" id="checked"')
        assert found(page) == dict.fromkeys(NAMES, "OK")
        assert json.loads(response["HX-Trigger"]) == {"announce": "Checked: no problem found."}
        assert alive.calls() != []

    def test_what_was_just_asked_is_not_asked_again(self, alive, admin):
        check(admin)
        assert 'hx-trigger="load"' not in admin.open("kisi:troubleshooting").html
        Checkup.objects.update(at=timezone.now() - timedelta(minutes=2))
        KisiConnection.objects.update(status_since=timezone.now() - timedelta(minutes=3))
        assert 'hx-trigger="load"' in admin.open("kisi:troubleshooting").html

    @pytest.mark.parametrize("backend", ["smtp", "console"])
    def test_the_mail_server_is_not_waited_for_when_the_page_is_opened(self, alive, admin, settings, backend):
        settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        said = {
            "smtp": "A mail server is set up. 1 person would be told",
            "console": "No mail server is set up",
        }
        assert admin.open("kisi:troubleshooting").says(said[backend])

    def test_a_mail_server_that_did_not_answer_stays_a_problem(self, alive, admin, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        check(admin)
        assert found(admin.open("kisi:troubleshooting"))["mail"] == "Problem"

    def test_when_all_is_well_all_are_in_order(self, alive, admin):
        page = check(admin)
        assert page.says("Checked: no problem found.", "As of today ")
        assert page.says("Does it open doors? 1 door: ")
        assert found(page) == dict.fromkeys(NAMES, "OK")
        assert Checkup.objects.get().by == admin.user

    def test_the_calls_are_few_and_only_read(self, alive, admin):
        check(admin)
        calls = alive.calls()
        assert [call for call in calls if not call.startswith("GET")] == []
        assert len(calls) <= 4

    def test_what_was_found_stays_until_it_is_checked_again(self, alive, admin):
        check(admin)
        alive.calls()
        assert found(admin.open("kisi:troubleshooting")) == dict.fromkeys(NAMES, "OK")
        assert alive.calls() == []

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0.0, "took less than a tenth of a second."), (0.4, "took 0.4 seconds.")],
    )
    def test_a_quick_kisi_is_told_in_words(self, alive, admin, seconds, words):
        check(admin)
        seen = Checkup.objects.get()
        seen.found["time"]["facts"]["seconds"] = seconds
        seen.save()
        assert admin.open("kisi:troubleshooting").says(words)

    def test_a_dead_key(self, alive, admin):
        alive.world.fault(status=401, times=0)
        page = check(admin)
        tags = found(page)
        assert tags["key"] == "Problem"
        assert [tags[name] for name in ("strength", "organization", "group", "doors", "time")] == [
            "Could not check"
        ] * 5
        assert page.says(
            "Kisi does not accept the key that ends in", "Update credentials", "Checked: 1 problem."
        )

    def test_a_key_that_is_too_weak(self, alive, admin):
        alive.world.weaken_key()
        page = check(admin)
        assert found(page)["strength"] == "Problem"
        assert page.says("may not change people in Kisi.")

    def test_another_organization(self, alive, admin):
        KisiConnection.objects.update(organization_id=99, organization_name="Elsewhere")
        page = check(admin)
        assert found(page)["organization"] == "Problem"
        assert page.says("the connection was made with", "of Elsewhere")

    def test_a_group_that_is_gone(self, alive, admin):
        KisiConnection.objects.update(group_id=123456)
        page = check(admin)
        assert (found(page)["group"], found(page)["doors"]) == ("Problem", "Could not check")
        assert page.says("Kisi shows this key no group 123456.")

    def test_a_group_without_doors(self, alive, admin):
        alive.world.store.group_locks.rows.clear()
        page = check(admin)
        assert found(page)["doors"] == "Problem"
        assert page.says("Add doors to it in Kisi.")

    def test_a_kisi_that_does_not_answer(self, alive, admin):
        alive.world.fault(status=500, times=0)
        page = check(admin)
        assert (found(page)["time"], found(page)["key"]) == ("Problem", "Could not check")
        assert page.says("Kisi did not answer as expected.", "status.kisi.io")

    def test_a_stored_key_that_cannot_be_opened(self, alive, admin):
        KisiConnection.objects.update(sealed_key="nonsense")
        page = check(admin)
        assert found(page)["key"] == "Problem"
        assert page.says("Core cannot open the stored key.")

    def test_a_silent_worker_and_beat(self, alive, admin):
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
        page = check(admin)
        assert (found(page)["worker"], found(page)["schedule"]) == ("Problem", "Problem")
        assert page.says("Tell whoever runs Core.")

    def test_a_beat_that_lives_while_the_worker_is_silent(self, alive, admin):
        Heartbeat.objects.all().delete()
        PeriodicTask.objects.filter(name="Kisi: look").update(last_run_at=timezone.now())
        tags = found(check(admin))
        assert (tags["worker"], tags["schedule"]) == ("Problem", "OK")

    def test_a_check_that_was_switched_off(self, alive, admin):
        PeriodicTask.objects.filter(name="Kisi: daily check").update(enabled=False)
        page = check(admin)
        assert found(page)["schedule"] == "Problem"
        assert page.says("The daily check is switched off in the Django admin")

    def test_a_mail_server_that_is_not_there(self, alive, admin, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
        page = check(admin)
        assert found(page)["mail"] == "Problem"
        assert page.says("The mail server did not answer")

    def test_mail_that_only_goes_to_the_console_reaches_nobody(self, alive, admin, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
        page = check(admin)
        assert found(page)["mail"] == "Could not check"
        assert page.says("No mail server is set up here")

    def test_admins_without_an_address_are_not_told(self, alive, admin):
        admin.user.__class__.objects.update(email="")
        page = check(admin)
        assert page.says("No admin of this gym has an email address")

    def test_shared_addresses_are_told_and_no_problem(self, alive, admin):
        alive.member("Vera", email="holm@example.com")
        alive.member("Viggo", email="holm@example.com")
        alive.sync()
        page = check(admin)
        assert found(page)["shared"] == "OK"
        assert page.says("1 address is shared.")

    def test_whoever_waits_is_counted(self, alive, admin):
        alive.member("Ana")
        page = check(admin)
        assert found(page)["confirmed"] == "Problem"
        assert page.says("1 change waits for Kisi.", "See what to do")

    def test_people_put_back_lately_hint_at_another_program(self, alive, admin):
        alive.member("Ana")
        alive.sync()
        row = alive.grant("ana")
        record.note(alive.connection, AccessEvent.Kind.DRIFT, grant=row, cause=Drift.RIGHT_GONE)
        page = check(admin)
        assert found(page)["others"] == "Problem"
        assert page.says("1 person was changed in Kisi and put back in 7 days", "Open Activity")

    def test_a_gym_that_left_kisi_asks_nobody(self, alive, admin):
        KisiConnection.objects.update(status="disconnected")
        page = admin.open("kisi:troubleshooting")
        assert page.says("Find a person Kisi is disconnected, so it cannot be asked about anybody.")
        assert "Check again" not in page.buttons
        assert 'hx-trigger="load"' not in page.html
        admin.post("kisi:check")
        admin.post("kisi:find-person", email="ana@example.com")
        assert alive.calls() == []

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("connected", "Changes reach Kisi within seconds."),
            ("paused", "It runs. Changes reach Kisi once syncing is resumed."),
            ("needs_new_key", "It runs. Changes reach Kisi once there is a new key."),
            ("disconnecting", "It runs. Kisi is being disconnected, so changes in Core no longer reach it."),
            ("disconnected", "It runs. Kisi is disconnected, so changes in Core no longer reach it."),
        ],
    )
    def test_a_worker_that_lives_promises_no_more_than_is_so(self, alive, admin, status, words):
        KisiConnection.objects.update(status=status)
        assert admin.open("kisi:troubleshooting").says(words)

    @pytest.mark.parametrize(
        ("status", "tag", "words"),
        [
            ("paused", "Not checked yet", "Check again asks Kisi."),
            ("disconnecting", "Not checked yet", "Check again asks Kisi."),
            ("disconnected", "Could not check", "Kisi is disconnected, so it is not asked."),
        ],
    )
    def test_where_nobody_asks_kisi_nothing_is_called_in_order(self, alive, admin, status, tag, words):
        check(admin)
        KisiConnection.objects.update(status=status, status_since=timezone.now())
        page = admin.open("kisi:troubleshooting")
        assert {found(page)[name] for name in NAMES[:6]} == {tag}
        assert page.says(words)

    @pytest.mark.parametrize("status", ["disconnecting", "disconnected"])
    def test_a_gym_that_leaves_kisi_confirms_nobody(self, alive, admin, status):
        KisiConnection.objects.update(status=status)
        alive.member("Ana")
        page = admin.open("kisi:troubleshooting")
        assert found(page)["confirmed"] == "Could not check"
        assert page.says("so nobody's access is confirmed any more.")

    def test_who_is_held_is_not_called_nobody(self, alive, admin):
        people = alive.members(10)
        alive.sync()
        alive.plan.subscriptions.filter(member__in=people[:4]).update(status="paused")
        alive.sync()
        page = admin.open("kisi:troubleshooting")
        assert page.says("Kisi has confirmed everybody who is entitled and whom Core looks after.")

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ("Summit", "It opens Summit; the connection was made with Small Gym."),
            ("another person: Eve", "It is Eve's; the connection was made with a key of Olga Owner."),
        ],
    )
    def test_whose_a_wrong_key_is_is_told_as_far_as_it_is_known(self, alive, admin, said, words):
        now = timezone.now()
        KisiConnection.objects.update(status="wrong_organization", status_since=now, status_said=said)
        page = admin.open("kisi:troubleshooting")
        assert page.says(words)
        assert "belongs to Olga Owner" not in page.text
        assert "Olga Owner may change people" not in page.text

    @pytest.mark.parametrize(
        ("break_it", "status"),
        [
            (lambda world: world.revoke_key(), "needs_new_key"),
            (lambda world: world.weaken_key(), "key_too_weak"),
            (lambda world: world.delete_group(world.group), "group_gone"),
        ],
    )
    def test_what_it_finds_wrong_the_connection_soon_says_too(self, alive, admin, break_it, status):
        break_it(alive.world)
        check(admin)
        alive.sync()
        assert alive.connection.status == status

    def test_what_it_finds_mended_ends_the_trouble(self, alive, admin):
        later = timezone.now() + timedelta(minutes=15)
        KisiConnection.objects.update(status="needs_new_key", retry_at=later)
        check(admin)
        alive.sync()
        assert alive.connection.status == "connected"

    def test_doors_that_are_gone_are_soon_known_everywhere(self, alive, admin):
        alive.world.store.group_locks.rows.clear()
        check(admin)
        alive.sync()
        assert admin.open("kisi:overview").h1 == "Kisi No doors"

    def test_where_both_say_the_same_nothing_is_asked_for(self, alive, admin):
        check(admin)
        assert not alive.connection.look_again
        KisiConnection.objects.update(status="paused")
        alive.world.revoke_key()
        check(admin)
        assert not alive.connection.look_again

    def test_staff_may_not(self, alive, staff):
        assert staff.open("kisi:troubleshooting").status == 403
        assert staff.post("kisi:check").status == 403
        assert staff.post("kisi:find-person", email="ana@example.com").status == 403


def test_the_usual_questions_lead_on(alive, admin):
    page = admin.open("kisi:troubleshooting")
    assert page.says("A member should have access", "Someone was removed", "Doors do not unlock")


def test_it_asks_the_database_few_questions(alive, admin, django_assert_max_num_queries):
    check(admin)
    admin.open("kisi:troubleshooting")
    with django_assert_max_num_queries(12):
        admin.open("kisi:troubleshooting")
