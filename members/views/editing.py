"""New member, changed details, deletion: what ends door access is asked first."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from members import slots, wording
from members.effects import Question, check_page, settle
from members.forms import MemberForm, posted
from members.gyms import staff_required
from members.models import Change, Gym, Member
from members.slots import Effect, Supposed


@dataclass(frozen=True, slots=True)
class Addresses:
    """A member's address before and after an edit; for the doors the address is the person."""

    before: str
    after: str

    def ends_access(self, effect: Effect) -> bool:
        """More than the old address going because the new one comes."""
        lost = {line.email for line in effect.loses if not line.has_none}
        return bool(lost - {self.before}) or (bool(lost) and not self._is_followed(effect))

    def said(self, effect: Effect) -> str:
        if effect.removals and self._is_followed(effect):
            return wording.saved_followed(
                self.before, self.after, slots.doors_name(), effect.later, stays=effect.keeps_profiles
            )
        if effect.removals:
            return wording.saved_losing(self.before, effect.later)
        return wording.saved_gaining(self.after, effect.later) if effect.gains else wording.SAVED

    def _is_followed(self, effect: Effect) -> bool:
        return self.after in {line.email for line in effect.gains + effect.stays}


@staff_required
def new_member(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    form = MemberForm(posted(request), instance=Member(gym=gym))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            member = form.save()
            detail = wording.member_added(member.name)
            Change.record(gym, "add member", by=request.user, member_id=member.pk, detail=detail)
        messages.success(request, wording.is_a_member(member.name))
        return redirect("members:detail", member.pk)
    return render(request, "members/form.html", {"form": form})


@staff_required
def edit_member(request: HttpRequest, member_id: int) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member.objects.of_gym(gym), pk=member_id)
    name, before = member.name, member.email
    form = MemberForm(posted(request), instance=member)
    if request.method != "POST" or not form.is_valid():
        return render(request, "members/form.html", {"form": form, "member": member, "name": name})
    addresses = Addresses(before, form.cleaned_data["email"])
    cause = "email changed" if before != addresses.after else "details changed"
    outcome = settle(
        request,
        lambda: _save(form, request, addresses),
        cause=cause,
        ask=addresses.ends_access,
        about={addresses.before, addresses.after},
    )
    if not outcome.is_done:
        return check_page(request, outcome, _about_address(member_id, name, addresses))
    messages.success(request, addresses.said(outcome.effect))
    return redirect("members:detail", member_id)


@staff_required
def delete_member(request: HttpRequest, member_id: int) -> HttpResponse:
    """Always asked first: it takes the subscriptions along, and the access."""
    gym: Gym = request.gym  # type: ignore[attr-defined]
    member = get_object_or_404(Member.objects.of_gym(gym), pk=member_id)

    def delete() -> None:
        Change.forget(gym, member_id)
        Change.record(gym, "delete member", by=request.user, detail=wording.MEMBER_DELETED)
        Member.objects.filter(pk=member_id).delete()

    outcome = settle(
        request,
        delete,
        cause="member deleted",
        ask=lambda effect: True,
        about={member.email},
        supposed=lambda: Supposed(leaving=frozenset([member_id])),
    )
    if not outcome.is_done:
        return check_page(request, outcome, _about_deletion(member, outcome.effect))
    effect = outcome.effect
    said = wording.deleted(member.name, slots.doors_name(), effect.later, loses=bool(effect.removals))
    messages.success(request, said)
    return redirect("members:list")


def _save(form: MemberForm, request: HttpRequest, addresses: Addresses) -> None:
    member = form.save()
    detail = wording.details_changed(form.changed_data, addresses.before, addresses.after)
    if detail:
        Change.record(member.gym, "change member", by=request.user, member_id=member.pk, detail=detail)


def _about_address(member_id: int, name: str, addresses: Addresses) -> Question:
    page = reverse("members:edit", args=[member_id])
    return Question(wording.ask_address(name, addresses.after), wording.SAVE_AND_REMOVE, page, name)


def _about_deletion(member: Member, effect: Effect) -> Question:
    loses = bool(effect.removals)
    return Question(
        wording.ask_deletion(member.name),
        wording.delete(member.name, loses=loses),
        reverse("members:detail", args=[member.pk]),
        member.name,
        wording.before_deletion(slots.doors_name(), effect.later, loses=loses),
        go_back=wording.GO_BACK_UNDELETED,
    )
