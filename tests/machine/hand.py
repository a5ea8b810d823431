"""What people do by hand in Kisi's own dashboard, and to the key of Core."""

from __future__ import annotations

from collections.abc import Callable

from integrations.kisi.simulator.rows import Login
from tests.machine import rulebook
from tests.machine.edits import EVERY_ADDRESS
from tests.machine.scene import Scene

Can = Callable[[Scene, str], bool]
Do = Callable[[Scene, str], None]


def edit(scene: Scene, act: str, who: int) -> bool:
    """Do `act` to one of those it can be done to; False when there is nobody."""
    can, do = _ACTS[act]
    found = [email for email in EVERY_ADDRESS if can(scene, email)]
    if not found:
        return False
    email = found[who % len(found)]
    do(scene, email)
    scene.watch.by_hand.add(email)
    scene.watch.losses.look()
    return True


def _can_create(scene: Scene, email: str) -> bool:
    return not _is_inside(scene, email)


def _create(scene: Scene, email: str) -> None:
    """A person with the right, whoever they are."""
    scene.world.give(scene.world.user_by_email(email) or scene.world.add_user(email, "By Hand"))


def _can_promote(scene: Scene, email: str) -> bool:
    user = scene.world.user_by_email(email)
    return user is not None and not rulebook.is_protected(scene.world, user, scene.robot.id)


def _promote(scene: Scene, email: str) -> None:
    scene.world.make_admin(email)


def _can_demote(scene: Scene, email: str) -> bool:
    return any(row.role_id == "administrator" for row in scene.world.rights_of(email))


def _demote(scene: Scene, email: str) -> None:
    for row in scene.world.rights_of(email):
        if row.role_id == "administrator":
            scene.world.remove_right(row)


def _can_delete(scene: Scene, email: str) -> bool:
    user = scene.world.user_by_email(email)
    return user is not None and user.id != scene.world.organization.owner_id


def _delete(scene: Scene, email: str) -> None:
    scene.world.delete_user(email)


def _is_inside(scene: Scene, email: str) -> bool:
    return email in rulebook.inside(scene.world, scene.now())


def _remove_from_group(scene: Scene, email: str) -> None:
    for right in rulebook.inside(scene.world, scene.now())[email]:
        scene.world.remove_right(right)


def _can_give_elsewhere(scene: Scene, email: str) -> bool:
    return len(scene.world.rights_of(email)) == 1


def _give_elsewhere(scene: Scene, email: str) -> None:
    scene.world.give(email, scene.other_group)


_ACTS: dict[str, tuple[Can, Do]] = {
    "create": (_can_create, _create),
    "promote": (_can_promote, _promote),
    "demote": (_can_demote, _demote),
    "delete": (_can_delete, _delete),
    "remove from group": (_is_inside, _remove_from_group),
    "give elsewhere": (_can_give_elsewhere, _give_elsewhere),
}
ACTS = tuple(_ACTS)


def revoke_key(scene: Scene) -> None:
    if _login(scene):
        scene.world.revoke_key(scene.key)


def weaken_key(scene: Scene) -> None:
    if _login(scene):
        scene.world.weaken_key(scene.key)


def restore_key(scene: Scene) -> None:
    """The same key works again: Core has to find out by itself."""
    login = _login(scene)
    if login is None:
        world = scene.world
        row = Login(user_id=scene.robot.id, secret=scene.key, organization_id=world.organization.id)
        world.store.add_login(row)
    else:
        login.role_id = None


def _login(scene: Scene) -> Login | None:
    return scene.world.store.login_by_secret(scene.key)


def key_is_good(scene: Scene) -> bool:
    login = _login(scene)
    return login is not None and login.role_id is None
