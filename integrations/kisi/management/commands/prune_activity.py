"""`manage.py prune_activity`: the one way in which events of the activity are ever deleted."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from integrations.kisi.models import AccessEvent, AccessPerson, SyncRun

LEAST_DAYS = 90  # the pages show ninety days, and drift looks back thirty


class Command(BaseCommand):
    help = f"Delete events, and runs that ended, which are older than so many days (at least {LEAST_DAYS})."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", required=True, type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] < LEAST_DAYS:
            raise CommandError(f"--days is at least {LEAST_DAYS}. Nothing was deleted.", returncode=2)
        before = timezone.now() - timedelta(days=options["days"])
        with transaction.atomic():
            _permit()
            events, _ = AccessEvent.objects.filter(at__lt=before).delete()
            ended = SyncRun.objects.exclude(state=SyncRun.State.RUNNING)
            runs, _ = ended.filter(finished_at__lt=before).delete()
            told = AccessEvent.objects.exclude(person_id=None).values("person_id")
            people, _ = AccessPerson.objects.exclude(pk__in=told).delete()
        self.stdout.write(f"{events} events, {runs} runs and {people} people without events deleted.")


def _permit() -> None:
    """PostgreSQL refuses to delete an event in any transaction that does not say so."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('core.pruning', 'on', true)")
