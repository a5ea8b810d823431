"""What has to happen for a switch to matter. Each leaves everybody where they were, a day later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.access.errors import GroupGone, KeyTooWeak
from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Fault, Kind, Switches, World
from integrations.kisi.sync import connecting
from integrations.vault import Secret
from tests.switches.story import FIRST, Circumstance, Story

Status = KisiConnection.Status
NEWCOMERS = ["hal", "ivo", "jon"]
STRANGER = "stranger"


def newcomers_wait(
    mend: Callable[[World], object] = lambda world: None, *, faults: tuple[Fault, ...] = (), **bad: Any
) -> Circumstance:
    """Kisi is so for a while: newcomers may have to wait, and nobody who was inside is put out."""

    def act(story: Story) -> None:
        story.world.switch(**bad)
        for fault in faults:
            story.world.fault(fault)
        newcomers(story)
        story.read_if_possible(Read.FULL)
        assert sorted(set(story.inside()) - set(NEWCOMERS)) == [*FIRST[:5], STRANGER, FIRST[5]]
        assert not story.doubled()
        story.world.switch(**usual(bad))
        story.world.clear_faults()
        mend(story.world)
        story.is_mended()
        story.check([*FIRST, *NEWCOMERS])
        newcomers_leave(story)

    return act


def usual(switches: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(Switches(), name) for name in switches}


def newcomers(story: Story) -> None:
    """Hal is new, Ivo and Jon have a profile from elsewhere."""
    for name in NEWCOMERS[1:]:
        story.house.in_kisi(name.title(), right=False)
    for name in NEWCOMERS:
        story.joins(name)


def newcomers_leave(story: Story) -> None:
    for name in NEWCOMERS:
        story.cancels(name)
    story.work()
    story.check(FIRST)
    story.a_day_later()


def kisi_is_busy(story: Story) -> None:
    """Others who share the key's owner leave Core half of its pace."""
    story.world.switch(rate_limit=2)
    newcomers(story)
    story.work()
    story.check([*FIRST, *NEWCOMERS])
    story.world.switch(rate_limit=Switches().rate_limit)
    newcomers_leave(story)


def key_is_suspended(after: int, status: str) -> Circumstance:
    """Two people whose addresses Kisi knows are two bad requests; Kisi's support then forgives."""
    return newcomers_wait(World.forgive_key, suspend_after_bad_requests=after, suspended_status=status)


def key_fails(break_it: Callable[[World], object], mend: Callable[[Story], object]) -> Circumstance:
    """While the key is bad nobody gains and nobody loses access; afterwards what waited is done."""

    def act(story: Story) -> None:
        break_it(story.world)
        story.joins("hal")
        story.pauses("ana")
        story.read_if_possible(Read.FULL)
        assert story.inside() == [*FIRST[:5], STRANGER, FIRST[5]]
        mend(story)
        story.is_mended()
        story.check(["ben", "cleo", "dan", "eve", "hal", "uma"])
        story.resumes("ana")
        story.cancels("hal")
        story.work()
        story.check(FIRST)
        story.a_day_later()

    return act


def demoted(role_id: str) -> Circumstance:
    """The key's owner lost their role in Kisi and gets it back."""
    return key_fails(
        lambda world: world.weaken_key(role_id=role_id), lambda story: story.world.weaken_key(role_id=None)
    )


def use_key(story: Story, key: str) -> None:
    facts = {"key": Secret(key), "group_id": story.world.group_id, "clock": story.house.clock}
    connecting.update_credentials(story.house.connection, **facts)
    story.world.organization.api_key = key


def use_fresh_key(story: Story) -> None:
    use_key(story, story.world.add_key(story.world.owner))


revoked = key_fails(World.revoke_key, use_fresh_key)


