"""`manage.py kisi_simulator`: a local Kisi in its own process. Refused in production."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.kisi.simulator import Server, UnknownSwitch, World, start, switches


class Command(BaseCommand):
    help = "Run a local Kisi. The first line of output is one JSON object with url, api_key and group_id."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
        parser.add_argument("--state", type=Path, help="keep everything in this file; without it, in memory")
        parser.add_argument("--set", action="append", default=[], metavar="SWITCH=VALUE", dest="switches")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The Kisi simulator is for trying things out; it does not run with DEBUG off.")
        stop = _stop_signal()
        world = _world(options["state"], options["switches"])
        server = _started(world, options["port"])
        hello = {"url": server.url, "api_key": world.api_key, "group_id": world.group_id}
        self.stdout.write(json.dumps(hello))
        self.stdout.flush()
        stop.wait()
        world.clear_faults()
        server.stop()
        world.flush()


def _stop_signal() -> threading.Event:
    """Set by Ctrl-C and SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _world(path: Path | None, set_switches: list[str]) -> World:
    try:
        values = switches.parsed(set_switches)
        return World.kept_in(path, **values) if path else World.demo(**values)
    except UnknownSwitch as error:
        raise CommandError(str(error)) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise CommandError(
            f"The state file {path} cannot be read ({error}). Remove it to start anew."
        ) from None


def _started(world: World, port: int) -> Server:
    try:
        return start(world, port=port)
    except OSError as error:
        raise CommandError(
            f"Port {port} cannot be used: {error.strerror}. Choose another with --port."
        ) from None
