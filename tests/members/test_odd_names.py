"""Whoever is called what: a name is text, kept apart from the words around it, on every page about it."""

from __future__ import annotations

import pytest

from members.models import Member
from tests.desk import Desk
from tests.factories import MemberFactory, PlanFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
NAMES = ["x" * 120, "דנה כהן", "🏋️ Ana", "<script>alert(1)</script>", "{name} {0}"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_told_as_it_is_and_kept_apart(desk: Desk, gym, no_doors, name):
    plan = PlanFactory(gym=gym, name=name)
    ana: Member = MemberFactory(gym=gym, first_name=name, last_name="", email="")
    row = SubscriptionFactory(member=ana, plan=plan)
    asked = desk.open("subscriptions:act", ana.pk, row.pk, "pause")
    for page in (
        asked,
        desk.press(asked, "Pause"),
        desk.open("members:list"),
        desk.open("members:detail", ana.pk),
        desk.open("members:delete", ana.pk),
        desk.open("plans:list"),
        desk.open("plans:detail", plan.pk),
        desk.open("subscriptions:new", ana.pk),
    ):
        assert page.status == 200
        assert "<script>alert" not in page.html
        assert "<bdi>" in page.html.partition("<h1")[2]
    assert asked.h1.startswith("Pause ") and asked.h1.endswith("?")


def test_a_sentence_that_begins_with_a_name_from_right_to_left_is_read_from_the_left(
    desk: Desk, gym, no_doors
):
    plan = PlanFactory(gym=gym, name="כל היום")
    row = SubscriptionFactory(member=MemberFactory(gym=gym), plan=plan)
    desk.press(desk.open("subscriptions:act", row.member_id, row.pk, "pause"), "Pause")
    page = desk.open("members:detail", row.member_id)
    assert '<bdi dir="ltr">כל היום: Active to Paused</bdi>' in page.html
