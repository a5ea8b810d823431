"""The forms about Kisi: credentials, what happens to access at a disconnect, rules, lists of people."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from integrations.kisi.history import WHAT
from integrations.kisi.models import KisiConnection
from integrations.kisi.rows import Group
from integrations.vault import Secret
from members.fields import normalize_email
from members.forms import CoreForm, CoreModelForm
from members.words import counted

WHERE_KEY = (
    "In Kisi: your name, My Account, API, Add API key. Kisi shows it once. Best made by the organization's owner: "
    "it stops working when its person loses that role."
)
WHERE_GROUP = (
    "A number. In Kisi open Groups and choose the group with your doors; "
    "look for its ID in the page's web address. Or enter only the key: Core lists your groups by name."
)
CHOOSE = "Choose the group with your doors"


NO_NUMBER = ("invalid", "min_value", "max_value")


class KeyForm(CoreForm):
    """Only a key; it is never shown again, also not when the form failed."""

    api_key = forms.CharField(
        label="API key",
        help_text=WHERE_KEY,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter the API key"},
    )

    def __init__(self, *args: Any, kept: Secret | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept
        if kept is not None:
            self.fields["api_key"].required = False
            self.fields["api_key"].label = "API key (optional)"
            self.fields["api_key"].help_text = (
                f"The key that ends in {kept.last4} is kept for ten minutes while you choose. "
                "Enter another one to use that instead."
            )

    def ask_for_key(self) -> None:
        """As at first, with no key kept; for a form that was checked."""
        at_first, shown = self.base_fields["api_key"], self["api_key"]
        shown.label, shown.help_text = str(at_first.label), str(at_first.help_text)

    def clean_api_key(self) -> Secret:
        text = self.cleaned_data["api_key"].strip()
        return Secret(text) if text or self.kept is None else self.kept


class CredentialsForm(KeyForm):
    group_id = forms.IntegerField(
        label="Group ID",
        min_value=1,
        max_value=2**62,
        help_text=WHERE_GROUP,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={
            "required": "Enter the Group ID",
            "invalid": "Group ID must be a number in digits only, such as 1234",
            "min_value": "Group ID must be a number above 0, such as 1234",
            "max_value": "Group ID is too large: check the number",
        },
    )
    field_order = ["group_id", "api_key"]

    def offer(self, groups: tuple[Group, ...]) -> None:
        """The groups that the key sees, to choose from by name."""
        field = self.fields["group_id"]
        field.widget = forms.RadioSelect(choices=[(group.id, _named(group)) for group in groups])
        field.label, field.help_text = (
            CHOOSE,
            f"This key works. It sees {counted(len(groups), 'group', 'groups')}.",
        )
        field.error_messages["required"] = CHOOSE


def _named(group: Group) -> str:
    doors = counted(group.doors_count, "door", "doors") if group.doors_count else "opens no doors"
    place = f" at {group.place_name}" if group.place_name else ""
    return f"{group.name}{place}: {doors}, Group ID {group.id}"


class DisconnectForm(CoreForm):
    LEAVE, REMOVE = "leave", "remove"

    access = forms.ChoiceField(
        label="What happens to the access?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what happens to the access"},
    )

    def __init__(self, *args: Any, leave: str, remove: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["access"].choices = [(self.LEAVE, leave), (self.REMOVE, remove)]  # type: ignore[attr-defined]


class CutOverForm(CoreForm):
    sure = forms.BooleanField(
        label="From now on Core alone decides who is in this group",
        error_messages={"required": "Confirm that Core alone decides"},
    )


class SawItOpenForm(CoreForm):
    """The end of the test with one person: whoever was at the door says so."""

    saw = forms.BooleanField(error_messages={"required": "Tick the box once you have seen the door open"})

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["saw"].label = f"I saw the door open for {name}"


class FindPersonForm(CoreForm):
    """One address, asked about at Kisi."""

    email = forms.EmailField(
        label="Email",
        help_text="Of anybody: a member, or somebody who is only in Kisi",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Enter an email address"},
    )

    def clean_email(self) -> str:
        return normalize_email(self.cleaned_data["email"])


class RulesForm(CoreModelForm):
    class Meta:
        model = KisiConnection
        fields = ["brake_share", "keep_profiles", "send_mails"]
        labels = {
            "brake_share": "Hold removals above this share of people with access, in percent",
            "keep_profiles": "When access ends, keep the Kisi profile and remove only the right",
            "send_mails": "Kisi emails people when their access starts",
        }
        help_texts = {
            "brake_share": "1 to 50. Up to 3 people may always go, but never more than half of everybody",
            "send_mails": "People new to Kisi get its invitation in any case: they need it for the app",
            "keep_profiles": "Otherwise the profile is deleted too, and unlock history may be lost",
        }
        error_messages = {
            "brake_share": dict.fromkeys(("required", *NO_NUMBER), "Enter a number from 1 to 50")
        }


class DayField(forms.DateField):
    """A day of this century or the next, as the browser's own calendar writes it."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})

    def __init__(self, **kwargs: Any) -> None:
        errors = {"invalid": "Enter a date, like 2026-11-30"}
        super().__init__(required=False, input_formats=["%Y-%m-%d"], error_messages=errors, **kwargs)

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day and not 2000 <= day.year < 2200:
            raise forms.ValidationError(self.error_messages["invalid"])
        return day


class ActivityForm(CoreForm):
    """What to show of the activity; everything may stay empty."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
        error_messages={"max_length": "Search for at most 100 letters"},
    )
    what = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "Everything"), *WHAT],
        error_messages={"invalid_choice": "Choose one of the list"},
    )
    since = DayField(label="From")
    until = DayField(label="To")

    def clean_until(self) -> date | None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data["until"]
        if since and until and until < since:
            raise forms.ValidationError("The last day must not be before the first")
        day: date | None = until
        return day


class AddressesField(forms.MultipleChoiceField):
    """Addresses out of a list that may have moved since it was shown: whoever reads them looks them up."""

    def valid_value(self, value: Any) -> bool:
        return True


class PeopleForm(CoreForm):
    """People chosen from a list that was shown, by address."""

    email = AddressesField(required=True, error_messages={"required": "Select at least one person"})
