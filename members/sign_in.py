"""Sign-in by e-mail, sign-up closed: operators make accounts. The words of its forms, and nothing about gyms."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm, DeactivateTOTPForm
from django import forms
from django.core.validators import EmailValidator
from django.http import HttpRequest

LABELS = {
    "login": "Email",
    "email": "Email",
    "oldpassword": "Current password",
    "password1": "New password",
    "password2": "New password, again",
    "code": "6-digit code",
}
REQUIRED = {
    "login": "Enter your email",
    "email": "Enter your email",
    "password": "Enter your password",
    "oldpassword": "Enter your current password",
    "password1": "Enter a new password",
    "password2": "Enter the new password again",
    "code": "Enter the code",
}
NO_ADDRESS = "Email must have an @, like name@example.com"


class ClosedSignup(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The email or password is not right.",
        "too_many_login_attempts": "Too many tries. Wait 5 minutes, or reset your password.",
        "enter_current_password": "This is not your current password.",
        "incorrect_password": "The password is not right.",
        "rate_limited": "Too many tries. Wait a few minutes.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class TwoSteps(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "The code is not right. Codes change every 30 seconds: enter the newest.",
    }


class Plain(forms.Form):
    """Labels say what to enter, nothing stands inside the fields, and errors speak our way."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = LABELS.get(name, field.label)
            field.error_messages["required"] = REQUIRED.get(name, "Enter this")
            if isinstance(field, forms.EmailField):
                field.error_messages["invalid"] = NO_ADDRESS
                field.validators = [EmailValidator(NO_ADDRESS)]
            if name == "code":
                field.widget.attrs["inputmode"] = "numeric"


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
