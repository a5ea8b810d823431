"""How forms look and speak here, and the forms about members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, QueryDict

from members.fields import normalize_email
from members.models import Member


class CoreRenderer(TemplatesSetting):
    """One field template for every form: label, hint, error, field."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class CoreForm(forms.Form):
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


class CoreModelForm(forms.ModelForm):
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: everything posted, be it nothing; None on a page that is only opened."""
    return request.POST if request.method == "POST" else None


class MemberForm(CoreModelForm):
    class Meta:
        model = Member
        fields = ["first_name", "last_name", "email"]
        labels = {"last_name": "Last name (optional)", "email": "Email (optional)"}
        help_texts = {"email": "Kisi knows people by email: without one, no door can be opened"}
        error_messages = {
            "first_name": {"required": "Enter a first name"},
            "email": {"invalid": "Email must have an @, like name@example.com"},
        }

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])
