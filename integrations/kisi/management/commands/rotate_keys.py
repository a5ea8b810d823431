"""`manage.py rotate_keys`: seal every secret with the newest key. Safe to stop and to run again."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from integrations import vault
from integrations.kisi.models import KisiConnection
from integrations.vault import VaultError


class Command(BaseCommand):
    help = "Seal every stored API key with the first key of FIELD_ENCRYPTION_KEYS. Exit 1 when one could not be opened."

    def handle(self, *args: Any, **options: Any) -> None:
        rotated = unreadable = 0
        for pk in KisiConnection.objects.exclude(sealed_key="").values_list("pk", flat=True):
            try:
                rotated += _rotate(pk)
            except VaultError as error:
                unreadable += 1
                self.stderr.write(f"connection {pk}: {error}. Its gym has to enter the key again.")
        self.stdout.write(f"{rotated} sealed anew, {unreadable} could not be opened.")
        if unreadable:
            raise SystemExit(1)


@transaction.atomic
def _rotate(pk: int) -> bool:
    """One row in one transaction, so that stopping half way leaves every row readable."""
    connection = KisiConnection.objects.select_for_update().get(pk=pk)
    token = vault.reseal(connection.sealed_key, owner=connection.vault_owner)
    if token is None:
        return False
    connection.sealed_key = token
    connection.save(update_fields=["sealed_key"])
    return True
