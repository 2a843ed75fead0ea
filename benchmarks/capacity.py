"""Is the event before the event quick, and is it right? Prints JSON.

    python -m benchmarks.capacity [--events 40] [--people 60] [--seed 1] [--only speed ...]

`speed`: seconds (and seconds of the processor, which a busy machine does not change) for 20 simulated events of 2,000
people with 5 hours each, for both rules of the queue, and for what the Set up page asks in all: the outlook and how
many slots are enough.

`calibration`: so many seeded rehearsals of the practice world, in this process and without servers, half of them of
1.2.5 and half of 1.3.1. Lengths, slots, hours and the racers' habits are drawn for each; the simulation knows the plan
and its own presets, not these habits. `hits`: in how many the rehearsed figure lay between P10 and P90. A band that is
right holds 8 of 10, so 32 of 40.

`fits`: plans with the number of slots that was found to be enough, rehearsed with these and with a slot for everybody;
`least_share` is the smallest share of the planned hours that ran, where the plan was called fit.

`waves`: 2,000 people on slots for at least one job each, 1.3, with fair waves and without: people who never trained.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._world import invited_world, live_until
from deepracer_admin.rehearsal.fleet.crowd import Behaviour
from deepracer_admin.rules.capacity import Outlook, Plan, Queue, enough_slots, outlook

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
VERSIONS = {Queue.LINE: "1.2.5", Queue.RETRY: "1.3.1"}
FIGURES = ("never_trained", "wait_min", "long_wait_min", "failed_submissions", "hours", "all_hours", "end_h")
PLENTY = 10_000
PARTS = ("speed", "calibration", "fits", "waves")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal came to, in the words of `Outlook`."""

    came: float
    never_trained: float
    wait_min: float
    long_wait_min: float
    failed_submissions: float
    hours: float
    all_hours: float
    end_h: float


class _Watch:
    """Notes when jobs of a deployment start, run and end."""

    def __init__(self, site: Any) -> None:
        self.began: dict[str, float] = {}  # the training of a model has a slot
        self.trained: set[str] = set()  # profiles
        self.last_end = 0.0
        compute = site.compute
        starts, runs, ends = compute.job_starts, compute.job_runs, compute.job_ends

        def job_starts(job: Any, moment: float) -> bool:
            taken = starts(job, moment)
            if taken and job.kind == "training":
                self.began[job.model_id] = moment
            return taken

        def job_runs(job: Any, moment: float) -> None:
            runs(job, moment)
            if job.kind == "training":
                self.trained.add(job.profile_id)

        def job_ends(job: Any, moment: float) -> None:
            ends(job, moment)
            self.last_end = max(self.last_end, moment)

        compute.job_starts, compute.job_runs, compute.job_ends = job_starts, job_runs, job_ends


