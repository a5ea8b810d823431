"""What Kisi said when somebody asked just now: of one person, and of the connection as a whole. No HTTP."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from integrations.kisi.models.connection import KisiConnection
from integrations.kisi.models.grant import KisiGrant
from members.fields import NormalizedEmailField
from plans.models import Subscription


class LookQuerySet(models.QuerySet["Look"]):
    def with_what_came_since(self) -> LookQuerySet:
        """Each with `removed_since` and `changed_since`: what Core itself did, and was told, after the answer."""
        here = {"connection": models.OuterRef("connection"), "email": models.OuterRef("email")}
        at, closed = models.OuterRef("at"), KisiGrant.State.CLOSED
        gone = KisiGrant.objects.filter(state=closed, closed_at__gte=at, **here)
        gym_id = models.OuterRef("connection__gym_id")
        facts = Subscription.objects.filter(member__gym_id=gym_id, member__email=here["email"])
        changed = facts.filter(models.Q(changed_at__gt=at) | models.Q(member__changed_at__gt=at))
        return self.annotate(removed_since=models.Exists(gone), changed_since=models.Exists(changed))


class Look(models.Model):
    """The last answer about one address, for the page of whoever asked; forgotten after a day.

    `failure` names the error when Kisi gave no answer; then the other facts say nothing.
    """

    SHOWN_FOR = timedelta(minutes=10)
    KEPT_FOR = timedelta(days=1)

    connection = models.ForeignKey(KisiConnection, on_delete=models.CASCADE, related_name="looks")
    email = NormalizedEmailField()
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    failure = models.CharField(max_length=20, blank=True, default="")
    said = models.TextField(blank=True, default="")
    user_id = models.BigIntegerField(null=True, blank=True)
    is_suspended = models.BooleanField(default=False)
    is_in_group = models.BooleanField(default=False)
    has_doors = models.BooleanField(null=True, blank=True)

    objects = LookQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "email"], name="one_look_per_address"),
        ]

    def __str__(self) -> str:
        return f"look {self.pk}"


class Checkup(models.Model):
    """The last live checks of a connection: when, by whom, and what each found, in the order of the page."""

    connection = models.OneToOneField(KisiConnection, on_delete=models.CASCADE, related_name="checkup")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    found = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"checkup of connection {self.connection_id}"
