"""`manage.py kisi_restored`: what an operator runs after restoring the database from a backup."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.kisi import tasks
from integrations.kisi.models import KisiConnection
from integrations.kisi.sync import restoring
from integrations.kisi.sync.clock import database_now

WAITS = "Access is given as usual; nobody's is removed until an admin has applied a preview."


class Command(BaseCommand):
    help = (
        "After the database was restored from a backup, before any worker runs: look at everybody at Kisi "
        "again, and remove nobody's access until an admin has applied a preview."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--gym", metavar="SLUG")
        whose.add_argument("--all", action="store_true", help="every gym that was ever connected")

    def handle(self, *args: Any, **options: Any) -> None:
        connections = KisiConnection.objects.select_related("gym").order_by("pk")
        if options["gym"]:
            connections = connections.filter(gym__slug=options["gym"])
            if not connections.exists():
                missing = f"There is no gym {options['gym']} with a Kisi connection."
                raise CommandError(missing, returncode=2)
        for connection in connections:
            count = restoring.restored(connection, now=database_now())
            self.stdout.write(f"{connection.gym}: {count:,} people are looked at singly. {WAITS}")
            tasks.wake(connection.pk)
