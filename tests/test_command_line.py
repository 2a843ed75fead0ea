"""The command line as scripts call it: output, exit codes, one sentence on standard error and no traceback."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from deepracer_admin.__main__ import main
from deepracer_admin.compose import compose
from deepracer_admin.model import Event, Quota
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.settings import Settings
from tests.console_process import write_silent_world
from tests.practice import ProcessHandle, start_world_process

ROOT = Path(__file__).resolve().parents[1]


def start(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "deepracer_admin", *arguments]
    return subprocess.run(command, cwd=ROOT, env=_environ(home, settings), capture_output=True, text=True, timeout=300)


def run(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this process: starting one takes ten times as long as most commands do."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, _environ(home, settings), clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main(arguments)
        except SystemExit as asked:  # argparse
            code = int(asked.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def _environ(home: Path, settings: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEEPRACER_ADMIN_")}
    ours = {"HOME": str(home), **settings}
    return {**kept, **{f"DEEPRACER_ADMIN_{name}": value for name, value in ours.items()}}


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that refused."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessHandle]:
    home = tmp_path_factory.mktemp("home")
    started = start_world_process(home)
    started.endpoints["home"] = home
    yield started
    started.stop()


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    write_silent_world(tmp_path)
    return tmp_path


def test_status_before_the_first_event(silent: Path) -> None:
    done = start(silent, "status", "--json")
    assert done.returncode == 0, done.stderr
    own = {"kind": "sqlite", "as_of": None, "trouble": ""}
    assert json.loads(done.stdout) == {"mode": "rehearsal", "store": own, "event": None, "leases": []}
    assert "event: None" in run(silent, "status").stdout


def test_status_refuses_a_damaged_store_in_one_sentence(silent: Path) -> None:
    (silent / "events.sqlite").write_text("not a database")
    assert "events.sqlite is not a console data file" in sentence(start(silent, "status", "--json"))


def test_racing_reads_the_account_of_a_connected_site(world: ProcessHandle) -> None:
    done = run(world.endpoints["home"], "racing", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {"account", "capabilities", "profiles", "races"}
    assert report["profiles"]["count"] == len(report["profiles"]["list"])


def test_racing_on_a_site_that_does_not_answer(silent: Path) -> None:
    assert sentence(run(silent, "racing", "--json")).endswith(".")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "set DEEPRACER_ADMIN_DEEPRACER_SITE"),
        ({"DEEPRACER_SITE": "https://d111.example.com"}, "set DEEPRACER_ADMIN_DEEPRACER_USER and _PASSWORD"),
        ({"DEEPRACER_SITE": "d111"}, "`deepracer_site` must be a full address"),
        ({"DEEPRACER_SITE": "http://127.0.0.1:9"}, "leads to this computer, but the mode is live"),
    ],
)
def test_racing_on_a_half_configured_site(tmp_path: Path, settings: dict[str, str], words: str) -> None:
    assert words in sentence(run(tmp_path, "racing", "--json", MODE="live", **settings))


def test_racing_with_a_wrong_password(world: ProcessHandle, tmp_path: Path) -> None:
    practice = json.loads((world.endpoints["home"] / "practice.json").read_text("utf-8"))
    practice["deepracer"]["password"] = "wrong"
    (tmp_path / "practice.json").write_text(json.dumps(practice), "utf-8")
    assert "password" in sentence(run(tmp_path, "racing", "--json")).lower()


def test_racing_on_a_site_that_is_something_else(world: ProcessHandle, tmp_path: Path) -> None:
    practice = json.loads((world.endpoints["home"] / "practice.json").read_text("utf-8"))
    practice["deepracer"]["site"] = practice["control"]
    (tmp_path / "practice.json").write_text(json.dumps(practice), "utf-8")
    assert sentence(run(tmp_path, "racing", "--json")).endswith(".")


def test_a_name_that_the_code_page_lacks_does_not_stop_a_command(tmp_path: Path) -> None:
    write_silent_world(tmp_path)
    console = compose(Settings(home=tmp_path, worker=False))
    now = console.clock.event_now()
    event = Event("ev-1", "Łódź Cup ☂", now, now, "UTC", 1, 0.0, Quota(60, 1))
    console.store.save_event(event)
    console.store.update("", CURRENT_EVENT, lambda _: event.id)
    console.close()
    command = [sys.executable, "-m", "deepracer_admin", "status", "--json"]
    environ = {**_environ(tmp_path, {}), "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "Łódź Cup ☂" in done.stdout.decode("utf-8")


def test_a_rehearsal_without_its_practice_world(tmp_path: Path) -> None:
    for command in (["status"], ["racing"], ["worker"]):
        assert "The practice world is not running" in sentence(run(tmp_path, *command))


def test_a_wrong_argument_of_rehearse_is_a_sentence(tmp_path: Path) -> None:
    assert "--attendees: give 1 to 10000" in sentence(run(tmp_path, "rehearse", "--attendees", "0"))
    assert "--speed: give 1 to 600" in sentence(run(tmp_path, "rehearse", "--speed", "601"))
    assert "--drill: give one of deadline-rush" in sentence(run(tmp_path, "rehearse", "--drill", "flood"))
    assert "--version: give 1.2.5 or 1.3.1" in sentence(run(tmp_path, "rehearse", "--version", "1.2"))


def test_an_unknown_command_shows_the_usage(tmp_path: Path) -> None:
    done = run(tmp_path, "fly")
    assert done.returncode == 2
    assert "usage: python -m deepracer_admin" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
def test_the_worker_takes_the_lease_and_gives_it_back_when_stopped(world: ProcessHandle) -> None:
    home: Path = world.endpoints["home"]
    command = [sys.executable, "-m", "deepracer_admin", "worker"]
    process = subprocess.Popen(command, cwd=ROOT, env=_environ(home, {}), stderr=subprocess.PIPE, text=True)
    console = compose(Settings(home=home))
    try:
        deadline = time.monotonic() + 30
        while not console.store.leases() and time.monotonic() < deadline:
            time.sleep(0.1)
        held = console.store.leases()
        assert [lease.name for lease in held] == ["worker"]
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=300)
        assert process.returncode == 0, said
        assert "Traceback" not in said
        assert console.store.acquire("worker", "another", ttl_s=15, now=console.clock.now()) is not None
    finally:
        process.kill()
        console.close()
