"""Who may open what: roles, several gyms, two steps, sessions that ended."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path, reverse

from members.gyms import PAGE_OF, admin_required, name_of
from members.views.pages import forbidden, not_found
from members.wording import SESSION_ENDED
from plans.models import Plan
from tests.desk import Desk
from tests.factories import GymFactory, MemberFactory, StaffFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@admin_required
def admins_only(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"inside {request.gym}")


urlpatterns = [path("admins-only/", admins_only), path("", include("config.urls"))]
handler403, handler404 = forbidden, not_found


def text(response: HttpResponse) -> str:
    return response.content.decode()


def test_an_admin_opens_an_admins_page(signed_in, alice):
    assert text(signed_in(alice).get("/admins-only/")) == "inside Harbor Gym"


def test_staff_are_told_which_admins_to_ask(signed_in, alice, bob):
    StaffFactory(gym=bob.gym, user__first_name="Dora", role="admin")
    response = signed_in(bob).get("/admins-only/")
    assert response.status_code == 403
    assert "Only admins can open this page" in text(response)
    assert "You are signed in as Bob Brown, staff at Harbor Gym. Ask Alice Adams, Dora." in text(response)


def test_an_admin_elsewhere_is_staff_here(signed_in, bob):
    StaffFactory(user=bob.user, role="admin")
    assert signed_in(bob).get("/admins-only/").status_code == 403


def test_a_person_of_no_gym_is_told_so():
    client = Client()
    client.force_login(
        UserFactory(first_name="Nobody"), "allauth.account.auth_backends.AuthenticationBackend"
    )
    response = client.get(reverse("dashboard"))
    assert response.status_code == 403
    assert "works at no gym" in text(response)
    assert "Main" not in text(response)


def test_a_person_of_two_gyms_switches_between_them(signed_in, bob):
    second = StaffFactory(user=bob.user, gym=GymFactory(name="Summit Gym"))
    client = signed_in(bob)
    assert "<bdi>Harbor Gym</bdi>" in text(client.get("/"))
    client.post(reverse("switch-gym"), {"gym": second.gym_id})
    assert "<bdi>Summit Gym</bdi>" in text(client.get("/"))


@pytest.mark.parametrize("wanted", ["", "x", "-1", "²", "99999999999999999999999"])
def test_a_gym_that_makes_no_sense_switches_nothing(at_desk, wanted):
    assert at_desk.post(reverse("switch-gym"), {"gym": wanted}).status_code == 302
    assert "<bdi>Harbor Gym</bdi>" in text(at_desk.get("/"))


class TestTwoWindows:
    """One session, two windows: a press acts on the gym whose page it stands on, or on none."""

    @pytest.fixture
    def window(self, bob):
        """Bob's page of Harbor Gym; in another window he has switched to the second gym since."""
        second = StaffFactory(user=bob.user, gym=GymFactory(name="Berg"), role="admin")
        desk = Desk(bob)
        page = desk.open("plans:new")
        desk.post("switch-gym", gym=second.gym_id)
        return desk, page

    def test_nothing_is_done_at_the_gym_that_was_switched_to(self, window):
        desk, page = window
        answer = desk.press(page, "Save plan", name="Open Door", price="49")
        assert answer.status == 409
        assert answer.says(
            "stands on a page of Harbor Gym. You switched to Berg since", "Nothing was changed"
        )
        assert not Plan.objects.exists()

    def test_it_leads_back_to_the_gym_of_the_page(self, window):
        desk, page = window
        answer = desk.press(page, "Save plan", name="Open Door", price="49")
        desk.press(answer, "Go back to Harbor Gym")
        desk.press(page, "Save plan", name="Open Door", price="49")
        assert Plan.objects.get().gym.name == "Harbor Gym"

    def test_the_page_of_the_gym_of_the_session_acts(self, window):
        desk, _ = window
        desk.press(desk.open("plans:new"), "Save plan", name="Open Door", price="49")
        assert Plan.objects.get().gym.name == "Berg"

    def test_switching_works_from_an_old_page(self, window):
        desk, page = window
        assert desk.press(page, "Switch gym").status == 200

    def test_who_works_at_one_gym_sends_nothing_more(self, alice):
        assert PAGE_OF not in Desk(alice).open("plans:new").html


def test_nobody_switches_to_a_gym_where_they_do_not_work(at_desk, charlie):
    at_desk.post(reverse("switch-gym"), {"gym": charlie.gym_id})
    assert "Summit" not in text(at_desk.get("/"))


def test_a_place_that_was_taken_away_is_gone_at_once(signed_in, bob):
    client = signed_in(bob)
    bob.delete()
    assert client.get("/").status_code == 403


class TestTwoSteps:
    @pytest.fixture(autouse=True)
    def in_production(self, settings):
        settings.ADMINS_NEED_MFA = True

    def test_an_admin_without_them_is_sent_to_set_them_up(self, signed_in, alice):
        response = signed_in(alice).get("/")
        assert response.url == reverse("mfa_activate_totp")

    def test_an_admin_with_them_goes_on(self, signed_in, alice):
        Authenticator.objects.create(user=alice.user, type="totp", data={"secret": "x"})
        assert signed_in(alice).get("/").status_code == 200

    def test_staff_need_none(self, at_desk):
        assert at_desk.get("/").status_code == 200


class TestEndedSessions:
    def test_a_press_comes_back_to_its_page_and_says_that_nothing_was_saved(self):
        client = Client()
        page = "/members/?q=ana&page=2"
        response = client.post(reverse("members:new"), headers={"Referer": f"http://testserver{page}"})
        assert response.url == f"{reverse('account_login')}?next=/members/%3Fq%3Dana%26page%3D2"
        assert SESSION_ENDED in text(client.get(response.url))

    @pytest.mark.parametrize("referer", ["", "https://evil.example/", "//evil.example/x", "javascript:x"])
    def test_a_press_from_elsewhere_comes_back_to_the_dashboard(self, referer):
        response = Client().post(reverse("members:new"), headers={"Referer": referer})
        assert response.url == f"{reverse('account_login')}?next=/"

    def test_a_poll_moves_the_whole_page_to_sign_in(self):
        headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/members/"}
        response = Client().get(reverse("members:list"), headers=headers)
        assert response["HX-Redirect"] == f"{reverse('account_login')}?next=/members/"
        assert response.content == b""


def test_no_page_of_a_signed_in_person_is_kept_anywhere(at_desk):
    assert "no-store" in at_desk.get("/")["Cache-Control"]


def test_a_missing_page_keeps_the_way_back(at_desk):
    response = at_desk.get("/nothing-here/")
    assert response.status_code == 404
    assert "Page not found" in text(response)
    assert 'aria-label="Main"' in text(response)


def test_a_missing_page_tells_a_stranger_nothing():
    response = Client().get("/nothing-here/")
    assert response.status_code == 404
    assert 'aria-label="Main"' not in text(response)


def test_a_person_without_a_name_is_called_by_the_address():
    assert name_of(UserFactory(email="eve@example.com")) == "eve@example.com"
    assert name_of(None) == ""


def test_a_page_asks_few_questions(at_desk, gym, no_doors, django_assert_max_num_queries):
    for _ in range(60):
        MemberFactory(gym=gym)
    at_desk.get(reverse("members:list"))
    with django_assert_max_num_queries(8):
        at_desk.get(reverse("members:list"))
