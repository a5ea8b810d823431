"""Every address of Core's own pages, for every kind of visitor, about things of Harbor."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.urls import get_resolver, reverse

from members.models import Gym, Member
from plans.models import Plan, Subscription
from tests.factories import MemberFactory, PlanFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
ABOUT_NOTHING = ["dashboard", "plans:list", "plans:new", "members:list", "members:new"]
ABOUT_SOMETHING = [
    "plans:detail",
    "members:detail",
    "members:edit",
    "members:delete",
    "subscriptions:new",
]
ONLY_READ = ["members:detail"]
PRESSES = ["plans:archive", "subscriptions:act", "switch-gym"]


@dataclass
class Things:
    plan: Plan
    member: Member
    subscription: Subscription

    def address(self, name: str) -> str:
        arguments = {
            "plans:detail": [self.plan.pk],
            "plans:archive": [self.plan.pk],
            "members:detail": [self.member.pk],
            "members:edit": [self.member.pk],
            "members:delete": [self.member.pk],
            "subscriptions:new": [self.member.pk],
            "subscriptions:act": [self.member.pk, self.subscription.pk, "pause"],
        }
        return reverse(name, args=arguments.get(name, []))


@pytest.fixture
def things(gym: Gym) -> Things:
    plan = PlanFactory(gym=gym, name="Harbor Open Door")
    member = MemberFactory(gym=gym, first_name="Ana", last_name="Ruiz")
    return Things(plan, member, SubscriptionFactory(member=member, plan=plan))


@pytest.mark.parametrize("name", ABOUT_NOTHING + ABOUT_SOMETHING)
def test_a_stranger_is_sent_to_sign_in(things, signed_in, name):
    address = things.address(name)
    response = signed_in(None).get(address)
    assert response.status_code == 302
    assert response.url == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("name", [name for name in ABOUT_SOMETHING + PRESSES if name not in ONLY_READ])
def test_a_stranger_changes_nothing(things, signed_in, name):
    response = signed_in(None).post(things.address(name))
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))
    assert Subscription.objects.get().status == "active"
    assert Plan.objects.get().archived_at is None


@pytest.mark.parametrize("person", ["alice", "bob"])
@pytest.mark.parametrize("name", ABOUT_NOTHING + ABOUT_SOMETHING)
def test_who_works_there_opens_the_page(things, signed_in, request, person, name):
    browser = signed_in(request.getfixturevalue(person))
    assert browser.get(things.address(name)).status_code == 200


@pytest.mark.parametrize("name", ABOUT_SOMETHING)
def test_another_gyms_things_do_not_exist(things, signed_in, charlie, name):
    browser = signed_in(charlie)
    assert browser.get(things.address(name)).status_code == 404
    refused = browser.post(things.address(name), {"first_name": "Eve", "name": "Eve"})
    assert refused.status_code == (405 if name in ONLY_READ else 404)


@pytest.mark.parametrize("name", ["plans:archive", "subscriptions:act"])
def test_another_gyms_things_take_no_press(things, signed_in, charlie, name):
    assert signed_in(charlie).post(things.address(name)).status_code == 404
    assert Subscription.objects.get().status == "active"
    assert Plan.objects.get().archived_at is None


@pytest.mark.parametrize("name", ABOUT_NOTHING)
def test_no_page_of_another_gym_names_a_thing_of_this_one(things, signed_in, charlie, name):
    text = signed_in(charlie).get(things.address(name)).content.decode()
    assert "Summit Gym" in text
    for word in ("Harbor", "Ruiz", things.member.email):
        assert word not in text


def test_another_gyms_plan_is_no_choice(things, signed_in, charlie):
    member = MemberFactory(gym=charlie.gym)
    address = reverse("subscriptions:new", args=[member.pk])
    browser = signed_in(charlie)
    assert "Harbor" not in browser.get(address).content.decode()
    browser.post(address, {"plan": things.plan.pk, "starts_on": "2026-11-24"})
    assert not member.subscriptions.exists()


def test_a_subscription_is_found_only_below_its_own_member(things, at_desk, gym):
    stranger = MemberFactory(gym=gym)
    address = reverse("subscriptions:act", args=[stranger.pk, things.subscription.pk, "pause"])
    assert at_desk.post(address).status_code == 404


def test_every_address_of_ours_is_in_this_table():
    ours = {*ABOUT_NOTHING, *ABOUT_SOMETHING, *PRESSES}
    resolver = get_resolver()
    names = {
        f"{space}:{name}"
        for space in ("plans", "members", "subscriptions")
        for name in _names(resolver, space)
    }
    assert names | {"dashboard", "switch-gym"} == ours


def _names(resolver, space):
    return [name for name in resolver.namespace_dict[space][1].reverse_dict if isinstance(name, str)]
