"""`manage.py kisi_connect`: connect a gym from a shell. Tries the key, saves, starts no sync."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.access.errors import DoorError
from integrations.kisi import refusals
from integrations.kisi.models import KisiConnection
from integrations.kisi.sync import connecting
from integrations.kisi.sync.connecting import GroupTaken
from integrations.vault import Secret
from members.models import Gym


class Command(BaseCommand):
    help = "Connect a gym to a Kisi group. The API key is read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gym", required=True, metavar="SLUG")
        parser.add_argument("--group", required=True, type=int, metavar="ID")
        parser.add_argument("--key-stdin", action="store_true", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        gym = Gym.objects.filter(slug=options["gym"]).first()
        if gym is None:
            raise CommandError(f"There is no gym {options['gym']}.", returncode=2)
        live = KisiConnection.objects.filter(gym=gym).exclude(status=KisiConnection.Status.DISCONNECTED)
        if live.exists():
            again = "Update the credentials or disconnect on its page."
            raise CommandError(f"{gym} is connected already. {again}", returncode=2)
        key = Secret(sys.stdin.readline().strip())
        if not key.reveal():
            raise CommandError("Standard input holds no API key.", returncode=2)
        try:
            connection = connecting.connect(gym, key=key, group_id=options["group"])
        except GroupTaken:
            raise CommandError(refusals.GROUP_TAKEN) from None
        except DoorError as error:
            raise CommandError(refusals.refusal(error, group_id=options["group"], is_new=False)[1]) from None
        doors = ", ".join(connection.doors) or "no doors yet"
        self.stdout.write(f"{gym} is connected to {connection.group_name}, which opens {doors}.")
