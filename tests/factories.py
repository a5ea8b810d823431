"""Makes the rows that tests speak of; what a test does not name has a plain default."""

from __future__ import annotations

from datetime import date
from functools import cache

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password

from members.models import Gym, Member, Staff
from plans.models import Plan, Subscription

PASSWORD = "a good password"


@cache
def hashed_password() -> str:
    """Hashed once a process: a good hash takes a good part of a second."""
    return make_password(PASSWORD)


class GymFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Gym

    name = factory.Sequence(lambda n: f"Gym {n}")
    slug = factory.Sequence(lambda n: f"gym-{n}")
    timezone = "UTC"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.LazyFunction(hashed_password)


class StaffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Staff

    gym = factory.SubFactory(GymFactory)
    user = factory.SubFactory(UserFactory)
    role = Staff.Role.ADMIN


class MemberFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Member

    gym = factory.SubFactory(GymFactory)
    first_name = factory.Sequence(lambda n: f"Member{n}")
    last_name = "Test"
    email = factory.LazyAttribute(lambda member: f"{member.first_name.lower()}@example.com")


class PlanFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Plan

    gym = factory.SubFactory(GymFactory)
    name = factory.Sequence(lambda n: f"Plan {n}")
    price = "49.00"
    has_24hr_access = True


class SubscriptionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Subscription

    member = factory.SubFactory(MemberFactory)
    plan = factory.SubFactory(PlanFactory, gym=factory.SelfAttribute("..member.gym"))
    status = Subscription.Status.ACTIVE
    starts_on = date(2026, 1, 1)
