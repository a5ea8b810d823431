"""Subscriptions of a member: add one, and every action; one that ends door access is asked first."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from members import words
from members.effects import Outcome, Question, check_page, settle
from members.forms import posted
from members.gyms import staff_required
from members.models import Gym, Member
from members.slots import Effect, Supposed, forecast_supposed
from plans import wording
from plans.forms import SubscriptionForm, TransitionForm
from plans.models import Subscription, TransitionRefused
from plans.transitions import EVERY_ACTION, NEEDS_TODAY
from plans.wording import LABELS


@staff_required
def add(request: HttpRequest, member_id: int) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member, pk=member_id, gym=gym)
    today = gym.today(timezone.now())
    form = SubscriptionForm(posted(request), gym=gym, initial={"starts_on": today})
    if request.method == "POST" and form.is_valid():
        try:
            made = Subscription.start(member, today=today, by=request.user, **form.cleaned_data)
        except TransitionRefused as refused:
            form.add_error(None, refused)
        else:
            messages.success(request, _started(made))
            return redirect("members:detail", member.pk)
    return render(request, "plans/subscription_new.html", {"form": form, "member": member})


@staff_required
def act(request: HttpRequest, member_id: int, subscription_id: int, action: str) -> HttpResponse:
    """GET says what the action does to the doors; POST does it, unless it ends access and was not asked."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    action = action.replace("-", "_")
    if action not in EVERY_ACTION:
        raise Http404("no such action")
    found = Subscription.objects.of_gym(gym).select_related("plan", "member__gym")
    subscription = get_object_or_404(found, pk=subscription_id, member_id=member_id)
    today = gym.today(timezone.now())
    form = TransitionForm(posted(request), action=action, today=today)
    try:
        outcome = _settle(request, subscription, action, form, today)
    except TransitionRefused as refused:
        messages.error(request, refused.messages[0])
        return redirect("members:detail", member_id)
    if not outcome.is_done:
        question = _question(subscription, action, outcome.effect)
        return check_page(request, outcome, question, form=form)
    messages.success(request, _said(subscription, action, form, outcome.effect))
    return redirect("members:detail", member_id)


def _settle(
    request: HttpRequest, subscription: Subscription, action: str, form: TransitionForm, today: date
) -> Outcome:
    """What does not say all that is needed is only told what the step would do to the doors."""
    is_wrong = request.method == "POST" and not form.is_valid()
    facts = dict(form.cleaned_data) if request.method == "POST" and not is_wrong else {}
    if action == "schedule_cancel":
        facts.setdefault("on", max(today, subscription.starts_on))
    if action in NEEDS_TODAY:
        facts["today"] = today

    def supposed() -> Supposed:
        return Supposed(instead=(subscription.supposing(action, **facts),))

    about = {subscription.member.email}
    if is_wrong:
        return Outcome(forecast_supposed(subscription.member.gym, supposed(), about=about), is_done=False)
    step = getattr(subscription, action)
    return settle(
        request,
        lambda: step(**facts, by=request.user),
        cause=f"{LABELS[action]}: {subscription.plan}",
        ask=lambda effect: bool(effect.removals),
        about=about,
        supposed=supposed,
    )


def _question(subscription: Subscription, action: str, effect: Effect) -> Question:
    first = subscription.member.first_name
    return Question(
        wording.ask_step(action, subscription.plan, first),
        wording.button(action, loses=bool(effect.removals)),
        reverse("members:detail", args=[subscription.member_id]),
        subscription.member.name,
        _consequence(first, effect, effect.when) or (() if effect.notes else (wording.NO_DOOR,)),
        is_final=bool(effect.removals),
    )


def _said(subscription: Subscription, action: str, form: TransitionForm, effect: Effect) -> str:
    on = form.cleaned_data.get("on")
    done = wording.done_step(action, subscription.plan, words.day(on) if on else "")
    consequence = _consequence(subscription.member.first_name, effect, effect.later)
    return wording.one_after_the_other([done, *(consequence or effect.notes)])


def _consequence(first: str, effect: Effect, when: str) -> tuple[str, ...]:
    """What it means for the doors in a sentence, where it concerns this one person."""
    if len(effect.loses) == 1:
        return (wording.loses(first, when) if effect.removals else wording.gets_none(first),)
    if len(effect.gains) == 1:
        return (wording.gains(first, when),)
    if len(effect.stays) == 1:
        return (wording.stays(first),)
    if len(effect.keeps) == 1:
        return (wording.keeps(first, effect.keeps[0].reason),)
    return ()


def _started(made: Subscription) -> str:
    is_active = made.status == Subscription.Status.ACTIVE
    return wording.started(made.member.first_name, made.plan, "" if is_active else words.day(made.starts_on))
