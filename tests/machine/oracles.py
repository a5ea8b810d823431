"""What has to be so once the faults are over: by the ledger alone (Q), and after a full read (S)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from integrations.kisi.models import KisiConnection, KisiGrant, Read
from integrations.kisi.simulator import Assignment
from integrations.kisi.sync import schedule
from tests.machine import desk, hand, rulebook
from tests.machine.scene import STRANGER, Scene

UNSETTLED = ("granting", "revoking", "uncertain")
SWEEP, LONG = timedelta(minutes=5), timedelta(hours=6)
SHORT_SWEEPS, LONG_SWEEPS = 9, 7


def by_the_ledger(scene: Scene) -> list[str]:
    """Sweeps only: everybody whom nobody edited by hand in Kisi is as the rules say."""
    _come_back(scene)
    _sweep_until_quiet(scene, spared=scene.watch.by_hand)
    return [*_differences(scene, spared=scene.watch.by_hand), *_unfinished(scene), *_forgotten(scene)]


def after_a_full_read(scene: Scene) -> list[str]:
    """Sweeps, then one full read: everybody is as the rules say, strangers are as they were."""
    _come_back(scene)
    _sweep_until_quiet(scene, spared=scene.watch.by_hand)
    scene.run(ask=Read.FULL)
    _sweep_until_quiet(scene, spared=set())
    wrong = [*_differences(scene, spared=set()), *_unfinished(scene), *_forgotten(scene)]
    return [*wrong, *_strangers(scene)]


def _come_back(scene: Scene) -> None:
    """The faults are over, and an admin has put back what was switched off."""
    scene.world.clear_faults()
    hand.restore_key(scene)
    desk.resume(scene)
    if scene.connection.status == KisiConnection.Status.DISCONNECTING:
        _sweeps(scene, SWEEP, SHORT_SWEEPS)
    scene.forward(minutes=20)
    if not desk.reconnect(scene):
        scene.watch.problems.append("the gym cannot be connected again")
    desk.retry(scene)


def _sweep_until_quiet(scene: Scene, *, spared: set[str]) -> None:
    for step, times in ((SWEEP, SHORT_SWEEPS), (LONG, LONG_SWEEPS)):
        if not _sweeps(scene, step, times, spared=spared):
            return


def _sweeps(scene: Scene, step: timedelta, times: int, *, spared: set[str] | None = None) -> bool:
    """Sweep so often; whether something is still to be done after the last.

    After a reconnect whose full read came to nothing, no removal goes before one that is good: the schedule asks.
    """
    for _ in range(times):
        scene.forward(seconds=step.total_seconds())
        if scene.connection.must_read_first:
            schedule.request_overdue(scene.now())
        scene.run()
        if spared is not None and not [*_differences(scene, spared=spared), *_unfinished(scene)]:
            return False
    return True


def _differences(scene: Scene, *, spared: set[str]) -> Iterator[str]:
    """Who is in and should not be, who is not and should be, who is called by another's name."""
    connection, wanted = scene.connection, rulebook.entitled(scene.gym, scene.now())
    inside = rulebook.inside(scene.world, scene.now())
    left_alone = _left_alone(scene) | rulebook.protected(scene.world, scene.robot.id)
    for email in sorted(scene.watch.known - left_alone - spared):
        rights = inside.get(email, [])
        if email in wanted and not rights:
            yield f"{email} is entitled and cannot get in"
        elif email not in wanted and rights and not _may_stay(scene, connection, email, rights):
            yield f"{email} can get in and is not entitled"
        elif len(rights) > 1:
            yield f"{email} holds {len(rights)} rights"
        if email in wanted and rights:
            yield from _wrong_name(scene, email, wanted[email])
    for user in () if _teams_were_hidden(scene) else rulebook.orphans(scene.world):
        stays = connection.keep_profiles or user.email in wanted or scene.world.store.teams_of(user)
        if user.email not in left_alone | spared | scene.watch.by_hand and not stays:
            yield f"{user.email} has a profile of ours and nothing else"


def _teams_were_hidden(scene: Scene) -> bool:
    """When nobody can say who is in a team, profiles stay (sync.md 5)."""
    asked = [call for call in scene.world.requests if call.path == "/team_memberships"]
    return scene.traffic.hid_teams or any(call.status != 200 for call in asked)


def _wrong_name(scene: Scene, email: str, name: str) -> Iterator[str]:
    user = scene.world.person(email)
    if user.metadata.get("made_by") == "core" and user.name != name:
        yield f"{email} is called {user.name} in Kisi and {name} in Core"


def _left_alone(scene: Scene) -> set[str]:
    """Left to Kisi for good."""
    rows = KisiGrant.objects.exclude(state="closed").filter(connection=scene.connection, exempt=True)
    return set(rows.values_list("email", flat=True))


def _may_stay(scene: Scene, connection: KisiConnection, email: str, rights: list[Assignment]) -> bool:
    """Held or kept by somebody's word; or a right that Core did not make, and has not taken over."""
    row = KisiGrant.objects.exclude(state="closed").filter(connection=connection, email=email).first()
    if row is not None and (row.held_since or row.kept_until):
        return True
    is_nobodys = row is None and email not in rulebook.addresses(scene.gym)
    by_hand = all(right.created_by_id != scene.robot.id for right in rights)
    return by_hand and (is_nobodys or connection.in_transition)


def _unfinished(scene: Scene) -> Iterator[str]:
    connection = scene.connection
    if connection.status != KisiConnection.Status.CONNECTED:
        yield f"the connection is {connection.status}: {connection.status_said}"
    for row in KisiGrant.objects.exclude(state="closed").filter(connection=connection, exempt=False):
        if row.state in UNSETTLED or row.trouble:
            yield f"{row.email} is {row.state}, {row.trouble} {row.last_error}, next {row.retry_at}"


def _forgotten(scene: Scene) -> Iterator[str]:
    """The ledger knows what Core made, unless somebody's decision or hand came between."""
    rows = KisiGrant.objects.filter(connection=scene.connection)
    let_go = rows.filter(state="closed").exclude(closed_how__in=["removed", "gone"]).values("email")
    made = {right.id for right in scene.world.store.assignments if right.created_by_id == scene.robot.id}
    for row in rows.filter(state="granted", origin="adopted").exclude(email__in=let_go):
        if row.role_assignment_id in made and row.email not in scene.watch.by_hand:
            yield f"{row.email} holds a right that Core made, and the ledger says it was taken over"


def _strangers(scene: Scene) -> Iterator[str]:
    if STRANGER not in rulebook.inside(scene.world, scene.now()):
        yield "a stranger lost access"


def is_quiet(scene: Scene) -> list[str]:
    """One more sweep writes nothing."""
    before = scene.watch.writes
    scene.forward(minutes=5)
    scene.run()
    extra = scene.watch.writes - before
    return [f"{extra} writes although nothing was owed"] if extra else []
