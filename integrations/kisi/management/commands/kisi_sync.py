"""`manage.py kisi_sync`: print what is owed, and with --apply do it here, without Celery."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django_guid import set_guid
from django_guid.utils import generate_guid

from integrations.access.errors import DoorError
from integrations.access.facts import WITHOUT_CALL, Change, Plan
from integrations.kisi import alerts
from integrations.kisi.models import KisiConnection, KisiGrant, Read, SyncRun
from integrations.kisi.sync import asking, preview, runs
from integrations.kisi.sync.clock import DatabaseClock
from integrations.kisi.sync.lease import LeaseLost
from integrations.kisi.sync.session import InTrouble, Later
from integrations.vault import VaultError
from members.fields import normalize_email

READS = {"ledger": Read.LEDGER, "recent": Read.RECENT, "full": Read.FULL}
USAGE = 2


class Command(BaseCommand):
    help = (
        "Print the plan of a gym's Kisi sync; --apply carries it out. Exit 0: all that is owed is done; "
        "1: something failed, waits, was held or is incomplete; 2: usage."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gym", required=True, metavar="SLUG")
        parser.add_argument("--read", choices=sorted(READS), default="ledger")
        parser.add_argument("--member", metavar="EMAIL", type=normalize_email)
        parser.add_argument("--apply", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = KisiConnection.objects.select_related("gym").filter(gym__slug=options["gym"]).first()
        if connection is None:
            raise CommandError(f"There is no gym {options['gym']} with a Kisi connection.", returncode=USAGE)
        clock, read = DatabaseClock.started(), READS[options["read"]]
        if options["apply"]:
            self._apply(connection, read, options["member"], clock)
        try:
            plan = preview.plan(connection, Read.LEDGER if options["apply"] else read, clock)
        except (DoorError, InTrouble, Later, LeaseLost, VaultError) as error:
            raise CommandError(f"Kisi could not be read: {error}. Nothing was changed.") from None
        self._print(plan, options["member"])
        if self._is_owed(connection, plan, options["member"]):
            raise SystemExit(1)

    def _apply(self, connection: KisiConnection, read: Read, email: str | None, clock: DatabaseClock) -> None:
        """A broken connection is probed first; the brake and every wait hold as in any run."""
        because = "kisi_sync"
        if email:
            asking.ask_for_person(connection, email, because=because, now=clock.now())
        asking.ask(connection, read, because=because, now=clock.now())
        set_guid(generate_guid())
        outcome = runs.run_to_the_end(connection.pk, clock=clock)
        alerts.tell(connection.pk, clock.now())
        self.stdout.write(f"run: {outcome}")
        if outcome is not runs.Outcome.DONE:
            raise SystemExit(1)
        last = SyncRun.objects.filter(connection=connection).first()
        if last and last.state != SyncRun.State.FINISHED:
            self.stdout.write(f"{last.state}: {last.reason}")
            raise SystemExit(1)

    def _print(self, plan: Plan, email: str | None) -> None:
        for change in plan.changes:
            if email in (None, change.email):
                self.stdout.write(_line(change))
        for title, emails in (
            ("held", plan.held),
            ("waits", plan.waiting),
            ("managed in Kisi", plan.managed),
            ("at cut-over", plan.at_cut_over),
        ):
            for address in emails:
                if email in (None, address):
                    self.stdout.write(f"{title:16} {address}")
        if not (plan.changes or plan.held or plan.waiting):
            self.stdout.write("Core and Kisi agree. There is nothing to do.")

    def _is_owed(self, connection: KisiConnection, plan: Plan, email: str | None) -> bool:
        """Whether anything is left to do, waits, is held or has failed; protected people are not owed."""
        owed = [c.email for c in plan.changes if c.kind not in WITHOUT_CALL]
        failed = KisiGrant.objects.open().filter(connection=connection).exclude(trouble="")
        open_ends = {*owed, *plan.held, *plan.waiting, *failed.values_list("email", flat=True)}
        return email in open_ends if email else bool(open_ends)


def _line(change: Change) -> str:
    name = change.wanted.name if change.wanted else ""
    return f"{change.kind:16} {change.email} {name}".rstrip()
