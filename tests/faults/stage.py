"""The stage for fault tests: a gym already at work, hours of beat on a moved clock, what was taken away at Kisi."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import connection as database

from integrations.kisi import tasks
from integrations.kisi.client import KisiClient
from integrations.kisi.models import KisiConnection, KisiGrant
from integrations.kisi.simulator import Call
from integrations.kisi.sync import schedule
from integrations.kisi.sync.people import mark_of
from integrations.kisi.sync.session import PaceGate
from integrations.kisi.transport import Timeouts
from integrations.vault import Secret
from members.models import Member
from plans.models import Subscription
from tests.conftest import House

LOOK = timedelta(seconds=30)
LOOKS_PER_SWEEP = 10
AT_ONCE = 1000
PERSON, RIGHT = r"/users/\d+", r"/role_assignments/\d+"
POST_USER = {"method": "POST", "path": "/users"}
POST_RIGHT = {"method": "POST", "path": "/role_assignments"}
DELETE_RIGHT = {"method": "DELETE", "path": RIGHT}
DELETE_USER = {"method": "DELETE", "path": PERSON}
READ_PERSON = {"method": "GET", "path": "/users.*"}
GROUP_LIST = {"method": "GET", "path": "/role_assignments", "query": "group_id="}
CHECK = {"method": "GET", "path": "/user"}


def at_work(house: House, count: int) -> list[Member]:
    """So many members whom Core let in long ago, written at once: in Kisi and in the ledger."""
    connection, before = house.connection, house.gym.members.count()
    members = Member.objects.bulk_create(
        [
            Member(gym=house.gym, first_name=f"W{number:05d}", email=f"w{number:05d}@example.com")
            for number in range(before, before + count)
        ],
        batch_size=AT_ONCE,
    )
    started = house.today() - timedelta(days=90)
    Subscription.objects.bulk_create(
        [Subscription(member=member, plan=house.plan, starts_on=started) for member in members],
        batch_size=AT_ONCE,
    )
    rows = [_let_in(house, connection, member) for member in members]
    KisiGrant.objects.bulk_create(rows, batch_size=AT_ONCE)
    look_at_sizes()
    return members


def look_at_sizes() -> None:
    """Tell the database how large its tables are by now, as a live one finds out by itself."""
    with database.cursor() as cursor:
        cursor.execute("ANALYZE")


def _let_in(house: House, connection: KisiConnection, member: Member) -> KisiGrant:
    user = house.world.add_user(member.email, member.name, metadata=mark_of(connection))
    return KisiGrant(
        connection=connection,
        email=member.email,
        name=member.name,
        member=member,
        organization_id=connection.organization_id,
        kisi_group_id=connection.group_id,
        kisi_user_id=user.id,
        role_assignment_id=house.world.give(user).id,
        state=KisiGrant.State.GRANTED,
        origin=KisiGrant.Origin.CREATED,
        profile_was_there=False,
        confirmed_at=house.clock.now(),
        granted_before=True,
    )


def on_moved_time(house: House) -> None:
    """Kisi's clock goes with the moved one, so that its log can be compared with waits."""
    house.world.now = house.clock.now


def end(house: House, members: list[Member], *, status: str = "cancelled") -> None:
    """In bulk, as a billing job would do it: no signal, nobody's word."""
    Subscription.objects.filter(member__in=members).update(status=status)


def beat(house: House, *, minutes: float, done: Callable[[], object] = lambda: False) -> timedelta:
    """What beat does in so many minutes, or until `done`; the time on the moved clock that took.

    Every 30 s whoever is due is woken, every five minutes everybody, with what is overdue asked for.
    """
    start, look = house.clock.added, 0
    while not done() and house.clock.added - start < timedelta(minutes=minutes):
        house.clock.sleep(LOOK.total_seconds())
        look += 1
        if look % LOOKS_PER_SWEEP == 0:
            schedule.request_overdue(house.clock.now())
            house.sync()
        elif house.connection.pk in tasks.due(house.clock.now()):
            house.sync()
    return house.clock.added - start


def people_in(house: House) -> list[str]:
    """Who is in the group of this very gym: `House.inside` looks at the first group only."""
    group = house.world.store.groups.rows[house.connection.group_id]
    return [email.partition("@")[0] for email in house.world.in_group(group)]


def is_settled(house: House) -> bool:
    """Everybody entitled has access, nobody else, and no row is between two states."""
    wanted = Subscription.objects.filter(member__gym=house.gym, status__in=["active", "pending_cancel"])
    names = {email.partition("@")[0] for email in wanted.values_list("member__email", flat=True)}
    unclear = house.connection.grants.open().exclude(state=KisiGrant.State.GRANTED)
    return set(people_in(house)) == names and not unclear.exists()


def taken(house: House) -> int:
    """How many rights and people were really removed at Kisi through its API."""
    return sum(event.type.endswith(".destroy") for event in house.world.store.events)


def doubles(house: House) -> int:
    """People who stand twice in Kisi, and people with two rights in one group."""
    store = house.world.store
    addresses = [user.email.lower() for user in store.users]
    rights = [(right.assignee_id, right.applies_to_type, right.applies_to_id) for right in store.assignments]
    return len(addresses) - len(set(addresses)) + len(rights) - len(set(rights))


def fresh_calls(house: House) -> list[Call]:
    """The calls since the last look, whole."""
    fresh, house.seen = house.world.requests[house.seen :], len(house.world.requests)
    return fresh


def client(house: House, *, timeouts: Timeouts | None = None) -> KisiClient:
    """The client alone, with the house's key; it waits between tries in moved time only."""
    gate, key = PaceGate(house.connection.own_user_id, house.clock), Secret(house.world.api_key)
    sleep = house.clock.sleep
    return KisiClient(base_url=house.server.url, key=key, gate=gate, sleep=sleep, timeouts=timeouts)
