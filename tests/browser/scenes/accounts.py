"""Signing in and what belongs to it: errors, reset by mail, two steps, the switch between gyms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache

from tests.browser import states
from tests.browser.conftest import Window
from tests.browser.scenes.kinds import Scene
from tests.browser.served import Served
from tests.factories import GymFactory, StaffFactory

RESET, LOGIN = "/accounts/password/reset/", "/accounts/login/"
SECRET = "JBSWY3DPEHPK3PXP"
NEW = "correct horse battery"


def signing_in(served: Served, desk: Window) -> Iterator[str]:
    cache.clear()
    desk.open("/members/new/")
    Session.objects.all().delete()
    desk.press("Add member")
    yield "sign-in-session-ended"
    desk.press("Sign in")
    yield "sign-in-empty"
    for _ in range(6):
        desk.page.get_by_label("Email").fill("alice@example.com")
        desk.page.get_by_label("Password").fill("wrong")
        desk.press("Sign in")
    yield "sign-in-too-many"
    desk.open("/accounts/signup/")
    yield "sign-up-closed"
    desk.open("/accounts/inactive/")
    yield "account-inactive"
    desk.wrong.clear()


def reset(served: Served, desk: Window) -> Iterator[str]:
    """Asked for, the link, the new password, and a link that was used."""
    cache.clear()
    _as_stranger(desk)
    desk.open(RESET)
    desk.press("Send the link")
    yield "reset-with-errors"
    desk.page.get_by_label("Email").fill(served.sign_in("admin")[0])
    desk.press("Send the link")
    yield "reset-sent"
    link = re.search(r"http://[^/]+(/accounts/\S+)", mail.outbox[-1].body)
    assert link
    desk.open(link[1])
    yield "reset-new-password"
    desk.page.get_by_label("New password", exact=True).fill(NEW)
    desk.page.get_by_label("New password, again").fill("other")
    desk.press("Save password")
    yield "reset-not-the-same"
    desk.page.get_by_label("New password", exact=True).fill(NEW)
    desk.page.get_by_label("New password, again").fill(NEW)
    desk.press("Save password")
    yield "reset-done"
    desk.open(link[1])
    yield "reset-used"


def two_steps(served: Served, desk: Window) -> Iterator[str]:
    """Setting them up, the codes for a lost phone, switching them off."""
    cache.clear()
    _as_stranger(desk)
    desk.sign_in()
    desk.open("/accounts/2fa/totp/activate/")
    if desk.page.get_by_label("Password").count():
        yield "two-steps-is-it-you"
        desk.page.get_by_label("Password").fill(served.sign_in("admin")[1])
        desk.press("Go on")
    yield "two-steps-set-up"
    desk.press("Set up")
    yield "two-steps-with-errors"
    user = states.staff(served.house).user
    EmailAddress.objects.get_or_create(user=user, email=user.email, verified=True, primary=True)
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    for name, path in (
        ("on", ""),
        ("codes", "recovery-codes/"),
        ("new-codes", "recovery-codes/generate/"),
        ("switch-off", "totp/deactivate/"),
    ):
        desk.open(f"/accounts/2fa/{path}")
        yield f"two-steps-{name}"
    _as_stranger(desk)
    desk.sign_in()
    yield "two-steps-asked"
    desk.page.get_by_label("Code").fill("000000")
    with desk.page.expect_navigation():
        desk.page.get_by_role("button", name="Sign in", exact=True).click()
    yield "two-steps-wrong-code"
    Authenticator.objects.all().delete()


def password(served: Served, desk: Window) -> Iterator[str]:
    desk.open("/accounts/password/change/")
    desk.press("Save password")
    yield "password-with-errors"


def gyms(served: Served, desk: Window) -> Iterator[str]:
    """Somebody who works at two gyms, of which one has a long name."""
    other = GymFactory(name="Riverside Strength and Conditioning Annex of the North")
    StaffFactory(gym=other, role="admin", user=states.staff(served.house).user)
    desk.open("/")
    yield "dashboard-two-gyms"
    desk.page.get_by_label("Work at another gym").select_option(str(other.pk))
    desk.press("Switch gym")
    yield "dashboard-other-gym"


def _as_stranger(desk: Window) -> None:
    desk.page.context.clear_cookies()


SCENES: dict[str, Scene] = {
    "sign-in": signing_in,
    "reset": reset,
    "two-steps": two_steps,
    "password": password,
    "two-gyms": gyms,
}
