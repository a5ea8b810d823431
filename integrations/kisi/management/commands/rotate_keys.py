"""`manage.py rotate_keys`: seal every secret with the newest key. Safe to stop and to run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand
from django.db import transaction

from integrations import two_steps, vault
from integrations.kisi.models import KisiConnection
from integrations.vault import VaultError


class Command(BaseCommand):
    help = (
        "Seal every stored API key and every two-step secret with the first key of FIELD_ENCRYPTION_KEYS. "
        "Exit 1 when one could not be opened."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        connections = KisiConnection.objects.exclude(sealed_key="").values_list("pk", flat=True)
        keys = self._rotate(
            connections, _connection, "connection {}: {}. Its gym has to enter the key again."
        )
        people = Authenticator.objects.values_list("pk", flat=True)
        steps = self._rotate(people, _two_steps, "two-step secret {}: {}. Its person has to set it up again.")
        unreadable = keys[1] + steps[1]
        self.stdout.write(f"{keys[0] + steps[0]} sealed anew, {unreadable} could not be opened.")
        if unreadable:
            raise SystemExit(1)

    def _rotate(self, pks: Any, rotate: Callable[[int], bool], complaint: str) -> tuple[int, int]:
        """Each row in a transaction of its own; how many were sealed anew, how many cannot be opened."""
        rotated = unreadable = 0
        for pk in pks:
            try:
                rotated += rotate(pk)
            except VaultError as error:
                unreadable += 1
                self.stderr.write(complaint.format(pk, error))
        return rotated, unreadable


@transaction.atomic
def _connection(pk: int) -> bool:
    connection = KisiConnection.objects.select_for_update().get(pk=pk)
    token = vault.reseal(connection.sealed_key, owner=connection.vault_owner)
    if token is None:
        return False
    connection.sealed_key = token
    connection.save(update_fields=["sealed_key"])
    return True


@transaction.atomic
def _two_steps(pk: int) -> bool:
    row = Authenticator.objects.select_for_update().get(pk=pk)
    sealed = {name: row.data[name] for name in two_steps.SECRETS if name in row.data}
    fresh = {name: vault.reseal(token, owner=two_steps.OWNER) for name, token in sealed.items()}
    if not any(fresh.values()):
        return False
    row.data |= {name: token for name, token in fresh.items() if token}
    row.save(update_fields=["data"])
    return True
