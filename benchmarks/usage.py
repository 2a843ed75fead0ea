"""What usage costs at many profiles: the history file, its queries, the Usage page. Prints JSON.

    python benchmarks/usage.py [PROFILES ...] [--hours 8]     (default: 1000 10000)

Everybody trains: jobs of 10 to 120 minutes, one after another with pauses, through slots for a third of them, polled
every minute of event time. `file_mb` is the history file with its log emptied into it; `worst_mb` what it would be if
every profile moved in every minute (from the bytes of a change, as stored). `sample_ms` is CPU of taking one sample.
Queries are what the page's charts ask. `rerun` is a full run of the page through AppTest when nothing has changed,
`anew` the first run after a new sample, `kb` what its elements weigh before compression, `look_ms` CPU of the refresh
that finds nothing new. Milliseconds are CPU of this process, wall time beside them where a person waits.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.pages import PATIENCE_S, _elements, fill, write_silent_world  # noqa: E402

RUNS = 9
QUERIES = 40


class Fleet:
    """Racers that train, as the service counts them: asked at the start, used at the end."""

    def __init__(self, profiles: int, seed: int = 7) -> None:
        self.random = random.Random(seed)
        self.used = [0.0] * profiles
        self.queued = [0.0] * profiles
        self.ends = [self.random.randrange(0, 90) for _ in range(profiles)]  # minute of the next change
        self.ran = [0.0] * profiles
        self.changes = 0

    def run(self, minute: int) -> None:
        """Everything that changes in this minute of event time."""
        for number, due in enumerate(self.ends):
            if due != minute:
                continue
            self.changes += 1
            if self.queued[number]:
                self.used[number] += self.ran[number]
                self.queued[number] = 0.0
                self.ends[number] = minute + self.random.randrange(1, 120)
            else:
                asked = self.random.choice((10.0, 30.0, 60.0, 120.0))
                self.queued[number] = asked
                self.ran[number] = int(asked * 60 * self.random.uniform(0.3, 1.0)) / 60
                self.ends[number] = minute + max(1, round(self.ran[number]))

    def profiles(self) -> list[Any]:
        from deepracer_admin.model import Profile, Quota

        quota = Quota(600, 5)
        return [
            Profile(f"pr-{n}", f"racer-{n}", f"racer{n}@example.com", self.used[n], self.queued[n], quota, n % 5, 10**8)
            for n in range(len(self.used))
        ]


def _cpu(run: Callable[[], Any], times: int) -> list[float]:
    spent = []
    for _ in range(times):
        began = time.process_time()
        run()
        spent.append(1000 * (time.process_time() - began))
    return spent


def _told(spent: list[float]) -> dict[str, float]:
    ordered = sorted(spent)
    return {"p50": round(statistics.median(ordered), 2), "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2)}


def measure(profiles: int, hours: float) -> dict[str, Any]:
    """One size, in this process."""
    from deepracer_admin.compose import compose
    from deepracer_admin.settings import Settings
    from deepracer_admin.web import server

    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_silent_world(home)
        console = compose(Settings(mode="rehearsal", home=home, worker=False))  # pyright: ignore[reportCallIssue] (settings have defaults)
        fill(console, profiles)
        console.history.erase("ev-1")
        now = datetime.now(UTC)
        start, fleet, spent = now - timedelta(hours=hours), Fleet(profiles), []
        for minute in range(int(hours * 60)):
            fleet.run(minute)
            sample = fleet.profiles()
            began = time.process_time()
            console.history.add_usage("ev-1", start + timedelta(minutes=minute), sample, slots=100)
            spent.append(1000 * (time.process_time() - began))
        console.store.save_profiles("ev-1", fleet.profiles(), seen_at=now, lease=None)
        history: Any = console.history
        history._truncate_log()
        size = (home / "history.sqlite").stat().st_size
        found: dict[str, Any] = {
            "samples": len(spent),
            "changes": fleet.changes,
            "file_mb": round(size / 1e6, 1),
            "worst_mb": round(size / max(1, fleet.changes) * profiles * len(spent) / 1e6),
            "sample_ms": _told(spent),
            "query_ms": {
                "totals_over_time": _told(_cpu(lambda: history.usage("ev-1", points=200), QUERIES)),
                "one_profile": _told(_cpu(lambda: history.usage_of("ev-1", "pr-7"), QUERIES)),
                "all_profiles_now": _told(_cpu(lambda: history.profile_uses("ev-1", since=now), 9)),
            },
        }
        server.use_console(console)
        try:
            found |= _page(console, fleet, now)
        finally:
            server.use_console(None)
            console.close()
        return found


def _page(console: Any, fleet: Fleet, now: datetime) -> dict[str, Any]:
    from streamlit.testing.v1 import AppTest

    from deepracer_admin.model import Role
    from deepracer_admin.ui.kit import session
    from deepracer_admin.web.keeper import SessionKeeper

    keeper = SessionKeeper(console.sessions, console.clock)
    cookie = keeper.create(oid="o", tid="t", name="Somebody", roles=frozenset({Role.ORGANIZER}))
    session.session_cookie = lambda: cookie
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE_S)
    app.run()
    app.switch_page("pages/run/usage.py")
    app.run()

    def rerun() -> None:
        app.run()
        if app.exception or app.error:
            raise SystemExit(f"The page did not draw: {[each.value for each in (*app.exception, *app.error)]}")

    walls, still = [], []
    for _ in range(RUNS):
        began = time.perf_counter()
        still += _cpu(rerun, 1)
        walls.append(1000 * (time.perf_counter() - began))
    anew = []
    for place in range(3):
        fleet.run(10_000 + place)
        console.history.add_usage("ev-1", now + timedelta(minutes=place + 1), fleet.profiles(), slots=100)
        console.store.save_profiles("ev-1", fleet.profiles(), seen_at=now + timedelta(minutes=place), lease=None)
        anew += _cpu(rerun, 1)
    who = keeper.find(cookie)
    desk = console.of("ev-1")
    weight = sum(element.proto.ByteSize() for element in _elements(app.main) if hasattr(element, "proto"))
    return {
        "rerun_ms": {**_told(still), "wall_p50": round(statistics.median(walls), 1)},
        "anew_ms": round(statistics.median(anew), 1),
        "look_ms": _told(_cpu(lambda: desk.usage.stamp(who), QUERIES)),
        "kb": round(weight / 1024, 1),
    }


def main() -> None:
    """Each size in a process of its own, so that no cache of one serves the other."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(int(sys.argv[2]), float(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profiles", nargs="*", type=int, default=[1000, 10_000])
    parser.add_argument("--hours", type=float, default=8.0)
    asked = parser.parse_args()
    report: dict[str, Any] = {}
    for profiles in asked.profiles:
        command = [sys.executable, str(Path(__file__)), "--measure", str(profiles), str(asked.hours)]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise SystemExit(made.stderr[-2_000:])
        report[f"profiles_{profiles}"] = json.loads(made.stdout.splitlines()[-1])
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
