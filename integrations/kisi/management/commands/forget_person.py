"""`manage.py forget_person`: erase somebody who left from the ledger and the activity."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.kisi.sync.forgetting import StillThere, forget
from members.fields import normalize_email
from members.models import Gym


class Command(BaseCommand):
    help = (
        "Erase the name and address of somebody who left a gym. What Kisi itself keeps is the gym's to erase."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gym", required=True, metavar="SLUG")
        parser.add_argument("--email", required=True, type=normalize_email)

    def handle(self, *args: Any, **options: Any) -> None:
        gym = Gym.objects.filter(slug=options["gym"]).first()
        if gym is None:
            raise CommandError(f"There is no gym {options['gym']}.", returncode=2)
        try:
            found = forget(gym, options["email"])
        except StillThere as reason:
            raise CommandError(f"Nothing was erased: {reason}.") from None
        self.stdout.write("Erased." if found else "Nobody with this address is known.")
