"""The words of each mail, reached by its cause: what happened, what it means for the doors, what to do (ui.md 5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from integrations.kisi import alerts
from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant
from integrations.kisi.wording import dated
from plans.models import Plan
from tests.conftest import House
from tests.factories import StaffFactory

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
    assert "10 of the 10 have one cause: Open Door has no 24-hr access." in said


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
    assert "Kisi said “" in said
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


def test_nobody_is_mailed_twice_about_one_row(told):
    told.member("Ana")
    told.world.fault(method="POST", path="/users", status=422)
    for _ in range(2):
        told.sync()
    assert KisiGrant.objects.get().trouble == "refused"
    assert len(mail.outbox) == 1
