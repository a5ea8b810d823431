"""Who did what in Core that an event followed from: the last change that can explain it. Reads only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject, NullIf, Trim

from integrations.kisi.models import AccessEvent
from members import changes
from members.models import Change
from plans.models import Subscription

Kind = AccessEvent.Kind
UNASKED = "subscription change"  # what a run says that nobody asked for
WITHIN = timedelta(days=1)  # what lies longer back explains nothing
GAVE, ENDED = (Kind.GRANTED, Kind.REPAIRED), (Kind.REVOKED, Kind.HELD)


def before() -> dict[str, Case]:
    """For a query of events: `act`, the last change of the member, or of a plan of theirs, that explains each."""
    name = NullIf(Trim(Concat("by__first_name", Value(" "), "by__last_name")), Value(""))
    email = Cast(NullIf("by__email", Value("")), CharField())
    facts: dict[str, Any] = {"action": F("action"), "detail": F("detail"), "cause": F("cause")}
    facts["by"] = Coalesce(name, email, "by__username", Value(""))
    return {
        "act": Case(When(cause=UNASKED, then=Subquery(_explaining().values(told=JSONObject(**facts))[:1])))
    }


def actor() -> Case:
    """For a query of events: the id of whoever made that change."""
    return Case(When(cause=UNASKED, then=Subquery(_explaining().values("by_id")[:1])))


def made_by(gym_id: int, users: QuerySet[Any]) -> QuerySet[Change]:
    """All that these people changed in the gym: where it is nothing, nobody needs to look for an `actor`."""
    return Change.objects.filter(gym_id=gym_id, by__in=users.values("pk")).order_by()


def _explaining() -> QuerySet[Change]:
    """The changes that can explain an event of the query around it, the last one first."""
    near = Change.objects.filter(
        gym_id=OuterRef("gym_id"), at__lte=OuterRef("at"), at__gt=OuterRef("at") - WITHIN
    )
    asked = near.annotate(kind=ExpressionWrapper(OuterRef("kind"), output_field=CharField()))
    return asked.filter(_of_the_member() | _of_a_plan())


def told(row: Any) -> str:
    """Ada Admin paused Night Owl (payment failed); "" where nothing explains the event."""
    if not row.act:
        return ""
    said = changes.act(row.act["action"], row.act["detail"], row.act["by"])
    return f"{said} ({row.act['cause']})" if said and row.act["cause"] else said


def is_of_many(said: str) -> bool:
    """Whether it is about a plan, and so about everybody who has it."""
    return changes.WHOLE in said


def _of_the_member() -> Q:
    gives, ends = Q(kind__in=GAVE, action__in=changes.GIVES), Q(kind__in=ENDED, action__in=changes.ENDS)
    renames = Q(kind=Kind.RENAMED, action="change member")
    return Q(member_id=OuterRef("member_id")) & (gives | ends | renames)


def _of_a_plan() -> Q:
    """Its box was turned, and the member has or had it."""
    theirs = Subscription.objects.filter(member_id=OuterRef(OuterRef("member_id"))).values("plan_id")
    on = Q(kind__in=GAVE, detail__endswith=f"{changes.TURNED}on")
    off = Q(kind__in=ENDED, detail__endswith=f"{changes.TURNED}off")
    return Q(on | off, action="change plan", plan_id__in=theirs)
