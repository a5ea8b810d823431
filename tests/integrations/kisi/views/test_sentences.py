"""Sentences that few states say, each reached by its cause and read on the page that says it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.kisi.models import (
    Heartbeat,
    KisiConnection,
    KisiGrant,
    Look,
    Preview,
    PreviewLine,
    Release,
)
from members.models import Member
from tests.conftest import House

NOW = timezone.now


@pytest.fixture
def gym(house: House) -> House:
    """Connected as far as the database knows; nobody asks Kisi here."""
    facts = {"doors": ["Front door"], "sole_source_since": NOW(), "must_read_first": False}
    KisiConnection.objects.create(gym=house.gym, group_id=7, group_name="24-hr Access", **facts)
    for name in ("beat", "worker"):
        Heartbeat.objects.create(name=name, at=NOW())
    return house


def row(house: House, member: Member, **facts: Any) -> KisiGrant:
    known = {"state": "granted", "origin": "created", "role_assignment_id": member.pk, "name": member.name}
    known |= {"email": member.email, "member": member}
    return KisiGrant.objects.create(connection=house.connection, **(known | facts))


def outside(house: House, member: Member, **facts: Any) -> KisiGrant:
    return row(house, member, **({"state": "absent", "role_assignment_id": None, "origin": ""} | facts))


class TestNeedsAttention:
    """Heading and who acts, by what the last attempt ended with (ui.md 4.9)."""

    @pytest.mark.parametrize(
        ("trouble", "heading", "who", "retries"),
        [
            (
                "forbidden",
                "Kisi does not let this key change them",
                "An owner, in Kisi. Then press Retry.",
                True,
            ),
            (
                "conflict",
                "Kisi knows the address twice, or under another person",
                "An owner, in Kisi. Then press Retry.",
                True,
            ),
            ("unclear", "Kisi did not answer clearly", "Nobody: Core looks at Kisi again by itself.", False),
            (
                "lost",
                "Kisi says they exist, and does not show them",
                "Nobody: Core tries again by itself.",
                True,
            ),
        ],
    )
    def test_a_cause_says_who_acts_and_whether_a_retry_helps(
        self, gym, admin, trouble, heading, who, retries
    ):
        outside(gym, gym.member("Ana"), trouble=trouble)
        page = admin.open("kisi:attention")
        assert page.says(f"1 person: {heading}", f"Who acts: {who}")
        assert ("Retry 1 person" in page.buttons) == retries

    def test_who_has_no_address(self, gym, admin):
        gym.member("Ana", email="")
        assert admin.open("kisi:attention").says(
            "They are entitled, and Core cannot give them access: Kisi knows people by email.",
            "You, in Core: add an address.",
        )

    def test_what_is_good_to_know(self, gym, admin):
        outside(gym, gym.member("Ana"), managed="has the role manager")
        row(gym, gym.member("Ben", status="paused"), kept_until=NOW() + timedelta(days=3))
        assert admin.open("kisi:attention").says(
            "1 person is managed in Kisi",
            "Core never changes them.",
            "1 person kept by an admin",
            "An admin decided that they keep their access; Core asks about them again 30 days later.",
        )


GROUPS = {
    "adopt": "They have access in Kisi already. Core looks after it from now on, and Kisi sends no email.",
    "put_back": "Somebody took them out in Kisi by hand. They are entitled in Core, so they get in again, without an "
    "email.",
    "rename": "1 person is renamed in Kisi Their names changed in Core.",
    "check": "Kisi's last answer about them was unclear, or its list does not show them any more. Core asks about "
    "each before it does anything else.",
    "conflict": "Core does nothing about them by itself: each line says what would help.",
    "waiting": "1 person waits for another try Core tries them again by itself.",
    "cut_over": "1 person keeps access until you cut over They have access in Kisi that Core did not create and "
    "would not give: each line says why.",
    "kept": "1 person is kept An admin decided so. Core asks again after 30 days.",
    "managed": "1 person is managed in Kisi Core never touches them.",
    "unchanged": "1 person stays as they are Core and Kisi agree about them.",
}
OUTCOMES = {
    "moved": "Their facts are not those of the preview any more, so they were skipped.",
    "failed": "1 person failed Needs attention says who must act.",
    "waits": "1 person waits Kisi's answer was unclear. Core looks again by itself.",
}
FAILURES = {
    "KeyTooWeak": "The key's owner may not read people in Kisi",
    "WrongOrganization": "The key belongs to another organization or person",
    "IncompleteRead": "Kisi's list of people had gaps",
    "SlowDown": "Kisi asked Core to slow down",
    "Later": "Kisi is busy with other work of Core",
    "OutOfTime": "Kisi did not answer in time",
    "Conflict": "Kisi has two people with this address Somebody has to look in Kisi.",
    "VaultError": "Core cannot open the stored API key",
}


class TestAPreview:
    def preview(self, house: House, state: str, **facts: Any) -> Preview:
        times = {"asked_at": NOW(), "taken_at": NOW()}
        return Preview.objects.create(connection=house.connection, state=state, **times, **facts)

    def line(self, found: Preview, **facts: Any) -> None:
        known = {"email": "ana@example.com", "name": "Ana", "digest": "x"}
        PreviewLine.objects.create(preview=found, **(known | facts))

    @pytest.mark.parametrize("group", list(GROUPS))
    def test_a_group_says_what_it_means(self, gym, admin, group):
        found = self.preview(gym, "ready")
        self.line(found, group=group)
        assert admin.open("kisi:preview-shown", found.pk).says(GROUPS[group])

    @pytest.mark.parametrize("outcome", list(OUTCOMES))
    def test_an_outcome_says_what_it_means(self, gym, admin, outcome):
        found = self.preview(gym, "applied", applied_at=NOW())
        self.line(found, group="give", outcome=outcome)
        assert admin.open("kisi:preview-shown", found.pk).says(OUTCOMES[outcome])

    @pytest.mark.parametrize("name", list(FAILURES))
    def test_a_failure_says_why_and_that_nothing_was_changed(self, gym, admin, name):
        page = admin.open("kisi:preview-shown", self.preview(gym, "failed", failure=name).pk)
        assert page.says(FAILURES[name])
        assert name == "Conflict" or page.says("Nothing was changed, in Core or in Kisi.")


class TestTheFiveLines:
    def look(self, house: House, member: Member, **facts: Any) -> None:
        known = {"user_id": None, "is_in_group": False, "has_doors": True}
        Look.objects.create(connection=house.connection, email=member.email, at=NOW(), **(known | facts))

    def test_somebody_new_is_being_made(self, gym, staff):
        ana = gym.member("Ana")
        self.look(gym, ana)
        assert staff.open("members:detail", ana.pk).says(
            "Core is making the Kisi profile of Ana.",
            "Core is adding Ana.",
            "Known once Kisi has the person.",
        )

    def test_nobody_is_expected(self, gym, staff):
        ana = gym.member("Ana", status="paused")
        self.look(gym, ana)
        assert staff.open("members:detail", ana.pk).says(
            "Kisi has nobody with the address ana@example.com",
            "As it should be.",
            "Only somebody whom Kisi knows can be.",
        )

    def test_somebody_left_to_kisi_who_is_out(self, gym, staff):
        ana = gym.member("Ana")
        outside(gym, ana, exempt=True)
        self.look(gym, ana)
        said = "Left to Kisi by an admin: Core neither gives nor removes access."
        assert staff.open("members:detail", ana.pk).says(said)

    @pytest.mark.parametrize(
        ("facts", "said"),
        [
            ({"kept_until": NOW() + timedelta(days=3)}, "An admin kept this access."),
            ({"held_since": NOW()}, "The removal is held until an admin decides."),
            ({"exempt": True}, "Left to Kisi by an admin."),
            ({"trouble": "forbidden", "last_error": "No"}, "Kisi refused the removal: “No”."),
        ],
    )
    def test_why_somebody_who_should_not_is_still_in(self, gym, staff, facts, said):
        ana = gym.member("Ana", status="paused")
        row(gym, ana, **facts)
        self.look(gym, ana, user_id=1, is_in_group=True)
        assert staff.open("members:detail", ana.pk).says(said)

    @pytest.mark.parametrize("status", ["active", "paused"])
    def test_what_waits_for_another_try_is_not_being_done(self, gym, staff, status):
        """And nobody polls for it."""
        ana, later = (
            gym.member("Ana", status=status),
            {"trouble": "unclear", "retry_at": NOW() + timedelta(hours=1)},
        )
        (outside if status == "active" else row)(gym, ana, **later)
        self.look(gym, ana, is_in_group=status != "active", user_id=None if status == "active" else 1)
        page = staff.open("members:detail", ana.pk)
        assert page.says("In the group The last try did not go through. Core tries again by itself.")
        for words in ("Core is at work.", "Core is making", "Core is adding", "Core is removing"):
            assert words not in page.text
        assert 'hx-trigger="every' not in page.html

    def test_a_held_removal_that_was_allowed_is_being_done(self, gym, staff):
        ana = gym.member("Ana", status="paused")
        row(gym, ana, held_since=NOW())
        Release.objects.create(connection=gym.connection, email=ana.email, cause="allowed")
        self.look(gym, ana, user_id=1, is_in_group=True)
        assert staff.open("members:detail", ana.pk).says("Core is removing the access.")

    @pytest.mark.parametrize("status", ["disconnecting", "disconnected"])
    def test_what_kisi_said_before_a_gym_left_is_not_told(self, gym, staff, status):
        ana = gym.member("Ana", status="paused")
        row(gym, ana)
        self.look(gym, ana, user_id=1, is_in_group=True)
        KisiConnection.objects.update(status=status, status_since=NOW())
        page = staff.open("members:detail", ana.pk)
        assert "Kisi was asked" not in page.text and "Core is removing the access" not in page.text

    @pytest.mark.parametrize("status", ["active", "paused"])
    @pytest.mark.parametrize("is_named", [True, False])
    def test_who_is_asked_about_while_the_gym_leaves(self, gym, admin, status, is_named):
        """Whoever is named goes, whatever is bought; nobody else does."""
        ana = gym.member("Ana", status=status)
        row(gym, ana)
        KisiConnection.objects.update(status="disconnecting")
        if is_named:
            Release.objects.create(connection=gym.connection, email=ana.email, cause="disconnect")
        self.look(gym, ana, user_id=1, is_in_group=True)
        page = admin.open("members:detail", ana.pk)
        assert ("Core is removing the access." in page.text) is is_named
        assert is_named or page.says(
            "In the group 24-hr Access." if status == "active" else "Core did not give"
        )

    def test_a_group_that_the_key_does_not_see(self, gym, staff):
        ana = gym.member("Ana")
        self.look(gym, ana, failure="GroupGone", has_doors=None)
        assert staff.open("members:detail", ana.pk).says("Kisi does not show this group to the key.")


def test_every_question_of_troubleshooting_is_asked(gym, admin):
    assert admin.open("kisi:troubleshooting").says(
        "Does the API key work?",
        "Is it strong enough?",
        "Is it the same organization?",
        "Does the group exist?",
        "Does it open doors?",
        "Does Kisi answer in time?",
        "Is the schedule alive?",
        "Is the worker alive?",
        "Can Core send mail?",
        "Do members share addresses?",
        "Is anyone entitled but not confirmed?",
        "Does something else change people in Kisi?",
    )
