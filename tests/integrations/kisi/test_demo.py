"""The program on one machine: what its gym holds, and how it declines to start."""

from __future__ import annotations

import socket
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.utils import timezone

from config.supervisor import Supervisor
from integrations.kisi.management import demo_gym
from integrations.kisi.management.commands import demo
from integrations.kisi.simulator import cast
from members.models import Gym, Member, Staff
from plans.models import Plan, Subscription


@pytest.fixture
def gym(db) -> Gym:
    return demo_gym.ensure()


def test_the_demo_declines_to_run_in_production(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="does not run with DEBUG off"):
        call_command("demo")


def test_a_taken_port_is_one_line_that_names_the_way_out(settings):
    settings.DEBUG = True
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings.PORT = other.getsockname()[1]
        with pytest.raises(CommandError) as refused:
            call_command("demo")
    line = f"Port {settings.PORT} is taken. Choose another: make run PORT={settings.PORT + 1}"
    assert str(refused.value) == line


@pytest.mark.process
def test_the_simulator_keeps_its_port_unless_somebody_took_it(settings, tmp_path):
    settings.STATE_DIR = tmp_path
    ports = []
    for taken in (False, False, True):
        crew = Supervisor(tmp_path / "logs")
        other = socket.create_server(("127.0.0.1", ports[-1])) if taken else None
        try:
            ports.append(urlsplit(demo.start_kisi(crew)["url"]).port)
        finally:
            crew.stop()
            if other:
                other.close()
    assert ports[0] == ports[1] != ports[2]


def test_the_demo_gym_has_about_sixty_members_over_every_status(gym):
    assert 55 <= Member.objects.filter(gym=gym).count() <= 65
    used = Subscription.objects.filter(member__gym=gym).values_list("status", flat=True)
    assert set(used) == set(Subscription.Status.values)


def test_the_demo_gym_has_two_plans_with_24_hr_access_and_one_without(gym):
    flags = Plan.objects.filter(gym=gym).values_list("has_24hr_access", flat=True)
    assert sorted(flags) == [False, True, True]


def test_the_demo_gym_holds_the_people_worth_trying(gym):
    people = Member.objects.filter(gym=gym)
    shared = people.values("email").annotate(count=Count("pk")).filter(count=2)
    assert shared.count() == 1
    assert people.annotate(count=Count("subscriptions")).filter(count=2).count() == 1
    leaving = Subscription.objects.get(member__gym=gym, status=Subscription.Status.PENDING_CANCEL)
    assert leaving.ends_on == gym.today(timezone.now()) + timedelta(days=7)


def test_a_dozen_members_and_an_administrator_are_in_the_simulated_kisi_already(gym):
    active = Subscription.objects.filter(
        member__gym=gym, status=Subscription.Status.ACTIVE, plan__has_24hr_access=True
    )
    entitled = set(active.values_list("member__email", flat=True))
    known = {email for _, email in cast.KNOWN_IN_KISI}
    assert len(known) == 12
    assert known | {cast.ADMINISTRATOR[1]} <= entitled


def test_making_the_demo_gym_again_adds_nothing_and_keeps_what_was_changed(gym):
    Member.objects.filter(gym=gym).first().delete()
    before = (Member.objects.count(), Subscription.objects.count(), Staff.objects.count())
    assert demo_gym.ensure() == gym
    assert (Member.objects.count(), Subscription.objects.count(), Staff.objects.count()) == before


@pytest.mark.django_db
@pytest.mark.parametrize("email", sorted(demo_gym.PASSWORDS))
def test_the_printed_sign_ins_work(client, email):
    gym = demo_gym.ensure()
    answer = client.post("/accounts/login/", {"login": email, "password": demo_gym.PASSWORDS[email]})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    role = Staff.objects.get(gym=gym, user__email=email).role
    assert role == email.partition("@")[0]
