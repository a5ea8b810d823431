"""Small makers, by name, of every state a connection can be in; each starts from a gym in step with Kisi."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils import timezone

from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.models.grant import KisiGrantQuerySet
from members.models import Member
from members.models import Staff as StaffRow
from plans.models import Subscription
from tests.conftest import House
from tests.factories import PlanFactory, StaffFactory

Status = KisiConnection.Status
schedule = import_module("integrations.kisi.migrations.0002_beat_rows")
PEOPLE = (
    *("Ana Ruiz", "Ben Adler", "Cleo Marsh", "Dario Conti", "Edda Lund", "Femi Okoye", "Gus Hale"),
    *("Hana Sato", "Ivo Novak", "Juno Park", "Kofi Mensah", "Lena Vogel"),
)
TOO_MANY = 7  # removals at once for the brake of a dozen people
REFUSED = {"trouble": "refused", "last_error": "Email is not valid", "failures": 3}
FORBIDDEN = {"trouble": "forbidden", "last_error": "You are not allowed to do this", "failures": 1}


@dataclass(frozen=True, slots=True)
class State:
    """What the integration page's one word is then, and how to get there."""

    tag: str
    make: Callable[[House], None]


def settle(house: House) -> None:
    """A dozen people on the plan, two on another that opens no doors, all in step with Kisi; Core decides alone."""
    house.gym.timezone = "Europe/Stockholm"
    house.gym.save()
    club = PlanFactory(gym=house.gym, name="Day Pass Club", has_24hr_access=False, price="29.00")
    for name in PEOPLE:
        house.member(name)
    for name in ("Mila Frost", "Nils Berg"):
        house.member(name, plan=club)
    schedule.add_rows(apps, None)  # a test before this one has emptied every table
    house.connect(by=staff(house).user)
    house.sync()
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": timezone.now()})


def staff(house: House, role: str = "admin") -> StaffRow:
    """Alice, an admin, or Bob, who is staff; made at the first call."""
    first, last = ("Alice", "Adams") if role == "admin" else ("Bob", "Brown")
    found = StaffRow.objects.filter(gym=house.gym, role=role).first()
    return found or StaffFactory(gym=house.gym, role=role, user__first_name=first, user__last_name=last)


def ana(house: House) -> Member:
    return Member.objects.get(gym=house.gym, first_name="Ana")


def who(house: House) -> Member:
    """Somebody whom the state keeps waiting where there is one, else Ana."""
    return Member.objects.filter(gym=house.gym, first_name="Zoe").first() or ana(house)


def stand(house: House, status: str, **facts: Any) -> None:
    """The connection as a run or an admin would have left it an hour ago."""
    known = {"status_since": timezone.now() - timedelta(hours=1), "status_by": staff(house).user}
    _long_ago(house)
    KisiConnection.objects.filter(gym=house.gym).update(status=status, **(known | facts))


def _long_ago(house: House) -> None:
    """The last sync was before whatever the state says has been so for a while."""
    before = timezone.now() - timedelta(hours=3)
    SyncRun.objects.filter(connection__gym=house.gym).update(started_at=before, finished_at=before)
    KisiGrant.objects.filter(connection__gym=house.gym).exclude(confirmed_at=None).update(confirmed_at=before)


def _standing(status: str, **facts: Any) -> Callable[[House], None]:
    """In that status, while one who joined and one who paused wait."""

    def make(house: House) -> None:
        house.member("Zoe Quinn")
        _pause(house, 1)
        stand(house, status, **facts)

    return make


def _pause(house: House, count: int) -> None:
    """So many of them are paused, without a word from anybody; Ana is not among them."""
    first = Subscription.objects.filter(member__gym=house.gym, plan=house.plan).order_by("pk")
    chosen = list(first.values_list("pk", flat=True)[2 : 2 + count])
    Subscription.objects.filter(pk__in=chosen).update(status="paused", cause="payment failed")


