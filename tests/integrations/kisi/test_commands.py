"""The operators' commands: what they print, what they exit with, and what they never show."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from django.core.management import CommandError, call_command

from integrations.kisi.models import AccessEvent, KisiConnection, KisiGrant, SyncRun
from integrations.kisi.simulator import Kind
from integrations.vault import Secret
from plans.models import Subscription
from tests.conftest import House
from tests.factories import GymFactory

Status = KisiConnection.Status


@dataclass
class Ran:
    code: int
    out: str


@pytest.fixture
def run(capsys, monkeypatch):
    """A command as a shell meets it: its exit code and everything it wrote."""

    def ran(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code, said = 0, ""
        try:
            call_command(*words)
        except CommandError as error:
            code, said = error.returncode, str(error)
        except SystemExit as left:
            code = int(left.code or 0)
        written = capsys.readouterr()
        return Ran(code, written.out + written.err + said)

    return ran


class TestConnect:
    def connect(self, run, house: House, key: str = "", group: str = "", gym: str = "harbor") -> Ran:
        group = group or str(house.world.group_id)
        words = ("kisi_connect", "--gym", gym, "--group", group, "--key-stdin")
        return run(*words, stdin=key or f"{house.world.api_key}\n")

    def test_it_connects_and_says_what_the_group_opens(self, run, house):
        ran = self.connect(run, house)
        assert (ran.code, ran.out) == (
            0,
            "Harbor Gym is connected to 24-hr Access, which opens Front door.\n",
        )
        assert house.connection.api_key() == Secret(house.world.api_key)

    def test_a_group_without_doors_is_said(self, run, house):
        empty = house.world.add_group("Empty", [])
        ran = self.connect(run, house, group=str(empty.id))
        assert (ran.code, ran.out) == (0, "Harbor Gym is connected to Empty, which opens no doors yet.\n")

    def test_the_key_is_never_written(self, run, house):
        for group in ("", "999999"):
            assert house.world.api_key not in self.connect(run, house, group=group).out

    def test_a_key_that_kisi_does_not_know(self, run, house):
        ran = self.connect(run, house, key="wrong-key-0123456789\n")
        assert ran.code == 1
        assert "Kisi does not accept this API key." in ran.out
        assert "wrong-key" not in ran.out
        assert not KisiConnection.objects.exists()

    def test_a_group_that_the_key_does_not_see(self, run, house):
        ran = self.connect(run, house, group="999999")
        assert ran.code == 1
        assert "This key sees no group 999999 in Small Gym." in ran.out
        assert not KisiConnection.objects.exists()

    def test_a_group_of_another_gym(self, run, house):
        KisiConnection.objects.create(gym=GymFactory(), group_id=house.world.group_id)
        ran = self.connect(run, house)
        assert (ran.code, "already connected" in ran.out) == (1, True)

    def test_kisi_not_answering(self, run, house):
        house.world.fault(path="/user", kind=Kind.LOST, times=0)
        ran = self.connect(run, house)
        assert (ran.code, "Kisi did not answer as expected." in ran.out) == (1, True)

    def test_kisi_busy(self, run, house):
        house.world.fault(path="/user", status=429, times=0)
        ran = self.connect(run, house)
        assert (ran.code, "Kisi is busy" in ran.out) == (1, True)

    @pytest.mark.parametrize(("gym", "key"), [("nowhere", "x\n"), ("harbor", "\n"), ("harbor", "   ")])
    def test_usage(self, run, house, gym, key):
        assert self.connect(run, house, gym=gym, key=key).code == 2
        assert house.calls() == []

    def test_a_gym_that_is_connected_is_not_connected_again(self, run, connected):
        before = KisiConnection.objects.values().get()
        ran = self.connect(run, connected)
        assert (ran.code, "is connected already" in ran.out) == (2, True)
        assert KisiConnection.objects.values().get() == before


class TestPrint:
    def test_what_is_owed_is_printed_and_nothing_is_done(self, run, connected):
        connected.member("Ana Ruiz")
        ran = run("kisi_sync", "--gym", "harbor")
        assert ran.code == 1
        assert "grant" in ran.out
        assert "ana@example.com Ana Ruiz" in ran.out
        assert connected.calls() == []
        assert not KisiGrant.objects.exists()
        assert not SyncRun.objects.exists()

    def test_nothing_owed_is_said(self, run, connected):
        ran = run("kisi_sync", "--gym", "harbor")
        assert (ran.code, ran.out) == (0, "Core and Kisi agree. There is nothing to do.\n")

    @pytest.mark.parametrize("read", ["full", "recent"])
    def test_a_read_of_kisi_writes_nothing_anywhere(self, run, connected, read):
        connected.member("Ana")
        connected.member("Ben")
        connected.sync()
        connected.world.delete_user("ana@example.com")
        connected.in_kisi("Ben2")
        before = [*KisiGrant.objects.order_by("pk").values()]
        events = AccessEvent.objects.count()
        connected.calls()
        ran = run("kisi_sync", "--gym", "harbor", "--read", read)
        assert not [call for call in connected.calls() if not call.startswith("GET")]
        assert [*KisiGrant.objects.order_by("pk").values()] == before
        assert AccessEvent.objects.count() == events
        assert (ran.code, "ana@example.com" in ran.out) == (1, True)

    def test_one_member_alone(self, run, connected):
        connected.member("Ana")
        connected.member("Ben")
        ran = run("kisi_sync", "--gym", "harbor", "--member", "ben@example.com")
        assert (ran.code, "ana@" in ran.out) == (1, False)

    def test_a_member_is_found_however_the_address_is_written(self, run, connected):
        connected.member("Ana")
        ran = run("kisi_sync", "--gym", "harbor", "--member", " ANA@Example.com ")
        assert (ran.code, "ana@example.com" in ran.out) == (1, True)

    def test_another_who_owes_nothing_is_fine(self, run, connected):
        connected.member("Ana")
        ran = run("kisi_sync", "--gym", "harbor", "--member", "zoe@example.com")
        assert ran.code == 0
        assert "ana@" not in ran.out

    @pytest.mark.parametrize("words", [("--gym", "nowhere"), ("--gym", "other")])
    def test_a_gym_without_a_connection_is_a_wrong_use(self, run, connected, words):
        GymFactory(slug="other")
        assert run("kisi_sync", *words).code == 2

    def test_kisi_not_answering_is_said_and_changes_nothing(self, run, connected):
        connected.world.fault(path="/user", status=500, times=0)
        ran = run("kisi_sync", "--gym", "harbor", "--read", "full")
        assert ran.code == 1
        assert "Kisi could not be read" in ran.out
        assert "Nothing was changed." in ran.out
        assert connected.connection.status == Status.CONNECTED


class TestApply:
    def test_what_is_owed_is_done(self, run, connected):
        connected.member("Ana")
        ran = run("kisi_sync", "--gym", "harbor", "--apply")
        assert ran.code == 0
        assert "run: done" in ran.out
        assert "Core and Kisi agree." in ran.out
        assert connected.inside() == ["ana"]

    @pytest.mark.parametrize("read", ["ledger", "recent", "full"])
    def test_with_each_read(self, run, connected, read):
        connected.member("Ana")
        assert run("kisi_sync", "--gym", "harbor", "--apply", "--read", read).code == 0
        assert connected.inside() == ["ana"]

    def test_a_full_read_puts_back_what_was_taken_by_hand(self, run, connected):
        connected.member("Ana")
        connected.sync()
        connected.world.delete_user("ana@example.com")
        assert run("kisi_sync", "--gym", "harbor", "--apply", "--read", "full").code == 0
        assert connected.inside() == ["ana"]

    def test_the_brake_holds_here_too(self, run, connected):
        connected.members(10)
        connected.sync()
        Subscription.objects.update(status="paused")
        ran = run("kisi_sync", "--gym", "harbor", "--apply")
        assert ran.code == 1
        assert ran.out.count("held  ") == 10
        assert len(connected.inside()) == 10

    def test_a_broken_connection_is_healed_by_it(self, run, connected):
        connected.member("Ana")
        connected.world.fault(path="/user", status=401, times=1)
        connected.sync()
        assert connected.connection.status == Status.NEEDS_NEW_KEY
        assert run("kisi_sync", "--gym", "harbor", "--apply").code == 0
        assert connected.inside() == ["ana"]
        assert connected.connection.status == Status.CONNECTED

    def test_a_key_that_is_still_dead_fails(self, run, connected):
        connected.member("Ana")
        connected.world.revoke_key()
        ran = run("kisi_sync", "--gym", "harbor", "--apply")
        assert (ran.code, "stopped" in ran.out) == (1, True)
        assert connected.world.api_key not in ran.out

    def test_a_paused_gym_is_left_alone(self, run, connected):
        connected.member("Ana")
        KisiConnection.objects.update(status=Status.PAUSED)
        assert run("kisi_sync", "--gym", "harbor", "--apply").code == 1
        assert connected.calls() == []

    def test_somebody_refused_is_not_done(self, run, connected):
        connected.member("Ana")
        connected.world.fault(method="POST", path="/users", status=422, times=0)
        assert run("kisi_sync", "--gym", "harbor", "--apply").code == 1

    def test_one_member_is_looked_at_whatever_is_parked(self, run, connected):
        connected.member("Ana")
        connected.world.fault(method="POST", path="/users", status=422)
        connected.sync()
        ran = run("kisi_sync", "--gym", "harbor", "--apply", "--member", "ANA@example.com")
        assert ran.code == 0
        assert connected.inside() == ["ana"]

    def test_an_incomplete_list_is_not_done(self, run, connected):
        connected.members(3)
        connected.sync()
        connected.world.fault(method="GET", path="/role_assignments", kind=Kind.SHORT, times=0)
        ran = run("kisi_sync", "--gym", "harbor", "--apply", "--read", "full")
        assert (ran.code, "incomplete" in ran.out) == (1, True)
        assert len(connected.inside()) == 3
