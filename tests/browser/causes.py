"""One member for each reason why somebody can or cannot get in, all in one gym that is in step with Kisi."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from integrations.kisi.models import KisiGrant
from members.models import Member
from plans.models import Subscription
from tests.browser import states
from tests.conftest import House

SAID = "Email is not valid"
Make = Callable[[House, str], Member]


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of what the page says of a member who is named after the cause, and how they came to it."""

    words: str
    make: Make


def member(*, days: dict[str, int] | None = None, plan: str = "Open Door", **facts: Any) -> Make:
    """Without a line in the ledger; `days` are dates counted from today."""

    def make(house: House, name: str) -> Member:
        bought = house.gym.plans.get(name=plan)
        return house.member(name, plan=bought, **_dates(house, days or {}), **facts)

    return make


def row(*, ends: str = "", by: str = "", days: dict[str, int] | None = None, **facts: Any) -> Make:
    """With a line in the ledger; `ends` is what the subscription became after that line, `by` who decided it."""

    def make(house: House, name: str) -> Member:
        status = {"status": "pending_cancel"} if days else {}
        found = house.member(name, **status, **_dates(house, days or {}))
        if ends:
            Subscription.objects.filter(member=found).update(status=ends, cause="payment failed")
        known = {"state": "granted", "origin": "created", "role_assignment_id": 10_000 + found.pk}
        decided = {by: states.staff(house).user} if by else {}
        KisiGrant.objects.create(
            connection=house.connection,
            email=found.email,
            member=found,
            name=found.name,
            **(known | decided | facts),
        )
        return found

    return make


def shared(house: House, name: str) -> Member:
    house.member(f"Partner of {name}", email="home@example.com", status="paused")
    return house.member(name, email="home@example.com")


def _dates(house: House, days: dict[str, int]) -> dict[str, date]:
    return {field: house.today() + timedelta(days=count) for field, count in days.items()}


def outside(**facts: Any) -> Make:
    return row(**({"state": "absent", "origin": "", "role_assignment_id": None} | facts))


def left(**facts: Any) -> Make:
    """Core gave access once and does not any more."""
    return outside(ends="paused", state="closed", closed_at=NOW, **facts)


NOW = timezone.now()
CAUSES: dict[str, Cause] = {
    "active": Cause("can get in: Open Door is active", row(confirmed_at=NOW)),
    "cancelled-from": Cause("can get in until the end of", row(days={"ends_on": 6})),
    "starts": Cause(
        "can't get in yet: Open Door starts on", member(status="pending_active", days={"starts_on": 6})
    ),
    "no-email": Cause("Core has none for", member(email="")),
    "paused": Cause(
        "can't get in: Open Door is paused (payment failed)", member(status="paused", cause="payment failed")
    ),
    "expired": Cause("can't get in: Open Door expired on", member(status="expired", days={"ends_on": -20})),
    "cancelled": Cause("Open Door was cancelled on", member(status="cancelled", days={"ends_on": -20})),
    "no-24hr": Cause("Day Pass Club has no 24-hr access", member(plan="Day Pass Club")),
    "no-subscription": Cause("there is no subscription", member(status="")),
    "waiting": Cause("gets in as soon as Kisi confirms it", member()),
    "sent": Cause("Sent today", outside(intent_at=NOW)),
    "refused": Cause("should get in, but Kisi refused. Correct", outside(trouble="refused", last_error=SAID)),
    "forbidden": Cause("An owner has to allow it", outside(trouble="forbidden", last_error="Not allowed")),
    "conflict": Cause("knows this address twice", outside(trouble="conflict", last_error="Already there")),
    "unclear": Cause(
        "gets in as soon as Kisi confirms it",
        row(state="uncertain", trouble="unclear", failures=2, retry_at=NOW + timedelta(minutes=8)),
    ),
    "suspended": Cause("suspended in Kisi, so no door opens", row(suspended=True)),
    "leaving": Cause("loses access as soon as Kisi confirms it", row(ends="paused")),
    "removal-refused": Cause(
        "Kisi refused the removal", row(ends="paused", trouble="forbidden", last_error="Not allowed")
    ),
    "held": Cause("the removal is held since", row(ends="paused", held_since=NOW)),
    "held-suspended": Cause(
        "so no door opens. The removal is held since", row(ends="paused", held_since=NOW, suspended=True)
    ),
    "kept": Cause(
        "kept this access on", row(ends="paused", by="kept_by", kept_until=NOW + timedelta(days=30))
    ),
    "owner": Cause("is the organization's owner", outside(managed="is the organization's owner")),
    "owner-cancelled": Cause(
        "is the organization's owner", left(closed_how="released", managed="is the organization's owner")
    ),
    "another-way-in": Cause(
        "but a Kisi team or another group may. Look in Kisi.", left(closed_how="removed", other_way=True)
    ),
    "left-to-kisi": Cause("Alice Adams decided so on", row(by="exempt_by", exempt=True, exempt_at=NOW)),
    "shared": Cause("for Kisi they are one person", shared),
}


def make(house: House) -> dict[str, Member]:
    """Everybody of them, by cause."""
    return {name: cause.make(house, f"{name.title()} Example") for name, cause in CAUSES.items()}
