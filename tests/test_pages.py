"""What every page has in common: title, heading, headers, forms; health, and the pages for strangers."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from integrations.kisi.models import Heartbeat, KisiConnection, KisiGrant, SyncRun
from members.models import Gym
from tests.desk import Desk, plain
from tests.factories import MemberFactory, StaffFactory, SubscriptionFactory
from tests.town import ADDRESSES, Town, build, join_kisi

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(settings: Any) -> Town:
    settings.KISI_API_URL = "http://127.0.0.1:9"  # no page may ask Kisi
    town = build()
    join_kisi(town)
    return town


def pages(town: Town) -> dict[str, tuple[str, Any]]:
    """Every page that an admin of the first gym can open, by name: its HTML and the response."""
    found = {}
    for name in ADDRESSES:
        response = town.browsers["admin A"].get(town.address(name))
        if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
            found[name] = (response.content.decode(), response)
    assert len(found) > 20
    return found


class TestEveryPage:
    def test_titles_are_unique_and_name_the_gym(self, town):
        titles = {
            name: plain(re.findall(r"<title>(.*?)</title>", html, re.DOTALL)[0])
            for name, (html, _) in pages(town).items()
        }
        assert [title for title, count in Counter(titles.values()).items() if count > 1] == []
        assert [name for name, title in titles.items() if not title.endswith("– Harbor Gym – Core")] == []

    def test_one_heading_of_the_first_level_that_says_something(self, town):
        for name, (html, _) in pages(town).items():
            headings = re.findall(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
            assert len(headings) == 1, name
            assert plain(headings[0]), name

    def test_no_level_of_heading_is_skipped(self, town):
        for name, (html, _) in pages(town).items():
            levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", html.partition("<main")[2])]
            start = levels.index(1)
            steps = zip(levels[start:], levels[start + 1 :], strict=False)
            assert [pair for pair in steps if pair[1] > pair[0] + 1] == [], name

    def test_nothing_inline_and_nothing_from_elsewhere(self, town):
        for name, (html, response) in pages(town).items():
            policy = response["Content-Security-Policy"]
            assert "unsafe-inline" not in policy
            assert "unsafe-eval" not in policy
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert not re.findall(r"\son[a-z]+=|\sstyle=|<style|javascript:", html), name
            assert not re.findall(r"<script(?![^>]*src=)", html), name
            assert not re.findall(r'(?:src|action)="(?:https?:)?//', html), name

    def test_it_is_kept_in_no_cache_and_in_no_frame(self, town):
        for name, (_, response) in pages(town).items():
            assert "no-store" in response["Cache-Control"], name
            assert response["X-Frame-Options"] == "DENY", name
            assert response["X-Content-Type-Options"] == "nosniff", name
            assert response["Referrer-Policy"] == "same-origin", name

    def test_every_form_that_posts_carries_its_token(self, town):
        for name, (html, _) in pages(town).items():
            for form in re.findall(r'<form[^>]*method="post".*?</form>', html, re.DOTALL):
                assert "csrfmiddlewaretoken" in form, name

    def test_every_id_is_there_once(self, town):
        for name, (html, _) in pages(town).items():
            ids = Counter(re.findall(r'\sid="([^"]*)"', html))
            assert [known for known, count in ids.items() if count > 1] == [], name

    def test_every_link_inside_leads_somewhere(self, town):
        links = {
            link.partition("#")[0].replace("&amp;", "&")
            for html, _ in pages(town).values()
            for link in re.findall(r'<a[^>]*href="(/[^"]*)"', html)
        }
        admin = town.browsers["admin A"]
        broken = {link: status for link in links if (status := admin.get(link).status_code) not in (200, 302)}
        assert broken == {}

    def test_the_key_is_nowhere(self, town):
        for name, (html, _) in pages(town).items():
            assert f"key-of-{town.gym.slug}" not in html, name

    def test_a_page_is_under_fifty_kilobytes(self, town):
        for _ in range(60):
            SubscriptionFactory(member=MemberFactory(gym=town.gym))
        assert {name: len(html) for name, (html, _) in pages(town).items() if len(html) > 50_000} == {}


class TestOnlyPressed:
    """Opening an address that only takes a press, as Reload or the browser's history may, is answered by a page."""

    @pytest.mark.parametrize("person", ["admin A", "staff A", "anonymous"])
    def test_it_says_so_and_leads_to_a_page(self, town, person):
        browser, seen = town.browsers[person], []
        for name in ADDRESSES:
            response = browser.get(town.address(name))
            if response.status_code == 405:
                html = response.content.decode()
                assert "This address only takes a press of its button." in html, name
                assert "POST" in response["Allow"], name
                [above] = re.findall(r'<a href="([^"]*)">Go to the page with the button', html)
                assert browser.get(above).status_code in (200, 302, 403), (name, above)
                seen.append(name)
        assert {"kisi:sync", "kisi:preview-apply", "switch-gym"} <= set(seen)

    def test_a_press_that_is_not_taken_stays_as_it_is(self, town):
        response = town.browsers["admin A"].post("/members/")
        assert (response.status_code, response.content) == (405, b"")


