"""The forms about plans and subscriptions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from members.forms import CoreForm, CoreModelForm
from members.models import Gym
from plans import wording
from plans.models import Plan

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PlanForm(CoreModelForm):
    class Meta:
        model = Plan
        fields = ["name", "description", "price", "billing", "has_24hr_access"]
        labels = {"description": "Description (optional)"}
        help_texts = wording.PLAN_HINTS
        error_messages = wording.PLAN_ERRORS
        widgets = {"description": forms.Textarea(attrs={"rows": 3}), "price": forms.TextInput()}

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        others = Plan.objects.filter(gym=self.instance.gym, name__iexact=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(wording.already_a_plan(name))
        return name


class SubscriptionForm(CoreForm):
    plan = forms.ModelChoiceField(
        Plan.objects.none(), empty_label="Choose a plan", error_messages=wording.CHOOSE_A_PLAN
    )
    starts_on = forms.DateField(
        label="First day",
        widget=DATE,
        error_messages=wording.FIRST_DAY,
    )
    ends_on = forms.DateField(
        label="Last day (optional)",
        required=False,
        widget=DATE,
        error_messages=wording.LAST_DAY,
    )

    def __init__(self, *args: Any, gym: Gym, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans = Plan.objects.filter(gym=gym, archived_at=None)
        self.fields["plan"].queryset = plans  # type: ignore[attr-defined]


class TransitionForm(CoreForm):
    """The cause is optional; a scheduled cancel also asks for its last day."""

    on = forms.DateField(
        label="Last day",
        widget=DATE,
        error_messages=wording.LAST_DAY,
    )
    cause = forms.CharField(label="Cause (optional)", max_length=120, required=False)

    def __init__(self, *args: Any, action: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["cause"].help_text = wording.CAUSES_TO_GO_ON.get(action, wording.CAUSE_HINT)
        if action != "schedule_cancel":
            del self.fields["on"]

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on < self.today:
            raise forms.ValidationError(wording.LAST_IN_THE_PAST)
        return on
