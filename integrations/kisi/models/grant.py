"""The ledger: what Core last confirmed at Kisi for each address, and whose word let somebody go."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from integrations.kisi.models.connection import KisiConnection
from members.fields import NormalizedEmailField
from members.models import Member


def still_in(row: str = "") -> models.Q:
    """Rows that are granted, or that Core is only asking about; `row` leads to them. See `is_asked_about`."""
    facts: dict[str, Any] = {"state": "uncertain", "trouble": "", "missed_at": None}
    facts |= {"role_assignment_id__isnull": False, "confirmed_at__isnull": False}
    asked = models.Q(**{f"{row}{name}": value for name, value in facts.items()})
    unbegun = models.Q(**{f"{row}intent_at": None})
    unbegun |= models.Q(**{f"{row}intent_at__lte": models.F(f"{row}confirmed_at")})
    return models.Q(**{f"{row}state": "granted"}) | asked & unbegun


class KisiGrantQuerySet(models.QuerySet["KisiGrant"]):
    def open(self) -> KisiGrantQuerySet:
        return self.exclude(state=KisiGrant.State.CLOSED)

    def past(self) -> KisiGrantQuerySet:
        """The last row of each address that has none open any more."""
        return self.filter(_is_past())

    def telling(self) -> KisiGrantQuerySet:
        """The one row that says how each address stands: the open one, else the last."""
        return self.filter(~models.Q(state=KisiGrant.State.CLOSED) | _is_past())

    def with_words(self, today: date) -> KisiGrantQuerySet:
        """Each with `is_let_go`: whether somebody's word that counts today lets this person go."""
        mine = {"connection": models.OuterRef("connection"), "email": models.OuterRef("email")}
        return self.annotate(is_let_go=models.Exists(Release.objects.due(today).filter(**mine)))


