"""A change as the dashboard says it, and as what caused somebody's access to begin or end."""

from __future__ import annotations

import pytest

from members import changes
from plans.transitions import EVERY_ACTION


@pytest.mark.parametrize(
    ("action", "detail", "said"),
    [
        ("add member", "Ana Ruiz added", "Ana was added"),
        ("change member", "Details changed: first name", "Ana's details were changed"),
        ("start", "All Hours: Active", "Ana: All Hours started"),
        ("start", "All Hours: Starts later", "Ana: All Hours was added and starts later"),
        ("pause", "Night: Owl: Active to Paused", "Ana: Night: Owl was paused"),
        ("resume", "Night Owl: Paused to Active", "Ana: Night Owl was resumed"),
        ("schedule cancel", "Night Owl: Active to Cancels", "Ana: Night Owl is set to cancel"),
        ("cancel now", "Night Owl: Active to Cancelled", "Ana: Night Owl was cancelled"),
        ("date reached", "Night Owl: Active to Expired", "Ana: Night Owl expired"),
        ("date reached", "Night Owl: Starts later to Active", "Ana: Night Owl started"),
        ("something", "of tomorrow", "of tomorrow: Ana"),
        ("something", "", "Something: Ana"),
    ],
)
def test_a_change_is_a_sentence_about_the_member(action, detail, said):
    found = changes.told(action, detail)
    assert f"{found.before}Ana{found.after}" == said


@pytest.mark.parametrize(
    ("action", "detail", "said"),
    [
        ("pause", "All Hours: Active to Paused", "All Hours was paused"),
        ("change plan", "All Hours changed: price", "All Hours changed: price"),
        ("delete member", "A member deleted", "A member deleted"),
    ],
)
def test_it_stands_alone_where_there_is_no_such_member(action, detail, said):
    assert changes.told(action, detail).alone == said


@pytest.mark.parametrize(
    ("action", "detail", "by", "said"),
    [
        ("pause", "Night Owl: Active to Paused", "Ada Admin", "Ada Admin paused Night Owl"),
        ("pause", "Night Owl: Active to Paused", "", "Night Owl was paused"),
        ("date reached", "Night Owl: Active to Expired", "", "Night Owl expired"),
        ("start", "Night Owl: Active", "Ada Admin", "Ada Admin started Night Owl"),
        (
            "change plan",
            "Night Owl changed: price, 24-hr access turned off",
            "Ada Admin",
            "Ada Admin turned off 24-hr access on Night Owl",
        ),
        ("change plan", "Owl changed: 24-hr access turned on", "", "Owl had 24-hr access turned on"),
        ("change member", "Details changed: email from a to b", "Ada Admin", "Ada Admin changed the details"),
        ("add member", "Ana Ruiz added", "Ada Admin", "Ada Admin added the member"),
        ("archive plan", "Night Owl archived", "Ada Admin", ""),
    ],
)
def test_it_is_somebodys_act(action, detail, by, said):
    assert changes.act(action, detail, by) == said


def test_every_step_of_a_subscription_has_its_words():
    assert {action.replace("_", " ") for action in EVERY_ACTION} <= set(changes.STEPS)
    assert {*changes.GIVES, *changes.ENDS} <= {*changes.STEPS, *changes.OF_MEMBER, "date reached"}
