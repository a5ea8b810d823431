"""How forms look and speak here, and the forms about members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.forms.utils import pretty_name
from django.http import HttpRequest, QueryDict

from members import wording
from members.fields import normalize_email
from members.models import Member

LIMITS = ("max_length", "min_length", "min_value", "max_value", "decimal_places")
# The first that fits.
KINDS: tuple[tuple[type[forms.Field], Mapping[str, str]], ...] = (
    (forms.IntegerField, wording.NUMBER),  # decimals too
    (forms.DateField, wording.DATE),
    (forms.EmailField, wording.EMAIL),
    (forms.BooleanField, wording.BOX),
    (forms.ChoiceField, wording.CHOICE),
)


class CoreRenderer(TemplatesSetting):
    """One field template for every form: label, hint, error, field."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class Spoken(forms.BaseForm):
    """Every error of every field in our words: what the form itself does not say is said for it."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def full_clean(self) -> None:
        for name, field in self.fields.items():
            speak(field, str(field.label or pretty_name(name)))
        super().full_clean()

    def add_error(self, field: str | None, error: Any) -> None:
        """Some fields raise a library's error past their own messages."""
        if field in self.fields and isinstance(error, ValidationError):
            for one in error.error_list:
                if one.code == "invalid" and isinstance(self.fields[field], forms.EmailField):
                    self.fields[field].error_messages["invalid"] = wording.no_address(
                        str(self[field].data or "")
                    )
                one.message = self.fields[field].error_messages.get(one.code or "", one.message)
        super().add_error(field, error)


class CoreForm(Spoken, forms.Form):
    pass


class CoreModelForm(Spoken, forms.ModelForm):
    pass


def speak(field: forms.Field, label: str) -> None:
    """Replace each message that a library brought along; what was given to this one field stays."""
    limits = {name: f"{limit:,}" for name in LIMITS if (limit := getattr(field, name, None)) is not None}
    said = {**wording.FIELD, **_by_kind(field)}
    for code in {*said, *field.error_messages}:
        if _is_brought_along(field, code):
            template = said.get(code, wording.ANEW)
            field.error_messages[code] = wording.at_field(template, label, limits)


def _by_kind(field: forms.Field) -> Mapping[str, str]:
    return next((said for kind, said in KINDS if isinstance(field, kind)), {})


def _is_brought_along(field: forms.Field, code: str) -> bool:
    text = field.error_messages.get(code)
    defaults = (getattr(kind, "default_error_messages", {}).get(code) for kind in type(field).__mro__)
    return text is None or any(text == default for default in defaults)


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form is bound to: everything posted, be it nothing; None on a page that is only opened."""
    return request.POST if request.method == "POST" else None


class MemberForm(CoreModelForm):
    class Meta:
        model = Member
        fields = ["first_name", "last_name", "email"]
        labels = {"last_name": "Last name (optional)", "email": "Email (optional)"}
        help_texts = {"email": wording.WHY_EMAIL}
        error_messages = wording.MEMBER_ERRORS

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])
