"""Everybody hands in during the last quarter of an hour: which submissions find no slot? Prints JSON.

    python -m benchmarks.deadline [--people 2400] [--slots 400] [--hours 8] [--seed 7] [--room 0 2]

A race of the practice world, 1.3.1, in this process and without servers: racers train all day and keep their
submissions for the last 15 minutes. The console's own rules keep room, look every five minutes, and begin earlier than
`--room` hours where that takes it; `--by-hours-alone` leaves the beginning to the hours.

`failed_for_want_of_a_slot`, of these `while_nobody_trained`: submissions alone took all slots, which no room can
change. `began_h`: hours before the close. `most_slots_for_submissions`: at once, beside `slots_needed` as the console
estimates it. `last_result_min`: minutes after the close. `never_trained`: people without a minute of training.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._world import RACE, invited_world, live_until
from deepracer_admin.model import Race, RaceDraft
from deepracer_admin.rehearsal.deepracer.deployment import Deployment
from deepracer_admin.rules.race_room import Load, Room, begins_early, race_with_room

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
LOOK = timedelta(minutes=5)
LONGEST_TAIL = timedelta(hours=12)
LIMIT_MIN = 180


def rush(*, people: int, slots: int, hours: float, seed: int, room_h: float, early: bool, home: Path) -> dict[str, Any]:
    """One race."""
    world, site = invited_world(
        home, people=people, start=START, hours=hours, slots=slots, version="1.3.1", seed=seed, minutes=LIMIT_MIN,
        models=5,
    )  # fmt: skip
    world.fleet.configure({"rush": 1.0})
    closes = START + timedelta(hours=hours)
    race = Race(RACE, RaceDraft("Cup", "t-1", START, closes))
    room, began, most, now = Room(hours=room_h, early=early), None, 0, START
    before = 0
    while now < closes + LONGEST_TAIL and (now < closes or _on_the_way(site)):
        load = _load(site, now, slots)
        for each in begins_early(room, [race], {RACE}, load, now):
            room = replace(room, begun={**room.begun, each.id: closes})
        if race_with_room(room, [race], {}, {RACE}, now) is not None:
            began = began or now
            for profile in site.state.profiles.values():
                profile.max_minutes = min(profile.max_minutes, int(profile.used))
        if now < closes - timedelta(minutes=15):
            before = len(site.state.submissions)
        now += LOOK if now < closes - timedelta(minutes=20) else timedelta(minutes=1)
        live_until(world, now)
        most = max(most, sum(job.kind == "submission" and job.due is not None for job in site.state.jobs.values()))
    tally, ran = site.compute.tally, site.compute.ran
    return {
        "room_h": room_h,
        "began_h": round((closes - began).total_seconds() / 3600, 2) if began else 0.0,
        "submissions_in_the_last_15_min": len(site.state.submissions) - before,
        "failed_for_want_of_a_slot": tally["lacked.submission"],
        "while_nobody_trained": tally["crowded.submission"],
        "most_slots_for_submissions": most,
        "slots_needed": _load(site, now, slots).needed,
        "last_result_min": round((now - closes).total_seconds() / 60),
        "still_on_the_way": _on_the_way(site),
        "hours_trained": round(sum(kinds.get("training", 0.0) for kinds in ran.values()) / 60),
        "never_trained": sum(not ran.get(key, {}).get("training") for key in site.state.profiles),
    }


def _on_the_way(site: Deployment) -> int:
    return sum(job.kind == "submission" for job in site.state.jobs.values())


def _load(site: Deployment, now: datetime, slots: int) -> Load:
    """As the console's last sample would say."""
    waiting = sum(model.status == "WAITING_FOR_CAPACITY" for model in site.state.models.values())
    queue = site.compute.queue
    minutes = sum(profile.queued for profile in site.state.profiles.values())
    return Load(now, slots, len(site.state.profiles), queue.busy, queue.waiting, waiting, minutes)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="deadline", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--people", type=int, default=2_400, help="racers (default 2400)")
    parser.add_argument("--slots", type=int, default=400, help="jobs at once (default 400)")
    parser.add_argument("--hours", type=float, default=8.0, help="of the race (default 8)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--room", type=float, nargs="+", default=[0.0, 2.0], help="hours of the rule, 0 = none")
    parser.add_argument("--by-hours-alone", action="store_true", help="never begin before them")
    words = parser.parse_args(argv)
    found: list[dict[str, Any]] = []
    for room_h in words.room:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="deadline-") as folder:
            told = rush(
                people=words.people, slots=words.slots, hours=words.hours, seed=words.seed, room_h=room_h,
                early=not words.by_hours_alone, home=Path(folder),
            )  # fmt: skip
        found.append({**told, "seconds": round(time.perf_counter() - began, 1)})
    print(json.dumps({"people": words.people, "slots": words.slots, "rushes": found}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
