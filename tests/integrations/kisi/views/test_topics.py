"""Help: a page per topic for everybody who works here, before Kisi is connected too."""

from __future__ import annotations

import pytest

from integrations.kisi.views.topics import TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_its_page_and_leads_to_the_others(house, staff, topic):
    page = staff.open("kisi:help", topic)
    assert page.status == 200
    assert page.h1 == TOPICS[topic]
    assert page.title.startswith(f"Help: {TOPICS[topic]}")
    assert page.says(*[title for name, title in TOPICS.items() if name != topic])


def test_the_rules_say_whose_profile_goes(house, staff):
    """As the rules about profiles do: after the cut-over also one that somebody else made."""
    said = "Until you cut over, only profiles that Core made go."
    assert staff.open("kisi:help", "rules").says(said, "Whoever has other rights in Kisi")


def test_another_topic_is_not_found(house, staff):
    assert staff.open("kisi:help", "nothing").status == 404
