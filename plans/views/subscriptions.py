"""Subscriptions on a member's page: add one, and every action; one that ends door access asks first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from members.effects import confirmed
from members.gyms import staff_required
from members.models import Gym, Member
from plans.forms import SubscriptionForm, TransitionForm
from plans.models import Subscription, TransitionRefused
from plans.transitions import EVERY_ACTION, NEEDS_TODAY


@staff_required
def add(request: HttpRequest, member_id: int) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member, pk=member_id, gym=gym)
    today = gym.today(timezone.now())
    form = SubscriptionForm(request.POST or None, gym=gym, initial={"starts_on": today})
    if request.method == "POST" and form.is_valid():
        try:
            made = Subscription.start(member, today=today, by=request.user, **form.cleaned_data)
        except TransitionRefused as refused:
            form.add_error(None, refused)
        else:
            messages.success(request, f"{member.first_name} is on {made.plan} now.")
            return redirect("members:detail", member.pk)
    context = {"section": "members", "form": form, "member": member}
    return render(request, "plans/subscription_new.html", context)


@staff_required
def act(request: HttpRequest, member_id: int, subscription_id: int, action: str) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    found = Subscription.objects.of_gym(gym).select_related("plan", "member__gym")
    subscription = get_object_or_404(found, pk=subscription_id, member_id=member_id)
    if action.replace("-", "_") not in EVERY_ACTION:
        raise Http404("no such action")
    action, today = action.replace("-", "_"), gym.today(timezone.now())
    form = TransitionForm(request.POST or None, action=action, today=today)
    context = {
        "section": "members",
        "member": subscription.member,
        "subscription": subscription,
        "action": action,
    }
    if request.method == "POST" and form.is_valid():
        try:
            change = _change(subscription, action, form, today, request)
            cause = f"{action.replace('_', ' ')} {subscription.plan}"
            effect, is_done = confirmed(request, change, cause=cause, ask=False)
        except TransitionRefused as refused:
            messages.error(request, refused.messages[0])
            return redirect("members:detail", member_id)
        if is_done:
            messages.success(request, f"{subscription.plan}: {action.replace('_', ' ')} done.")
            return redirect("members:detail", member_id)
        context["effect"] = effect
    return render(request, "plans/subscription_act.html", context | {"form": form})


def _change(
    subscription: Subscription, action: str, form: TransitionForm, today: date, request: HttpRequest
) -> Callable[[], None]:
    """The transition as something that can be tried and rolled back: each time on a fresh row."""
    facts = dict(form.cleaned_data)
    if action in NEEDS_TODAY:
        facts["today"] = today

    def change() -> None:
        row = Subscription.objects.select_related("plan", "member__gym").get(pk=subscription.pk)
        getattr(row, action)(by=request.user, **facts)

    return change
