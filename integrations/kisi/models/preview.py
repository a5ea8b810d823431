"""A preview as it was shown: its lines, and what became of each when it was applied. No HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from integrations.kisi.models.connection import KisiConnection
from members.fields import NormalizedEmailField


class Preview(models.Model):
    """One look at everything a sync would do. It is good for an hour; its names are forgotten after a day."""

    class State(models.TextChoices):
        ASKED = "asked", "waits for a worker"
        READING = "reading", "reads Kisi"
        READY = "ready", "ready"
        FAILED = "failed", "could not be made"
        APPLYING = "applying", "is being applied"
        APPLIED = "applied", "applied"

    GOOD_FOR = timedelta(hours=1)
    KEPT_FOR = timedelta(days=1)
    GOING_ON = (State.ASKED, State.READING, State.APPLYING)

    connection = models.ForeignKey(KisiConnection, on_delete=models.CASCADE, related_name="previews")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED)
    begun_at = models.DateTimeField(null=True, blank=True)
    read_so_far = models.PositiveIntegerField(default=0)
    taken_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=20, blank=True, default="")
    said = models.TextField(blank=True, default="")
    limit = models.PositiveIntegerField(null=True, blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    applied_at = models.DateTimeField(null=True, blank=True)
    worked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [models.Index(fields=["connection", "-asked_at"], name="preview_order")]

    def __str__(self) -> str:
        return f"preview {self.pk}: {self.state}"

    @property
    def is_going_on(self) -> bool:
        return self.state in self.GOING_ON

    def is_good(self, now: datetime) -> bool:
        """Whether it may still be applied."""
        return self.state == self.State.READY and self.taken_at is not None and now < self.good_until

    @property
    def good_until(self) -> datetime:
        return (self.taken_at or self.asked_at) + self.GOOD_FOR


class PreviewLine(models.Model):
    """One person of a preview. `digest` stands for the facts the line rests on, at Core and at Kisi."""

    class Group(models.TextChoices):
        GIVE = "give", "gets access"
        LOSE = "lose", "loses access"
        ADOPT = "adopt", "taken over"
        PUT_BACK = "put_back", "put back"
        RENAME = "rename", "name sent"
        CHECK = "check", "looked at singly"
        CONFLICT = "conflict", "needs a person"
        WAITING = "waiting", "waits"
        CUT_OVER = "cut_over", "until cut-over"
        KEPT = "kept", "kept"
        MANAGED = "managed", "managed in Kisi"
        ONLY_IN_KISI = "only_in_kisi", "only in Kisi"
        UNCHANGED = "unchanged", "unchanged"

    class Outcome(models.TextChoices):
        NONE = "", "not applied"
        DONE = "done", "done"
        MOVED = "moved", "moved since"
        FAILED = "failed", "failed"
        WAITS = "waits", "waits"

    ACTS = (Group.GIVE, Group.LOSE, Group.ADOPT, Group.PUT_BACK, Group.RENAME, Group.CHECK)

    preview = models.ForeignKey(Preview, on_delete=models.CASCADE, related_name="lines")
    group = models.CharField(max_length=12, choices=Group.choices)
    email = NormalizedEmailField(blank=True)
    name = models.CharField(max_length=250, blank=True, default="")
    member_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")
    digest = models.CharField(max_length=64)
    is_wanted = models.BooleanField(default=False)
    outcome = models.CharField(max_length=6, choices=Outcome.choices, blank=True, default=Outcome.NONE)
    note = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["name", "email", "pk"]
        indexes = [models.Index(fields=["preview", "group", "name"], name="preview_lines")]

    def __str__(self) -> str:
        return f"line {self.pk} of preview {self.preview_id}: {self.group}"
