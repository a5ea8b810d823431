"""The forms about plans and subscriptions."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from members.forms import CoreForm, CoreModelForm
from members.models import Gym
from plans.models import Plan

NOT_A_PRICE = "Price must be a number, such as 49.00"
DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PlanForm(CoreModelForm):
    class Meta:
        model = Plan
        fields = ["name", "description", "price", "billing", "has_24hr_access"]
        labels = {"description": "Description (optional)"}
        help_texts = {
            "has_24hr_access": "People with an active subscription to this plan can open the doors at any time"
        }
        error_messages = {
            "name": {"required": "Enter a name"},
            "price": {
                "required": "Enter a price",
                "invalid": NOT_A_PRICE,
                "max_decimal_places": NOT_A_PRICE,
                "min_value": "Price must be 0 or more",
                "max_digits": "Price must be below 1,000,000",
                "max_whole_digits": "Price must be below 1,000,000",
            },
        }
        widgets = {"description": forms.Textarea(attrs={"rows": 3}), "price": forms.TextInput()}

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        others = Plan.objects.filter(gym=self.instance.gym, name__iexact=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(f"{name} is already a plan")
        return name


class SubscriptionForm(CoreForm):
    plan = forms.ModelChoiceField(
        Plan.objects.none(), empty_label="Choose a plan", error_messages={"required": "Choose a plan"}
    )
    starts_on = forms.DateField(
        label="First day",
        widget=DATE,
        error_messages={"required": "Enter the first day", "invalid": "First day must be a date"},
    )
    ends_on = forms.DateField(
        label="Last day (optional)",
        required=False,
        widget=DATE,
        error_messages={"invalid": "Last day must be a date"},
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
        error_messages={"required": "Enter the last day", "invalid": "Last day must be a date"},
    )
    cause = forms.CharField(
        label="Cause (optional)", help_text="Such as payment failed", max_length=120, required=False
    )

    def __init__(self, *args: Any, action: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        if action != "schedule_cancel":
            del self.fields["on"]

    def clean_on(self) -> date:
        on: date = self.cleaned_data["on"]
        if on < self.today:
            raise forms.ValidationError("The last day must be today or later")
        return on
