"""Every address x everybody: generated from the resolver, so that a new address without a row here fails."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from integrations.kisi.models import KisiConnection
from members.models import Gym
from tests.town import ADDRESSES, PEOPLE, Town, build, join_kisi

pytestmark = pytest.mark.django_db
# About things of gym A, which is connected, as is gym B: what everybody of PEOPLE gets, in that order.
# GET, then POST with nothing filled in. 302 is the sign-in page for a stranger, and else the next page.
OPEN = "302 200 200 200 200"  # of whichever gym the person works at
THING = "302 200 200 404 404"
ADMIN = "302 403 200 403 200"
MINE = "302 403 200 403 404"  # a thing for admins
AWAY = "302 403 302 403 302"  # for admins, who are sent on
GONE = "302 403 404 403 404"  # for admins, of a gym that has none
NO = "405 405 405 405 405"
TABLE: dict[str, tuple[str, str]] = {
    "healthz": ("200 200 200 200 200", "403 403 403 403 403"),
    "dashboard": (OPEN, NO),
    "switch-gym": (NO, "302 302 302 302 302"),
    "members:list": (OPEN, NO),
    "members:new": (OPEN, OPEN),
    "members:detail": (THING, NO),
    "members:edit": (THING, THING),
    "members:delete": (THING, THING),
    "plans:list": (OPEN, NO),
    "plans:new": (OPEN, OPEN),
    "plans:detail": (THING, THING),
    "plans:archive": (NO, "302 302 302 404 404"),
    "subscriptions:new": (THING, THING),
    "subscriptions:act": (THING, THING),
    "marketplace": (OPEN, NO),
    "kisi:overview": (OPEN, NO),
    "kisi:connect": (AWAY, AWAY),
    "kisi:connect-credentials": (AWAY, AWAY),
    "kisi:connected": (ADMIN, ADMIN),
    "kisi:credentials": (ADMIN, ADMIN),
    "kisi:disconnect": (ADMIN, ADMIN),
    "kisi:stop-disconnecting": (NO, AWAY),
    "kisi:reconnect": (AWAY, AWAY),
    "kisi:sync": (NO, AWAY),
    "kisi:preview": ("302 403 302 403 200", AWAY),  # to the latest, where there is one
    "kisi:preview-shown": (MINE, NO),
    "kisi:preview-apply": (NO, "302 403 302 403 404"),
    "kisi:preview-list": (MINE, NO),
    "kisi:pause": (NO, AWAY),
    "kisi:resume": (NO, AWAY),
    "kisi:rules": (ADMIN, ADMIN),
    "kisi:left-behind": (AWAY, AWAY),
    "kisi:activity": (OPEN, NO),
    "kisi:activity-download": (OPEN, NO),
    "kisi:people": (OPEN, NO),
    "kisi:people-download": (OPEN, NO),
    "kisi:activity-run": (THING, NO),
    "kisi:activity-event": (THING, NO),
    "kisi:attention": (OPEN, NO),
    "kisi:retry": (NO, AWAY),
    "kisi:held": (ADMIN, ADMIN),
    "kisi:help": (OPEN, NO),
    "kisi:troubleshooting": (ADMIN, NO),
    "kisi:check": (NO, AWAY),
    "kisi:find-person": (NO, ADMIN),
    "kisi:move-in": (ADMIN, NO),
    "kisi:move-in-test": (NO, "302 403 404 403 404"),  # with nobody chosen
    "kisi:move-in-record": (NO, "302 403 404 403 404"),
    "kisi:cut-over": (ADMIN, ADMIN),
    "kisi:sync-member": ("302 302 302 404 404", "302 302 302 404 404"),
    "kisi:exempt-member": (NO, "302 403 302 403 404"),
}
# The same for gyms without Kisi, where it differs.
WITHOUT_KISI: dict[str, tuple[str, str]] = {
    "subscriptions:act": (THING, "302 302 302 404 404"),  # no doors: nothing has to be asked first
    "kisi:connect": (ADMIN, AWAY),
    "kisi:connect-credentials": (AWAY, AWAY),
    **dict.fromkeys(
        ("kisi:connected", "kisi:credentials", "kisi:disconnect", "kisi:reconnect", "kisi:rules"),
        (GONE, GONE),
    ),
    **dict.fromkeys(("kisi:sync", "kisi:pause", "kisi:resume", "kisi:retry"), (NO, GONE)),
    "kisi:left-behind": (GONE, GONE),
    **dict.fromkeys(("kisi:held", "kisi:cut-over"), (GONE, GONE)),
    **dict.fromkeys(("kisi:move-in-test", "kisi:move-in-record"), (NO, GONE)),
    "kisi:troubleshooting": (GONE, NO),
    **dict.fromkeys(("kisi:check", "kisi:find-person"), (NO, GONE)),
    "kisi:preview": (GONE, GONE),
    "kisi:preview-apply": (NO, GONE),
    **dict.fromkeys(("kisi:preview-shown", "kisi:preview-list"), (GONE, NO)),
    **dict.fromkeys(("kisi:activity", "kisi:attention"), ("302 404 404 404 404", NO)),
    **dict.fromkeys(
        (
            *("kisi:activity-download", "kisi:activity-run", "kisi:activity-event"),
            *("kisi:people", "kisi:people-download"),
        ),
        ("302 404 404 404 404", NO),
    ),
    "kisi:stop-disconnecting": (NO, GONE),
    "kisi:sync-member": ("302 404 404 404 404", "302 404 404 404 404"),
    "kisi:exempt-member": (NO, GONE),
}
CHANGING = sorted(name for name, (_, post) in TABLE.items() if post != NO and name != "healthz")


@pytest.fixture
def town(settings: Any) -> Town:
    settings.KISI_API_URL = "http://127.0.0.1:9"  # no page of this table may ask Kisi
    return build()


@pytest.fixture
def connected_town(town: Town) -> Town:
    join_kisi(town)
    return town


def everything() -> dict[str, list[Any]]:
    """Every row of ours but sessions."""
    ours = ("members", "plans", "kisi")
    models = [model for label in ours for model in apps.get_app_config(label).get_models()]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_every_address_has_its_row():
    assert set(ADDRESSES) == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_who_may_open_it(connected_town, name):
    assert connected_town.answers(name, "get") == TABLE[name][0]


@pytest.mark.parametrize("name", [name for name in TABLE if name != "healthz"])
def test_who_may_press_it(connected_town, name):
    assert connected_town.answers(name, "post") == TABLE[name][1]


@pytest.mark.parametrize("name", [name for name in TABLE if name != "healthz"])
def test_who_may_open_and_press_it_at_a_gym_without_kisi(town, name):
    expected = WITHOUT_KISI.get(name, TABLE[name])
    assert (town.answers(name, "get"), town.answers(name, "post")) == expected


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing(connected_town, method):
    before = everything()
    for name in TABLE:
        for person in PEOPLE:
            getattr(connected_town.browsers[person], method)(connected_town.address(name))
    assert everything() == before


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_only_a_post_changes_anything(connected_town, method):
    before = everything()
    for name in TABLE:
        getattr(connected_town.browsers["admin A"], method)(connected_town.address(name))
    assert everything() == before


@pytest.mark.parametrize("name", CHANGING)
def test_strangers_and_another_gym_change_nothing_here(connected_town, name):
    there = Gym.objects.exclude(pk=connected_town.gym.pk).get()
    KisiConnection.objects.filter(gym=there).delete()
    before = everything()
    for person in ("anonymous", "staff B", "admin B"):
        connected_town.browsers[person].post(connected_town.address(name), {"exempt": "1", "name": "Eve"})
    assert everything() == before


@pytest.mark.parametrize("name", [name for name in CHANGING if "403" in TABLE[name][1]])
def test_staff_change_nothing_that_is_for_admins(connected_town, name):
    before = everything()
    facts = {"access": "leave", "all": "1", "shown": "ana@example.com", "sure": "on", "exempt": "1"}
    connected_town.browsers["staff A"].post(connected_town.address(name), facts)
    assert everything() == before


@pytest.mark.parametrize("name", CHANGING)
def test_a_press_without_the_token_of_the_page_is_refused(connected_town, name):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = connected_town.browsers["admin A"].cookies
    before = everything()
    assert strict.post(connected_town.address(name), {"exempt": "1"}).status_code == 403
    assert everything() == before


@pytest.mark.parametrize("name", [name for name in TABLE if TABLE[name][0] in (OPEN, ADMIN)])
def test_no_page_names_a_thing_of_another_gym(connected_town, name):
    response = connected_town.browsers["admin B"].get(connected_town.address(name))
    text = b"".join(response).decode()
    assert "Summit Gym" in text or response["Content-Type"].startswith("text/csv")
    for word in ("Harbor", "Ruiz", "ana@example.com"):
        assert word not in text


@pytest.mark.parametrize("member_id", [0, 10**18])
def test_what_never_existed_is_not_found(connected_town, member_id):
    for name in ("members:detail", "members:edit", "members:delete", "subscriptions:new"):
        response = connected_town.browsers["admin A"].get(reverse(name, args=[member_id]))
        assert response.status_code == 404


@pytest.mark.parametrize("number", ["99999999999999999999", "9223372036854775808"])
def test_a_number_that_no_database_holds_is_not_found(connected_town, number):
    admin = connected_town.browsers["admin A"]
    for path in (f"/members/{number}/", f"/plans/{number}/", f"/members/{number}/subscriptions/new/"):
        assert admin.get(path).status_code == 404
    assert admin.post(f"/marketplace/kisi/members/{number}/sync/").status_code == 404
