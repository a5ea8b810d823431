"""Members: filtered and paged, what each act asks, five lines from Kisi, and names that strain a page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from members.models import Member
from plans.models import Subscription
from tests.browser import causes, states
from tests.browser.conftest import KISI, Window
from tests.browser.scenes.kinds import Scene, unfold
from tests.browser.served import Served
from tests.factories import PlanFactory, SubscriptionFactory

LONG = "Maximiliane-Alexandrina " + "von und zu Hohenstein-Falkenberg " * 3
STRAINING = (
    (LONG.strip(), "maximiliane.alexandrina.von.hohenstein.falkenberg@a-very-long-domain-name.example.com"),
    ("محمد عبد الرحمن", "mohammed@example.com"),
    ("🏋️‍♀️ Lifter", "lifter@example.com"),
    ("<script>alert(1)</script> O'Neil & Co", "oneil@example.com"),
)
ACTS = ("pause", "schedule-cancel", "cancel-now", "expire", "resume", "undo-cancel", "start-now")


def filtered(served: Served, desk: Window) -> Iterator[str]:
    causes.make(served.house)
    served.house.members(60)
    for name, query in (
        ("second-page", "page=2"),
        ("searched", "q=example"),
        ("failed-only", "access=failed"),
        ("none-match", f"q=ana&access=failed&plan={served.house.plan.pk}"),
    ):
        desk.open(f"/members/?{query}")
        yield f"members-{name}"


def straining(served: Served, desk: Window) -> Iterator[str]:
    """Names of 120 letters, from right to left, of emoji, of markup."""
    plan = PlanFactory(gym=served.house.gym, name="Unlimited Night Owl with Sauna and Towel Service " * 2)
    for number, (name, email) in enumerate(STRAINING):
        first, _, last = name.partition(" ")
        member = Member.objects.create(gym=served.house.gym, first_name=first, last_name=last, email=email)
        SubscriptionFactory(member=member, plan=plan if number else served.house.plan)
    served.house.sync()
    for name, path in (
        ("members", "/members/?sort=new"),
        ("activity", f"{KISI}activity/"),
        ("overview", KISI),
    ):
        desk.open(path)
        yield f"{name}-straining"
    for number, (_, email) in enumerate(STRAINING):
        desk.open(f"/members/{Member.objects.get(email=email).pk}/")
        yield f"member-straining-{number}"
    desk.open(f"/plans/{plan.pk}/")
    yield "plan-straining"


def asked(served: Served, desk: Window) -> Iterator[str]:
    """Every act that its subscription allows, in each of its states; with its errors."""
    ana = states.ana(served.house)
    day = served.house.today() + timedelta(days=5)
    subscription = ana.subscriptions.get()
    rows = {
        "pending_active": {"starts_on": day, "ends_on": None},
        "pending_cancel": {"starts_on": "2026-01-01", "ends_on": day},
        "paused": {"ends_on": None},
    }
    for status, facts in rows.items():
        Subscription.objects.filter(pk=subscription.pk).update(status=status, **facts)
        for act in ACTS:
            response = desk.page.request.get(
                f"{desk.site.url}/members/{ana.pk}/subscriptions/{subscription.pk}/{act}/"
            )
            if response.ok and response.url.endswith(f"/{act}/"):
                desk.open(f"/members/{ana.pk}/subscriptions/{subscription.pk}/{act}/")
                yield f"subscription-{act}-{status.replace('_', '-')}"
    Subscription.objects.filter(pk=subscription.pk).update(status="active", starts_on="2026-01-01")
    SubscriptionFactory(member=ana, plan=PlanFactory(gym=served.house.gym, name="Night Owl"))
    desk.open(f"/members/{ana.pk}/subscriptions/{subscription.pk}/pause/")
    yield "subscription-pause-keeps-access"
    desk.open(f"/members/{ana.pk}/subscriptions/{subscription.pk}/schedule-cancel/")
    desk.press("Schedule cancel")
    yield "subscription-schedule-cancel-with-errors"
    desk.open(f"/members/{ana.pk}/subscriptions/new/")
    desk.press("Add subscription")
    yield "member-subscriptions-new-with-errors"


def five_lines(served: Served, desk: Window) -> Iterator[str]:
    """Sync now: asked, and answered; then left to Kisi."""
    desk.open(f"/members/{states.ana(served.house).pk}/")
    desk.page.get_by_role("button", name="Sync now").click()
    desk.page.get_by_role("heading", name="Kisi was asked").wait_for()
    yield "member-asked"
    served.house.sync()
    desk.page.reload()
    yield "member-answered"
    unfold(desk)
    yield "member-help-open"
    desk.press("Leave this person's door access to Kisi")
    yield "member-just-left-to-kisi"


def changed(served: Served, desk: Window) -> Iterator[str]:
    ana = states.ana(served.house)
    desk.open(f"/members/{ana.pk}/edit/")
    desk.page.get_by_label("Email").fill("ana.new@example.com")
    desk.press("Save details")
    yield "member-new-email"
    desk.open(f"/members/{ana.pk}/delete/")
    desk.press("Delete")
    yield "members-deleted"


SCENES: dict[str, Scene] = {
    "members-filtered": filtered,
    "straining": straining,
    "subscription-acts": asked,
    "five-lines": five_lines,
    "member-changed": changed,
}