def rehearse(plan: Plan, habits: dict[str, float], seed: int, home: Path) -> Rehearsed:
    """A whole event in the practice world: invitations at its start, and nobody asks for anything after its end."""
    minutes = -1 if plan.hours_per_person < 0 else round(plan.hours_per_person * 60)
    closes = START.timestamp() + plan.window_h * 3600
    world, site = invited_world(
        home,
        people=plan.people,
        start=START,
        hours=plan.window_h,
        slots=plan.slots,
        version=VERSIONS[plan.queue],
        seed=seed,
        minutes=minutes,
        models=plan.models_per_person,
    )
    world.fleet.configure(habits)
    watch = _Watch(site)
    live_until(world, START + timedelta(hours=plan.window_h))
    world.services.pop("fleet")
    state = site.state
    waits: dict[str, list[float]] = {}
    for model in state.models.values():
        until = watch.began.get(model.model_id, closes)
        waits.setdefault(model.profile_id, []).append((until - model.created) / 60)
    mean = sorted(statistics.fmean(each) for each in waits.values()) or [0.0]
    failed = Counter(submission.status for submission in state.submissions.values())["FAILED"]
    hours = sum(profile.used for profile in state.profiles.values()) / 60
    never = len(waits.keys() - watch.trained)
    while state.jobs and world.ticked_to < START + timedelta(days=18):  # before a month ends
        live_until(world, world.ticked_to + timedelta(hours=2))
    late = Counter(submission.status for submission in state.submissions.values())["FAILED"] - failed
    return Rehearsed(
        came=len(waits),
        never_trained=never,
        wait_min=_quantile(mean, 0.5),
        long_wait_min=_quantile(mean, 0.9),
        failed_submissions=failed + late,
        hours=hours,
        all_hours=sum(profile.used for profile in state.profiles.values()) / 60,
        end_h=(watch.last_end - START.timestamp()) / 3600,
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def drawn_plan(chance: Random, queue: Queue, people: int, seed: int) -> Plan:
    """An event of a day, from far too few slots to nearly enough."""
    return Plan(
        people=people,
        hours_per_person=chance.choice((2, 3, 4, 5)),
        models_per_person=chance.choice((-1, -1, 5)),
        window_h=chance.choice((6, 8, 10, 12)),
        slots=round(people * chance.uniform(0.04, 0.6)),
        queue=queue,
        seed=seed,
    )


def drawn_habits(chance: Random) -> dict[str, float]:
    """Racers who differ from the presets."""
    known = {field.name for field in fields(Behaviour)}
    drawn = {
        "accept_median": chance.uniform(8, 18),
        "ignoring": chance.uniform(0.0, 0.06),
        "looping": chance.uniform(0.02, 0.07),
        "casual": chance.uniform(0.12, 0.3),
        "evaluates": chance.uniform(0.15, 0.35),
        "pause": chance.uniform(5, 13),
        "failing": chance.uniform(0.0, 0.04),
        "retry_median": chance.uniform(25, 75),
    }
    return {word: value for word, value in drawn.items() if word in known}


def calibration(events: int, people: int, seed: int, home: Path) -> dict[str, Any]:
    """Rehearsals against bands."""
    found: dict[str, Any] = {}
    for queue in (Queue.LINE, Queue.RETRY):
        hits: Counter[str] = Counter()
        below: Counter[str] = Counter()
        each = events // 2
        for number in range(each):
            chance = Random(f"{seed}/{queue}/{number}")
            plan = drawn_plan(chance, queue, people, number)
            lived = rehearse(plan, drawn_habits(chance), number, home / f"{queue}-{number}")
            said = outlook(plan)
            for figure in FIGURES:
                value, band = getattr(lived, figure), getattr(said, figure)
                hits[figure] += band.holds(value)
                below[figure] += value < band.p10
            print(f"{queue} {number}: {_beside(lived, said)}", file=sys.stderr)
        found[VERSIONS[queue]] = {
            "events": each,
            "hits": {figure: hits[figure] for figure in FIGURES},
            "below_p10": {figure: below[figure] for figure in FIGURES},
            "above_p90": {figure: each - hits[figure] - below[figure] for figure in FIGURES},
        }
    both = found.values()
    found["both"] = {figure: sum(version["hits"][figure] for version in both) for figure in FIGURES}
    return found


def _beside(lived: Rehearsed, said: Outlook) -> str:
    words = []
    for figure in FIGURES:
        band = getattr(said, figure)
        words.append(f"{figure} {getattr(lived, figure):.1f} [{band.p10:.1f} {band.p50:.1f} {band.p90:.1f}]")
    return f"slots {said.plan.slots} " + "; ".join(words)


def fitting(cases: int, people: int, seed: int, home: Path) -> dict[str, Any]:
    """Plans with just enough slots, rehearsed."""
    shares: list[float] = []
    failed: list[float] = []
    for number in range(cases):
        queue = (Queue.LINE, Queue.RETRY)[number % 2]
        chance = Random(f"{seed}/fits/{number}")
        wanted = drawn_plan(chance, queue, people, number)
        enough = enough_slots(wanted)
        if enough.slots is None:
            continue
        plan = replace(wanted, slots=enough.slots)
        if not outlook(plan).fits:
            continue
        habits = drawn_habits(chance)
        lived = rehearse(plan, habits, number, home / f"fits-{number}")
        free = rehearse(replace(plan, slots=PLENTY), habits, number, home / f"free-{number}")
        shares.append(lived.hours / free.hours)
        failed.append(lived.failed_submissions)
        print(f"fits {queue}: {plan.slots} slots, {shares[-1]:.3f} of the hours", file=sys.stderr)
    return {
        "called_fit": len(shares),
        "least_share": round(min(shares, default=1.0), 4),
        "under_98_percent": sum(share < 0.98 for share in shares),
        "most_failed_submissions": max(failed, default=0),
    }


def speed() -> dict[str, Any]:
    """20 events of 2,000 people x 5 h."""
    found: dict[str, Any] = {}
    for queue in (Queue.LINE, Queue.RETRY):
        plan = Plan(2_000, 5, -1, 8, 100, queue=queue)
        began, worked = time.perf_counter(), time.process_time()
        said = outlook(plan, runs=20)
        looked, looked_cpu = time.perf_counter() - began, time.process_time() - worked
        enough = enough_slots(plan)
        found[VERSIONS[queue]] = {
            "seconds_20_runs": round(looked, 2),
            "processor_seconds_20_runs": round(looked_cpu, 2),
            "seconds_with_enough_slots": round(time.perf_counter() - began, 2),
            "processor_seconds_with_enough_slots": round(time.process_time() - worked, 2),
            "never_trained": [said.never_trained.p10, said.never_trained.p50, said.never_trained.p90],
            "enough_slots": enough.slots,
        }
    return found


def waves() -> dict[str, Any]:
    """People who never trained, in the middle and the worst tenth of 20 simulated events."""
    found: dict[str, Any] = {}
    for slots in (120, 150, 200):
        plain = Plan(2_000, 5, -1, 8, slots, queue=Queue.RETRY)
        row: dict[str, Any] = {}
        for word, plan in (("without", plain), ("with", replace(plain, waves=True))):
            said = outlook(plan)
            row[word] = {
                "came": round(said.came.p50),
                "never_trained_p50": round(said.never_trained.p50 / said.came.p50, 4),
                "never_trained_p90": round(said.never_trained.p90 / said.came.p50, 4),
                "hours": round(said.hours.p50),
            }
        found[f"{slots} slots"] = row
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="capacity", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--events", type=int, default=40, help="rehearsals for the calibration (default 40)")
    parser.add_argument("--fits", type=int, default=12, help="plans called fit that are rehearsed (default 12)")
    parser.add_argument("--people", type=int, default=60, help="racers of each rehearsal (default 60)")
    parser.add_argument("--seed", type=int, default=1, help="of plans and habits (default 1)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="these parts alone")
    words = parser.parse_args(argv)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="capacity-") as folder:
        home = Path(folder)
        parts: dict[str, Callable[[], dict[str, Any]]] = {
            "speed": speed,
            "calibration": lambda: calibration(words.events, words.people, words.seed, home),
            "fits": lambda: fitting(words.fits, words.people, words.seed, home),
            "waves": waves,
        }
        found = {part: parts[part]() for part in words.only}
    print(json.dumps({**found, "seconds": round(time.perf_counter() - began, 1)}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
