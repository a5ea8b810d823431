"""A Kisi that gives each person a role in the organization: Core can take nobody's access, and says so."""

from __future__ import annotations

import pytest

from integrations.kisi import glance
from integrations.kisi.models import Heartbeat, Read
from tests.switches.story import Story

NAMES = ["ana", "ben", "cleo", "dan"]


@pytest.fixture
def gym(settle) -> Story:
    story = Story(settle(basic_organization_row=True))
    for name in NAMES:
        story.joins(name)
    return story


def tag(story: Story) -> str:
    for name in ("beat", "worker"):
        Heartbeat.objects.update_or_create(name=name, defaults={"at": story.now()})
    return glance.tag_of(story.house.connection, story.now()).face.tag.word


def test_it_is_said_at_connect_when_the_groups_people_have_a_role(gym):
    for name in NAMES:
        gym.world.make_admin(gym.house.in_kisi(name.title()), role_id="basic")
    gym.connects()
    assert tag(gym) == "Roles in Kisi"
    gym.work()
    assert not gym.world.writes()


def test_it_is_said_after_the_first_whole_check_when_core_made_the_people(gym):
    gym.connects()
    gym.work()
    assert gym.inside() == NAMES
    assert tag(gym) == "Connected"
    written = len(gym.world.writes())
    gym.read(Read.FULL)
    gym.pauses("ana")
    gym.work()
    assert tag(gym) == "Roles in Kisi"
    assert gym.inside() == NAMES
    assert len(gym.world.writes()) == written