class TestHealth:
    def test_a_deployment_whose_parts_live(self, db):
        for name in ("beat", "worker"):
            Heartbeat.objects.create(name=name, at=timezone.now())
        response = Client().get("/healthz")
        assert response.status_code == 200
        assert response.json() == {"status": "ok", "checks": {"database": True, "beat": True, "worker": True}}

    def test_a_worker_that_never_gave_a_sign_is_not_well(self, db):
        response = Client().get("/healthz")
        assert response.status_code == 503
        assert response.json()["checks"] == {"database": True, "worker": False}

    @pytest.mark.parametrize("silent", ["beat", "worker"])
    def test_a_silent_part_is_named(self, db, silent):
        for name in ("beat", "worker"):
            age = timedelta(minutes=16 if name == silent else 1)
            Heartbeat.objects.create(name=name, at=timezone.now() - age)
        response = Client().get("/healthz")
        assert response.status_code == 503
        assert response.json()["checks"][silent] is False

    def test_it_tells_a_stranger_nothing_more(self, town):
        body = Client().get("/healthz").content.decode()
        for word in ("Harbor", "ana@", "connection", "Kisi"):
            assert word not in body


class TestSilence:
    """No sign of life for a quarter of an hour is said on every page, once."""

    SAID = "Core's own sync is not running"

    @pytest.mark.parametrize(
        "name",
        ["dashboard", "plans:list", "members:list", "members:detail", "kisi:overview", "kisi:attention"],
    )
    @pytest.mark.parametrize("person", ["admin A", "staff A"])
    def test_it_is_on_the_page(self, town, name, person):
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
        html = town.browsers[person].get(town.address(name)).content.decode()
        assert plain(html).count(self.SAID) == 1

    def test_a_gym_without_kisi_has_no_sync_to_run(self, town):
        Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=16))
        KisiGrant.objects.all().delete()
        SyncRun.objects.all().delete()
        KisiConnection.objects.all().delete()
        assert self.SAID not in town.browsers["admin A"].get("/").content.decode()


class TestStrangers:
    def test_sign_up_is_closed(self, db):
        page = Desk().open("account_signup")
        assert page.says("Accounts are made by whoever runs Core")
        Desk().post("account_signup", email="eve@example.com", password1="a good password 1")
        assert not get_user_model().objects.exists()

    def test_a_wrong_password_is_said_and_tells_nothing(self, db):
        known = StaffFactory().user.email
        said = {
            Desk().post("account_login", login=email, password="not it").text
            for email in (known, "nobody@example.com")
        }
        assert len({text.replace(known, "").replace("nobody@example.com", "") for text in said}) == 1
        assert "The email or password is not right." in said.pop()

    def test_a_page_that_is_not_there_names_nothing(self, town):
        response = Client().get("/members/1/none/")
        assert response.status_code == 404
        assert "Harbor" not in response.content.decode()


class TestQueries:
    """The same few questions to the database however many members there are."""

    @pytest.fixture
    def filled(self, town):
        def fill(count: int) -> Town:
            connection = town.gym.kisi_connection
            plan = town.gym.plans.get()
            for number in range(count):
                email = f"m{number}@example.com"
                member = MemberFactory(gym=town.gym, first_name=f"M{number}", email=email)
                SubscriptionFactory(member=member, plan=plan)
                facts = {"state": "granted", "origin": "created", "role_assignment_id": number + 10}
                KisiGrant.objects.create(connection=connection, email=email, member=member, **facts)
            return town

        return fill

    @pytest.mark.parametrize("count", [10, 200])
    @pytest.mark.parametrize(
        "name",
        [
            *("dashboard", "marketplace", "members:list", "members:detail", "plans:list", "kisi:overview"),
            *(
                "kisi:attention",
                "kisi:held",
                "kisi:people",
                "kisi:activity",
                "kisi:move-in",
                "kisi:connected",
            ),
        ],
    )
    def test_a_page_asks_at_most_twelve(self, filled, name, count, django_assert_max_num_queries):
        browser = filled(count).browsers["admin A"]
        address = filled(0).address(name)
        browser.get(address)
        with django_assert_max_num_queries(12):
            assert browser.get(address).status_code == 200


def test_a_gym_of_one_time_zone_says_so(town):
    Gym.objects.filter(pk=town.gym.pk).update(timezone="America/Los_Angeles")
    html = town.browsers["staff A"].get("/").content.decode()
    assert "Times are in Harbor Gym's time zone (Los Angeles)." in plain(html)
