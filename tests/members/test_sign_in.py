"""Sign-in, two steps, sign-out, reset: the words, and that no page of a library shows through."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.cache import cache
from django.urls import reverse

from tests.desk import Desk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_doors")]
PASSWORD = "a good password"


@pytest.fixture(autouse=True)
def no_tries_counted():
    cache.clear()


def sign_in(desk: Desk, email: str, password: str = PASSWORD):
    return desk.press(desk.open("account_login"), "Sign in", login=email, password=password)


def test_an_address_and_a_password_open_the_dashboard(bob):
    page = sign_in(Desk(), bob.user.email.upper())
    assert (page.path, page.h1) == ("/", "Dashboard")


def test_the_page_after_sign_in_is_the_one_that_was_asked_for(bob):
    desk = Desk()
    page = desk.open("members:new")
    assert page.h1 == "Sign in"
    assert desk.press(page, "Sign in", login=bob.user.email, password=PASSWORD).h1 == "New member"


def test_nobody_is_led_to_another_site(bob):
    desk = Desk()
    page = desk.open("account_login", next="https://evil.example/")
    assert desk.press(page, "Sign in", login=bob.user.email, password=PASSWORD).path == "/"


@pytest.mark.parametrize("email", ["nobody@example.com", ""])
def test_a_wrong_password_and_a_wrong_address_read_the_same(bob, email):
    page = sign_in(Desk(), email or bob.user.email, "wrong")
    assert page.says("There is a problem The email or password is not right.")
    assert page.title == "Error: Sign in – Core"


def test_empty_fields_are_named():
    assert sign_in(Desk(), "", "").says("Enter your email", "Enter your password")


def test_an_address_without_an_at_is_named():
    assert sign_in(Desk(), "bob").says("Email must have an @, like name@example.com")


def test_after_five_wrong_tries_the_door_is_shut_for_a_while(bob):
    desk = Desk()
    for _ in range(5):
        sign_in(desk, bob.user.email, "wrong")
    assert sign_in(desk, bob.user.email).says("Too many tries. Wait 5 minutes, or reset your password.")


def test_signing_out_ends_the_session(bob):
    desk = Desk(bob)
    desk.press(desk.open("dashboard"), "Sign out")
    assert desk.open("dashboard").h1 == "Sign in"


def test_a_link_signs_nobody_out(bob):
    desk = Desk(bob)
    assert desk.open("account_logout").h1 == "Sign out?"
    assert desk.open("dashboard").h1 == "Dashboard"


def test_nobody_signs_up():
    page = Desk().open("account_signup")
    assert page.h1 == "Accounts are made by whoever runs Core"


def test_a_lost_password_is_reset_by_mail(bob):
    desk = Desk()
    page = desk.press(desk.open("account_reset_password"), "Send the link", email=bob.user.email)
    assert page.h1 == "Look at your email"
    link = re.search(r"http://[^/]+(/accounts/\S+)", mail.outbox[0].body).group(1)
    page = desk.open(link)
    assert page.h1 == "Choose a new password"
    page = desk.press(page, "Save password", password1="correct horse battery", password2="other")
    assert page.says("The two new passwords must be the same")
    page = desk.press(
        page, "Save password", password1="correct horse battery", password2="correct horse battery"
    )
    assert page.h1 == "Your password is changed"
    again = desk.open(link)
    assert again.says("This link has been used or is too old", "Your password is as it was.")
    assert "Your password is changed" not in again.text
    assert sign_in(desk, bob.user.email, "correct horse battery").h1 == "Dashboard"
    assert Desk().open(link).h1 == "This link has been used or is too old"


def test_an_unknown_address_reads_the_same_at_reset():
    desk = Desk()
    page = desk.press(desk.open("account_reset_password"), "Send the link", email="nobody@example.com")
    assert page.h1 == "Look at your email"


class TestTwoSteps:
    @pytest.fixture
    def secret(self, alice):
        EmailAddress.objects.create(user=alice.user, email=alice.user.email, verified=True, primary=True)
        TOTP.activate(alice.user, "JBSWY3DPEHPK3PXP")
        return "JBSWY3DPEHPK3PXP"

    def test_an_admin_is_led_to_set_them_up_and_then_on(self, alice, settings):
        settings.ADMINS_NEED_MFA = True
        desk = Desk()
        page = sign_in(desk, alice.user.email)
        assert page.says("Is it you? Before anything about your sign-in is changed, Core asks once more.")
        page = desk.press(page, "Go on", password=PASSWORD)
        assert page.h1 == "Set up your authenticator app"
        assert page.says("So Core asks admins for a code as well as the password.", "6-digit code")
        assert "<svg" in page.html
        assert "data:image" not in page.html
        page = desk.press(page, "Set up", code="000000")
        assert page.says("The code is not right. Codes change every 30 seconds: enter the newest.")

    def test_the_code_is_asked_for_after_the_password(self, alice, secret):
        page = sign_in(Desk(), alice.user.email)
        assert page.h1 == "Enter the 6-digit code from your app"
        assert Authenticator.objects.get().type == "totp"

    def test_without_the_code_nothing_opens(self, alice, secret):
        desk = Desk()
        sign_in(desk, alice.user.email)
        page = desk.open("dashboard")
        assert page.h1 == "Enter the 6-digit code from your app"
        page = desk.press(page, "Sign in", code="000000")
        assert page.says("The code is not right.")
        assert desk.open("dashboard").h1 == "Enter the 6-digit code from your app"

    def test_your_sign_in_is_a_page_of_ours(self, alice):
        page = Desk(alice).open("mfa_index")
        assert page.h1 == "Your sign-in"
        assert page.says("Change your password", "Authenticator app Off")


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_reset_password",
        "account_inactive",
        "account_signup",
        "account_reset_password_done",
    ],
)
def test_no_page_asks_politely_or_shows_a_placeholder(name):
    html = Desk().open(name).html
    assert "lease" not in html
    assert "placeholder" not in html
    assert html.count("<h1") == 1


def test_the_operators_pages_have_the_same_way_in(db):
    assert Desk().open("/admin/login/?next=/admin/").path.startswith(reverse("account_login"))


def test_a_press_without_its_token_says_what_to_do(bob):
    page = Desk(bob, enforce_csrf_checks=True).post("members:new", first_name="Ana")
    assert page.status == 403
    assert page.h1 == "This page was open for too long"
