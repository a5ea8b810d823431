"""Every form of the project speaks our words at every field, whatever is sent: never those of Django or allauth."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import date
from types import ModuleType
from typing import Any

import pytest
from allauth.core import context
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core import validators
from django.core.cache import cache
from django.db import models
from django.forms import fields as form_fields
from django.forms import models as form_models
from django.test import RequestFactory
from django.utils.datastructures import MultiValueDict

import integrations
import members
import plans
from integrations.kisi import forms as kisi
from integrations.kisi.models import KisiConnection
from members import sign_in
from members.forms import CoreForm, CoreModelForm, MemberForm, Spoken
from members.models import Member
from plans.forms import PlanForm, SubscriptionForm, TransitionForm
from plans.models import Plan
from tests.factories import GymFactory, UserFactory

pytestmark = pytest.mark.django_db
BASES = {Spoken, CoreForm, CoreModelForm, sign_in.Plain}
NASTY = (
    "",
    "   ",
    "a\x00b",
    "x" * 5000,
    "no such thing",
    "@",
    "-1",
    "0",
    "9" * 40,
    "1.23456",
    "NaN",
    "1e400",
    "99/99",
    "0001-01-01",
)
BANNED = re.compile(
    r"\b(ensure|valid|invalid|please|sorry|this field|select a|null|whole number)\b", re.IGNORECASE
)

CHANGE = sign_in.ChangePasswordForm
UNKEEPABLE = "holds a character that cannot be kept: type it instead of pasting it"
LIKE = "like name@example.com"
NEWEST = "Codes change every 30 seconds: enter the newest."

MAKERS: dict[type[forms.BaseForm], Callable[..., dict[str, Any]]] = {
    MemberForm: lambda gym, user: {"instance": Member(gym=gym)},
    PlanForm: lambda gym, user: {"instance": Plan(gym=gym)},
    SubscriptionForm: lambda gym, user: {"gym": gym},
    TransitionForm: lambda gym, user: {"action": "schedule_cancel", "today": date(2026, 11, 24)},
    kisi.KeyForm: lambda gym, user: {},
    kisi.CredentialsForm: lambda gym, user: {},
    kisi.DisconnectForm: lambda gym, user: {"leave": "Leave it", "remove": "Remove it"},
    kisi.CutOverForm: lambda gym, user: {},
    kisi.SawItOpenForm: lambda gym, user: {"name": "Ana"},
    kisi.FindPersonForm: lambda gym, user: {},
    kisi.RulesForm: lambda gym, user: {"instance": KisiConnection(gym=gym)},
    kisi.ActivityForm: lambda gym, user: {},
    kisi.PeopleForm: lambda gym, user: {},
    sign_in.LoginForm: lambda gym, user: {},
    sign_in.ResetPasswordForm: lambda gym, user: {},
    sign_in.ResetPasswordKeyForm: lambda gym, user: {"user": user},
    sign_in.ChangePasswordForm: lambda gym, user: {"user": user},
    sign_in.ReauthenticateForm: lambda gym, user: {"user": user},
    sign_in.CodeForm: lambda gym, user: {"user": user},
    sign_in.CodeAgainForm: lambda gym, user: {"user": user},
    sign_in.SetUpForm: lambda gym, user: {"user": user},
    sign_in.SwitchOffForm: lambda gym, user: {"authenticator": None},
}
EVERY_FORM = pytest.mark.parametrize("kind", MAKERS, ids=lambda kind: kind.__name__)


@pytest.fixture
def make() -> Iterator[Callable[..., forms.BaseForm]]:
    """A form of this kind that got these data."""
    gym, user = GymFactory(), UserFactory(email="bob@example.com", first_name="Robert")
    request = RequestFactory().post("/")
    request.session, request.user = SessionStore(), AnonymousUser()

    def made(kind: type[forms.BaseForm], data: dict[str, Any]) -> forms.BaseForm:
        sent = {name: value if isinstance(value, list) else [value] for name, value in data.items()}
        return kind(data=MultiValueDict(sent), **MAKERS[kind](gym, user))

    with context.request_context(request):
        cache.clear()  # of the tries that were counted
        yield made


def test_no_form_is_forgotten_here():
    found = {
        thing
        for package in (members, plans, integrations)
        for module in modules_below(package)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, forms.BaseForm) and is_ours(thing)
    }
    assert found - BASES == MAKERS.keys()


@EVERY_FORM
def test_no_message_that_a_field_could_give_is_a_librarys(make, kind):
    form = make(kind, {})
    form.full_clean()
    said = [str(text) for field in form.fields.values() for text in field.error_messages.values()]
    assert [text for text in said if is_a_librarys(text)] == []


@EVERY_FORM
def test_whatever_is_sent_is_answered_in_our_words(make, kind):
    sent: list[dict[str, Any]] = [{}, *({name: value} for name in names(make, kind) for value in NASTY)]
    sent += [{name: ["no such", "a\x00b"]} for name in names(make, kind)]
    said = {text for data in sent for text in errors(make(kind, data))}
    assert [text for text in said if is_a_librarys(text)] == []
    assert said or kind is sign_in.SwitchOffForm  # it has no field


@pytest.mark.parametrize(
    "text",
    [
        "Ensure this value has at most 120 characters (it has 130).",
        "Null characters are not allowed.",
        "Select a valid choice. x is not one of the available choices.",
        "This field is required.",
        "Enter a list of values.",
        "Enter a valid email address.",
    ],
)
def test_a_librarys_words_are_known(text):
    assert is_a_librarys(text)


@pytest.mark.parametrize(
    ("kind", "sent", "said"),
    [
        (MemberForm, {"first_name": "x" * 130}, "First name must be 120 letters or fewer"),
        (MemberForm, {"last_name": "x" * 1300}, "Last name must be 120 letters or fewer"),
        (MemberForm, {"email": "bob"}, f"Email must have an @, {LIKE}"),
        (MemberForm, {"email": "a@b@example.com"}, f"Email must have only one @, {LIKE}"),
        (MemberForm, {"email": "bad mail@x.y"}, f"Email must have no spaces, {LIKE}"),
        (MemberForm, {"email": "@x.y"}, f"Email must have a name before the @ and a domain after it, {LIKE}"),
        (MemberForm, {"email": "a@b"}, f"Email must have a dot after the @, {LIKE}"),
        (MemberForm, {"email": "💪@example.com"}, f"Email must not have 💪 before the @, {LIKE}"),
        (MemberForm, {"email": "jösé@example.com"}, f"Email must not have ö before the @, {LIKE}"),
        (
            MemberForm,
            {"email": "a..b@example.com"},
            f"Email is not an address as it stands: check it, {LIKE}",
        ),
        (kisi.FindPersonForm, {"email": "a@b"}, f"Email must have a dot after the @, {LIKE}"),
        (MemberForm, {"first_name": "a\x00b"}, f"First name {UNKEEPABLE}"),
        (PlanForm, {"name": "x" * 130}, "Name must be 120 letters or fewer"),
        (PlanForm, {"billing": "weekly"}, "Choose one of the list"),
        (PlanForm, {"billing": ""}, "Choose how often it is billed"),
        (PlanForm, {"price": "-1"}, "Price must be 0 or more"),
        (PlanForm, {"price": "12345678"}, "Price must be below 1,000,000"),
        (SubscriptionForm, {"plan": "77"}, "This plan is not sold any more: choose another one"),
        (SubscriptionForm, {"starts_on": "soon"}, "First day must be a date"),
        (TransitionForm, {"on": "2026-11-23"}, "The last day must be today or later."),
        (TransitionForm, {"cause": "x" * 121}, "Cause must be 120 letters or fewer"),
        (kisi.DisconnectForm, {"access": "burn"}, "Choose one of the list"),
        (kisi.FindPersonForm, {"email": f"{'x' * 320}@example.com"}, "Email must be 320 letters or fewer"),
        (CHANGE, {"password1": "short"}, "Password must be 8 letters, digits or signs or more"),
        (CHANGE, {"password1": "password"}, "Password must not be one that many people use"),
        (CHANGE, {"password1": "bob@example"}, "Password must not be so close to your name or email"),
        (
            CHANGE,
            {"password1": "a good one", "password2": "another"},
            "The two new passwords must be the same",
        ),
        (sign_in.CodeForm, {"code": "000000"}, f"The code is not right. {NEWEST}"),
    ],
)
def test_what_is_wrong_is_said_by_the_fields_own_name(make, kind, sent, said):
    assert said in errors(make(kind, sent))


def errors(form: forms.BaseForm) -> list[str]:
    return [text for found in form.errors.values() for text in found]


def names(make: Callable[..., forms.BaseForm], kind: type[forms.BaseForm]) -> list[str]:
    return list(make(kind, {}).fields) or ["anything"]


def is_ours(kind: type) -> bool:
    app, _, rest = kind.__module__.partition(".")
    return app in ("members", "plans", "integrations") and not rest.endswith("admin")


def modules_below(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not {"migrations", "management", "simulator"} & set(found.name.split(".")):
            yield importlib.import_module(found.name)


def is_a_librarys(text: str) -> bool:
    return bool(BANNED.search(text)) or any(known.fullmatch(text) for known in LIBRARYS)


def librarys() -> Iterator[str]:
    for module in (form_fields, form_models, models.fields, validators):
        for kind in vars(module).values():
            if isinstance(kind, type):
                yield from map(str, getattr(kind, "default_error_messages", {}).values())
                yield from map(str, filter(is_plain, [getattr(kind, "message", None)]))


def is_plain(message: Any) -> bool:
    """Not a plural, which has no text without its number; those are all known by their first word."""
    return message is not None and "plural" not in repr(getattr(message, "__reduce__", lambda: "")())


LIBRARYS = [re.compile(re.sub(r"%\\\(\w+\\\)[sd]|%s", ".+", re.escape(text))) for text in librarys()]
