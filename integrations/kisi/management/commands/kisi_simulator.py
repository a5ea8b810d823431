"""`manage.py kisi_simulator`: a local Kisi for trying Core out. Refused in production."""

import json
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.kisi.simulator import Switches, World, state
from integrations.kisi.simulator.server import bind


class Command(BaseCommand):
    help = "Run a local Kisi. The first line of output is JSON with url, api_key and group_id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
        parser.add_argument("--state", type=Path, help="keep everything in this file")
        parser.add_argument("--set", action="append", default=[], metavar="SWITCH=VALUE")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The simulator opens no doors, so it does not run with DEBUG off.")
        world = _world(options["state"], _switches(options["set"]))
        try:
            server = bind(world, options["port"])
        except OSError:
            raise CommandError(f"Port {options['port']} is taken; choose another with --port.") from None
        facts = {"url": server.url, "api_key": world.api_key, "group_id": world.group_id}
        self.stdout.write(json.dumps(facts))
        self.stdout.flush()
        signal.signal(signal.SIGTERM, _stop)
        try:
            server.run()
        except KeyboardInterrupt:
            server.http.server_close()


def _stop(*_: Any) -> None:
    raise KeyboardInterrupt


def _switches(pairs: list[str]) -> Switches:
    switches = Switches()
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            switches = switches.set(name, value)
        except ValueError as error:
            raise CommandError(str(error)) from None
    return switches


def _world(path: Path | None, switches: Switches) -> World:
    if path is None:
        return World.demo(switches=switches)
    world = World(switches=switches)
    if not state.load(path, world):
        world = World.demo(switches=switches)
        state.save(path, world)
    world.changed = lambda: state.save(path, world)
    return world
