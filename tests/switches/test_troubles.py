"""Each of Kisi's troubles at every call that Core makes, one after the other: in the end all is as it should be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.kisi.models import Read
from integrations.kisi.simulator import troubles
from integrations.kisi.simulator.troubles import TROUBLES
from tests.switches.circumstances import NEWCOMERS, newcomers
from tests.switches.story import FIRST, Story

CALLS = (
    ("POST", "/users"),
    ("POST", "/role_assignments"),
    ("PATCH", r"/users/\d+"),
    ("DELETE", r"/role_assignments/\d+"),
    ("DELETE", r"/users/\d+"),
    ("GET", "/user"),
    ("GET", "/organization"),
    ("GET", r"/groups/\d+"),
    ("GET", "/role_assignments"),
    ("GET", r"/role_assignments/\d+"),
    ("GET", "/users"),
    ("GET", r"/users/\d+"),
    ("GET", "/team_memberships"),
)
# Where teams could not be read no profile goes; and nobody looks a right up that no list or answer put in doubt.
MAY_BE_SPARED = {("DELETE", r"/users/\d+"), ("GET", r"/role_assignments/\d+")}
# To the sync a call that is too slow is one without an answer; the wait itself is the client's (test_transport.py).
LIKE_A_LOST_ANSWER = {"too slow before the effect", "too slow after the effect"}
TRIED = [name for name in TROUBLES if name not in LIKE_A_LOST_ANSWER]


def begun(settle, **switches) -> Story:
    """Six people are inside, three more join, one is renamed, one moves, one goes."""
    story = Story(settle(**switches), patience=80)
    story.begin()
    return story


def much_happens(story: Story) -> None:
    newcomers(story)
    story.renamed("ana", "Ruiz")
    story.moves("eve", "evelyn")
    story.pauses("cleo")


def all_is_well(story: Story) -> None:
    while story.is_troubled():
        story.is_mended()
    story.read(Read.FULL)
    story.check(["ana", "ben", "dan", "evelyn", *NEWCOMERS, "uma"])
    assert story.world.person("ana@example.com").name == "Ana Ruiz"


@pytest.mark.long
@pytest.mark.parametrize("name", TRIED)
def test_a_trouble_at_every_call_harms_nobody(settle, name):
    story = begun(settle)
    armed = [story.world.fault(replace(TROUBLES[name], method=method, path=path)) for method, path in CALLS]
    much_happens(story)
    story.read_if_possible(Read.FULL)
    stay = {"ana", "ben", "dan", "uma", "stranger"}
    assert stay <= set(story.inside()) <= {*stay, "cleo", "eve", "evelyn", *NEWCOMERS}
    assert not story.doubled()
    all_is_well(story)
    assert {(one.fault.method, one.fault.path) for one in armed if not one.hits} <= MAY_BE_SPARED


@pytest.mark.parametrize("walks", [1, 3])
def test_a_list_that_moves_between_its_pages_harms_nobody(settle, walks):
    """The total stays, and somebody who is there is on no page."""
    story = begun(settle, most_per_page=3)
    first_page = f"group_id={story.world.group_id}&limit=250&offset=0"
    shift = troubles.page_shift(story.world, whose="uma@example.com", query=first_page, times=walks)
    armed = story.world.fault(shift)
    story.read(Read.FULL)
    assert armed.hits == 1
    story.check(FIRST)
    much_happens(story)
    all_is_well(story)
    assert armed.is_spent or armed.hits > 1
