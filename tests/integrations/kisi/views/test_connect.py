"""Connecting in three steps, and everything that can go wrong in the second (ui.md 4.3)."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.kisi.models import KisiConnection
from integrations.kisi.simulator import Kind
from integrations.kisi.views import kept_key
from integrations.vault import Secret
from tests.conftest import House
from tests.desk import Desk, Page
from tests.factories import GymFactory, StaffFactory

NO_DIGITS = ("abc", "12a", "1.5", "٣x")
KEY_UNTRIED = "Enter the key again: Core has not tried it, and keeps no key before it works."
KEY_AGAIN = "Enter the key again: Core does not keep a key that failed."
ODD = "Kisi did not answer as expected. Try again in a few minutes; status.kisi.io shows known faults."


@pytest.fixture
def agreed(house: House, admin: Desk) -> Desk:
    """Alice, who has agreed and stands before the second step."""
    admin.press(admin.open("kisi:connect"), "Agree and Continue")
    return admin


def try_key(house: House, desk: Desk, **changed: object) -> Page:
    facts = {"group_id": house.world.group_id, "api_key": house.world.api_key} | changed
    return desk.press(desk.open("kisi:connect-credentials"), "Connect", **facts)


def refused(page: Page, *sentences: str, key: str = "") -> None:
    """Said in these words, nothing saved, and the key nowhere."""
    assert page.status == 200
    assert page.title.startswith("Error: ")
    assert page.says("There is a problem", *sentences)
    assert not KisiConnection.objects.exists()
    assert ("api_key", "") in [field for form in page.forms for field in form.fields]
    if key:
        assert key not in page.html


class TestTheThreeSteps:
    def test_the_first_says_what_goes_to_kisi_and_how_many_are_entitled(self, house, admin):
        house.members(3)
        house.member("Idle", status="paused")
        page = admin.open("kisi:connect")
        assert page.h1 == "Connect Kisi: permissions"
        assert page.says("Name, email address, whether the person may open the doors")
        assert page.says("Never: waivers, payments, plan details.")
        assert page.says("3 people are entitled now (Open Door). Kisi emails those who are new to it.")
        assert '<li aria-current="step">Permissions' in page.html

    def test_one_entitled_person_is_one(self, house, admin):
        house.member("Ana")
        assert admin.open("kisi:connect").says("1 person is entitled now (Open Door).")

    def test_nothing_is_asked_of_kisi_before_the_key_is_there(self, house, agreed):
        agreed.open("kisi:connect-credentials")
        assert house.calls() == []

    def test_the_second_is_not_there_before_somebody_agreed(self, house, admin):
        page = admin.open("kisi:connect-credentials")
        assert page.h1 == "Connect Kisi: permissions"
        assert admin.post(
            "kisi:connect-credentials", group_id=house.world.group_id, api_key=house.world.api_key
        ).h1.endswith("permissions")
        assert not KisiConnection.objects.exists()
        assert house.calls() == []

    def test_coming_back_goes_on_at_the_second_step(self, agreed):
        page = agreed.open("kisi:connect-credentials")
        assert page.h1 == "Connect Kisi: Group ID and API key"
        assert page.says("Switch off other automations first", "Core tries the key before saving anything.")
        assert 'type="password"' in page.html

    def test_the_third_counts_what_happens_next(self, house, agreed):
        house.member("Ana")
        house.member("Ben")
        house.member("Cem")
        house.in_kisi("Ben")
        house.in_kisi("Cleaner")
        page = try_key(house, agreed)
        assert page.h1 == "Kisi is connected"
        assert page.says(
            "24-hr Access opens Front door",
            "2 people get access now",
            "Kisi will send up to 4 emails: an invitation to whoever is new to Kisi, and a notice",
            "1 person already has it in Kisi; Core looks after them from now on",
            "1 person is only in Kisi; Core leaves them alone",
        )
        assert page.says("Nobody would lose access, so Core is the only source from now on.")

    def test_the_third_says_the_same_while_and_after_the_first_sync_runs(self, house, agreed):
        for name in ("Ana", "Ben"):
            house.member(name)
        house.in_kisi("Ben")
        first = try_key(house, agreed)
        assert first.says(
            "1 person gets access now", "Kisi will send up to 2 emails", "1 person already has it"
        )
        house.sync()
        assert sorted(house.inside()) == ["ana", "ben"]
        assert len(house.world.outbox) == 2
        after = agreed.open("kisi:connected")
        assert after.says(
            "1 person gets access now", "Kisi will send up to 2 emails", "1 person already has it"
        )

    def test_people_who_would_lose_access_keep_it_until_cut_over(self, house, agreed):
        house.member("Old", status="cancelled")
        house.in_kisi("Old")
        page = try_key(house, agreed)
        words = (
            "1 person has access in Kisi but no active 24-hr plan in Core; they keep it until you cut over"
        )
        assert page.says(words, "Go to Move-in")
        assert "already" not in page.text
        assert house.connection.in_transition

    def test_who_agreed_and_who_connected_is_kept(self, house, agreed):
        try_key(house, agreed)
        connection = house.connection
        assert (connection.agreed_by, connection.connected_by) == (agreed.user, agreed.user)
        assert connection.agreed_at is not None
        assert connection.agreed_at <= connection.connected_at
        page = agreed.open("kisi:overview")
        assert page.says("Agreed today", "by Alice Adams")

    def test_only_the_last_four_of_the_key_are_ever_shown(self, house, agreed):
        page = try_key(house, agreed)
        key = house.world.api_key
        assert key not in page.html
        overview = agreed.open("kisi:overview")
        assert key not in overview.html
        assert overview.says(f"ends in {key[-4:]}")
        assert house.connection.api_key() == Secret(key)

    def test_a_key_pasted_with_blanks_around_it_works(self, house, agreed):
        try_key(house, agreed, api_key=f"  {house.world.api_key}\n")
        assert house.connection.api_key() == Secret(house.world.api_key)

    def test_the_first_sync_is_asked_for_and_gives_access(self, house, agreed):
        house.member("Ana")
        try_key(house, agreed)
        assert house.connection.look_again
        assert house.connection.wanted_by == agreed.user
        house.sync()
        assert house.inside() == ["ana"]

    def test_a_connected_gym_is_not_connected_again(self, connected, admin):
        assert admin.open("kisi:connect").path == "/marketplace/kisi/"
        assert admin.open("kisi:connect-credentials").path == "/marketplace/kisi/"

    def test_the_third_says_nothing_of_groups_that_nobody_is_in(self, house, agreed):
        house.member("Ana")
        page = try_key(house, agreed)
        assert page.says("1 person gets access now")
        assert "0 people" not in page.html

    def test_no_plan_with_24_hr_access_is_said(self, house, agreed):
        house.plan.has_24hr_access = False
        house.plan.save()
        assert try_key(house, agreed).says("No plan has 24-hr access, so nobody gets access yet.")

    def test_a_group_without_doors_warns_and_is_saved(self, house, agreed):
        empty = house.world.add_group("Empty", [])
        page = try_key(house, agreed, group_id=empty.id)
        assert page.h1 == "Kisi is connected"
        assert page.says("Empty opens no doors yet", "Add doors to it in Kisi.")
        assert house.connection.group_id == empty.id

    def test_staff_are_told_which_admins_to_ask(self, house, admin, staff):
        for name in ("kisi:connect", "kisi:connect-credentials", "kisi:connected"):
            page = staff.open(name)
            assert page.status == 403
            assert page.says("Only admins can open this page", "Ask Alice Adams.")
        assert staff.post("kisi:connect").status == 403
        assert staff.post("kisi:connect-credentials", group_id=1, api_key="x").status == 403


class TestRefusals:
    def test_nothing_entered(self, house, agreed):
        page = try_key(house, agreed, group_id="", api_key="")
        refused(page, "Enter the Group ID", "Enter the API key")
        assert house.calls() == []

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            *((typed, "Group ID must be a number in digits only, such as 1234") for typed in NO_DIGITS),
            *((typed, "Group ID must be a number above 0, such as 1234") for typed in ("-4", "0")),
            *((typed, "Group ID is too large: check the number") for typed in ("9" * 30, str(2**62 + 1))),
        ],
    )
    def test_a_group_that_is_no_number_of_a_group_and_the_key_is_not_tried(self, house, agreed, typed, words):
        page = try_key(house, agreed, group_id=typed)
        refused(page, words, KEY_UNTRIED, key=house.world.api_key)
        assert "a key that failed" not in page.text
        assert house.calls() == []

    def test_what_was_typed_stays_but_the_key(self, house, agreed):
        page = try_key(house, agreed, group_id="12a")
        assert ("group_id", "12a") in [field for form in page.forms for field in form.fields]

    def test_a_key_that_kisi_does_not_know(self, house, agreed):
        page = try_key(house, agreed, api_key="wrong-key-0123456789")
        words = "Kisi does not accept this API key. Make a new one in Kisi and paste all of it."
        refused(page, words, key="wrong-key-0123456789")

    @pytest.mark.parametrize("typed", ["schlüssel", "a b", "x\ny", "“quoted”", "é" * 40, "\u202eabc"])
    def test_a_key_that_no_header_can_carry(self, house, agreed, typed):
        page = try_key(house, agreed, api_key=typed)
        refused(page, "Kisi does not accept this API key.", key=typed)

    def test_a_person_who_may_not_change_people(self, house, agreed):
        weak = house.world.add_key(house.world.add_user("desk@example.com", "Front Desk"))
        page = try_key(house, agreed, api_key=weak)
        refused(
            page,
            "Front Desk, whose key this is, may not change people in Kisi.",
            "Use a key of the organization's owner or an administrator.",
            key=weak,
        )

    def test_a_group_that_the_key_does_not_see(self, house, agreed):
        page = try_key(house, agreed, group_id=999999)
        refused(
            page,
            "This key sees no group 999999 in Small Gym.",
            "Check the number, and that the key belongs to the right organization.",
            key=house.world.api_key,
        )

    def test_a_group_of_another_gym(self, house, agreed):
        other = GymFactory()
        KisiConnection.objects.create(gym=other, group_id=house.world.group_id)
        page = try_key(house, agreed)
        words = "This group is already connected in Core. Each gym needs a group of its own."
        assert page.says(words)
        assert not KisiConnection.objects.filter(gym=house.gym).exists()
        assert house.world.api_key not in page.html

    def test_too_many_calls(self, house, agreed):
        house.world.fault(path="/user", status=429, times=0)
        page = try_key(house, agreed)
        words = "Kisi is busy with other requests for this key. Wait a minute, then press Connect again."
        refused(page, words, KEY_AGAIN, key=house.world.api_key)

    @pytest.mark.parametrize(
        "fault",
        [
            {"status": 500},
            {"kind": Kind.HTML},
            {"kind": Kind.LOST},
            {"status": 200, "body": "{}"},
            {"kind": Kind.TRUNCATED},
        ],
        ids=["500", "a page", "no answer", "empty object", "half"],
    )
    @pytest.mark.parametrize("path", ["/user", r"/groups/\d+", "/role_assignments"])
    def test_no_usable_answer(self, house, agreed, fault, path):
        house.world.fault(path=path, times=0, **fault)
        page = try_key(house, agreed)
        refused(page, ODD, KEY_AGAIN, key=house.world.api_key)

    def test_a_kisi_that_is_not_there(self, house, agreed, settings):
        settings.KISI_API_URL = "http://127.0.0.1:9"
        refused(try_key(house, agreed), ODD, KEY_AGAIN, key=house.world.api_key)

    def test_after_a_refusal_the_right_key_connects(self, house, agreed):
        try_key(house, agreed, api_key="wrong-key-0123456789")
        assert try_key(house, agreed).h1 == "Kisi is connected"

    def test_an_agreement_is_used_up_by_the_connection(self, house, agreed):
        try_key(house, agreed)
        assert "agreed" not in str(dict(agreed.client.session.items()))


def test_an_agreement_of_one_gym_is_none_of_another(house, agreed):
    second = StaffFactory(gym=GymFactory(), user=agreed.user, role="admin")
    agreed.post("switch-gym", gym=second.gym_id)
    assert "Agreed by" not in agreed.open("kisi:connect").text
    assert agreed.open("kisi:connect-credentials").h1 == "Connect Kisi: permissions"


def test_another_admins_agreement_is_not_mine(house, agreed):
    other = Desk(StaffFactory(gym=house.gym, role="admin"))
    assert other.open("kisi:connect-credentials").h1 == "Connect Kisi: permissions"


class TestGroupsByName:
    """Once the key is known to work, its groups are there to choose from, and it is not asked for again."""

    def test_without_a_number_a_good_key_tells_the_groups(self, house, agreed):
        annex = house.world.add_group("Annex", [])
        page = try_key(house, agreed, group_id="")
        assert page.says("Choose the group with your doors", "This key works. It sees 2 groups.")
        assert page.says(f"24-hr Access: 1 door, Group ID {house.world.group_id}")
        assert page.says(f"Annex: opens no doors, Group ID {annex.id}")
        assert "There is a problem" not in page.text

    def test_the_choice_alone_connects(self, house, agreed):
        page = try_key(house, agreed, group_id="")
        page = agreed.press(page, "Connect", group_id=house.world.group_id)
        assert page.h1 == "Kisi is connected"
        assert house.connection.api_key() == Secret(house.world.api_key)
        assert kept_key.NAME not in agreed.client.session

    def test_a_wrong_number_of_a_good_key_offers_the_groups_it_sees(self, house, agreed):
        page = try_key(house, agreed, group_id=999)
        refused(page, "This key sees no group 999", "This key works. It sees 1 group.")
        assert agreed.press(page, "Connect", group_id=house.world.group_id).h1 == "Kisi is connected"

    def test_the_key_is_kept_sealed_and_shown_by_its_end(self, house, agreed):
        page, key = try_key(house, agreed, group_id=""), house.world.api_key
        assert page.says(f"The key that ends in {key[-4:]} is kept for ten minutes while you choose.")
        assert key not in page.html
        assert key not in str(dict(agreed.client.session))

    def test_it_is_kept_for_ten_minutes(self, house, agreed):
        page = try_key(house, agreed, group_id="")
        session = agreed.client.session
        session[kept_key.NAME] = [session[kept_key.NAME][0], timezone.now().timestamp() - 601]
        session.save()
        page = agreed.press(page, "Connect", group_id=house.world.group_id)
        refused(page, "Enter the API key")

    def test_it_is_of_no_use_at_another_gym(self, house, agreed):
        try_key(house, agreed, group_id="")
        other = StaffFactory(user=agreed.user, gym=GymFactory(), role="admin")
        agreed.post("switch-gym", gym=other.gym_id)
        agreed.press(agreed.open("kisi:connect"), "Agree and Continue")
        page = agreed.press(agreed.open("kisi:connect-credentials"), "Connect", group_id=house.world.group_id)
        refused(page, "Enter the API key")

    def test_another_key_replaces_it(self, house, agreed):
        page = try_key(house, agreed, group_id="")
        page = agreed.press(page, "Connect", group_id=house.world.group_id, api_key="wrong-key-0123456789")
        refused(page, "Kisi does not accept this API key.")

    def test_a_busy_kisi_leaves_the_kept_key_kept_and_does_not_ask_for_it(self, house, agreed):
        page = try_key(house, agreed, group_id="")
        house.world.fault(path="/user", status=429, times=1)
        page = agreed.press(page, "Connect", group_id=house.world.group_id)
        refused(page, "Kisi is busy with other requests for this key.", "is kept for ten minutes")
        assert "Enter the key again" not in page.text
        assert agreed.press(page, "Connect", group_id=house.world.group_id).h1 == "Kisi is connected"

    def test_a_slip_in_the_number_costs_no_key_that_worked(self, house, agreed):
        try_key(house, agreed, group_id="")
        page = agreed.press(agreed.open("kisi:connect-credentials"), "Connect", group_id="12a")
        refused(page, "Group ID must be a number in digits only", "is kept for ten minutes")
        assert "Enter the key again" not in page.text
        assert agreed.press(page, "Connect", group_id=house.world.group_id).h1 == "Kisi is connected"

    def test_no_key_is_said_to_be_kept_where_another_is_asked_for(self, house, agreed):
        page = try_key(house, agreed, group_id="")
        house.world.revoke_key()
        page = agreed.press(page, "Connect", group_id=house.world.group_id)
        refused(page, "Kisi does not accept this API key.", "In Kisi: your name, My Account")
        assert "optional" not in page.text
        assert "is kept for ten minutes" not in page.text
        assert kept_key.NAME not in agreed.client.session

    def test_a_key_that_kisi_rejects_offers_nothing(self, house, agreed):
        house.world.revoke_key()
        page = try_key(house, agreed, group_id="")
        refused(page, "Enter the Group ID", KEY_AGAIN)
        assert kept_key.NAME not in agreed.client.session

    def test_a_kisi_that_does_not_answer_offers_nothing(self, house, agreed):
        house.world.fault(path="/groups", status=500, times=0)
        refused(try_key(house, agreed, group_id=""), "Enter the Group ID", KEY_AGAIN)

    def test_another_group_of_the_same_organization_is_found_by_name_too(self, house, admin):
        house.connect()
        group = house.world.add_group("Annex", [])
        page = admin.press(
            admin.open("kisi:credentials"), "Try and save", group_id="", api_key=house.world.api_key
        )
        assert page.says("This key works. It sees 2 groups.", f"Group ID {group.id}")
        page = admin.press(page, "Try and save", group_id=group.id)
        assert page.h1 == f"Use group {group.id}?"
        admin.press(page, f"Use group {group.id}")
        assert house.connection.group_id == group.id
