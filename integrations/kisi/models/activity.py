"""What was done: runs, events without names, the one table of names, alerts and signs of life."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from integrations.kisi.models.connection import KisiConnection, Read
from members.fields import NormalizedEmailField


class SyncRun(models.Model):
    """One run over one connection, from its start until nothing more could be done."""

    class State(models.TextChoices):
        RUNNING = "running", "running"
        FINISHED = "finished", "finished"
        INCOMPLETE = "incomplete", "incomplete"
        STOPPED = "stopped", "stopped"

    connection = models.ForeignKey(KisiConnection, on_delete=models.PROTECT, related_name="runs")
    read = models.PositiveSmallIntegerField(choices=Read.choices, default=Read.LEDGER)
    because = models.CharField(max_length=80, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    trace = models.CharField(max_length=32, blank=True, default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    reason = models.TextField(blank=True, default="")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    read_so_far = models.PositiveIntegerField(default=0)
    granted = models.PositiveIntegerField(default=0)
    revoked = models.PositiveIntegerField(default=0)
    adopted = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [models.Index(fields=["connection", "-started_at"], name="run_order")]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.state}"


class AccessPerson(models.Model):
    """The only place where the activity keeps names and addresses; an erasure empties the row.

    What stays of an erased person is `digest`: it tells, given the address, that it was this one.
    """

    gym_id = models.BigIntegerField()
    email = NormalizedEmailField(blank=True)
    name = models.CharField(max_length=250, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gym_id", "email"], condition=~models.Q(email=""), name="one_person_per_address"
            ),
        ]

    def __str__(self) -> str:
        return f"person {self.pk}"


class AccessEvent(models.Model):
    """One thing that was done, found or decided. Plain ids, no foreign key, no name, no address."""

    class Kind(models.TextChoices):
        GRANTED = "granted", "Access given"
        REVOKED = "revoked", "Access removed"
        ADOPTED = "adopted", "Taken over"
        REPAIRED = "repaired", "Put back"
        RENAMED = "renamed", "Name sent"
        DRIFT = "drift", "Changed in Kisi"
        HELD = "held", "Held"
        ALLOWED = "allowed", "Removal allowed"
        KEPT = "kept", "Access kept"
        RETURNED = "returned", "No longer held"
        EXEMPTED = "exempted", "Left to Kisi"
        MANAGED = "managed", "Managed in Kisi"
        REFUSED = "refused", "Refused"
        STATUS = "status", "Connection"
        SETTING = "setting", "Settings"

    at = models.DateTimeField(db_default=Now())
    gym_id = models.BigIntegerField()
    connection_id = models.BigIntegerField()
    run_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    member_id = models.BigIntegerField(null=True)
    by_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    cause = models.CharField(max_length=160, blank=True, default="")
    kisi_status = models.PositiveSmallIntegerField(null=True)
    kisi_said = models.TextField(blank=True, default="")
    trace = models.CharField(max_length=32, blank=True, default="")
    held_for = models.DurationField(null=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["connection_id", "-at"], name="event_order"),
            models.Index(fields=["member_id", "-at"], name="event_member"),
        ]

    def __str__(self) -> str:
        return f"event {self.pk}: {self.kind}"


class Alert(models.Model):
    """One cause of mail to a gym's admins: since when it holds, what was told of it, and when.

    `since` is empty while the cause does not hold; `about` names what the last mail was about, by id or date.
    """

    connection = models.ForeignKey(KisiConnection, on_delete=models.CASCADE, related_name="alerts")
    cause = models.CharField(max_length=20)
    since = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    about = models.JSONField(default=list)
    owes_all_clear = models.BooleanField(default=False)
    busy_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "cause"], name="one_alert_per_cause")]

    def __str__(self) -> str:
        return f"alert {self.cause}"


class Heartbeat(models.Model):
    """The last sign of life of beat and of a worker."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
