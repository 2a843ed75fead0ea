"""The practice world of a rehearsal: its process, and its controls."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from deepracer_admin.errors import BadSettings, Unreachable
from deepracer_admin.rehearse.plan import Plan
from deepracer_admin.settings import PRACTICE_FILE, Practice, read_practice

__all__ = ["Controls", "start_world", "stop_world"]


class Controls:
    """What a rehearsal asks of its practice world, which the console never sees."""

    def __init__(self, practice: Practice) -> None:
        self.practice = practice
        self.http = httpx.Client(timeout=120.0, trust_env=False)

    def ask(self, path: str, body: dict[str, Any] | None = None, **query: Any) -> httpx.Response:
        """GET, or POST with a body. Raises httpx.HTTPError."""
        method = "GET" if body is None else "POST"
        answer = self.http.request(method, f"{self.practice.control}/{path}", json=body, params=query)
        answer.raise_for_status()
        return answer

    def now(self) -> datetime:
        """Event time."""
        return datetime.fromisoformat(self.ask("status").json()["now"])

    def truth(self) -> dict[str, Any]:
        """The world's own counts."""
        return self.ask("truth").json()

    def set_speed(self, speed: float) -> None:
        """Event seconds per real second."""
        self.ask("clock", {"speed": speed})

    def disarm(self, faults: Iterable[int]) -> None:
        """End these faults."""
        for fault in faults:
            self.http.delete(f"{self.practice.control}/faults/{fault}")


def start_world(plan: Plan, home: Path) -> subprocess.Popen[bytes] | None:
    """The practice world of this home: the one that runs, or a new process. None when it ran already.

    Raises Unreachable.
    """
    if _alive(home):
        return None
    (home / PRACTICE_FILE).unlink(missing_ok=True)
    command = [sys.executable, "-m", "deepracer_admin.rehearsal", "--home", str(home), "--port", "0"]
    command += ["--seed", str(plan.seed), "--speed", "1", "--slots", str(plan.slots), "--version", plan.version]
    posix = os.name == "posix"
    with (home / "practice.log").open("ab") as output:
        world = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=Path(__file__).resolve().parents[2],
            start_new_session=posix,
            creationflags=0 if posix else 0x00000200,  # CREATE_NEW_PROCESS_GROUP: Ctrl-C is for the console alone
        )
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if _alive(home):
            return world
        if world.poll() is not None:
            raise Unreachable(f"The practice world did not start; {home / 'practice.log'} says why.")
        time.sleep(0.1)
    world.kill()
    raise Unreachable("The practice world did not answer within a minute; try again.")


def stop_world(home: Path, world: subprocess.Popen[bytes] | None) -> None:
    """Ask it to save and stop; one that does not is killed."""
    with contextlib.suppress(BadSettings, httpx.HTTPError):
        httpx.post(f"{read_practice(home).control}/shutdown", timeout=10.0, trust_env=False)
    if world is not None:
        try:
            world.wait(timeout=20)
        except subprocess.TimeoutExpired:
            world.kill()


def _alive(home: Path) -> bool:
    try:
        control = read_practice(home).control
        return httpx.get(f"{control}/status", timeout=3.0, trust_env=False).status_code == 200
    except (BadSettings, httpx.HTTPError):
        return False
