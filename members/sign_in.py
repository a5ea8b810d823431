"""Sign-in by e-mail, sign-up closed: operators make accounts. How its forms speak, and nothing about gyms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allauth.account import forms as account
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm, DeactivateTOTPForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from members import wording
from members.forms import Spoken


def ours(theirs: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """A library's messages in our words; what we have none for reads as something that cannot be done."""
    return dict.fromkeys(theirs, wording.NOT_POSSIBLE) | dict(words)


class ClosedSignup(DefaultAccountAdapter):
    error_messages = ours(DefaultAccountAdapter.error_messages, wording.SIGN_IN_ERRORS)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class TwoSteps(DefaultMFAAdapter):
    error_messages = ours(DefaultMFAAdapter.error_messages, wording.SECOND_STEP_ERRORS)


class Plain(Spoken):
    """Labels say what to enter, nothing stands inside the fields, and errors speak our way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = wording.SIGN_IN_LABELS.get(name, field.label)
            if name in wording.SIGN_IN_REQUIRED:
                field.error_messages["required"] = wording.SIGN_IN_REQUIRED[name]
            if name == "password1":
                field.help_text = wording.NEW_ONE_HINT
            if name == "code":
                field.widget.attrs["inputmode"] = "numeric"

    def add_error(self, field: str | None, error: Any) -> None:
        """What the libraries say of a new password comes without a field's messages."""
        said = error if isinstance(error, ValidationError) else ValidationError(error)
        for one in said.error_list if field else []:
            one.message = wording.NEW_PASSWORD.get(one.code or str(one.message), one.message)
        super().add_error(field, said)


class LoginForm(Plain, account.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""


class ResetPasswordForm(Plain, account.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(Plain, account.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(Plain, account.ChangePasswordForm):
    pass


class ReauthenticateForm(Plain, account.ReauthenticateForm):
    pass


class CodeForm(Plain, mfa.AuthenticateForm):
    pass


class CodeAgainForm(Plain, mfa.ReauthenticateForm):
    pass


class SetUpForm(Plain, ActivateTOTPForm):
    pass


class SwitchOffForm(Plain, DeactivateTOTPForm):
    pass
