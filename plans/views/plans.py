"""Plans: list, new, edit with the page that names who gains and who loses, archive."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from members import slots
from members.effects import confirmed
from members.gyms import staff_required
from members.models import Change, Gym
from members.slots import Effect
from plans.forms import PlanForm
from plans.models import Plan, Subscription


@staff_required
def list_plans(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    running = ~Q(subscriptions__status__in=Subscription.ENDED)
    plans = Plan.objects.filter(gym=gym).annotate(running=Count("subscriptions", filter=running))
    return render(request, "plans/list.html", {"section": "plans", "plans": plans})


@staff_required
def new_plan(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    form = PlanForm(request.POST or None, instance=Plan(gym=gym))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            plan = form.save()
            Change.record(gym, "add plan", by=request.user, plan_id=plan.pk, detail=plan.name)
        messages.success(request, f"{plan} is a plan now.")
        return redirect("plans:list")
    return render(request, "plans/form.html", {"section": "plans", "form": form, "notes": _notes(gym)})


@staff_required
def edit_plan(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Saving a change that gives or takes access first shows, by name, whose."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    plan = get_object_or_404(Plan, pk=plan_id, gym=gym)
    form = PlanForm(request.POST or None, instance=plan)
    context = {"section": "plans", "form": form, "plan": plan, "notes": _notes(gym)}
    if request.method != "POST" or not form.is_valid():
        return render(request, "plans/form.html", context)
    turned = "on" if plan.has_24hr_access else "off"
    cause = (
        f"24-hr access turned {turned} on {plan}" if "has_24hr_access" in form.changed_data else "plan saved"
    )
    effect, is_done = confirmed(request, lambda: _save(form, request), cause=cause, ask=False)
    if not is_done:
        return render(request, "plans/check.html", context | {"effect": effect, "turned": turned})
    messages.success(request, _saved(effect))
    return redirect("plans:list")


@require_POST
@staff_required
def archive_plan(request: HttpRequest, plan_id: int) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    plan = get_object_or_404(Plan, pk=plan_id, gym=gym)
    if plan.archived_at is None:
        plan.archive(by=request.user)
    messages.success(request, f"{plan} is archived. Who has it keeps it, and the doors with it.")
    return redirect("plans:list")


def _save(form: PlanForm, request: HttpRequest) -> None:
    plan = form.save()
    detail = f"{plan}: {', '.join(form.changed_data)}"
    Change.record(plan.gym, "change plan", by=request.user, plan_id=plan.pk, detail=detail)


def _saved(effect: Effect) -> str:
    parts = []
    if effect.gains:
        parts.append(f"{_people(len(effect.gains))} getting access.")
    if effect.loses:
        parts.append(f"{_people(len(effect.loses))} losing access.")
    return " ".join(["Plan saved.", *parts])


def _people(count: int) -> str:
    return "1 person is" if count == 1 else f"{count:,} people are"


def _notes(gym: Gym) -> list[str]:
    return [words for note in slots.plan_notes if (words := note(gym))]
