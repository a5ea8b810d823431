"""What Kisi said when somebody asked just now: of one person, and of the connection as a whole. No HTTP."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from integrations.kisi.models.connection import KisiConnection
from members.fields import NormalizedEmailField


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
