"""Plans: list, new, edit with the page that names who gains and who loses, archive."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from members import slots
from members.effects import Question, check_page, settle
from members.forms import posted
from members.gyms import staff_required
from members.models import Change, Gym
from members.slots import Effect
from plans import wording
from plans.forms import PlanForm
from plans.models import Plan
from plans.transitions import Status


@require_GET
@staff_required
def list_plans(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    active = Q(subscriptions__status__in=[Status.ACTIVE, Status.PENDING_CANCEL])
    counted = Count("subscriptions__member", filter=active, distinct=True)
    plans = Plan.objects.filter(gym=gym).annotate(active_members=counted)
    on_sale_first = plans.order_by(F("archived_at").asc(nulls_first=True), "name", "pk")
    return render(request, "plans/list.html", {"plans": on_sale_first})


@staff_required
def new_plan(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    form = PlanForm(posted(request), instance=Plan(gym=gym))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            plan = form.save()
            Change.record(gym, "add plan", by=request.user, plan_id=plan.pk, detail=f"{plan} added")
        messages.success(request, wording.is_a_plan(plan))
        return redirect("plans:list")
    return render(request, "plans/form.html", {"form": form, "notes": _notes(gym)})


@staff_required
def edit_plan(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Saving a change that gives or takes access first shows, by name, whose."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    plan = get_object_or_404(Plan, pk=plan_id, gym=gym)
    name = plan.name
    form = PlanForm(posted(request), instance=plan)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "plan": plan, "name": name, "notes": _notes(gym)}
        return render(request, "plans/form.html", context)
    cause = f"24-hr access turned {_turned(plan)} on {plan}" if _box(form) else f"{plan} saved"
    outcome = settle(
        request, lambda: _save(form, request), cause=cause, ask=lambda effect: effect.touches_anybody
    )
    if not outcome.is_done:
        return check_page(request, outcome, _question(plan, name, outcome.effect))
    effect = outcome.effect
    messages.success(request, _saved(effect))
    return redirect("plans:list")


@require_POST
@staff_required
def archive_plan(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Archive, or sell again what was archived; neither changes anybody's access."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    plan = get_object_or_404(Plan, pk=plan_id, gym=gym)
    if request.POST.get("sell") == "again":
        plan.sell_again(by=request.user)
        messages.success(request, wording.sold_again(plan))
    elif plan.archived_at is None:
        plan.archive(by=request.user)
        messages.success(request, wording.archived(plan, opens=plan.has_24hr_access))
    return redirect("plans:list")


def _saved(effect: Effect) -> str:
    """What no page has named before it was saved is told after."""
    said = wording.plan_saved(gains=len(effect.gains), loses=effect.removals, later=effect.later)
    return said if effect.touches_anybody else wording.one_after_the_other([said, *effect.notes])


def _save(form: PlanForm, request: HttpRequest) -> None:
    plan = form.save()
    parts = [name.replace("_", " ") for name in form.changed_data if name != "has_24hr_access"]
    if _box(form):
        parts.append(f"24-hr access turned {_turned(plan)}")
    if parts:
        detail = wording.plan_changed(plan, parts)
        Change.record(plan.gym, "change plan", by=request.user, plan_id=plan.pk, detail=detail)


def _box(form: PlanForm) -> bool:
    return "has_24hr_access" in form.changed_data


def _turned(plan: Plan) -> str:
    return wording.turned(on=plan.has_24hr_access)


def _question(plan: Plan, name: str, effect: Effect) -> Question:
    on, gains, loses = plan.has_24hr_access, len(effect.gains), effect.removals
    return Question(
        wording.ask_box(name, on=on),
        wording.turn(on, gains=gains, loses=loses),
        reverse("plans:detail", args=[plan.pk]),
        name,
        is_final=bool(loses),
    )


def _notes(gym: Gym) -> list[str]:
    return [words for note in slots.plan_notes if (words := note(gym))]
