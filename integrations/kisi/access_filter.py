"""Members by their door access and its cause, found in the database. Says in SQL what `doors.answer` says of one.

A property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When

from integrations.access.policy import Reason
from integrations.kisi import wording
from integrations.kisi.models import KisiConnection, KisiGrant, Release, still_in
from integrations.kisi.sync import gather, quiet
from members.models import Member
from plans.models import Subscription

State, Status, Trouble = KisiGrant.State, Subscription.Status, KisiGrant.Trouble
STATES = {
    "in": "Can get in",
    "out": "Can't get in",
    "waiting": "Waiting",
    "failed": "Failed",
    "held": "Held",
    "kisi": "In Kisi",
}
LEFT = {"left": "Kept the access"}  # of a gym that left Kisi
BY_CORE = {
    Reason.ACTIVE: "Active",
    Reason.ENDS: "Ends on a date",
    Reason.STARTS: "Starts later",
    Reason.PAUSED: "Paused",
    Reason.EXPIRED: "Expired",
    Reason.CANCELLED: "Cancelled",
    Reason.NO_24HR_ACCESS: "No plan with 24-hr access",
    Reason.NO_SUBSCRIPTION: "No subscription",
    "no-email": "No email address",
    "shared": "Shared email address",
}
ON_THE_WAY = {
    "turn": "Waiting for its turn",
    "retry": "Waiting to try again",
    "parked": "Refused by Kisi, waits for somebody",
    Trouble.REFUSED: "Kisi refuses the details",
    Trouble.FORBIDDEN: "Kisi does not let the key change them",
    Trouble.CONFLICT: "Kisi knows the address twice",
    Trouble.UNCLEAR: "Kisi did not answer clearly",
    Trouble.LOST: "Kisi does not show them",
}
DECIDED = {
    "not-cut-over": "Move-in not finished",
    "kept": "Kept by an admin",
    "exempt": "Left to Kisi",
    "managed": "Managed in Kisi by a role",
    "suspended": "Suspended in Kisi",
    "other-way": "Another way in",
}
CAUSES = {"By the subscription": BY_CORE, "On the way to Kisi": ON_THE_WAY, "Decided": DECIDED}
# Worst first.
RANKS = ("failed", "held", "waiting", "out", "kisi", "in")
NAMELESS, NEVER = Q(email=""), Q(pk__in=[])
NOBODY = Value(False)  # a branch of Case that is an empty set would be left out, and the next one taken
Side = Q | Value
# Conditions on a ledger row.
THEIRS = Q(exempt=True) | ~Q(managed="")
GRANTED, ABSENT = still_in(), Q(state=State.ABSENT)
SUSPENDED, HELD, KEPT = Q(suspended=True), Q(held_since__isnull=False), Q(kept_until__isnull=False)
PARKED = Q(trouble__in=KisiGrant.PARKED)
LATER = Q(retry_at__isnull=False)  # tried already, and again at a set time
OTHER_WAY = Q(managed="", other_way=True)


def narrow(
    members: QuerySet[Member], value: str, connection: KisiConnection, today: date
) -> QuerySet[Member]:
    """The members in this state, or with this cause, on `today`."""
    ledger = Ledger(connection, today)
    if value in Reason.__members__.values():
        return members.filter(ledger.because(Reason(value)))
    if value in ("no-email", "shared"):
        return members.filter(NAMELESS if value == "no-email" else ledger.shared())
    if value in LEFT:
        return members.filter(ledger.has(GRANTED))
    if value in Trouble.values:
        return members.filter(ledger.has(Q(trouble=value)))
    should, should_not = ledger.sides()[value]
    side = Case(When(ledger.entitled(), then=should), default=should_not, output_field=BooleanField())
    return members.filter(side)


def ranked(members: QuerySet[Member], connection: KisiConnection, today: date) -> QuerySet[Any]:
    """The same members with `rank`, the place of their state among `RANKS`."""
    ledger = Ledger(connection, today)
    should, should_not = zip(*(ledger.sides()[state] for state in RANKS), strict=True)
    side = Case(
        When(ledger.entitled(), then=_place(should, usual="in")), default=_place(should_not, usual="out")
    )
    return members.annotate(rank=side)


def _place(conditions: Sequence[Side], *, usual: str) -> Case:
    """Of the one state that holds; the usual one is what is left, and costs nothing."""
    known = [(place, held) for place, held in enumerate(conditions) if held is not NOBODY]
    cases = [When(held, then=Value(place)) for place, held in known if RANKS[place] != usual]
    return Case(*cases, default=Value(RANKS.index(usual)))


@dataclass(frozen=True, slots=True)
class Ledger:
    """Conditions on members: what Core wants of them, and what the open row of their address says."""

    connection: KisiConnection
    today: date

    def sides(self) -> dict[str, tuple[Side, Side]]:
        """For each state: who of those that should have access, and who of those that should not."""
        has, is_shut = self.has, bool(wording.shut(self.connection))
        stays, held, goes = self._rights()
        theirs, refused_in, refused_out = has(THEIRS), has(~THEIRS & ~GRANTED & PARKED), has(goes & PARKED)
        suspended, admitted = has(~THEIRS & GRANTED & SUSPENDED), has(~THEIRS & GRANTED & ~SUSPENDED)
        barred = has(stays) if is_shut else has(stays & SUSPENDED)
        waits = ~NAMELESS & ~has(THEIRS | GRANTED | PARKED)
        other_way = has(ABSENT & OTHER_WAY & ~THEIRS) | self.had(OTHER_WAY)
        by_role = has(Q(exempt=False) & ~Q(managed=""))
        kisi_may = self.had(~Q(managed="")) | other_way
        outside = ~has(THEIRS | ~ABSENT) & ~kisi_may
        found: dict[str, tuple[Side, Side]] = {
            "in": (NOBODY, NOBODY) if is_shut else (admitted, has(stays & ~SUSPENDED)),
            "out": (suspended | admitted if is_shut else suspended, outside | barred),
            "waiting": (waits, has(goes & ~PARKED)),
            "failed": (NAMELESS | refused_in, refused_out),
            "held": (NOBODY, has(held)),
            "kisi": (theirs, theirs | kisi_may),
            "parked": (refused_in, refused_out),
            "turn": (waits & ~has(LATER), has(goes & ~PARKED & ~LATER)),
            "retry": (waits & has(LATER), has(goes & ~PARKED & LATER)),
            "not-cut-over": (NOBODY, has(~THEIRS & ~ABSENT & self._until_cut_over())),
            "managed": (by_role, by_role | self.had(~Q(managed=""))),
            "suspended": (suspended, has(stays & SUSPENDED)),
            "kept": (NOBODY, has(stays & KEPT & ~self._until_cut_over())),
            "exempt": (has(Q(exempt=True)), has(Q(exempt=True))),
            "other-way": (NOBODY, other_way),
        }
        return found | self._leaving(found, outside) if self.connection.is_leaving else found

    def _rights(self) -> tuple[Q, Q, Q]:
        """Of rights that Core would not give: which stay, which wait for a word, which go."""
        word, until = Q(email__in=self._words()), self._until_cut_over()
        lingers = ~THEIRS & ~ABSENT & ~until
        held, kept = lingers & HELD & ~word, lingers & KEPT & ~word
        stays = ~THEIRS & ~ABSENT & until | kept & ~HELD
        return stays, held, lingers & (word | ~HELD & ~KEPT)

    def _leaving(self, usual: dict[str, tuple[Side, Side]], outside: Q) -> dict[str, tuple[Side, Side]]:
        """While the gym leaves Kisi: whoever is named goes, whatever is bought, and nobody comes."""
        word, there = Q(email__in=self._words()), ~THEIRS & ~ABSENT
        both: dict[str, Q] = {
            "in": self.has(there & ~word),
            "waiting": self.has(there & word & ~PARKED),
            "failed": self.has(there & word & PARKED),
            "turn": self.has(there & word & ~PARKED & ~LATER),
            "retry": self.has(there & word & ~PARKED & LATER),
        }
        both["parked"] = both["failed"]
        found: dict[str, tuple[Side, Side]] = {state: (same, same) for state, same in both.items()}
        found["out"] = (outside, outside)
        for state in ("kisi", "managed", "other-way"):  # as of whoever is not entitled
            found[state] = (usual[state][1], usual[state][1])
        for state in ("held", "not-cut-over", "suspended", "kept"):
            found[state] = (NOBODY, NOBODY)
        return found

    def _until_cut_over(self) -> Q:
        return Q(origin=KisiGrant.Origin.ADOPTED) if self.connection.in_transition else NEVER

    def _words(self) -> QuerySet[Release, str]:
        """The addresses somebody let go by a word that counts today."""
        due = Release.objects.due(self.today).filter(connection=self.connection)
        return due.values_list("email", flat=True)

    def has(self, row: Q) -> Q:
        """An open row with these facts."""
        rows = KisiGrant.objects.open().filter(row, connection=self.connection).exclude(email="")
        return Q(email__in=rows.values("email"))

    def had(self, row: Q) -> Q:
        """No open row, and a last one with these facts."""
        rows = KisiGrant.objects.past().filter(row, connection=self.connection)
        return Q(email__in=rows.values("email"))

    def entitled(self) -> Q:
        """By a subscription of their own, or of somebody with the same address."""
        return _holds(gather.entitling(self.connection.gym_id, self.today))

    def shared(self) -> Q:
        found = quiet.shared(self.connection.gym_id).values_list("email", flat=True)
        return Q(email__in=[email for email in found if email])

    def because(self, reason: Reason) -> Q:
        """That reason, and none that counts more (`policy.best`)."""
        gym_id = self.connection.gym_id
        known = Subscription.objects.filter(member__gym_id=gym_id, plan__gym_id=gym_id)
        if reason is Reason.NO_SUBSCRIPTION:
            return ~_holds(known)
        ranked = list(Reason)
        better = NEVER
        for other in ranked[: ranked.index(reason)]:
            better |= _means(other, self.today)
        return _holds(known.filter(_means(reason, self.today))) & ~_holds(known.filter(better))


def _holds(subscriptions: QuerySet[Subscription]) -> Q:
    """Members with one of these of their own, or of somebody with the same address."""
    nameless = subscriptions.filter(member__email="").order_by().values("member_id")
    named = subscriptions.exclude(member__email="").order_by().values("member__email")
    return Q(email__in=named) | Q(pk__in=nameless)


def _means(reason: Reason, today: date) -> Q:
    """The subscriptions that `policy` judges so."""
    whole, running = Q(plan__has_24hr_access=True), Q(status__in=[Status.ACTIVE, Status.PENDING_CANCEL])
    begun, over = Q(starts_on__lte=today), Q(ends_on__lt=today)
    return {
        Reason.ACTIVE: whole & running & begun & Q(ends_on=None),
        Reason.ENDS: whole & running & begun & Q(ends_on__gte=today),
        Reason.STARTS: whole & (Q(status=Status.PENDING_ACTIVE) | running & ~begun),
        Reason.PAUSED: whole & Q(status=Status.PAUSED),
        Reason.EXPIRED: whole & (Q(status=Status.EXPIRED) | Q(status=Status.ACTIVE) & begun & over),
        Reason.CANCELLED: whole
        & (Q(status=Status.CANCELLED) | Q(status=Status.PENDING_CANCEL) & begun & over),
        Reason.NO_24HR_ACCESS: ~whole,
    }[reason]
