"""A gym's connection to one Kisi group: who made it, how it stands, what it is asked to do, who holds it."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from integrations import vault
from integrations.vault import Secret
from members.models import Gym, Member


class Read(models.IntegerChoices):
    """How much of Kisi a run reads before it plans."""

    LEDGER = 0, "ledger"
    RECENT = 1, "recent"
    FULL = 2, "full"


class KisiConnectionQuerySet(models.QuerySet["KisiConnection"]):
    def live(self) -> KisiConnectionQuerySet:
        """Connections a change in Core matters to."""
        return self.exclude(status__in=[KisiConnection.Status.DISCONNECTED, KisiConnection.Status.PAUSED])


class KisiConnection(models.Model):
    class Status(models.TextChoices):
        CONNECTED = "connected", "Connected"
        THROTTLED = "throttled", "Slowed down"
        IN_TROUBLE = "in_trouble", "Kisi not answering"
        NEEDS_NEW_KEY = "needs_new_key", "Needs new key"
        KEY_TOO_WEAK = "key_too_weak", "Key too weak"
        GROUP_GONE = "group_gone", "Group not found"
        WRONG_ORGANIZATION = "wrong_organization", "Wrong organization"
        PAUSED = "paused", "Paused"
        DISCONNECTING = "disconnecting", "Disconnecting"
        DISCONNECTED = "disconnected", "Disconnected"

    WRITING = (Status.CONNECTED, Status.THROTTLED, Status.DISCONNECTING)
    BROKEN = (
        Status.IN_TROUBLE,
        Status.NEEDS_NEW_KEY,
        Status.KEY_TOO_WEAK,
        Status.GROUP_GONE,
        Status.WRONG_ORGANIZATION,
    )

    OTHER_PERSON = "another person: "  # begins what is said of a key of somebody else in the organization
    UNREADABLE = "the stored key cannot be opened"

    gym = models.OneToOneField(Gym, on_delete=models.PROTECT, related_name="kisi_connection")
    group_id = models.BigIntegerField()
    group_name = models.CharField(max_length=200, blank=True)
    place_name = models.CharField(max_length=200, blank=True)
    doors = models.JSONField(default=list)
    organization_id = models.BigIntegerField(default=0)
    organization_name = models.CharField(max_length=200, blank=True)
    owner_id = models.BigIntegerField(null=True, blank=True)
    own_user_id = models.BigIntegerField(default=0)
    own_user_name = models.CharField(max_length=200, blank=True)

    sealed_key = models.TextField(blank=True, default="")
    key_last4 = models.CharField(max_length=4, blank=True, default="")
    key_set_at = models.DateTimeField(null=True, blank=True)
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True, blank=True)
    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    connected_at = models.DateTimeField(db_default=Now())

    status = models.CharField(max_length=20, choices=Status.choices, default=Status.CONNECTED)
    status_since = models.DateTimeField(db_default=Now())
    status_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    status_said = models.TextField(blank=True, default="")
    sole_source_since = models.DateTimeField(null=True, blank=True)
    must_read_first = models.BooleanField(default=True)
    restored_at = models.DateTimeField(null=True, blank=True)  # from a backup; until a preview was applied
    tested_at = models.DateTimeField(null=True, blank=True)
    tested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    tested_member = models.ForeignKey(
        Member, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    keep_profiles = models.BooleanField(default=False)
    send_mails = models.BooleanField(default=True)
    brake_share = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )

    look_again = models.BooleanField(default=False)
    want_read = models.PositiveSmallIntegerField(choices=Read.choices, default=Read.LEDGER)
    wanted_because = models.CharField(max_length=80, blank=True, default="")
    wanted_trace = models.CharField(max_length=32, blank=True, default="")
    wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    retry_at = models.DateTimeField(null=True, blank=True)
    probes = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    failed_reads = models.PositiveIntegerField(default=0)
    failed_writes = models.PositiveIntegerField(default=0)

    only_in_kisi = models.JSONField(default=list)
    other_rights = models.JSONField(default=list)

    objects = KisiConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group_id"],
                condition=~models.Q(status="disconnected"),
                name="one_live_connection_per_group",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gym} to Kisi group {self.group_id}"

    def __repr__(self) -> str:
        return f"<KisiConnection {self.pk}: group {self.group_id}, {self.status}>"

    @property
    def vault_owner(self) -> str:
        """What the sealed key is bound to: copied into another row it does not open."""
        return f"kisi.connection:{self.gym_id}"

    def set_key(self, key: Secret) -> None:
        """Seal `key` into this row (unsaved); the last four characters stay readable."""
        self.sealed_key = vault.seal(key, owner=self.vault_owner)
        self.key_last4 = key.last4

    def api_key(self) -> Secret:
        """The key in clear; raises vault.VaultError when it cannot be opened."""
        return vault.open_sealed(self.sealed_key, owner=self.vault_owner)

    @property
    def is_writing(self) -> bool:
        return self.status in self.WRITING

    @property
    def is_broken(self) -> bool:
        return self.status in self.BROKEN

    @property
    def is_leaving(self) -> bool:
        """Whoever is named by a disconnect is being removed; nobody else is touched any more."""
        return self.status == self.Status.DISCONNECTING

    @property
    def is_ending(self) -> bool:
        """An admin disconnected it; the last rights may still be on their way out."""
        return self.status in (self.Status.DISCONNECTING, self.Status.DISCONNECTED)

    @property
    def stranger(self) -> str:
        """Whose key it is, where it is not that of the person with whose key the connection was made."""
        _, mark, name = self.status_said.partition(self.OTHER_PERSON)
        return name if mark and self.status == self.Status.WRONG_ORGANIZATION else ""

    @property
    def in_transition(self) -> bool:
        return self.sole_source_since is None


class Pace(models.Model):
    """When the next call of one Kisi user may go out, shared by every process and connection."""

    kisi_user_id = models.BigIntegerField(unique=True)
    next_at = models.DateTimeField()
    slow_until = models.DateTimeField(null=True, blank=True)
    backoff = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"pace of Kisi user {self.kisi_user_id}"
