"""A changed row in Core says "look again": one line each, no logic."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from integrations.kisi.tasks import wake_gym
from members.models import Gym, Member
from plans.models import Plan, Subscription


@receiver(post_save, sender=Subscription, dispatch_uid="kisi.subscription_saved")
def subscription_saved(instance: Subscription, **_: Any) -> None:
    wake_gym(instance.member.gym_id)


@receiver(post_delete, sender=Subscription, dispatch_uid="kisi.subscription_deleted")
def subscription_deleted(instance: Subscription, **_: Any) -> None:
    wake_gym(instance.plan.gym_id)


@receiver(post_save, sender=Plan, dispatch_uid="kisi.plan_saved")
def plan_saved(instance: Plan, **_: Any) -> None:
    wake_gym(instance.gym_id)


@receiver(post_save, sender=Member, dispatch_uid="kisi.member_saved")
def member_saved(instance: Member, **_: Any) -> None:
    wake_gym(instance.gym_id)


@receiver(post_delete, sender=Member, dispatch_uid="kisi.member_deleted")
def member_deleted(instance: Member, **_: Any) -> None:
    wake_gym(instance.gym_id)


@receiver(post_save, sender=Gym, dispatch_uid="kisi.gym_saved")
def gym_saved(instance: Gym, **_: Any) -> None:
    wake_gym(instance.pk)
