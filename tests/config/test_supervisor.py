"""Processes of one machine: they end together, quickly, however the one that started them ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.supervisor import Died, Supervisor, first_line

pytestmark = pytest.mark.process
ROOT = Path(__file__).resolve().parents[2]
ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
STUBBORN = "trap '' TERM INT; sleep 60 & echo $!; while true; do sleep 0.2; done"
PARENT = """
import signal
import sys
from pathlib import Path
from config import supervisor
crew = supervisor.Supervisor(Path(sys.argv[1]))
signal.signal(signal.SIGHUP, signal.SIG_IGN if "--nohup" in sys.argv else signal.SIG_DFL)
supervisor.interrupt_on_terminate()
if "--end-with-parent" in sys.argv:
    supervisor.end_with_parent()
try:
    print(crew.start("child", ["sh", "-c", sys.argv[2]], env={}).process.pid, flush=True)
    crew.watch(0.05)
except KeyboardInterrupt:
    print("Stopping", flush=True)
finally:
    crew.stop()
"""
QUICK_TO_END = "exec sleep 60"
SLOW_TO_END = "trap 'sleep 1; exit' TERM; while true; do sleep 0.1; done"


def is_alive(pid: int) -> bool:
    """Running; a process that ended and that nobody has asked about yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(happened: Callable[[], bool], *, within: float) -> None:
    deadline = time.monotonic() + within
    while not happened():
        assert time.monotonic() < deadline, f"not within {within:.0f} s"
        time.sleep(0.02)


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path)
    yield made
    made.stop()


Begin = Callable[..., tuple["subprocess.Popen[str]", int]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """A program with one child under a supervisor: its process and the child's id."""
    running: list[subprocess.Popen[str]] = []

    def started(child: str = QUICK_TO_END, *options: str) -> tuple[subprocess.Popen[str], int]:
        command = [sys.executable, "-c", PARENT, str(tmp_path), child, *options]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process, int(process.stdout.readline())

    yield started
    for process in running:
        process.kill()
        process.communicate()


@ON_LINUX
def test_children_that_do_not_listen_are_ended_within_five_seconds_with_their_own_children(crew):
    child = crew.start("stubborn", ["sh", "-c", STUBBORN], env={}, pipe=True)
    grandchild = int(first_line(child.process.stdout))
    before = time.monotonic()
    crew.stop()
    assert time.monotonic() - before < 5.0
    assert child.process.returncode == -signal.SIGKILL
    until(lambda: not is_alive(grandchild), within=1)


def test_a_child_that_dies_is_named_with_its_code_and_its_log(crew, tmp_path):
    crew.start("fine", ["sleep", "60"], env={})
    crew.start("web", ["sh", "-c", "echo cannot bind; exit 3"], env={})
    with pytest.raises(Died, match=r"^web ended with code 3; see .*web\.log$"):
        crew.watch(0.01)
    assert (tmp_path / "web.log").read_text() == "cannot bind\n"


def test_a_child_gets_the_given_environment(crew):
    child = crew.start("one", ["sh", "-c", "echo $CORE_ROLE"], env={"CORE_ROLE": "worker"}, pipe=True)
    assert first_line(child.process.stdout) == "worker"


@ON_LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_every_polite_end_takes_the_child_along(begin, number):
    process, child = begin()
    process.send_signal(number)
    assert process.wait(timeout=5) == 0
    assert not is_alive(child)


@ON_LINUX
def test_started_under_nohup_it_goes_on_when_the_terminal_closes(begin):
    process, _ = begin(QUICK_TO_END, "--nohup")
    facts = dict(line.split(":") for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    assert int(facts["SigIgn"], 16) & 1 << (signal.SIGHUP - 1)


@ON_LINUX
def test_a_second_signal_while_ending_changes_nothing(begin):
    """As make does it: the signal reaches the whole group, and make sends it on once more."""
    process, child = begin(SLOW_TO_END)
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "Stopping\n"
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=5) == 0
    assert not is_alive(child)


@ON_LINUX
def test_a_kill_of_the_program_leaves_no_child(begin):
    process, child = begin()
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not is_alive(child), within=2)


@ON_LINUX
def test_a_program_that_is_to_end_with_its_parent_does(tmp_path):
    """As `make run` after a kill -9 of make."""
    run = [sys.executable, "-c", PARENT, str(tmp_path), QUICK_TO_END, "--end-with-parent"]
    shell = subprocess.Popen(
        ["sh", "-c", '"$@"; exit', "sh", *run], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    child = int(shell.stdout.readline())
    shell.kill()
    until(lambda: not is_alive(child), within=5)
    assert shell.communicate()[0] == "Stopping\n"
