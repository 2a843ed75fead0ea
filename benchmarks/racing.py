"""What it costs to read every profile of either racing service: calls, seconds, memory. Prints JSON.

    python benchmarks/racing.py [PROFILES ...]     (default: 1000 10000)

The practice world serves from one process; the adapter reads in another, whose memory is measured. `mb_above_idle` is
the peak of the whole list held at once, less what the connected process held before. `growth_mb` is what ten more
readings, none of them kept, left behind. `calls_allowed` is ceil((N+1)/100). `quotas_per_second` is one limit for each
of 200 profiles: one call per profile, eight in flight, or (managed) one call for fifty.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

ROOT = Path(__file__).resolve().parents[1]
PATIENCE_S = 300.0


def serve_profiles(home: Path, count: int) -> None:
    """A practice world in which `count` racers have been invited, with use, and nobody acts."""
    from deepracer_admin.rehearsal.deepracer.profiles import invite
    from deepracer_admin.rehearsal.managed.state import User
    from deepracer_admin.rehearsal.world import World
    from deepracer_admin.rehearsal.world.server import listening_socket, serve

    world = World(home, speed=1.0)
    world.services.pop("fleet", None)
    site: Any = getattr(world.services["deepracer"], "site")  # noqa: B009 - not in the protocol of services
    for number in range(count):
        invite(site, "CreateProfile", f"racer.{number:05d}@example.com", alias=f"Racer-{number:05d}")
    for number, profile in enumerate(site.state.profiles.values()):
        profile.used, profile.model_count = number / 7, number % 9
    account: Any = getattr(world.services["managed"], "account")  # noqa: B009
    account.multi_user_mode = True
    for number in range(count):
        user = User(f"{number:032x}", f"person-{number}", f"Racer-{number:05d}", account.now, minutes_used=number / 7)
        account.users[user.user_id] = user
    asyncio.run(serve(world, listening_socket(0)))


def connect(kind: str, found: dict[str, Any]) -> Any:
    """The adapter, pointed at the practice world."""
    from deepracer_admin.clock import SystemClock
    from deepracer_admin.edge.reach import Reach

    site, aws = found["deepracer"], found["aws"]
    if kind == "managed":
        from deepracer_admin.racing.managed import ManagedDeepRacer
        from deepracer_admin.racing.managed_client import ManagedClient

        keys = {name: aws[name] for name in ("access_key_id", "secret_access_key")}
        return ManagedDeepRacer(ManagedClient(endpoint_url=aws["managed_url"], **keys, reach=Reach.PRACTICE))
    from deepracer_admin.racing.on_aws import OnAws

    return OnAws(
        site["site"],
        site["user"],
        site["password"],
        clock=SystemClock(),
        cognito_idp_url=aws["cognito_idp_url"],
        cognito_identity_url=aws["cognito_identity_url"],
        reach=Reach.PRACTICE,
    )


def measure(kind: str, address: Path) -> dict[str, float]:
    """Connect, read, read again; figures of this process."""
    from deepracer_admin.model import Quota

    found = json.loads(address.read_text("utf-8"))
    service = connect(kind, found)
    began = time.perf_counter()
    service.account()
    connected = time.perf_counter() - began
    idle = _held_mb()
    _control(found, "POST", "counters/reset")
    began = time.perf_counter()
    profiles = list(service.profiles())
    seconds = time.perf_counter() - began
    held = _held_mb() - idle
    calls = _control(found, "GET", "counters")["calls"]["managed" if kind == "managed" else "deepracer"]
    ids = [profile.id for profile in profiles[:200]]
    del profiles
    gc.collect()
    before = _held_mb()
    for _ in range(10):
        sum(1 for _ in service.profiles())
    gc.collect()
    growth = _held_mb() - before
    began = time.perf_counter()
    outcomes = list(service.set_quotas([(each, Quota(600, 10)) for each in ids]))
    writing = time.perf_counter() - began
    assert all(outcome.state.is_done for outcome in outcomes)
    service.close()
    return {
        "connect_seconds": round(connected, 3),
        "calls": calls,
        "seconds": round(seconds, 3),
        "idle_mb": round(idle, 1),
        "mb_above_idle": round(held, 1),
        "growth_mb": round(growth, 2),
        "quotas_per_second": round(len(ids) / writing, 1),
    }


def _control(found: dict[str, Any], method: str, path: str) -> Any:
    answer = httpx.request(method, f"{found['control']}/{path}", timeout=PATIENCE_S, trust_env=False)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def _held_mb() -> float:
    """Memory resident now, where the system tells; else the peak so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # Windows keeps no such figure
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def run(kind: str, count: int) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        address = Path(folder) / "practice.json"
        command = [sys.executable, __file__, "--serve", folder, str(count)]
        world = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not address.exists():
                if world.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The practice world did not start.")
                time.sleep(0.1)
            done = subprocess.run(
                [sys.executable, __file__, "--measure", kind, str(address)],
                check=True,
                capture_output=True,
                env=environment,
                timeout=PATIENCE_S,
            )
            allowed = math.ceil((count + 1) / 100)
            return {"service": kind, "profiles": count, "calls_allowed": allowed, **json.loads(done.stdout)}
        finally:
            world.terminate()
            try:
                world.wait(30)
            except subprocess.TimeoutExpired:
                world.kill()
                world.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve_profiles(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("profiles", nargs="*", type=int, default=[1000, 10000])
        sizes = parser.parse_args().profiles
        print(json.dumps([run(kind, size) for kind in ("on_aws", "managed") for size in sizes], indent=1))