class KisiGrant(models.Model):
    """One address in one connection. `wish` is the digest of what the last attempt was for (sync.md 1, 8).

    `other_way`: without us Kisi may let this person in by another group or a team, as last read of them singly.
    """

    class State(models.TextChoices):
        ABSENT = "absent", "no right of ours"
        GRANTING = "granting", "giving access"
        GRANTED = "granted", "has access"
        REVOKING = "revoking", "removing access"
        UNCERTAIN = "uncertain", "unclear"
        CLOSED = "closed", "closed"

    class Origin(models.TextChoices):
        NONE = "", "none"
        CREATED = "created", "made by Core"
        ADOPTED = "adopted", "taken over"

    class Trouble(models.TextChoices):
        NONE = "", "none"
        REFUSED = "refused", "Kisi refuses the details"
        FORBIDDEN = "forbidden", "Kisi does not let this key change the person"
        CONFLICT = "conflict", "two Kisi people, or somebody else's right"
        UNCLEAR = "unclear", "Kisi did not answer clearly"
        LOST = "lost", "Kisi says it exists, and does not show it"

    class Closed(models.TextChoices):
        OPEN = "", "open"
        REMOVED = "removed", "access removed"
        GONE = "gone", "was not there"
        LEFT_BEHIND = "left_behind", "left behind in another group"
        CLEARING = "clearing", "left behind, being removed"
        RELEASED = "released", "no longer Core's"

    KEPT_FOR = timedelta(days=30)
    PARKED = (Trouble.REFUSED, Trouble.FORBIDDEN, Trouble.CONFLICT)

    connection = models.ForeignKey(
        KisiConnection, on_delete=models.PROTECT, related_name="grants", db_index=False
    )
    email = NormalizedEmailField()
    name = models.CharField(max_length=250, blank=True, default="")
    member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="kisi_grants"
    )
    organization_id = models.BigIntegerField(default=0)
    kisi_group_id = models.BigIntegerField(default=0)
    kisi_user_id = models.BigIntegerField(null=True, blank=True)
    role_assignment_id = models.BigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices)
    origin = models.CharField(max_length=8, choices=Origin.choices, blank=True, default=Origin.NONE)
    profile_was_there = models.BooleanField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    intent_at = models.DateTimeField(null=True, blank=True)
    lone_right = models.BooleanField(default=False)
    missed_at = models.DateTimeField(null=True, blank=True)
    granted_before = models.BooleanField(default=False)

    wish = models.CharField(max_length=64, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=10, choices=Trouble.choices, blank=True, default=Trouble.NONE)
    last_error = models.TextField(blank=True, default="")
    managed = models.CharField(max_length=80, blank=True, default="")
    suspended = models.BooleanField(default=False)
    other_way = models.BooleanField(default=False)

    held_since = models.DateTimeField(null=True, blank=True)
    kept_until = models.DateTimeField(null=True, blank=True)
    kept_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    exempt = models.BooleanField(default=False)
    exempt_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    exempt_at = models.DateTimeField(null=True, blank=True)

    closed_at = models.DateTimeField(null=True, blank=True)
    closed_how = models.CharField(max_length=12, choices=Closed.choices, blank=True, default=Closed.OPEN)
    worded = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    objects = KisiGrantQuerySet.as_manager()
    is_let_go = False  # as `with_words` found it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "email"],
                condition=~models.Q(state="closed"),
                name="one_open_row_per_address",
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "state"], name="ledger_state"),
            models.Index(fields=["organization_id", "email"], name="ledger_address"),
            models.Index(
                fields=["connection", "email"], condition=models.Q(state="closed"), name="ledger_past"
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.pk}: {self.state}"

    @property
    def kept_at(self) -> datetime | None:
        """When somebody decided to keep the access, which is asked about again at `kept_until`."""
        return self.kept_until - self.KEPT_FOR if self.kept_until else None

    @property
    def is_held(self) -> bool:
        """The removal waits for an admin's word, and has none yet; of a row that `with_words` found."""
        return self.held_since is not None and not self.is_let_go

    @property
    def is_kept(self) -> bool:
        """An admin kept the access, and nobody has let it go since; of a row that `with_words` found."""
        return self.kept_until is not None and not self.is_let_go

    @property
    def is_open(self) -> bool:
        return self.state != self.State.CLOSED

    @property
    def is_left_alone(self) -> bool:
        """An admin left this person to Kisi, or a role in Kisi was last seen there."""
        return bool(self.managed) or (self.exempt and self.is_open)

    @property
    def is_asked_about(self) -> bool:
        """Has access as Kisi last confirmed it, while Core looks again: nothing was begun since, nothing failed."""
        if self.state != self.State.UNCERTAIN or self.role_assignment_id is None or self.confirmed_at is None:
            return False
        begun = self.intent_at is not None and self.intent_at > self.confirmed_at
        return not (begun or self.trouble or self.missed_at)

    def leave_alone(self, member: Member, *, by_id: int | None, at: datetime | None) -> None:
        """This member is left to Kisi by somebody's word: nothing of ours waits any more. Not saved."""
        self.exempt, self.exempt_by_id, self.exempt_at, self.member = True, by_id, at, member
        self.held_since = self.kept_until = self.retry_at = None
        self.trouble = self.Trouble.NONE

    @property
    def is_parked(self) -> bool:
        return self.trouble in self.PARKED


def _is_past() -> models.Q:
    here = KisiGrant.objects.filter(connection=models.OuterRef("connection"), email=models.OuterRef("email"))
    closed = KisiGrant.State.CLOSED
    later = here.filter(state=closed, pk__gt=models.OuterRef("pk"))
    is_last = ~models.Exists(here.exclude(state=closed)) & ~models.Exists(later)
    return models.Q(is_last, ~models.Q(email=""), state=closed)


class ReleaseQuerySet(models.QuerySet["Release"]):
    def due(self, today: date) -> ReleaseQuerySet:
        """The words that count on this day."""
        return self.filter(models.Q(due_on=None) | models.Q(due_on__lte=today))


class Release(models.Model):
    """Somebody's word that this person may lose access: named in a confirmed list (sync.md 7).

    `due_on` is the day from which it counts, where the end is known ahead; until then the person is wanted.
    """

    connection = models.ForeignKey(KisiConnection, on_delete=models.PROTECT, related_name="releases")
    email = NormalizedEmailField()
    cause = models.CharField(max_length=160)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(db_default=Now())
    due_on = models.DateField(null=True, blank=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "email"], name="one_word_per_address"),
        ]

    def __str__(self) -> str:
        return f"word of {self.at:%Y-%m-%d} for one person"
