"""The client is killed in the middle of its work; the practice world never is."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deepracer_admin.model import Sending
from tests.faults.client import EVENT, PATIENCE_S, open_console, set_up
from tests.faults.killing import ROOT, close_two_with_kills, run_with_kills, start_client
from tests.practice import start_world_process

pytestmark = pytest.mark.e2e


def test_access_equals_the_list_and_no_mail_goes_twice_after_kills(tmp_path: Path) -> None:
    found = run_with_kills(tmp_path, 120, [0.8, 2.0, 3.0])
    assert found.kills >= 2
    assert (found.truth["profiles"], found.truth["in_group"], found.truth["users_deleted"]) == (120, 120, 0)
    assert found.truth["mails_duplicate"] == 0
    assert found.unknown <= found.may_be_unknown
    assert found.unknown_accepted == 0


def test_two_events_on_two_services_both_end_as_if_alone_after_kills(tmp_path: Path) -> None:
    found = close_two_with_kills(tmp_path, 6, [2.0, 4.0, 5.0, 6.0])
    assert found.kills >= 3
    assert found.checks == dict.fromkeys(found.checks, True), found


def test_two_consoles_and_a_worker_at_once_do_nothing_twice(tmp_path: Path) -> None:
    world = start_world_process(tmp_path, "--speed", "1")
    try:
        set_up(tmp_path, 80)
        clients = [start_client(tmp_path) for _ in range(3)]
        assert [client.wait(PATIENCE_S) for client in clients] == [0, 0, 0]
        truth, calls = world.truth(), world.counters()["by_operation"]
        assert (truth["profiles"], truth["in_group"], truth["mails_sent"]) == (80, 80, 80)
        assert truth["mails_duplicate"] == 0
        assert calls["ses.SendEmail"] == 80
        assert calls["deepracer.BulkInviteUser"] == 1
        assert calls["graph.AddMembers"] == 4
    finally:
        world.stop()


def wait_until(ready: Callable[[], object]) -> None:
    """For minutes, if it must be."""
    end = time.monotonic() + PATIENCE_S
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.05)


def begun(home: Path) -> bool:
    """Has a worker begun with what its lease names? Asked of the file, beside the process that works on it."""
    probe = sqlite3.connect(f"{(home / 'events.sqlite').as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        return bool(probe.execute("SELECT count(*) FROM steps").fetchone()[0])
    except sqlite3.OperationalError:
        return False  # not set up yet
    finally:
        probe.close()


def put_to_sleep(process: subprocess.Popen[str], home: Path) -> None:
    """Stop a process between two transactions: one stopped inside would hold SQLite's lock for as long as it sleeps."""
    for _ in range(3000):
        process.send_signal(signal.SIGSTOP)
        if all(is_free(database) for database in home.glob("*.sqlite")):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.01)
    raise AssertionError("the client was never found outside a transaction")


def is_free(database: Path) -> bool:
    probe = sqlite3.connect(database, timeout=0.2, isolation_level=None)
    try:
        probe.execute("BEGIN IMMEDIATE")
        probe.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return False
    finally:
        probe.close()
    return True


@pytest.mark.skipif(not hasattr(os, "kill") or sys.platform == "win32", reason="Windows cannot put a process to sleep")
def test_a_holder_that_sleeps_past_its_lease_and_wakes_writes_nothing(tmp_path: Path) -> None:
    world = start_world_process(tmp_path, "--speed", "1")
    sleeper = None
    try:
        set_up(tmp_path, 60)
        sleeper = start_client(tmp_path)
        wait_until(lambda: begun(tmp_path))
        put_to_sleep(sleeper, tmp_path)
        other = start_client(tmp_path)
        assert other.wait(PATIENCE_S) == 0
        before = world.counters()["by_operation"]
        console = open_console(tmp_path)
        ledger = [(row.attendee, row.state, row.epoch) for row in console.store.deliveries(EVENT)]
        sleeper.send_signal(signal.SIGCONT)
        assert sleeper.wait(PATIENCE_S) == 0
        woken = [(row.attendee, row.state, row.epoch) for row in console.store.deliveries(EVENT)]
        told = [(before, after) for before, after in zip(ledger, woken, strict=True) if before != after]
        assert all((old[1], new[1]) == (Sending.UNKNOWN, Sending.SENT) for old, new in told), "of its own mails alone"
        console.close()
        after = world.counters()["by_operation"]
        in_hand = {"deepracer.BulkInviteUser": 1, "graph.AddMembers": 4, "ses.SendEmail": 16}
        for name, most in in_hand.items():
            assert after.get(name, 0) - before.get(name, 0) <= most, "only what was in its hands when it fell asleep"
        invited = [mail["to"] for mail in world.invitations()]
        assert len(invited) == len(set(invited)) == 60, "a chunk that is sent again carries its token: nobody twice"
        assert world.truth()["mails_duplicate"] == 0
    finally:
        if sleeper is not None and sleeper.poll() is None:
            sleeper.kill()
        world.stop()


def test_a_rehearsal_killed_in_the_middle_goes_on_with_the_same_home(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deepracer_admin", "rehearse", "--attendees", "30", "--hours", "2"]
    command += ["--home", str(tmp_path), "--json"]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: ((tmp_path / "events.sqlite").exists() and begun(tmp_path)) or first.poll() is not None)
    first.kill()
    first.wait()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    report = json.loads(done.stdout.strip().splitlines()[-1])
    assert (report["in_group"], report["profiles"], report["mails_sent"]) == (30, 30, 30)
    assert (report["mails_duplicate"], report["can_still_sign_in"]) == (0, 0)