def key_of_an_access_manager(story: Story) -> None:
    """Somebody weaker than an administrator made the key; if that is too little, nobody loses anything."""
    before = story.world.api_key
    boss = story.house.in_kisi("Boss", right=False)
    story.world.make_admin(boss, role_id="manager")
    use_key(story, story.world.add_key(boss))
    story.work()
    newcomers(story)
    story.try_now()
    assert story.inside() == [*FIRST[:5], STRANGER, FIRST[5]]
    use_key(story, before)
    story.is_mended()
    story.check([*FIRST, *NEWCOMERS])
    newcomers_leave(story)


def an_expiring_key_is_used_daily(story: Story) -> None:
    """A month without a change at the gym: looking daily keeps the key alive."""
    before = story.world.api_key
    use_key(story, story.world.add_key(story.world.owner, expire=True))
    for _ in range(16):
        story.a_day_later()
        story.house.sync()
    assert story.house.connection.status == Status.CONNECTED
    use_key(story, before)
    story.work()


def a_group_of_another_organization(story: Story) -> None:
    """An admin mistypes the group's number: nothing is saved, nobody is touched."""
    other = story.world.add_organization("Other Gym", owner=("Otto Other", "otto@example.com"))
    with pytest.raises((GroupGone, KeyTooWeak)):
        connecting.update_credentials(
            story.house.connection,
            key=Secret(story.world.api_key),
            group_id=other.group_id,
            clock=story.house.clock,
        )
    story.work()


def back_within_the_minute(story: Story) -> None:
    """Eve cancels, her profile goes, and she joins again at once."""
    story.cancels("eve")
    story.work()
    assert story.world.user_by_email("eve@example.com") is None
    story.starts_again("eve")
    story.work()
    story.check(FIRST)
    story.a_day_later()


def deleted_by_hand(story: Story) -> None:
    """Somebody deletes Ana in Kisi's dashboard; the next full read lets her in again."""
    story.world.delete_user("ana@example.com")
    story.read(Read.FULL)
    story.check(FIRST)
    story.a_day_later()


def deleted_while_core_looks(story: Story) -> None:
    """Between the look and the right somebody deletes the person."""
    story.house.in_kisi("Ivo", right=False)
    story.joins("ivo")
    story.while_core_looks("ivo", lambda: story.world.delete_user("ivo@example.com"))
    story.work()
    story.check([*FIRST, "ivo"])
    story.cancels("ivo")
    story.work()
    story.check(FIRST)
    story.a_day_later()


def promoted_while_core_looks(story: Story) -> None:
    """Between the look and the right somebody makes the person the group's manager: that stays."""
    ivo = story.house.in_kisi("Ivo", right=False)
    story.joins("ivo")
    story.while_core_looks("ivo", lambda: story.world.give(ivo, role_id="group_manager"))
    story.try_now()
    story.cancels("ivo")
    story.is_mended()
    assert "group_manager" in [right.role_id for right in story.world.rights_of("ivo@example.com")]
    story.world.delete_user(ivo)
    story.read(Read.FULL)
    story.check(FIRST)
    story.a_day_later()


def everybody_gets_a_role(story: Story) -> None:
    """Kisi gives each new person a role in the organization: such people are never touched (product.md 1).

    Hal comes in and Core cannot put him out again: it says so, and touches him no more than an administrator.
    """
    story.world.switch(basic_organization_row=True)
    story.joins("hal")
    story.work()
    story.check([*FIRST, "hal"])
    story.pauses("hal")
    story.work()
    story.check([*FIRST, "hal"])
    row = story.house.connection.grants.get(email="hal@example.com")
    assert (row.closed_how, row.managed) == (KisiGrant.Closed.RELEASED, "has the role basic")
    story.world.switch(basic_organization_row=False)
    story.world.delete_user("hal@example.com")
    story.a_day_later()


def page_by_page(kind: Kind) -> tuple[Fault, ...]:
    """Every list of rights is spoilt so, however often it is read."""
    return (Fault(method="GET", path="/role_assignments", query="group_id=", kind=kind, times=0),)
