"""What a gym's admin decides about the connection and about held people."""

from __future__ import annotations

from integrations.access.errors import DoorError
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.sync import asking, connecting, deciding, gather, switching
from integrations.kisi.sync.session import Later
from integrations.vault import Secret
from tests.machine.scene import Scene

Status = KisiConnection.Status
Trouble = KisiGrant.Trouble


def pause(scene: Scene) -> None:
    if scene.connection.status not in (Status.PAUSED, Status.DISCONNECTED, Status.DISCONNECTING):
        switching.pause(scene.connection, by=None, now=scene.now())


def resume(scene: Scene) -> None:
    if scene.connection.status == Status.PAUSED:
        switching.resume(scene.connection, by=None, now=scene.now())


def disconnect(scene: Scene) -> None:
    if scene.connection.status != Status.DISCONNECTED:
        switching.disconnect(scene.connection, by=None, now=scene.now())


def remove_and_disconnect(scene: Scene) -> None:
    connection = scene.connection
    if connection.status not in (Status.DISCONNECTED, Status.DISCONNECTING):
        named = [row.email for row in switching.created_by_core(connection)][::2]
        switching.remove_and_disconnect(connection, named, by=None, now=scene.now())


def reconnect(scene: Scene) -> bool:
    """False when Kisi did not take the key just now."""
    if scene.connection.status != Status.DISCONNECTED:
        return True
    try:
        with scene.at_the_desk():
            connecting.reconnect(scene.connection, key=Secret(scene.key), clock=scene.clock)
    except (DoorError, Later):
        return False
    return True


def new_key(scene: Scene) -> None:
    """Another key of the same person, entered while the old one goes on existing."""
    if scene.connection.status == Status.DISCONNECTED:
        return
    scene.key = scene.world.add_key(scene.robot)
    try:
        with scene.at_the_desk():
            connecting.update_credentials(
                scene.connection, key=Secret(scene.key), group_id=scene.world.group_id, clock=scene.clock
            )
    except (DoorError, Later):
        return


def allow(scene: Scene) -> None:
    emails = [row.email for row in deciding.held(scene.connection)]
    deciding.allow(scene.connection, emails, by=None, now=scene.now())


def keep(scene: Scene) -> None:
    emails = [row.email for row in deciding.held(scene.connection)][::2]
    deciding.keep(scene.connection, emails, by=None, now=scene.now())


def leave_to_kisi(scene: Scene, who: int) -> None:
    members = [member for member in scene.members() if member.email]
    if members:
        member = members[who % len(members)]
        deciding.leave_to_kisi(scene.connection, member, by=None, now=scene.now())


def take_back(scene: Scene, who: int) -> None:
    members = [member for member in scene.members() if member.email]
    if members:
        member = members[who % len(members)]
        deciding.take_back_from_kisi(scene.connection, member, by=None, now=scene.now())


def cut_over(scene: Scene) -> None:
    connection = scene.connection
    if connection.sole_source_since is None and connection.status == Status.CONNECTED:
        wanted = gather.wanted_addresses(connection.gym_id, scene.today())
        losing = [row.email for row in deciding.would_lose_at_cut_over(connection, wanted)]
        deciding.cut_over(connection, losing, by=None, now=scene.now())


def retry(scene: Scene) -> None:
    """The button beside the people whom Kisi did not let Core change; nothing else tries them again."""
    asking.retry(scene.connection, trouble=Trouble.FORBIDDEN, because="retry", now=scene.now())
