"""`manage.py demo`: the whole program on one machine, with a simulated Kisi to watch beside it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import embedded, environment, supervisor
from config.supervisor import Supervisor
from integrations.kisi.management import demo_gym

PYTHON = sys.executable
MANAGE = str(settings.BASE_DIR / "manage.py")
NO_BROKER = "No Valkey was found: the queue is kept in files, and wake-ups in it can be lost.\n"
HOW_TO_STOP = "Press Ctrl-C to stop.\n"


class Command(BaseCommand):
    help = "Run Core, a worker, beat, a broker and a simulated Kisi on this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--end-with-parent", action="store_true", help="stop when the process that started this one dies"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo opens no doors, so it does not run with DEBUG off.")
        if not embedded.is_free(settings.PORT):
            raise CommandError(
                f"Port {settings.PORT} is taken. Choose another: make run PORT={settings.PORT + 1}"
            )
        supervisor.interrupt_on_terminate()
        if options["end_with_parent"]:
            supervisor.end_with_parent()
        self._run(Supervisor(settings.STATE_DIR / "logs"))

    def _run(self, crew: Supervisor) -> None:
        broker: embedded.Service | None = None
        try:
            _prepare()
            broker = _start_broker(crew)
            kisi = start_kisi(crew)
            queue = broker.url if broker else _queue_in_files()
            _start_core(crew, {"KISI_API_URL": kisi["url"], "CELERY_BROKER_URL": queue})
            self.stdout.write(_welcome(kisi) + ("" if broker else NO_BROKER) + HOW_TO_STOP)
            self.stdout.flush()
            crew.watch()
        except KeyboardInterrupt:
            self.stdout.write("Stopping.")
        except RuntimeError as problem:
            raise CommandError(str(problem)) from None
        finally:
            crew.stop()
            if broker:
                broker.stop()


def _prepare() -> None:
    settings.STATE_DIR.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    demo_gym.ensure()


def _start_broker(crew: Supervisor) -> embedded.Service | None:
    """None where no Valkey is found for this machine."""
    try:
        broker = embedded.start_valkey(start_new_session=True, **supervisor.die_with_us())
    except embedded.NotFound:
        return None
    crew.adopt("valkey", broker.process)
    return broker


def _queue_in_files() -> str:
    for folder in environment.queue_folders(settings.STATE_DIR).values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    return "filesystem://"


def start_kisi(crew: Supervisor) -> dict[str, Any]:
    """The simulator on the port it had before, so that its page can stay open over a restart."""
    known = settings.STATE_DIR / "simulator.port"
    port = known.read_text().strip() if known.exists() else "0"
    port = port if embedded.is_free(int(port)) else "0"
    state = str(settings.STATE_DIR / "simulator.json")
    command = [PYTHON, MANAGE, "kisi_simulator", "--port", port, "--state", state]
    child = crew.start("simulator", command, env={}, pipe=True)
    line = supervisor.first_line(child.process.stdout)
    if not line:
        raise supervisor.Died(f"the simulator did not start; see {child.log}")
    facts: dict[str, Any] = json.loads(line)
    known.write_text(facts["url"].rpartition(":")[2])
    return facts


def _start_core(crew: Supervisor, env: dict[str, str]) -> None:
    celery = [PYTHON, "-m", "celery", "-A", "config"]
    worker = [*celery, "worker", "--concurrency", "2", "-Q", "core", "--without-gossip", "--without-mingle"]
    bind = f"127.0.0.1:{settings.PORT}"
    web = [PYTHON, "-m", "gunicorn", "config.wsgi", "--bind", bind, "--threads", "8", "--timeout", "60"]
    crew.start("worker", [*worker, "--loglevel", "INFO"], env=env | {"CORE_ROLE": "worker"})
    crew.start("beat", [*celery, "beat", "--loglevel", "INFO", "--pidfile="], env=env)
    web_process = crew.start("web", [*web, "--worker-tmp-dir", str(settings.STATE_DIR)], env=env).process
    embedded.wait_until(_answers, web_process, "the web server")


def _answers() -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{settings.PORT}/accounts/login/", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def _welcome(kisi: dict[str, Any]) -> str:
    admin, staff = demo_gym.PASSWORDS.items()
    return f"""
Core is running:      http://localhost:{settings.PORT}/
  admin               {admin[0]}   {admin[1]}
  staff               {staff[0]}   {staff[1]}
Simulated Kisi:       {kisi["url"]}/   (keep it open beside Core)
Connect it in Marketplace, Kisi, Connect:
  Group ID            {kisi["group_id"]}
  API key             {kisi["api_key"]}
Logs and state:       {os.path.relpath(settings.STATE_DIR)}
"""
