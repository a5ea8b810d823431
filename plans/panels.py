"""What plans put into the pages of the members app: subscriptions, a column, a filter, the next seven days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Q, QuerySet, Value, When, Window
from django.db.models.functions import Coalesce, RowNumber
from django.http import HttpRequest
from django.utils import timezone

from members.models import Gym, Member
from members.slots import AccessCell, Filter, Piece, Tag
from plans import wording
from plans.models import Plan, Subscription
from plans.transitions import Status

SOON = timedelta(days=7)
SHOWN = 20
TONES = {Status.ACTIVE: "info", Status.PENDING_ACTIVE: "info", Status.PENDING_CANCEL: "info"}
# The one that says most about somebody with several.
FIRST = (Status.ACTIVE, Status.PENDING_CANCEL, Status.PENDING_ACTIVE, Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Line:
    """A subscription as the member's page shows it; `actions` are (address part, label)."""

    subscription: Subscription
    tag: Tag
    dates: str
    actions: list[tuple[str, str]]


def tag_of(subscription: Subscription) -> Tag:
    status = Status(subscription.status)
    return Tag(status.label, TONES.get(status, "idle"))


def subscriptions_section(request: HttpRequest, member: Member) -> Piece:
    rows = Subscription.objects.filter(member=member).select_related("plan")
    return Piece("plans/_subscriptions.html", {"member": member, "lines": [_line(row) for row in rows]})


def subscription_cells(request: HttpRequest, members: Sequence[Member]) -> dict[int, AccessCell]:
    """The most telling subscription of each member, and how many more there are."""
    rows = Subscription.objects.filter(member__in=[member.pk for member in members]).select_related("plan")
    known: dict[int, list[Subscription]] = {}
    for row in rows.order_by("-id"):
        known.setdefault(row.member_id, []).append(row)
    return {pk: _cell(sorted(found, key=_rank)) for pk, found in known.items()}


def plan_choices(request: HttpRequest) -> dict[str, list[tuple[str, str]]]:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    return {"": [(str(plan.pk), plan.name) for plan in Plan.objects.filter(gym=gym)]}


def on_plan(request: HttpRequest, members: QuerySet[Member], plan_id: str) -> QuerySet[Member]:
    """Members with a subscription to it that has not ended."""
    rows = Subscription.objects.filter(plan_id=plan_id).exclude(status__in=Subscription.ENDED)
    return members.filter(pk__in=rows.values("member_id"))


PLAN_FILTER = Filter("plan", "Plan", plan_choices, on_plan)


def next_seven_days(request: HttpRequest) -> Piece | None:
    """Who starts and whose last day comes, today included."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    today = gym.today(timezone.now())
    window = (today, today + SOON)
    starts = Q(status=Status.PENDING_ACTIVE, starts_on__range=window)
    ends = Q(status__in=[Status.ACTIVE, Status.PENDING_CANCEL], ends_on__range=window)
    side = Case(When(starts, then=Value("starting")), default=Value("ending"))
    rank = Window(
        RowNumber(), partition_by=side, order_by=[Coalesce(Case(When(starts, "starts_on")), "ends_on"), "pk"]
    )
    rows = Subscription.objects.of_gym(gym).filter(starts | ends).select_related("plan", "member")
    soon: dict[str, list[Subscription]] = {"starting": [], "ending": []}
    for row in rows.annotate(side=side, rank=rank).filter(rank__lte=SHOWN).order_by("rank"):
        soon[row.side].append(row)
    return Piece("plans/_next_days.html", soon | {"shown": SHOWN})


def _line(row: Subscription) -> Line:
    actions = [(action.replace("_", "-"), wording.LABELS[action]) for action in row.actions]
    dates = wording.dates(row.starts_on, row.ends_on, is_over=row.status in Subscription.ENDED)
    return Line(row, tag_of(row), dates, actions)


def _rank(row: Subscription) -> int:
    return FIRST.index(Status(row.status)) if row.status in FIRST else len(FIRST)


def _cell(found: list[Subscription]) -> AccessCell:
    more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
    return AccessCell(tag_of(found[0]), f"{found[0].plan}{more}")
