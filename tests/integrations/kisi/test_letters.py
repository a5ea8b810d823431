"""The words of each mail, reached by its cause: what happened, what it means for the doors, what to do (ui.md 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from integrations.kisi import alerts
from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.sync import switching
from integrations.kisi.wording import dated
from plans.models import Plan
from tests.conftest import House
from tests.factories import PlanFactory, StaffFactory
from tests.stories import read_kisi

YOU_GET_THIS = "You get this because you are an admin of Harbor Gym in Core."


@pytest.fixture
def told(connected: House) -> House:
    """An admin who has an address, and a gym in step."""
    StaffFactory(gym=connected.gym)
    return connected


def body(house: House) -> str:
    """The only mail since, as one line; its subject first."""
    (message,) = mail.outbox
    assert YOU_GET_THIS in message.body
    return " ".join(f"{message.subject}: {message.body}".split())


def since(house: House) -> str:
    return dated(house.connection, house.connection.status_since)


def test_a_dead_key(told):
    told.member("Ana")
    told.world.revoke_key()
    told.sync()
    said = body(told)
    assert said.startswith(
        "Harbor Gym: enter a new Kisi API key: Kisi no longer accepts the API key (ends in "
    )
    assert f") since {since(told)}. The doors stay as they are: nobody gained or lost access." in said
    assert "1 change waits and is sent by itself once there is a new key. Enter it here: " in said


def test_a_key_that_this_deployment_cannot_open(told):
    told.members(2)
    KisiConnection.objects.update(sealed_key="x")
    told.sync()
    said = body(told)
    assert "Core cannot open the stored API key (ends in " in said
    assert "2 changes wait and are sent by themselves once there is a new key." in said


def test_a_key_of_another_person_of_the_same_organization(told):
    KisiConnection.objects.update(own_user_id=999, own_user_name="Bob Former")
    told.member("Ana")
    told.sync()
    said = body(told)
    assert said.startswith(
        "Harbor Gym: the Kisi API key belongs to somebody else: This key belongs to somebody else."
    )
    assert f"It is {told.world.owner.name}'s; the connection was made with a key of Bob Former." in said
    assert "Core changed nothing." in said


def test_a_key_of_another_organization(told):
    KisiConnection.objects.update(organization_id=999, organization_name="Summit")
    told.member("Ana")
    told.sync()
    said = body(told)
    assert said.startswith(
        "Harbor Gym: the Kisi API key belongs to another organization: This key belongs to"
    )
    assert "; the connection was made with Summit. Core changed nothing." in said


def test_a_group_that_is_gone(told):
    told.member("Ana")
    told.world.delete_group(told.world.group)
    told.sync()
    said = body(told)
    assert said.startswith("Harbor Gym: Kisi no longer has your group: Kisi has no group ")
    assert "any more. If it was deleted, nobody gets in through it. Core removed nobody." in said


def test_held_removals_say_what_most_of_them_share(told):
    told.members(10)
    told.sync()
    Plan.objects.update(has_24hr_access=False)
    told.sync()
    said = body(told)
    assert said.startswith(
        "Harbor Gym: 10 removals of door access wait for you: 10 of 10 people with access would lose"
    )
    assert (
        "it within 24 hours; your limit is 3. Core holds these removals, so they can still open the doors."
        in said
    )
    assert "All 10 have one cause: Open Door has no 24-hr access." in said


def test_held_removals_that_share_nothing_say_nothing_of_it(told):
    members = told.members(10)
    told.sync()
    for number, status in enumerate(("paused", "expired", "cancelled", "paused", "expired", "cancelled")):
        members[number].subscriptions.update(status=status)
    told.sync()
    assert "have one cause" not in body(told)


def test_a_refused_person(told):
    told.member("Ana")
    told.world.fault(method="POST", path="/users", status=422)
    told.sync()
    said = body(told)
    assert said.startswith(
        "Harbor Gym: Kisi refuses 1 person: 1 person cannot open the doors though they should."
    )
    assert "Ana" in said
    assert "Kisi said: “" in said
    assert "What to do: " in said


@pytest.mark.parametrize("is_kisi", [True, False])
def test_silence_says_whose(told, is_kisi):
    told.member("Ana")
    at = told.clock.now() - timedelta(hours=2)
    if is_kisi:
        KisiConnection.objects.update(status="in_trouble", status_since=at)
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": told.clock.now() if is_kisi else at})
    alerts.tell(told.connection.pk, told.clock.now())
    said = body(told)
    subject = "Kisi is not answering" if is_kisi else "Core's sync has stopped"
    assert said.startswith(
        f"Harbor Gym: {subject}: Since {dated(told.connection, at)} no changes reach Kisi."
    )
    who = "Core keeps trying; you need to do nothing." if is_kisi else "Tell whoever runs Core."
    assert f"Nobody's access was changed. 1 change waits. {who} Open the Kisi page: " in said


def test_it_is_over(told):
    told.member("Ana")
    key = told.world.add_key(told.world.owner)
    told.world.revoke_key()
    told.sync()
    mail.outbox.clear()
    connection = told.connection
    connection.set_key(type(connection.api_key())(key))
    connection.save()
    told.clock.forward(minutes=16)
    told.sync()
    said = body(told)
    assert said.startswith("Harbor Gym: door access is in order again: Working since ")
    assert "1 waiting change was sent, 0 failed." in said


def test_after_a_silent_sync_the_time_and_the_changes_are_those_since_it_runs_again(told):
    """Its status never changed: the connection is old, and so are most of its runs."""
    told.members(2)
    told.sync()
    long_ago = told.clock.now() - timedelta(days=40)
    KisiConnection.objects.update(status_since=long_ago, connected_at=long_ago)
    told.member("Ana")
    Heartbeat.objects.update(at=told.clock.now() - timedelta(minutes=16))
    alerts.tell(told.connection.pk, told.clock.now())
    mail.outbox.clear()
    told.sync()
    run = SyncRun.objects.first()
    assert (
        f"Working since {dated(told.connection, run.started_at)}. 1 waiting change was sent, 0 failed."
        in (body(told))
    )


@pytest.mark.parametrize("status", ["in_trouble", "disconnecting"])
def test_a_trouble_that_ends_in_another_is_not_told_as_order(told, status):
    told.member("Ana")
    told.world.revoke_key()
    told.sync()
    mail.outbox.clear()
    KisiConnection.objects.update(status=status, status_since=told.clock.now())
    alerts.tell(told.connection.pk, told.clock.now())
    assert not mail.outbox
    KisiConnection.objects.update(status="connected", status_since=told.clock.now())
    alerts.tell(told.connection.pk, told.clock.now())
    assert "door access is in order again" in body(told)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("2 Kisi people have this address", "Ana: Kisi has 2 people with this address "),
        ("Email is taken", "Ana: Kisi said: “Email is taken” "),
        ("", "Ana What to do"),
    ],
)
def test_only_what_kisi_said_itself_is_told_as_its_words(told, error, said):
    ana = told.member("Ana")
    facts = {"state": "absent", "trouble": "conflict", "last_error": error}
    told.connection.grants.create(email=ana.email, member=ana, name="Ana", **facts)
    alerts.tell(told.connection.pk, told.clock.now())
    assert said in body(told)


def test_a_disconnect_that_cannot_remove_names_the_day_of_its_next_try(told):
    told.member("Ana")
    told.sync()
    told.world.revoke_key()
    who = ["ana@example.com"]
    switching.remove_and_disconnect(told.connection, who, by=None, now=told.clock.now())
    told.sync()
    said = body(told)
    assert said.startswith(
        "Harbor Gym: access is not being removed from Kisi: Access is not being removed: Kisi"
    )
    assert f"Core tries again {dated(told.connection, told.connection.retry_at)}." in said


def test_where_nothing_waits_yet_no_number_is_told(told):
    told.world.revoke_key()
    told.clock.forward(minutes=16)
    told.sync()
    assert "Nothing waits yet; what changes is sent by itself once there is a new key." in body(told)
    mail.outbox.clear()
    Heartbeat.objects.update(at=told.clock.now() - timedelta(minutes=16))
    alerts.tell(told.connection.pk, told.clock.now())
    assert "Nothing waits yet. Tell whoever runs Core." in body(told)


class TestTheWeek:
    def on_monday(self, house: House) -> str:
        mail.outbox.clear()
        house.clock.forward(days=(7 - house.today().weekday()) % 7 or 7)
        local = house.clock.now()
        house.clock.forward(hours=9 - local.hour)
        Heartbeat.objects.update_or_create(name="worker", defaults={"at": house.clock.now()})
        alerts.tell(house.connection.pk, house.clock.now())
        mail.outbox[:] = [message for message in mail.outbox if "this week" in message.subject]
        return body(house)

    def test_whoever_had_access_already_did_not_get_it(self, told):
        told.in_kisi("Ana")
        told.member("Ana")
        told.member("Ben")
        read_kisi(told, Read.FULL)
        assert told.inside() == ["ana", "ben"]
        said = self.on_monday(told)
        ahead = "In the next seven days no subscription that opens the doors ends."
        assert f"1 person got access and 0 lost it. {ahead}" in said

    def test_whose_subscription_ends_is_counted_where_it_opens_the_doors(self, told):
        ends = told.today() + timedelta(days=10 - told.today().weekday())  # the Thursday after that Monday
        told.member("Ana", status="pending_cancel", ends_on=ends)
        club = PlanFactory(gym=told.gym, has_24hr_access=False)
        told.member("Ben", plan=club, status="pending_cancel", ends_on=ends)
        told.sync()
        said = self.on_monday(told)
        assert "In the next seven days subscriptions that open the doors end for 1 person." in said

    def test_a_group_without_doors_lets_nobody_in(self, told):
        told.member("Ben")
        told.sync()
        KisiConnection.objects.update(doors=[])
        assert "1 person has access, but the group 24-hr Access opens no doors." in self.on_monday(told)

    @pytest.mark.parametrize(
        ("status", "until"),
        [
            ("needs_new_key", "once there is a new key"),
            ("group_gone", "once there is a group again"),
            ("in_trouble", "once Kisi answers again"),
        ],
    )
    def test_while_nothing_is_written_it_says_so(self, told, status, until):
        told.member("Ben")
        told.sync()
        KisiConnection.objects.update(status=status)
        assert f"Nothing reaches Kisi now: changes are sent {until}." in self.on_monday(told)

    def test_a_gym_that_leaves_kisi_is_sent_none(self, told):
        KisiConnection.objects.update(status="disconnecting")
        with pytest.raises(ValueError, match="not enough values"):
            self.on_monday(told)


def test_nobody_is_mailed_twice_about_one_row(told):
    told.member("Ana")
    told.world.fault(method="POST", path="/users", status=422)
    for _ in range(2):
        told.sync()
    assert KisiGrant.objects.get().trouble == "refused"
    assert len(mail.outbox) == 1
