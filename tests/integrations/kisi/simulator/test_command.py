"""`manage.py kisi_simulator` as its own process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from django.core.management import call_command
from django.core.management.base import CommandError

ROOT = Path(__file__).parents[4]


def run(*arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "kisi_simulator", *arguments],
        cwd=ROOT,
        env=os.environ | {"DEBUG": "on"},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_line_says_where_it_is_and_a_signal_ends_it(tmp_path, number):
    path = tmp_path / "kisi.json"
    process = run("--state", str(path), "--set", "rate_limit=0")
    try:
        hello = json.loads(process.stdout.readline())
        me = requests.get(
            hello["url"] + "/user", headers={"Authorization": f"KISI-LOGIN {hello['api_key']}"}, timeout=5
        )
        assert me.json()["organization"]["name"] == "Harbor Gym"
        assert hello["group_id"] == 1
        process.send_signal(number)
        assert process.wait(5) == 0
        assert hello["api_key"] in path.read_text()
    finally:
        process.kill()
        process.stdout.close()


def test_it_is_refused_with_debug_off(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG off"):
        call_command("kisi_simulator")


@pytest.mark.parametrize(
    ("arguments", "words"), [(["--set", "nope=1"], "No switch"), (["--set", "rate_limit"], "SWITCH=VALUE")]
)
def test_wrong_switches_are_refused(settings, arguments, words):
    settings.DEBUG = True
    with pytest.raises(CommandError, match=words):
        call_command("kisi_simulator", *arguments)


def test_a_taken_port_and_a_broken_file_are_told_in_one_line(settings, server, tmp_path):
    settings.DEBUG = True
    broken = tmp_path / "kisi.json"
    broken.write_text("{")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("kisi_simulator", "--state", str(broken))
    with pytest.raises(CommandError, match=f"Port {server.port} cannot be used"):
        call_command("kisi_simulator", "--port", str(server.port))
