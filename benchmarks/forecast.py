"""How often the forecast holds: 200 invented fleets, asked at a quarter, a half and three quarters. Prints JSON.

    python benchmarks/forecast.py [--fleets 200] [--seed 11]

Fleets differ in size (20 to 1,500), length (4 hours to 14 days), limits, slots, arrivals, nights, a rush at the end,
people who stop, months that begin anew; half keep a queue, in half whoever finds no slot tries again later. Their
habits are not those that the forecast assumes. The truth is the final spend once all that was asked for is through.
`under_p90` and `over_p10`: share of the cases in which it was; aim 0.80 to 0.95 each. `pinball`: mean loss of P10, P50
and P90 as a share of the final spend, beside a straight line through start and now (the same line for all three).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deepracer_admin.model import Event, ProfileUse, Quota, UsageSample
from deepracer_admin.rules.usage import totals

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
ASKED_AT = (0.25, 0.5, 0.75)
STEP_MIN = 5


@dataclass
class Racer:
    arrives: float  # minutes after the start
    pause: float  # mean minutes between two jobs
    stops: float  # minutes after the start
    used: float = 0.0
    month: float = 0.0
    queued: float = 0.0
    next_at: float = 0.0
    story: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])  # (minute, used + queued)


class Fleet:
    """One event from start to end, in steps of five minutes."""

    def __init__(self, seed: int) -> None:
        dice = self.dice = random.Random(seed)
        self.people = round(math.exp(dice.uniform(math.log(20), math.log(1500))))
        self.hours = dice.choice((4.0, 6.0, 8.0, 10.0, 24.0, 48.0, 24.0 * 5, 24.0 * 14))
        self.limit = 60.0 * dice.choice((1, 2, 3, 5, 8, 10))
        self.slots = max(2, round(self.people * dice.choice((0.05, 0.15, 0.3, 0.6, 1.0))))
        self.queue_waits = dice.random() < 0.5
        self.nights = self.hours >= 24 and dice.random() < 0.7
        self.rush = dice.random() < 0.35
        length = 60 * self.hours
        eager = math.exp(dice.gauss(math.log(90), 0.6)) * (1 if self.hours <= 10 else self.hours / 14)
        early = dice.uniform(0.05, 0.6)
        self.racers = [
            Racer(
                arrives=length * min(0.95, dice.expovariate(1 / early) if dice.random() < 0.9 else dice.random()),
                pause=eager * math.exp(dice.gauss(0, 0.8)),
                stops=length * (1.0 if dice.random() < 0.6 else dice.uniform(0.1, 1.0)),
            )
            for _ in range(self.people)
        ]
        for racer in self.racers:
            racer.next_at = racer.arrives
        self.samples: list[UsageSample] = []

    def event(self) -> Event:
        return Event(
            "e", "Cup", START, START + timedelta(hours=self.hours), "UTC", self.people, 1000.0,
            Quota(int(self.limit), 5), slots=self.slots,
        )  # fmt: skip

    def busy(self, minute: float) -> float:
        """How much slower people are than by day: in the rush faster, at night hardly there."""
        at = START + timedelta(minutes=minute)
        slow = 8.0 if self.nights and not 7 <= at.hour < 23 else 1.0
        return slow * (0.4 if self.rush and minute > 0.85 * 60 * self.hours else 1.0)

    def run(self) -> float:
        """Play it; the minutes of the whole event once everything is through."""
        running: list[tuple[float, Racer, float, float]] = []
        queue: deque[tuple[Racer, float]] = deque()
        length, minute, first = 60 * self.hours, 0.0, True
        reset = ((datetime(2026, 12, 1, 2, tzinfo=UTC) - START).total_seconds()) / 60
        while minute <= length or running or queue:
            ended = [job for job in running if job[0] <= minute]
            running = [job for job in running if job[0] > minute]
            for _, racer, asked, ran in ended:
                racer.used, racer.month = racer.used + ran, racer.month + ran
                racer.queued -= asked
                racer.story.append((minute, racer.used + racer.queued))
                racer.next_at = minute + self.dice.expovariate(1 / (racer.pause * self.busy(minute)))
            if first and minute >= reset:
                first = False
                for racer in self.racers:
                    racer.month = 0.0
            while queue and len(running) < self.slots:
                racer, asked = queue.popleft()
                running.append(self._job(racer, asked, minute))
            if minute < length:
                self._ask(minute, running, queue)
            if minute <= length and minute % (15 if self.hours > 24 else 5) == 0:
                self._sample(minute)
            minute += STEP_MIN
        return sum(racer.used for racer in self.racers)

    def _ask(self, minute: float, running: list[tuple[float, Racer, float, float]], queue: deque[Any]) -> None:
        for racer in self.racers:
            if racer.queued or racer.next_at > minute or minute > racer.stops:
                continue
            room = self.limit - racer.month - racer.queued
            asked = min(room, self.dice.choice((30.0, 60.0, 60.0, 120.0)))
            if asked < 10:
                racer.next_at = minute + 240
                continue
            free = len(running) < self.slots
            if not free and not self.queue_waits:
                racer.next_at = minute + self.dice.expovariate(1 / 60)
                continue
            racer.queued += asked
            racer.story.append((minute, racer.used + racer.queued))
            if free:
                running.append(self._job(racer, asked, minute))
            else:
                queue.append((racer, asked))

    def _job(self, racer: Racer, asked: float, minute: float) -> tuple[float, Racer, float, float]:
        training = self.dice.random() < 0.8
        ran = asked * (min(1.0, self.dice.uniform(0.9, 1.02)) if training else self.dice.uniform(0.3, 0.9))
        return minute + ran, racer, asked, ran

    def _sample(self, minute: float) -> None:
        at = START + timedelta(minutes=minute)
        used, queued = sum(each.used for each in self.racers), sum(each.queued for each in self.racers)
        waiting = None if self.queue_waits else 0
        self.samples.append(UsageSample(at, self.people, 0, used, queued, 0, 0, waiting=waiting))
        if any(abs(minute - share * 60 * self.hours) < 1e-6 for share in ASKED_AT):
            self.asked = {**getattr(self, "asked", {}), minute: self._uses(minute)}

    def _uses(self, minute: float) -> list[ProfileUse]:
        def before(racer: Racer) -> float:
            return next((asked for at, asked in reversed(racer.story) if at <= minute - 360), 0.0)

        return [
            ProfileUse(
                str(number), racer.used, racer.used, racer.month, racer.queued, 0.0, self.limit,
                asked_before=before(racer),
            )
            for number, racer in enumerate(self.racers)
        ]  # fmt: skip


def thinned(samples: list[UsageSample], most: int = 200) -> list[UsageSample]:
    """As the store thins them."""
    gaps = most - 1
    if len(samples) - 1 <= gaps:
        return samples
    return [samples[(len(samples) - 1) * place // gaps] for place in range(most)]


def pinball(truth: float, said: float, share: float) -> float:
    return max(share * (truth - said), (share - 1) * (truth - said)) / truth


def measure(fleets: int, seed: int) -> dict[str, Any]:
    """All fleets, in this process."""
    cases: list[dict[str, float]] = []
    took: list[float] = []
    for number in range(fleets):
        fleet = Fleet(seed * 100_003 + number)
        minutes = fleet.run()
        event = fleet.event()
        truth = minutes / 60 * event.prices.per_hour
        for share in ASKED_AT:
            minute = share * 60 * fleet.hours
            until = [sample for sample in fleet.samples if sample.at <= START + timedelta(minutes=minute)]
            began = time.process_time()
            found = totals(event, thinned(until), fleet.asked[minute])
            took.append(1000 * (time.process_time() - began))
            if found.forecast is None or truth <= 0:
                continue
            line = found.spent.usd / share
            band = (found.forecast.p10.usd, found.forecast.p50.usd, found.forecast.p90.usd)
            cases.append(
                {
                    "share": share, "under_p90": truth <= band[2] + 1e-9, "over_p10": truth >= band[0] - 1e-9,
                    "under_ceiling": truth <= found.ceiling.usd + 1e-6, "middle": band[1] / truth,
                    "width": (band[2] - band[0]) / truth,
                    "pinball": sum(pinball(truth, said, q) for said, q in zip(band, (0.1, 0.5, 0.9), strict=True)) / 3,
                    "line": sum(pinball(truth, line, q) for q in (0.1, 0.5, 0.9)) / 3,
                }
            )  # fmt: skip
    report: dict[str, Any] = {"fleets": fleets, "seed": seed, "cases": len(cases)}
    for name, some in (
        ("all", cases),
        *((f"at_{share:g}", [c for c in cases if c["share"] == share]) for share in ASKED_AT),
    ):
        middle = sorted(case["middle"] for case in some)
        report[name] = {
            key: round(sum(case[key] for case in some) / len(some), 3)
            for key in ("under_p90", "over_p10", "under_ceiling", "width", "pinball", "line")
        } | {"middle_of_truth_p50": round(middle[len(middle) // 2], 3)}
    report["forecast_ms_p50"] = round(sorted(took)[len(took) // 2], 2)
    return report


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fleets", type=int, default=200)
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.fleets, asked.seed), indent=2))


if __name__ == "__main__":
    main()
