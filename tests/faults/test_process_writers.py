"""Three workers, two full syncs and a stream of edits at once: one writer, and the end is right."""

from __future__ import annotations

import random
import time

from integrations.kisi import tasks
from integrations.kisi.models import KisiConnection, Read
from integrations.kisi.simulator import Kind
from integrations.kisi.sync import asking
from integrations.kisi.sync.clock import database_now
from members.models import Member
from plans.models import Subscription
from tests.conftest import House
from tests.faults.conftest import Saw
from tests.faults.table import fault
from tests.processes.gyms import LOOK, SWEEP, every_second, is_settled, overlaps, people
from tests.processes.machinery import until
from tests.processes.real import REAL, Start, all_ready

pytestmark = REAL
EDITS = 80
CHANGING = 3  # of twelve


@fault(42, "Two full syncs + webhook-speed edits, 3 workers", expected="one writer; converges", first=True)
def test_two_full_syncs_and_a_stream_of_edits_at_three_workers_make_one_writer(
    gym: House, start: Start, saw: Saw
) -> None:
    every_second(LOOK, SWEEP)
    KisiConnection.objects.update(brake_share=50)  # so many may go without anybody's word
    members = gym.members(12)
    gym.sync()
    gym.world.forget_requests()
    gym.world.fault(kind=Kind.PASS, delay=0.005, times=0)
    crew = [start(wait=False) for _ in range(3)]
    all_ready(*crew, start("beat", wait=False))
    begun, choose = time.monotonic(), random.Random(7)
    for _ in range(2):
        before = reads(gym)
        full_sync(gym)
        edit(gym, members[:CHANGING], choose)
        until(lambda: reads(gym) > before and has_read(gym), within=60, what="everybody read")  # noqa: B023
    rate = EDITS / (time.monotonic() - begun)
    took = until(lambda: is_settled(gym) and at_kisi(gym) == in_core(), within=60, what="Kisi as Core says")
    heard = [worker.received("kisi.sync") for worker in crew]
    twice = overlaps(gym)
    assert twice == 0
    assert set(people(gym).values()) == {1}
    assert reads(gym) >= 2 and sum(count > 0 for count in heard) >= 2
    saw(
        f"{len(in_core())} of 12 entitled, all as in Core; messages by worker {heard}; {reads(gym)} full reads",
        f"overlaps {twice} of {len(gym.world.requests)} calls; {rate:.0f} edits/s; converged {took:.1f} s after",
    )


def reads(house: House) -> int:
    """How often Kisi was read in full: each begins by asking whose the organization is."""
    return house.world.count("GET", "/organization")


def has_read(house: House) -> bool:
    """No read is asked for any more."""
    return house.connection.want_read == Read.LEDGER


def full_sync(house: House) -> None:
    """The button, pressed twice in a row."""
    for _ in range(2):
        asking.ask(house.connection, Read.FULL, because="Sync now", now=database_now())
        tasks.wake(house.connection.pk)


def edit(house: House, members: list[Member], choose: random.Random) -> None:
    """Pause whoever is active, resume whoever is paused, rename: one after the other, without a rest."""
    for number in range(EDITS // 2):
        member = choose.choice(members)
        if number % 5 == 0:
            member.last_name = f"Name {number}"
            member.save()
        row = house.subscription(member)
        row.pause() if row.status == row.Status.ACTIVE else row.resume(today=house.today())


def in_core() -> dict[str, str]:
    """Address and name of everybody entitled."""
    rows = Subscription.objects.filter(status="active").select_related("member")
    return {row.member.email: row.member.name for row in rows}


def at_kisi(house: House) -> dict[str, str]:
    """The same of everybody in the group."""
    return {email: house.world.person(email).name for email in house.world.in_group()}