def _rows_of(house: House, status: str) -> KisiGrantQuerySet:
    """Of the members with such a subscription."""
    return house.connection.grants.open().filter(member__subscriptions__status=status)


def never(house: House) -> None:
    for model in (SyncRun, KisiGrant, KisiConnection):
        model.objects.all().delete()


def quiet(house: House) -> None:
    """As it was settled."""


def syncing(house: House) -> None:
    """A dozen who joined at once are being given access; a third is through."""
    for number in range(12):
        house.member(f"Newcomer{number}")
    _run(house, state="running", total=12, done=4, granted=4, finished_at=None)


def reading(house: House) -> None:
    _run(house, state="running", total=0, done=0, read_so_far=250, read=Read.FULL, finished_at=None)


def held(house: House) -> None:
    _pause(house, TOO_MANY)
    house.sync()


def failed(house: House) -> None:
    """Two whom Kisi refused, one for each side of the door, and somebody without an address."""
    _pause(house, 1)
    _rows_of(house, "paused").update(**FORBIDDEN)
    newcomer = house.member("Zoe Quinn")
    KisiGrant.objects.create(
        connection=house.connection,
        email=newcomer.email,
        member=newcomer,
        name=newcomer.name,
        state="absent",
        **REFUSED,
    )
    house.member("Yara Blum", email="")


def incomplete(house: House) -> None:
    _run(house, state="incomplete", read=Read.FULL, reason="a page was short")


def no_doors(house: House) -> None:
    KisiConnection.objects.update(doors=[])


def roles(house: House) -> None:
    house.connection.grants.open().exclude(member=ana(house)).update(
        managed="has the role basic", state="absent", origin="", role_assignment_id=None
    )


def disconnecting(house: House) -> None:
    stand(house, Status.DISCONNECTING)
    _run(house, state="running", total=12, done=5, revoked=5, finished_at=None)


def moving_in(house: House) -> None:
    """Two whom another platform let in have no plan that counts; they stay until the cut-over."""
    _pause(house, 2)
    _rows_of(house, "paused").update(origin="adopted")
    KisiConnection.objects.update(sole_source_since=None)


def stopped(house: House) -> None:
    _long_ago(house)
    Heartbeat.objects.update(at=timezone.now() - timedelta(hours=2))


def _run(house: House, **facts: Any) -> None:
    known = {"because": "daily check", "started_at": timezone.now(), "finished_at": timezone.now()}
    SyncRun.objects.create(connection=house.connection, **(known | facts))


STATES: dict[str, State] = {
    "never": State("Not connected", never),
    "connected": State("Connected", quiet),
    "syncing": State("Syncing", syncing),
    "reading": State("Syncing", reading),
    "throttled": State("Slowed down", _standing(Status.THROTTLED)),
    "held": State("Removals held", held),
    "needs-new-key": State("Needs new key", _standing(Status.NEEDS_NEW_KEY)),
    "key-too-weak": State("Key too weak", _standing(Status.KEY_TOO_WEAK)),
    "wrong-organization": State(
        "Wrong organization", _standing(Status.WRONG_ORGANIZATION, status_said="Summit Climbing")
    ),
    "group-gone": State("Group not found", _standing(Status.GROUP_GONE)),
    "in-trouble": State("Kisi not answering", _standing(Status.IN_TROUBLE, retry_at=timezone.now())),
    "incomplete": State("Check incomplete", incomplete),
    "no-doors": State("No doors", no_doors),
    "failed": State("Needs attention", failed),
    "roles": State("Roles in Kisi", roles),
    "paused": State("Paused", _standing(Status.PAUSED)),
    "disconnecting": State("Disconnecting", disconnecting),
    "disconnected": State("Disconnected", _standing(Status.DISCONNECTED)),
    "moving-in": State("Moving in", moving_in),
    "sync-stopped": State("Sync stopped", stopped),
}
