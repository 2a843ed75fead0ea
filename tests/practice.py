"""A practice world for tests: in this process (`start_world`) or as a process of its own (`start_world_process`)."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from deepracer_admin.rehearsal.world import World
from deepracer_admin.rehearsal.world.server import ADDRESS_FILE, listening_socket, serve

PATIENCE_S = 300.0


class _Controlled:
    """What tests ask of a world over its control address."""

    endpoints: dict[str, Any]

    def control(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        """Ask ``/control/{path}``; the decoded JSON, the text of a CSV, or None. Raises httpx.HTTPStatusError."""
        answer = httpx.request(
            method, f"{self.endpoints['control']}/{path}", json=body, params=query, timeout=PATIENCE_S, trust_env=False
        )
        answer.raise_for_status()
        if answer.headers.get("content-type", "").startswith("application/json"):
            return answer.json()
        return answer.text or None

    def arm(self, service: str, name: str, **options: Any) -> int:
        """Arm a fault: `operation`, `rate`, `count`, `seconds`, and `params` as a dict. Returns its id."""
        return self.control("POST", "faults", {"service": service, "name": name, **options})["id"]

    def disarm(self, fault_id: int | None = None) -> None:
        self.control("DELETE", "faults" if fault_id is None else f"faults/{fault_id}")

    def advance(self, seconds: float) -> None:
        """Put practice time forward; returns when the services have lived through it."""
        self.control("POST", "clock", {"advance_s": seconds})

    def counters(self) -> dict[str, dict[str, int]]:
        return self.control("GET", "counters")

    def outbox(self, after: int = 0) -> list[dict[str, Any]]:
        return self.control("GET", "outbox", after=after, limit=100_000)

    def invitations(self, after: int = 0) -> list[dict[str, Any]]:
        """Mails of the user pool with their temporary passwords."""
        return self.control("GET", "invitations", after=after, limit=100_000)

    def truth(self) -> dict[str, Any]:
        return self.control("GET", "truth")


@dataclass
class WorldHandle(_Controlled):
    """A world in this process. `endpoints` is what practice.json says; change `world` over `control` only."""

    world: World
    endpoints: dict[str, Any]
    _thread: threading.Thread
    _loop: asyncio.AbstractEventLoop

    def renew(self) -> None:
        """As on its first day: nobody invited, nothing sent or counted, no fault armed, the clock as at the start."""
        self.control("POST", "reset")
        self.endpoints = self.world.endpoints()

    def stop(self) -> None:
        """Stop as SIGTERM would: the world is saved and practice.json goes."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.world.ask_to_stop)
            self._thread.join(PATIENCE_S)

    def leave(self) -> None:
        """Stop it while other tests go on, where nobody will look at its folder: it takes its time for that."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.world.ask_to_stop)


def clear_of_month_end(now: datetime) -> datetime | None:
    """The morning of the 1st where a month ends within a day, else None (now): the service's counters begin anew then
    (deepracer-on-aws.md 2.3), and what a test counts would, too."""
    first = (now + timedelta(days=1)).replace(day=1, hour=6, minute=0, second=0, microsecond=0)
    return first if now < first else None


def start_world(home: Path, *, port: int = 0, **options: Any) -> WorldHandle:
    """Start a world in a thread on a free loopback port. `options`: those of `World`, from `seed` to `machine`; where
    none says when it starts, it does so well before a month's end."""
    options.setdefault("start", clear_of_month_end(datetime.now(UTC)))
    listener = listening_socket(port)
    world = World(home, **options)
    ready, loops, failures = threading.Event(), [], []

    async def live() -> None:
        loops.append(asyncio.get_running_loop())
        await serve(world, listener, ready.set)

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as failure:  # noqa: BLE001 (told to the thread that waits)
            failures.append(failure)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="practice-world", daemon=True)
    thread.start()
    if not ready.wait(PATIENCE_S) or failures:
        raise RuntimeError("The practice world did not start.") from (failures[0] if failures else None)
    return WorldHandle(world, world.endpoints(), thread, loops[0])


@dataclass
class ProcessHandle(_Controlled):
    """A world in its own process."""

    endpoints: dict[str, Any]
    process: "subprocess.Popen[str]"

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        if self.process.poll() is None:
            self.control("POST", "shutdown")
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            for stream in (self.process.stdout, self.process.stderr):
                if stream:
                    stream.close()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


def start_world_process(home: Path, *arguments: str) -> ProcessHandle:
    """Start ``python -m deepracer_admin.rehearsal`` and wait until it listens."""
    command = [sys.executable, "-m", "deepracer_admin.rehearsal", "--home", str(home), *arguments]
    root = Path(__file__).parent.parent
    before = announced(home).get("started_at")
    process = subprocess.Popen(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    deadline = time.monotonic() + PATIENCE_S
    # Not by process id: in a virtual environment on Windows, ours is that of a launcher which starts the real Python.
    while (endpoints := announced(home)).get("started_at") == before:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"The practice world did not start: {process.communicate()[1]}")
        time.sleep(0.05)
    return ProcessHandle(endpoints, process)


def announced(home: Path) -> dict[str, Any]:
    """What practice.json says, which may be left over from a world that was killed; empty without one."""
    try:
        return json.loads((home / ADDRESS_FILE).read_text("utf-8"))
    except OSError:  # not there, or (Windows) being replaced this moment
        return {}
