"""A gym and its people: Gym, Staff, Member, and what was changed by whom. Knows nobody above it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now

from members import wording
from members.fields import NormalizedEmailField


def check_timezone(name: str) -> None:
    """Refuse a time zone name that this machine does not know."""
    if name not in available_timezones():
        raise ValidationError(wording.no_time_zone(name))


class Gym(models.Model):
    """One tenant: gyms share a deployment and never see each other."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    timezone = models.CharField(max_length=64, default="UTC", validators=[check_timezone])

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def today(self, now: datetime) -> date:
        """The date on the gym's own wall at the instant `now` (aware)."""
        return now.astimezone(self.zone).date()


class Staff(models.Model):
    """A person who signs in for one gym, with one role there."""

    class Role(models.TextChoices):
        ADMIN = "admin", "admin"
        STAFF = "staff", "staff"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="staff_of")
    gym = models.ForeignKey(Gym, on_delete=models.CASCADE, related_name="staff")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.STAFF)

    class Meta:
        verbose_name_plural = "staff"
        constraints = [models.UniqueConstraint(fields=["user", "gym"], name="one_role_per_person_and_gym")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role} at {self.gym})"

    @property
    def is_admin(self) -> bool:
        return self.role == self.Role.ADMIN


class MemberQuerySet(models.QuerySet["Member"]):
    def of_gym(self, gym: Gym) -> MemberQuerySet:
        return self.filter(gym=gym)

    def named(self, words: str) -> MemberQuerySet:
        """Whose name or address holds each of these words."""
        found = self
        for word in words.split():
            named = models.Q(first_name__icontains=word) | models.Q(last_name__icontains=word)
            found = found.filter(named | models.Q(email__icontains=word))
        return found

    def with_address(self) -> MemberQuerySet:
        return self.exclude(email="")


class Member(models.Model):
    """A person of a gym. The address is what other systems know the person by; it may be missing."""

    gym = models.ForeignKey(Gym, on_delete=models.PROTECT, related_name="members", db_index=False)
    first_name = models.CharField(max_length=120)
    last_name = models.CharField(max_length=120, blank=True)
    email = NormalizedEmailField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    changed_at = models.DateTimeField(auto_now=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        ordering = ["first_name", "last_name", "id"]
        indexes = [models.Index(fields=["gym", "email"], name="member_address")]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Change(models.Model):
    """What a person or a clock changed in Core, kept for the timeline. Rows are written once."""

    gym = models.ForeignKey(Gym, on_delete=models.PROTECT, related_name="changes")
    at = models.DateTimeField(db_default=Now(), db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    member_id = models.BigIntegerField(null=True, db_index=True)
    plan_id = models.BigIntegerField(null=True)
    subscription_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True)
    cause = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.detail}".strip()

    @property
    def text(self) -> str:
        """What happened, as the timeline says it."""
        return self.detail or self.action.capitalize()

    @classmethod
    def forget(cls, gym: Gym, member_id: int) -> None:
        """Empty what may hold a member's name or address; that something changed stays known."""
        about = cls.objects.filter(gym=gym, member_id=member_id, action__endswith=" member")
        about.update(detail="")

    @classmethod
    def record(cls, gym: Gym, action: str, *, by: Any = None, **facts: Any) -> Change:
        """Keep one change; `by` is None when the clock did it."""
        detail = facts.pop("detail", "")[:300]
        return cls.objects.create(gym=gym, action=action, by=by, detail=detail, **facts)
