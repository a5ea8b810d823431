"""New member, changed details, deletion: what ends door access is asked first."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

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
        lost = {line.email for line in effect.loses}
        return bool(lost - {self.before}) or (bool(lost) and not self._is_followed(effect))

    def said(self, effect: Effect) -> str:
        if effect.loses and self._is_followed(effect):
            return f"Saved. {self.after} gets access first, then {self.before} is removed from Kisi."
        if effect.loses:
            return f"Saved. {self.before} is losing access."
        return f"Saved. {self.after} is getting access." if effect.gains else "Saved."

    def _is_followed(self, effect: Effect) -> bool:
        return self.after in {line.email for line in effect.gains}


@staff_required
def new_member(request: HttpRequest) -> HttpResponse:
    gym: Gym = request.gym  # type: ignore[attr-defined]
    form = MemberForm(posted(request), instance=Member(gym=gym))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            member = form.save()
            detail = f"{member.name} added"
            Change.record(gym, "add member", by=request.user, member_id=member.pk, detail=detail)
        messages.success(request, f"{member.name} is a member now. Add a subscription next.")
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
        Change.record(gym, "delete member", by=request.user, detail="A member deleted")
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
    removed = " Access is being removed in Kisi too." if outcome.effect.loses else ""
    messages.success(request, f"{member.name} is deleted.{removed}")
    return redirect("members:list")


def _save(form: MemberForm, request: HttpRequest, addresses: Addresses) -> None:
    member = form.save()
    parts = [name.replace("_", " ") for name in form.changed_data if name != "email"]
    if addresses.before != addresses.after:
        parts.append(f"email from {addresses.before or 'none'} to {addresses.after or 'none'}")
    if parts:
        detail = f"Details changed: {', '.join(parts)}"
        Change.record(member.gym, "change member", by=request.user, member_id=member.pk, detail=detail)


def _about_address(member_id: int, name: str, addresses: Addresses) -> Question:
    page = reverse("members:edit", args=[member_id])
    what = "Change" if addresses.after else "Remove"
    return Question(f"{what} the email of {name}?", "Save and remove access", page, name)


def _about_deletion(member: Member, effect: Effect) -> Question:
    sentences = ["The subscriptions are deleted too. This cannot be undone."]
    if effect.loses:
        sentences.append("Access is removed in Kisi too.")
    return Question(
        f"Delete {member.name}?",
        f"Delete {member.name}" + (" and remove access" if effect.loses else ""),
        reverse("members:detail", args=[member.pk]),
        member.name,
        tuple(sentences),
        go_back="Go back without deleting",
    )
