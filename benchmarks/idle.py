"""What an idle worker costs: CPU of one process that has nothing to do, as a share of a core. Prints JSON.

    python -m benchmarks.idle [--old 10] [--open 1] [--seconds 20]

`old` events ended and were closed a month ago; `open` ones go on and nothing is under way in them. The practice world
runs in a process of its own and is not counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, Quota
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.worker import Worker
from tests.faults.client import open_console
from tests.practice import start_world_process

WARM_S = 5.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=int, default=10)
    parser.add_argument("--open", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="idle-", ignore_cleanup_errors=True) as home:
        world = start_world_process(Path(home), "--speed", "1")
        console = open_console(Path(home))
        try:
            prepare(console, options.old, options.open)
            report = measure(console, options.seconds)
        finally:
            console.close()
            world.stop()
    print(json.dumps({"old": options.old, "open": options.open, **report}, indent=2))
    return 0


def prepare(console: Console, old: int, going: int) -> None:
    """Events with a hundred people each."""
    now = console.clock.event_now()
    event = Event(
        id="",
        name="Cup",
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1),
        zone="UTC",
        head_count=100,
        budget_usd=0,
        quota=Quota(60, 1),
    )
    month = timedelta(days=30)
    events = [replace(event, id=f"ev-open-{number}") for number in range(going)]
    events += [
        replace(event, id=f"ev-old-{number}", starts_at=now - 2 * month, ends_at=now - month, closed_at=now - month)
        for number in range(old)
    ]
    for each in events:
        console.store.save_event(each)
        people = [Attendee(f"{each.id}-{n}", f"racer{n}@example.com", f"Racer {n}", f"racer-{n}") for n in range(100)]
        console.store.save_attendees(each.id, people)
    if events:
        console.store.update("", CURRENT_EVENT, lambda _: events[0].id)


def measure(console: Console, seconds: float) -> dict[str, float | int]:
    worker = Worker(console, holder="idle")
    worker.start()
    try:
        time.sleep(WARM_S)
        cpu, wall = time.process_time(), time.monotonic()
        time.sleep(seconds)
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        return {"percent_of_a_core": round(100 * cpu / wall, 2), "runtimes": len(worker.runtimes)}
    finally:
        worker.stop()


if __name__ == "__main__":
    sys.exit(main())
